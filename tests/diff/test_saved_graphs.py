"""Graphs that were not made here: with fields, nodes and clocks that the analysis never gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from stepgraph.diff.diff import WorkflowDiff, diff_workflows
from stepgraph.model.payload import FunctionDef, Node, Workflow
from tests.render.graphs import block, branch, do, either, function, graph, loop, parallel, protected, switch, unknown

LAST = do("c", starts=2, resolves=4)


def diff_of(old: Sequence[Node], new: Sequence[Node]) -> WorkflowDiff:
    return diff_workflows(graph(*old)["workflow"], graph(*new)["workflow"])


def lines_of(diff: WorkflowDiff) -> list[str]:
    return [change.line for change in diff.changes]


def with_field(name: str, value: object) -> Workflow:
    return cast("Workflow", {"class_name": "Orders", "functions": {}, "nodes": [{**do("a"), name: value}]})


def nap(name: str) -> Node:
    return {"type": "step_sleep", "name": name, "duration": "1 day"}


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


def test_a_field_that_is_gone_has_no_value() -> None:
    assert lines_of(diff_workflows(with_field("priority", 1), graph(do("a"))["workflow"])) == [
        "~ step 'a': priority 1 to none"
    ]


def test_of_settings_that_are_not_known_it_is_told_that_they_changed() -> None:
    assert lines_of(diff_workflows(with_field("config", {"size": 1}), with_field("config", {"size": 2}))) == [
        "~ step 'a': config changed"
    ]


def test_a_payload_of_no_known_form_is_told_as_it_is() -> None:
    old, new = with_field("payload", {"type": "object"}), with_field("payload", {"type": "object", "fields": {}})
    assert lines_of(diff_workflows(old, new)) == ['~ step \'a\': payload {"type":"object"} to {}']


def test_a_discriminant_that_changed_with_something_else_is_told_with_that() -> None:
    old, new = ({**switch(value, branch("1", do("a"))), "note": note} for value, note in (("x", 1), ("y", 2)))
    assert lines_of(diff_of([cast("Node", old)], [cast("Node", new)])) == [
        "~ switch `y`: discriminant `x` to `y`, note 1 to 2"
    ]


def test_a_node_of_a_later_version_is_one_like_others() -> None:
    diff = diff_of([do("a"), do("b")], [unknown("map", name="all", nodes=[do("a"), do("b")])])
    assert lines_of(diff) == ["~ steps 'a', 'b' wrapped in map 'all'"]


def test_nodes_where_there_was_no_list_of_them_are_told_alone() -> None:
    old, new = [unknown("map", name="all")], [unknown("map", name="all", nodes=[do("a")])]
    assert lines_of(diff_of(old, new)) == ["+ step 'a' added in the map"]
    assert diff_of(old, new).apply() == graph(*new)["workflow"]


def test_nodes_beside_branches_stand_in_the_choice() -> None:
    old, new = [unknown("if", branches=[], nodes=[do("a")])], [unknown("if", branches=[], nodes=[do("a"), do("b")])]
    assert lines_of(diff_of(old, new)) == ["+ step 'b' added in if, after 'a'"]


def test_what_stood_in_a_branch_of_a_later_version_is_freed_from_that() -> None:
    old = [unknown("map", branches=[branch("x", do("a")), branch("y", do("b"))])]
    new = [unknown("map", branches=[branch("x", do("a"))], nodes=[do("b")])]
    assert "~ step 'b' freed from branch `y` of map of 'a'" in lines_of(diff_of(old, new))


def test_other_clocks_that_say_the_same_are_no_change() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3))],
        [parallel("all", do("a", starts=4, resolves=6), do("b", starts=5, resolves=9))],
    )
    assert diff.changes == ()
    assert len(diff.invisible) == 4
    assert diff.apply() == diff.new


def test_clocks_that_say_something_else_are_told_of_what_waits() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3))],
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))],
    )
    assert lines_of(diff) == ["~ step 'b' made sequential: now waits for 'a'"]


def test_what_waits_for_others_than_before_is_reordered() -> None:
    diff = diff_of(
        [parallel("all", *(do(name, starts=1, resolves=end) for name, end in (("a", 2), ("b", 3))), LAST)],
        [parallel("all", *(do(name, starts=1, resolves=end) for name, end in (("a", 3), ("b", 2))), LAST)],
    )
    assert lines_of(diff) == ["~ step 'c' reordered: no longer waits for the same steps"]


def test_what_is_in_another_place_of_a_group_has_its_clocks_from_there() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))],
        [parallel("all", do("b", starts=1, resolves=2), do("a", starts=2, resolves=3))],
    )
    assert lines_of(diff) == ["~ step 'b' reordered, now before 'a'", "~ step 'a' made sequential: now waits for 'b'"]
    assert diff.apply() == diff.new


def test_clocks_in_no_group_tell_what_is_waited_for() -> None:
    diff = diff_of([do("a", starts=1, resolves=2)], [do("a", starts=1)])
    assert lines_of(diff) == ["~ step 'a': no longer waited for"]


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


def test_steps_that_change_their_places_without_standing_together_are_told_apart() -> None:
    old, new = ([do(name) for name in names] for names in ("abcde", "baced"))
    assert lines_of(diff_of(old, new)) == [
        "~ step 'b' reordered, now before 'a'",
        "~ step 'e' reordered, now after 'c'",
    ]


def test_of_very_many_steps_likeness_of_names_tells_nothing() -> None:
    old, new = ([do(f"{word} {letter * 5}") for letter in "abcdefghijklmnopqrstu"] for word in ("load", "loads"))
    assert len(diff_of(old, new).changes) == 2 * 21
    assert lines_of(diff_of(old[:2], new[:2])) == [
        "~ step 'load aaaaa' renamed to 'loads aaaaa'",
        "~ step 'load bbbbb' renamed to 'loads bbbbb'",
    ]


def test_the_only_branch_that_is_left_is_the_one_that_there_was() -> None:
    assert lines_of(diff_of([switch("x", branch("1"))], [switch("x", branch(None))])) == [
        "~ case `1` changed to default case of switch `x`"
    ]
    old, new = either(branch("y", do("a")), branch(None)), either(branch("y", do("a")), branch("z"))
    assert lines_of(diff_of([old], [new])) == ["~ else changed to branch `z` of if `y`"]


def test_rounds_that_run_at_once_run_beside_those_that_wait() -> None:
    diff = diff_of([loop(nap("rest"), do("a"))], [parallel("all", loop(nap("rest"), do("a")))])
    assert lines_of(diff) == [
        "~ loop of 'rest' made concurrent  late: what is beside 'rest' runs when instances waiting there resume"
    ]


def test_counts_that_no_waiting_instance_has_shift_nothing() -> None:
    steps = [do("b"), do("x"), do("x")]
    together = parallel("all", block(*steps[:2]), steps[2])
    assert lines_of(diff_of(steps, [together])) == ["~ steps 'b', 'x', 'x' made concurrent"]
    (line,) = lines_of(diff_of([*steps, nap("rest")], [together, nap("rest")]))
    assert line.endswith("  breaking: the count of steps named 'x' shifts for instances waiting at 'rest'")


def test_a_new_handler_is_met_by_who_waits_in_an_outer_finally() -> None:
    inner = protected(block(do("a")), catch=block(do("b")))
    rest = block(nap("rest"))
    diff = diff_of([protected(block(do("a")), final=rest)], [protected(block(inner), final=rest)])
    assert lines_of(diff) == [
        "~ step 'a' wrapped in a try",
        "+ step 'b' added in the handler  late: runs when instances waiting at 'rest' resume",
    ]
