"""In how many worlds each program is executed: `STEPGRAPH_EXAMPLES=5000 pytest tests/proof` is the long run."""

from __future__ import annotations

import os

_EXAMPLES = os.environ.get("STEPGRAPH_EXAMPLES")


def worlds(short_run: int) -> range:
    """Return the seeds of a run: so many in the short one."""
    return range(int(_EXAMPLES) if _EXAMPLES else short_run)
