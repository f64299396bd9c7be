"""The amount of random tests: `STEPGRAPH_EXAMPLES=5000 pytest -m slow tests/proof` is the long run.

The short run is deterministic.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")

thorough = settings(
    deadline=None,
    max_examples=int(_EXAMPLES or "150"),
    derandomize=_EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""Settings of properties: the number of random programs or graphs."""


def worlds(short_run: int) -> range:
    """Return the seeds of the worlds in which each program is executed, `short_run` of them by default."""
    return range(int(_EXAMPLES) if _EXAMPLES else short_run)
