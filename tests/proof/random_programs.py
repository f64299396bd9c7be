"""Random programs executed and judged, in counts."""

from __future__ import annotations

from tests.proof.programs.counting import counted
from tests.proof.table import Table

_FOR_EACH_SEED = 10


def random_programs(seeds: int) -> Table:
    """Judge the runs of ten random programs for each seed."""
    tally = counted(seeds * _FOR_EACH_SEED)
    left_out = sum(tally.left_out.values())
    row = ("random programs", tally.programs, tally.traces, len(tally.rejections), left_out)
    reasons = [f"left out: {why} ({count:,} runs)" for why, count in sorted(tally.left_out.items())]
    return Table(("drawn", "programs", "traces", "rejected", "left out"), [row], reasons)
