"""The changes of each pair in `fixtures/diff`."""

from __future__ import annotations

from functools import partial

import pytest

from docs.generate.diff_pairs import DiffPair, diff_pairs
from stepgraph import analyze_source
from stepgraph.diff.diff import DetailsLookup, WorkflowDiff, diff_graphs
from stepgraph.model.details import ComparableDetails
from stepgraph.model.payload import Workflow


@pytest.fixture(scope="module", params=diff_pairs(), ids=lambda pair: pair.name)
def pair(request: pytest.FixtureRequest) -> DiffPair:
    """Return each pair. The scope makes the tests of a pair neighbors, which share its analyses."""
    found: DiffPair = request.param
    return found


@pytest.fixture(scope="module")
def diffs(pair: DiffPair) -> tuple[WorkflowDiff, ...]:
    """Return the differences of the workflows of a pair."""
    return diffs_of(pair)


def workflows_of(source: str) -> dict[str, tuple[Workflow, ComparableDetails]]:
    """Return the graph and the details of each workflow in a module, by class."""
    workflows: dict[str, tuple[Workflow, ComparableDetails]] = {}
    for workflow in analyze_source(source).workflows:
        assert workflow.notes == ()
        assert workflow.graph is not None
        workflows[workflow.class_name] = workflow.graph["workflow"], workflow.comparable_details
    return workflows


def diffs_of(pair: DiffPair) -> tuple[WorkflowDiff, ...]:
    old, new = workflows_of(pair.before), workflows_of(pair.after)
    old_graphs, new_graphs = ({name: graph for name, (graph, _) in each.items()} for each in (old, new))
    both = old.keys() & new.keys()
    details: dict[str, DetailsLookup] = {name: partial(_both, old[name][1], new[name][1]) for name in both}
    return diff_graphs(old_graphs, new_graphs, details)


def _both(old: ComparableDetails, new: ComparableDetails) -> tuple[ComparableDetails, ComparableDetails]:
    return old, new


def lines_of(diffs: tuple[WorkflowDiff, ...]) -> list[str]:
    """Return the changes, each with the name of its workflow if there are several."""
    prefixes = [f"{diff.name}: " if len(diffs) > 1 else "" for diff in diffs]
    return [f"{prefix}{change.line}\n" for prefix, diff in zip(prefixes, diffs, strict=True) for change in diff.changes]


@pytest.mark.slow
def test_pair_has_expected_changes(pair: DiffPair, diffs: tuple[WorkflowDiff, ...]) -> None:
    assert lines_of(diffs) == pair.changes.splitlines(keepends=True)


@pytest.mark.slow
def test_changes_turn_old_version_into_new(diffs: tuple[WorkflowDiff, ...]) -> None:
    for diff in diffs:
        assert diff.apply() == diff.new
