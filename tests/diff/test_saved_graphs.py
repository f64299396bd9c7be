"""Saved graphs with fields, nodes and clocks that the analysis does not produce."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

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


def test_unknown_field_is_reported_with_values() -> None:
    diff = diff_workflows(with_field("priority", 1), with_field("priority", 2))
    assert lines_of(diff) == ["~ step 'a': priority 1 → 2"]
    assert diff.apply() == with_field("priority", 2)


def test_numbers_differ_from_booleans() -> None:
    assert lines_of(diff_workflows(with_field("urgent", 1), with_field("urgent", True))) == [  # noqa: FBT003
        "~ step 'a': urgent 1 → true"
    ]


def test_removed_field_has_no_value() -> None:
    assert lines_of(diff_workflows(with_field("priority", 1), graph(do("a"))["workflow"])) == [
        "~ step 'a': priority 1 → none"
    ]


def test_unknown_settings_are_reported_as_changed() -> None:
    assert lines_of(diff_workflows(with_field("config", {"size": 1}), with_field("config", {"size": 2}))) == [
        "~ step 'a': config changed"
    ]


def test_unknown_payload_shape_is_shown_as_json() -> None:
    old, new = with_field("payload", {"type": "object"}), with_field("payload", {"type": "object", "fields": {}})
    assert lines_of(diff_workflows(old, new)) == ['~ step \'a\': payload: now reads {} instead of {"type":"object"}']


def test_discriminant_change_is_listed_with_other_fields() -> None:
    old, new = ({**switch(value, branch("1", do("a"))), "note": note} for value, note in (("x", 1), ("y", 2)))
    assert lines_of(diff_of([cast("Node", old)], [cast("Node", new)])) == ["~ switch `y`: value `x` → `y`, note 1 → 2"]


def test_unknown_node_can_wrap_steps() -> None:
    diff = diff_of([do("a"), do("b")], [unknown("map", do("a"), do("b"), name="all")])
    assert lines_of(diff) == ["~ steps 'a', 'b' wrapped in map 'all'"]


def test_node_in_new_list_is_added() -> None:
    old, new = [unknown("map", name="all")], [unknown("map", do("a"), name="all")]
    assert lines_of(diff_of(old, new)) == ["+ step 'a' added to the map"]
    assert diff_of(old, new).apply() == graph(*new)["workflow"]


def test_nodes_next_to_branches_belong_to_the_if() -> None:
    old, new = [unknown("if", do("a"), branches=[])], [unknown("if", do("a"), do("b"), branches=[])]
    assert lines_of(diff_of(old, new)) == ["+ step 'b' added to the `if`, after 'a'"]


def test_unknown_branch_can_be_unwrapped() -> None:
    old = [unknown("map", branches=[branch("x", do("a")), branch("y", do("b"))])]
    new = [unknown("map", do("b"), branches=[branch("x", do("a"))])]
    assert "~ step 'b' moved out of branch `y` of the map with 'a'" in lines_of(diff_of(old, new))


def test_renumbered_clocks_are_not_a_change() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3))],
        [parallel("all", do("a", starts=4, resolves=6), do("b", starts=5, resolves=9))],
    )
    assert diff.changes == ()
    assert len(diff.invisible) == 4
    assert diff.apply() == diff.new


def test_changed_clocks_are_reported_for_the_waiting_step() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=1, resolves=3))],
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))],
    )
    assert lines_of(diff) == ["~ step 'b' made sequential: now waits for 'a'"]


def test_changed_dependencies_are_a_reordering() -> None:
    diff = diff_of(
        [parallel("all", *(do(name, starts=1, resolves=end) for name, end in (("a", 2), ("b", 3))), LAST)],
        [parallel("all", *(do(name, starts=1, resolves=end) for name, end in (("a", 3), ("b", 2))), LAST)],
    )
    assert lines_of(diff) == ["~ step 'c' reordered: now waits for different steps"]


def test_reordered_member_has_clocks_of_new_position() -> None:
    diff = diff_of(
        [parallel("all", do("a", starts=1, resolves=2), do("b", starts=2, resolves=3))],
        [parallel("all", do("b", starts=1, resolves=2), do("a", starts=2, resolves=3))],
    )
    assert lines_of(diff) == ["~ step 'b' reordered, now before 'a'", "~ step 'a' made sequential: now waits for 'b'"]
    assert diff.apply() == diff.new


def test_clocks_outside_groups_show_awaits() -> None:
    diff = diff_of([do("a", starts=1, resolves=2)], [do("a", starts=1)])
    assert lines_of(diff) == ["~ step 'a': no longer awaited"]


def test_reordered_functions_are_not_a_change() -> None:
    first, second = function("first", do("a")), function("second", do("b"))
    diff = diff_workflows(with_functions(first, second), with_functions(second, first))
    result = diff.apply()
    assert diff.changes == ()
    assert result is not None
    assert list(result["functions"]) == ["second", "first"]


def test_control_characters_are_escaped() -> None:
    assert lines_of(diff_of([do("a")], [do("a"), do("two\nlines\x1b[2J")])) == [
        r"+ step 'two\nlines\x1b[2J' added after 'a'"
    ]


def test_unnamed_containers_are_matched_by_contents() -> None:
    diff = diff_of([loop(do("a"), do("x")), loop(do("b"))], [loop(do("b"), do("y")), loop(do("a"), do("x"))])
    assert lines_of(diff) == [
        "~ loop around 'b' reordered, now before the loop around 'a'",
        "+ step 'y' added to the loop, after 'b'",
    ]


def test_equal_names_are_matched_by_position() -> None:
    diff = diff_of([loop(do("a")), loop(do("a"))], [loop(do("a"), do("b")), loop(do("a"), do("c"))])
    assert lines_of(diff) == [
        "+ step 'b' added to the loop, after 'a'",
        "+ step 'c' added to the loop, after 'a'",
    ]


@pytest.mark.slow
def test_diff_of_deeply_nested_graphs() -> None:
    old, new = do("a"), do("b")
    nested_old, nested_new = cast("Node", old), cast("Node", new)
    for _ in range(2000):
        nested_old, nested_new = loop(nested_old), protected(block(loop(nested_new)))
    assert len(diff_of([nested_old], [nested_new]).changes) > 0


def test_separately_moved_steps_are_separate_changes() -> None:
    old, new = ([do(name) for name in names] for names in ("abcde", "baced"))
    assert lines_of(diff_of(old, new)) == [
        "~ step 'b' reordered, now before 'a'",
        "~ step 'e' reordered, now after 'c'",
    ]


def test_large_gaps_ignore_similar_names() -> None:
    old, new = ([do(f"{word} {letter * 5}") for letter in "abcdefghijklmnopqrstu"] for word in ("load", "loads"))
    assert len(diff_of(old, new).changes) == 2 * 21
    assert lines_of(diff_of(old[:2], new[:2])) == [
        "~ step 'load aaaaa' renamed to 'loads aaaaa'",
        "~ step 'load bbbbb' renamed to 'loads bbbbb'",
    ]


def test_a_changed_case_is_named_with_its_switch() -> None:
    old, new = (switch("x", branch("0", do("a")), branch(case, do("b"))) for case in ("1", "2"))
    assert lines_of(diff_of([old], [new])) == ["~ case `1` of switch `x` changed to `2`"]


def test_only_remaining_branches_match() -> None:
    assert lines_of(diff_of([switch("x", branch("1"))], [switch("x", branch(None))])) == [
        "~ case `1` changed to default case of switch `x`"
    ]
    old, new = either(branch("y", do("a")), branch(None)), either(branch("y", do("a")), branch("z"))
    assert lines_of(diff_of([old], [new])) == ["~ `else` changed to branch `z` of `if y`"]


def test_concurrent_iterations_run_during_waits() -> None:
    diff = diff_of([loop(nap("rest"), do("a"))], [parallel("all", loop(nap("rest"), do("a")))])
    effect = "out of order: steps concurrent with 'rest' run when instances waiting there resume"
    assert lines_of(diff) == [f"~ loop around 'rest' made concurrent  {effect}"]


def test_counts_without_later_waits_are_safe() -> None:
    steps = [do("b"), do("x"), do("x")]
    together = parallel("all", block(*steps[:2]), steps[2])
    assert lines_of(diff_of(steps, [together])) == ["~ steps 'b', 'x', 'x' made concurrent"]
    (line,) = lines_of(diff_of([*steps, nap("rest")], [together, nap("rest")]))
    assert line.endswith("  breaking: steps named 'x' are numbered differently for instances waiting at 'rest'")


def test_new_handler_affects_waits_in_outer_finally() -> None:
    inner = protected(block(do("a")), catch=block(do("b")))
    rest = block(nap("rest"))
    diff = diff_of([protected(block(do("a")), final=rest)], [protected(block(inner), final=rest)])
    assert lines_of(diff) == [
        "~ step 'a' wrapped in a `try`",
        "+ step 'b' added to the `except` block  out of order: runs when instances waiting at 'rest' resume",
    ]
