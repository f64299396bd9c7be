"""Pairing of workflows."""

from __future__ import annotations

from stepgraph.report.diff.comparison import VersionedWorkflow, pair_workflows
from tests.render.graphs import do
from tests.report.comparisons import report_of, version


def configured(name: str, class_name: str = "", path: str = "a.py") -> VersionedWorkflow:
    return VersionedWorkflow(name, class_name or name, path, f"{path}:1", None)


def test_equal_names_pair_across_files() -> None:
    old, new = configured("orders", "Orders", "a.py"), configured("orders", "Purchases", "b.py")
    assert pair_workflows([old], [new]) == ((old, new),)


def test_equal_names_pair_within_a_file_first() -> None:
    old = [configured("W", path="a.py"), configured("W", path="b.py")]
    new = [configured("W", path="b.py"), configured("W", path="a.py")]
    assert pair_workflows(old, new) == ((old[1], new[0]), (old[0], new[1]))


def test_configured_name_does_not_change_identity() -> None:
    old, new = configured("Orders"), configured("orders", "Orders")
    assert pair_workflows([old], [new]) == ((old, new),)


def test_configured_and_default_names_pair_in_order() -> None:
    old = [configured("a", "W"), configured("W", path="b.py"), configured("W", path="c.py")]
    new = [configured("x", "W"), configured("W", path="d.py"), configured("y", "W"), configured("z", "W")]
    paired = {after.name: before for before, after in pair_workflows(old, new) if after is not None}
    assert paired == {"W": old[1], "x": old[2], "y": None, "z": None}


def test_renamed_workflow_has_no_partner() -> None:
    old, new = configured("orders", "Orders"), configured("purchases", "Orders")
    assert pair_workflows([old], [new]) == ((old, None), (None, new))


def test_only_remaining_workflows_are_a_pair() -> None:
    old, new = [configured("A"), configured("B")], [configured("A"), configured("C")]
    assert pair_workflows(old, new) == ((old[0], new[0]), (old[1], None), (None, new[1]))
    assert pair_workflows(old, new, only_workflows=True) == ((old[0], new[0]), (old[1], new[1]))


def test_locations_distinguish_equal_names() -> None:
    pairs = [(None, version(do("a"), place=place)) for place in ("a.py:1", "b.py:1", "b.py:1")]
    names = [workflow.name for workflow in report_of(pairs).workflows]
    assert names == ["orders", "orders (b.py:1)", "orders (b.py:1, 2)"]


def test_removed_workflow_keeps_its_position() -> None:
    pairs = pair_workflows(
        [configured("A"), configured("B"), configured("C")], [configured("A"), configured("C"), configured("D")]
    )
    assert [workflow.name for workflow in report_of(pairs).workflows] == ["A", "B", "C", "D"]
