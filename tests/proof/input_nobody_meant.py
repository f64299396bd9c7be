"""The command on input that nobody meant, in counts."""

from __future__ import annotations

from tests.hostile.fuzzing import fuzz
from tests.proof.table import Table

_FOR_EACH_SEED = 50


def input_nobody_meant(seeds: int) -> Table:
    """Try fifty inputs for each seed."""
    counts = fuzz(seeds * _FOR_EACH_SEED)
    wrong = [len(found) for found in (counts.defects, counts.crashes, counts.hangs, counts.writes)]
    row: list[str | int] = ["input", counts.inputs, counts.results, counts.refused, *wrong]
    columns = ("tried", "inputs", "results", "errors told", "defects", "crashes", "hangs", "stray writes")
    number, slowest = counts.slowest
    return Table(columns, [row], [f"slowest for its size: input {number}, {slowest:.0f} ms for each kilobyte"])
