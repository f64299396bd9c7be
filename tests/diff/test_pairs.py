"""Each pair of workflows in `fixtures/diff` has the changes that stand beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import analyze_file
from stepgraph.diff.diff import WorkflowDiff, diff_graphs
from stepgraph.model.payload import Workflow

PAIRS = Path(__file__).resolve().parents[2] / "fixtures" / "diff"
FOLDERS = sorted(path.parent for path in PAIRS.glob("*/changes.txt"))

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def graphs_of(path: Path) -> dict[str, Workflow]:
    graphs: dict[str, Workflow] = {}
    for analysed in analyze_file(path).workflows:
        assert analysed.notes == ()
        assert analysed.graph is not None
        graphs[analysed.class_name] = analysed.graph["workflow"]
    return graphs


def diffs_of(folder: Path) -> tuple[WorkflowDiff, ...]:
    return diff_graphs(graphs_of(folder / "before.py"), graphs_of(folder / "after.py"))


def lines_of(diffs: tuple[WorkflowDiff, ...]) -> list[str]:
    """Return the changes; where there are several workflows, each after the name of its own."""
    prefixes = [f"{diff.name}: " if len(diffs) > 1 else "" for diff in diffs]
    return [f"{prefix}{change.line}\n" for prefix, diff in zip(prefixes, diffs, strict=True) for change in diff.changes]


@each_folder
def test_a_pair_differs_by_the_changes_beside_it(folder: Path) -> None:
    expected = (folder / "changes.txt").read_text(encoding="utf-8")
    assert lines_of(diffs_of(folder)) == expected.splitlines(keepends=True)


@each_folder
def test_the_changes_of_a_pair_make_the_second_of_the_first(folder: Path) -> None:
    for diff in diffs_of(folder):
        assert diff.apply() == diff.new
