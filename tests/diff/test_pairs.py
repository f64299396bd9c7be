"""Each pair of workflows in `fixtures/diff` has the changes that stand beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import analyze_file
from stepgraph.diff.diff import WorkflowDiff, diff_workflows
from stepgraph.model.payload import Workflow

PAIRS = Path(__file__).resolve().parents[2] / "fixtures" / "diff"
FOLDERS = sorted(path.parent for path in PAIRS.glob("*/changes.txt"))

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def workflow_of(path: Path) -> Workflow:
    (analysed,) = analyze_file(path).workflows
    assert analysed.notes == ()
    assert analysed.graph is not None
    return analysed.graph["workflow"]


def diff_of(folder: Path) -> WorkflowDiff:
    return diff_workflows(workflow_of(folder / "before.py"), workflow_of(folder / "after.py"))


@each_folder
def test_a_pair_differs_by_the_changes_beside_it(folder: Path) -> None:
    lines = [f"{change.line}\n" for change in diff_of(folder).changes]
    assert lines == (folder / "changes.txt").read_text(encoding="utf-8").splitlines(keepends=True)


@each_folder
def test_the_changes_of_a_pair_make_the_second_of_the_first(folder: Path) -> None:
    diff = diff_of(folder)
    assert diff.apply() == diff.new
