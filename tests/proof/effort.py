"""The amount of random tests: `STEPGRAPH_EXAMPLES=5000 pytest -m slow tests/proof` is the long run.

The short run is deterministic.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
"""The number of examples of a long run, or None."""

thorough = settings(
    deadline=None,
    max_examples=int(EXAMPLES or "100"),
    derandomize=EXAMPLES is None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""Settings of properties: the number of random programs or graphs."""


def scenario_seeds(short_run: int) -> range:
    """Return the seeds of the scenarios in which each program is executed, `short_run` of them by default."""
    return range(int(EXAMPLES) if EXAMPLES else short_run)
