"""How many programs a property is tried on: `STEPGRAPH_EXAMPLES=5000 pytest tests/order` is the long run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

thorough = settings(
    deadline=None,
    max_examples=int(os.environ.get("STEPGRAPH_EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow],
)
