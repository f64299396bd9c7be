"""Diffs of several workflows, and of added and removed ones."""

from __future__ import annotations

from stepgraph.diff.changes import Action
from stepgraph.diff.diff import diff_graphs, diff_workflows
from stepgraph.execution.engine_rules import Effect
from stepgraph.model.payload import Workflow
from tests.render.graphs import do, graph

PAY: Workflow = graph(do("charge"), class_name="Pay")["workflow"]
SHIP: Workflow = graph(do("pack"), class_name="Ship")["workflow"]
SHIP_LATER: Workflow = graph(do("pack"), do("label"), class_name="Ship")["workflow"]


def test_added_workflow_is_one_change() -> None:
    diff = diff_workflows(None, PAY)
    assert [change.line for change in diff.changes] == ["+ workflow 'Pay' added"]
    assert diff.apply() == PAY


def test_removed_workflow_is_breaking() -> None:
    diff = diff_workflows(PAY, None, "pay")
    assert [change.line for change in diff.changes] == [
        "- workflow 'pay' removed  breaking: its instances cannot resume"
    ]
    assert diff.effect is Effect.BREAKING
    assert diff.apply() is None


def test_missing_workflow_has_no_changes() -> None:
    assert diff_workflows(None, None).changes == ()


def test_workflows_are_compared_by_name() -> None:
    diffs = diff_graphs({"pay": PAY, "ship": SHIP}, {"pay": PAY, "ship": SHIP_LATER})
    assert [(diff.name, [change.line for change in diff.changes]) for diff in diffs] == [
        ("pay", []),
        ("ship", ["+ step 'label' added after 'pack'"]),
    ]


def test_removed_workflows_keep_their_position() -> None:
    diffs = diff_graphs({"a": PAY, "b": PAY, "c": PAY}, {"new": PAY, "a": PAY, "c": PAY})
    assert [diff.name for diff in diffs] == ["new", "a", "b", "c"]


def test_renamed_class_is_one_change() -> None:
    renamed: Workflow = {**PAY, "class_name": "Payment"}
    (change,) = diff_workflows(PAY, renamed).changes
    assert (change.action, change.line) == (Action.RENAMED, "~ class 'Pay' renamed to 'Payment'")
