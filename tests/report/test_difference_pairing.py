"""Which workflow of one version is which of the other."""

from __future__ import annotations

from stepgraph.report.diff.pairing import pair_workflows
from stepgraph.report.diff.report import VersionedWorkflow
from tests.render.graphs import do
from tests.report.differences import report_of, version


def known(name: str, class_name: str = "", path: str = "a.py") -> VersionedWorkflow:
    return VersionedWorkflow(name, class_name or name, path, f"{path}:1", None)


def test_workflows_of_a_name_are_a_pair_wherever_they_stand() -> None:
    old, new = known("orders", "Orders", "a.py"), known("orders", "Purchases", "b.py")
    assert pair_workflows([old], [new]) == ((old, new),)


def test_of_several_of_a_name_those_of_one_file_are_a_pair() -> None:
    old = [known("W", path="a.py"), known("W", path="b.py")]
    new = [known("W", path="b.py"), known("W", path="a.py")]
    assert pair_workflows(old, new) == ((old[1], new[0]), (old[0], new[1]))


def test_a_name_that_a_configuration_gives_is_no_other_workflow() -> None:
    old, new = known("Orders"), known("orders", "Orders")
    assert pair_workflows([old], [new]) == ((old, new),)


def test_named_workflows_pair_with_unnamed_ones_in_order() -> None:
    old = [known("a", "W"), known("W", path="b.py"), known("W", path="c.py")]
    new = [known("x", "W"), known("W", path="d.py"), known("y", "W"), known("z", "W")]
    paired = {after.name: before for before, after in pair_workflows(old, new) if after is not None}
    assert paired == {"W": old[1], "x": old[2], "y": None, "z": None}


def test_a_workflow_that_is_renamed_is_another_one() -> None:
    old, new = known("orders", "Orders"), known("purchases", "Orders")
    assert pair_workflows([old], [new]) == ((old, None), (None, new))


def test_the_only_two_that_are_left_are_a_pair_if_nothing_else_was_named() -> None:
    old, new = [known("A"), known("B")], [known("A"), known("C")]
    assert pair_workflows(old, new) == ((old[0], new[0]), (old[1], None), (None, new[1]))
    assert pair_workflows(old, new, only_workflows=True) == ((old[0], new[0]), (old[1], new[1]))


def test_workflows_of_one_name_are_told_apart_by_their_places() -> None:
    pairs = [(None, version(do("a"), place=place)) for place in ("a.py:1", "b.py:1", "b.py:1")]
    names = [workflow.name for workflow in report_of(pairs).workflows]
    assert names == ["orders", "orders (b.py:1)", "orders (b.py:1, 2)"]


def test_what_is_gone_is_told_where_it_was() -> None:
    pairs = pair_workflows([known("A"), known("B"), known("C")], [known("A"), known("C"), known("D")])
    assert [workflow.name for workflow in report_of(pairs).workflows] == ["A", "B", "C", "D"]
