"""Count the results of random programs."""

from __future__ import annotations

from tests.proof.programs.counting import count_random_programs
from tests.proof.table import CountTable

_PER_SEED = 10


def random_programs(seeds: int) -> CountTable:
    """Check the runs of ten random programs per seed."""
    tally = count_random_programs(seeds * _PER_SEED)
    unchecked = sum(tally.unchecked.values())
    row = ("random programs", tally.programs, tally.traces, len(tally.rejections), unchecked)
    reasons = [f"left out: {reason} ({count:,} runs)" for reason, count in sorted(tally.unchecked.items())]
    return CountTable(("drawn", "programs", "traces", "rejected", "left out"), [row], reasons)
