"""The number of scenarios per program. Set `STEPGRAPH_EXAMPLES=5000` for a long run of `pytest tests/proof`."""

from __future__ import annotations

import os

EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")
"""The number of examples of a long run, or None."""


def scenario_seeds(short_run: int) -> range:
    """Return the seeds of a run; `short_run` is the number without `STEPGRAPH_EXAMPLES`."""
    return range(int(EXAMPLES) if EXAMPLES else short_run)
