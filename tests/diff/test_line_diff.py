"""Hunks of unified diffs, for short and long files."""

from __future__ import annotations

from difflib import unified_diff
from random import Random

import pytest

import stepgraph.diff.sequences
from stepgraph.diff.sequences import hunks
from stepgraph.limits import DIFFLIB_LINES


def lines_of(count: int, seed: int) -> list[str]:
    random = Random(seed)  # noqa: S311 - no secret
    return [f"x = {random.randrange(5 + seed)}\n" for _ in range(count)]


def changed(lines: list[str], seed: int, *, grows: bool) -> list[str]:
    random = Random(seed)  # noqa: S311 - no secret
    created: list[str] = []
    for line in lines:
        created.append(f"await {line}" if random.random() < 0.1 else line)
        created += ["import y\n"] if grows and random.random() < 0.1 else []
    return created


def patched(before: list[str], diff: list[str]) -> list[str]:
    """Return the lines after applying a patch."""
    created: list[str] = []
    place = 0
    for line in diff:
        if line.startswith("@@"):
            start, _, length = line.split()[1].removeprefix("-").partition(",")
            begin = int(start) - (length != "0")
            created += before[place:begin]
            place = begin
            continue
        assert line[0] == "+" or before[place] == line[1:]
        created += [] if line[0] == "-" else [line[1:]]
        place += line[0] != "+"
    return created + before[place:]


@pytest.mark.parametrize("grows", [False, True])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("limit", [DIFFLIB_LINES, 10])
def test_hunks_transform_one_file_into_the_other(
    monkeypatch: pytest.MonkeyPatch, limit: int, seed: int, *, grows: bool
) -> None:
    monkeypatch.setattr(stepgraph.diff.sequences, "DIFFLIB_LINES", limit)
    before = lines_of(200, seed)
    after = changed(before, seed, grows=grows)
    diff = list(hunks(before, after))
    assert patched(before, diff) == after
    if limit == DIFFLIB_LINES:
        assert diff == list(unified_diff(before, after))[2:]


def test_large_files_keep_repeated_lines_in_place() -> None:
    before = [line for n in range(2 * DIFFLIB_LINES) for line in (f"f({n})\n", f"x = {n % 3}\n")]
    after = [f"await {line}" if line.startswith("f") else line for line in before]
    diff = list(hunks(before, after))
    assert len(diff) == 1 + 3 * 2 * DIFFLIB_LINES
    assert diff[:4] == [f"@@ -1,{len(before)} +1,{len(after)} @@\n", "-f(0)\n", "+await f(0)\n", " x = 0\n"]


def test_equal_files_have_no_hunks() -> None:
    lines = lines_of(2 * DIFFLIB_LINES, 1)
    assert list(hunks(lines, lines)) == []
    assert list(hunks([], [])) == []
    assert list(hunks([], ["x\n"])) == ["@@ -0,0 +1 @@\n", "+x\n"]
