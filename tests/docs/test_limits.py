"""The page on limits documents every limit."""

from __future__ import annotations

import pytest

from docs.generate.files import ROOT
from stepgraph import limits
from stepgraph.limits import FULL_SHARES, GROWTH_BYTES, MAX_PROCESSES, MAXIMUM, MEGABYTE, PER_KILOBYTE, Limit

PAGE = (ROOT / "docs/reference/limits.md").read_text(encoding="utf-8")
# Units, and thresholds that do not limit the input.
INTERNAL = {
    *("MEGABYTE", "FULL_SHARES", "MAX_PROCESSES", "RELEASED_TOKENS", "FREE_DEPTH", "DIFFLIB_LINES"),
    *("VISIT_SHARES", "NAME_WORK_PER_VISIT", "SEQUENCE_WORK", "SEQUENCE_WORK_PER_ITEM"),
    "GROWTH_BYTES",
}
INPUTS = {name: value for name, value in vars(limits).items() if isinstance(value, int) and name not in INTERNAL}


def formatted(name: str, value: int) -> str:
    return f"{value // MEGABYTE} MB" if "BYTES" in name else f"{value:,}"


def test_limits_of_inputs_are_documented() -> None:
    assert [name for name, value in INPUTS.items() if f" | {formatted(name, value)} |\n" not in PAGE] == []


def test_each_row_is_a_limit() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    tables = 6
    assert len(rows) - 2 * tables == len(INPUTS) + len(Limit)


@pytest.mark.parametrize("limit", Limit)
def test_a_limit_of_an_analysis_is_documented(limit: Limit) -> None:
    rate = f" {PER_KILOBYTE[limit]:,}" if limit in PER_KILOBYTE else ""
    assert f"| {limit.value} | {MAXIMUM[limit]:,} |{rate} |\n" in PAGE


def test_shares_and_processes_are_documented() -> None:
    assert f"more than {FULL_SHARES} workflows" in PAGE
    assert f"bytes of a workflow's modules, up to {GROWTH_BYTES:,}, raise" in PAGE
    assert f"Up to {MAX_PROCESSES} processes" in PAGE
