"""Count the results of the command for malformed input."""

from __future__ import annotations

from tests.hostile.fuzzing import fuzz
from tests.proof.table import CountTable

_PER_SEED = 50


def malformed_input(seeds: int) -> CountTable:
    """Run the command on fifty inputs per seed."""
    counts = fuzz(seeds * _PER_SEED)
    failures = [len(group) for group in (counts.defects, counts.crashes, counts.hangs, counts.writes)]
    row: list[str | int] = ["input", counts.inputs, counts.results, counts.refused, *failures]
    columns = ("tried", "inputs", "results", "reported errors", "defects", "crashes", "hangs", "stray writes")
    number, slowest = counts.slowest
    return CountTable(columns, [row], [f"slowest for its size: input {number}, {slowest:.0f} ms for each kilobyte"])
