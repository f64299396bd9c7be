"""Number of random programs: `STEPGRAPH_EXAMPLES=5000 pytest tests/order tests/graph` is the long run.

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
