"""Graphs that were not made here: with fields, nodes and clocks that the analysis never gives."""

from __future__ import annotations

from typing import cast

from stepgraph.diff.diff import WorkflowDiff, diff_workflows
from stepgraph.model.payload import FunctionDef, Node, Workflow
from tests.render.graphs import block, do, function, graph, loop, parallel, protected, unknown


def diff_of(old: list[Node], new: list[Node]) -> WorkflowDiff:
    return diff_workflows(graph(*old)["workflow"], graph(*new)["workflow"])


def lines_of(diff: WorkflowDiff) -> list[str]:
    return [change.line for change in diff.changes]


def with_field(name: str, value: object) -> Workflow:
    return cast("Workflow", {"class_name": "Orders", "functions": {}, "nodes": [{**do("a"), name: value}]})


def with_functions(*functions: FunctionDef) -> Workflow:
    return graph(functions={each["name"]: each for each in functions})["workflow"]


def test_a_field_that_is_not_known_is_told_by_its_value() -> None:
    diff = diff_workflows(with_field("priority", 1), with_field("priority", 2))
    assert lines_of(diff) == ["~ step 'a': priority 1 to 2"]
    assert diff.apply() == with_field("priority", 2)


def test_numbers_are_no_truth_values() -> None:
    assert lines_of(diff_workflows(with_field("urgent", 1), with_field("urgent", True))) == [  # noqa: FBT003
        "~ step 'a': urgent 1 to true"
    ]


def test_a_node_of_a_later_version_is_one_like_others() -> None:
    diff = diff_of([do("a"), do("b")], [unknown("map", name="all", nodes=[do("a"), do("b")])])
    assert lines_of(diff) == ["~ steps 'a', 'b' wrapped in map 'all'"]


def test_other_clocks_that_say_the_same_are_no_change() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3))],
        [parallel("all", do("a", starts=4, resolves=6), do("b", starts=5, resolves=9))],
    )
    assert diff.changes == ()
    assert len(diff.unseen) == 4
    assert diff.apply() == diff.new


def test_clocks_that_say_something_else_are_told_of_what_waits() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3))],
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))],
    )
    assert lines_of(diff) == ["~ step 'b' made sequential: now waits for 'a'"]


def test_functions_in_another_order_are_no_change() -> None:
    first, second = function("first", do("a")), function("second", do("b"))
    diff = diff_workflows(with_functions(first, second), with_functions(second, first))
    made = diff.apply()
    assert diff.changes == ()
    assert made is not None
    assert list(made["functions"]) == ["second", "first"]


def test_text_that_would_break_the_line_is_spelt_out() -> None:
    assert lines_of(diff_of([do("a")], [do("a"), do("two\nlines\x1b[2J")])) == [
        r"+ step 'two\nlines\x1b[2J' added after 'a'"
    ]


def test_what_is_in_containers_without_names_tells_which_is_which() -> None:
    diff = diff_of([loop(do("a"), do("x")), loop(do("b"))], [loop(do("b"), do("y")), loop(do("a"), do("x"))])
    assert lines_of(diff) == [
        "~ loop of 'b' reordered, now before loop of 'a'",
        "+ step 'y' added in the loop, after 'b'",
    ]


def test_a_name_that_steps_of_several_loops_share_is_told_apart_by_its_place() -> None:
    diff = diff_of([loop(do("a")), loop(do("a"))], [loop(do("a"), do("b")), loop(do("a"), do("c"))])
    assert lines_of(diff) == [
        "+ step 'b' added in the loop, after 'a'",
        "+ step 'c' added in the loop, after 'a'",
    ]


def test_a_diff_of_what_is_nested_deeper_than_python_recurses() -> None:
    old, new = do("a"), do("b")
    nested_old, nested_new = cast("Node", old), cast("Node", new)
    for _ in range(2000):
        nested_old, nested_new = loop(nested_old), protected(block(loop(nested_new)))
    assert len(diff_of([nested_old], [nested_new]).changes) > 0
