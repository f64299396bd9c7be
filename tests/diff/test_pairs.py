"""The changes of each pair in `fixtures/diff`."""

from __future__ import annotations

import pytest

from docs.generate.diff_pairs import DiffPair, diff_pairs
from stepgraph import analyze_source
from stepgraph.diff.diff import WorkflowDiff, diff_graphs
from stepgraph.model.payload import Workflow

each_pair = pytest.mark.parametrize("pair", list(diff_pairs()), ids=lambda pair: pair.name)


def graphs_of(source: str) -> dict[str, Workflow]:
    graphs: dict[str, Workflow] = {}
    for workflow in analyze_source(source).workflows:
        assert workflow.notes == ()
        assert workflow.graph is not None
        graphs[workflow.class_name] = workflow.graph["workflow"]
    return graphs


def diffs_of(pair: DiffPair) -> tuple[WorkflowDiff, ...]:
    return diff_graphs(graphs_of(pair.before), graphs_of(pair.after))


def lines_of(diffs: tuple[WorkflowDiff, ...]) -> list[str]:
    """Return the changes, each with the name of its workflow if there are several."""
    prefixes = [f"{diff.name}: " if len(diffs) > 1 else "" for diff in diffs]
    return [f"{prefix}{change.line}\n" for prefix, diff in zip(prefixes, diffs, strict=True) for change in diff.changes]


@pytest.mark.slow
@each_pair
def test_pair_has_expected_changes(pair: DiffPair) -> None:
    assert lines_of(diffs_of(pair)) == pair.changes.splitlines(keepends=True)


@pytest.mark.slow
@each_pair
def test_changes_turn_old_version_into_new(pair: DiffPair) -> None:
    for diff in diffs_of(pair):
        assert diff.apply() == diff.new
