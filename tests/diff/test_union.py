"""Both versions of a workflow as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.diff.diff import diff_workflows
from stepgraph.diff.merged import MergedVersions, SiblingClocks, merge_versions
from stepgraph.diff.tree import STEPS, read_tree
from stepgraph.model.payload import Block, Graph, Workflow
from tests.diff.mutations import any_workflow, copied
from tests.diff.test_properties import MUTATIONS, Mutation, unhurried
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, parallel, protected, unknown
from tests.render.random_graphs import graphs


def union(old: Graph, new: Graph) -> MergedVersions:
    return merge_versions(diff_workflows(old["workflow"], new["workflow"]))


def outline(data: object) -> object:
    """Return the nodes of a payload as names of steps and lists of what the others hold."""
    if isinstance(data, list):
        return [outline(item) for item in data]
    if not isinstance(data, Mapping):
        return data
    if data.get("type") in STEPS:
        return data["name"]
    slots = ("nodes", "branches", "try_block", "catch_block", "finally_block")
    held = [outline(data[slot]) for slot in slots if slot in data]
    return held[0] if len(held) == 1 else held


def steps_in(workflow: Workflow) -> Counter[str]:
    return Counter(element.name for element in read_tree(workflow).elements if element.kind in STEPS)


def without_removed(made: MergedVersions) -> object:
    gone = {id(made.payloads[reference]) for reference in made.removed}

    def kept(data: object) -> object:
        if isinstance(data, dict):
            return {key: kept(value) for key, value in data.items() if id(value) not in gone}
        return [kept(item) for item in data if id(item) not in gone] if isinstance(data, list) else data

    return kept(made.workflow)


@unhurried
@given(graphs(3), graphs(3))
def test_without_what_was_removed_it_is_the_new_version(old: Graph, new: Graph) -> None:
    assert without_removed(union(old, new)) == new["workflow"]


@unhurried
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(MUTATIONS), max_size=5))
def test_of_an_edited_workflow_too(random: Random, mutations: list[Mutation]) -> None:
    old = any_workflow(random)
    new = copied(old)
    for mutate in mutations:
        mutate(random, new)
    assert without_removed(merge_versions(diff_workflows(old, new))) == new


@unhurried
@given(graphs(3), graphs(3))
def test_it_holds_each_step_of_the_new_version_and_each_that_was_removed(old: Graph, new: Graph) -> None:
    diff = diff_workflows(old["workflow"], new["workflow"])
    assert diff.matching is not None
    removed = [diff.matching.old[number] for number in diff.matching.unmatched_old()]
    gone = Counter(element.name for element in removed if element.kind in STEPS)
    assert steps_in(merge_versions(diff).workflow) == steps_in(new["workflow"]) + gone


def test_what_was_removed_is_where_it_was() -> None:
    made = union(graph(do("a"), do("b"), do("c")), graph(do("a"), do("c")))
    assert outline(made.workflow) == ["a", "b", "c"]


def test_what_was_removed_comes_before_what_was_added_in_its_place() -> None:
    made = union(graph(do("a"), do("old"), do("c")), graph(do("a"), loop(do("new")), do("c")))
    assert outline(made.workflow) == ["a", "old", ["new"], "c"]


def test_what_was_taken_from_around_others_stands_before_them_and_is_hollow() -> None:
    made = union(graph(do("a"), loop(do("b"), do("c"))), graph(do("a"), do("b"), do("c")))
    assert outline(made.workflow) == ["a", [], "b", "c"]
    assert [made.payloads[reference]["type"] for reference in made.emptied] == ["loop"]


def test_what_went_with_a_part_of_what_it_held_is_not_hollow() -> None:
    made = union(graph(loop(do("b"), do("c"))), graph(do("b")))
    assert outline(made.workflow) == [["c"], "b"]
    assert made.emptied == frozenset()


def test_a_removed_handler_shares_the_place_of_another() -> None:
    old = graph(protected(block(do("charge")), catch=block(do("refund"), do("tell"))))
    new = graph(protected(block(do("charge")), catch=block(loop(do("retry")))))
    made = union(old, new)
    assert outline(made.workflow) == [[["charge"], ["refund", "tell", ["retry"]]]]


def test_a_removed_handler_shares_the_place_of_one_of_another_kind() -> None:
    old = graph(protected(block(do("charge")), catch=block(do("refund"), do("tell"))))
    handlers = cast("Block", unknown("handlers", nodes=[do("retry")]))
    new = graph(protected(block(do("charge")), catch=handlers))
    assert outline(union(old, new).workflow) == [[["charge"], ["refund", "tell", "retry"]]]


def test_branches_of_a_removed_choice_are_parts_of_it() -> None:
    made = union(graph(do("a"), either(branch("x", do("b")))), graph(do("a")))
    kinds = [(made.payloads[reference].get("type", "branch"), made.is_part(reference)) for reference in made.removed]
    assert set(kinds) == {("if", False), ("branch", True), ("step_do", False)}


def test_a_removed_function_keeps_its_body_under_a_name_that_is_free() -> None:
    old = graph(call("settle"), do("z"), functions={"settle": function("settle", do("charge"), do("book"))})
    new = graph(do("z"), call("settle"), functions={"settle": function("settle", loop(do("other"), do("way")))})
    made = union(old, new).workflow
    names = [node["name"] for node in made["nodes"] if node["type"] == "function_call"]
    assert set(names) <= set(made["functions"])
    assert steps_in(made) == Counter(["charge", "book", "z", "other", "way"])


def test_a_removed_function_whose_name_is_taken_has_another() -> None:
    settle = function("settle", do("charge"))
    old = graph(unknown("start", functions={}, class_name="Other", nodes=[]), functions={"settle": settle})
    new = graph(unknown("start", functions={"settle": settle}, class_name="Other", nodes=[]))
    assert list(union(old, new).workflow["functions"]) == ["settle (old)"]


def test_all_of_a_workflow_that_is_new_was_added() -> None:
    made = merge_versions(diff_workflows(None, graph(do("a"), loop(do("b")))["workflow"]))
    assert [made.payloads[reference]["type"] for reference in made.added] == ["step_do", "loop", "step_do"]
    assert list(made.removed) == []


def test_all_of_a_workflow_that_is_gone_was_removed() -> None:
    made = merge_versions(diff_workflows(graph(do("a"))["workflow"], None))
    assert [made.payloads[reference]["type"] for reference in made.removed] == ["step_do"]


def test_a_step_removed_from_a_group_still_runs_beside_the_others() -> None:
    old = graph(parallel("all", *(do(name, starts=4, resolves=5) for name in "abc")))
    new = graph(parallel("all", *(do(name, starts=1, resolves=2) for name in "ac")))
    (group,) = union(old, new).workflow["nodes"]
    assert group["type"] == "parallel"
    assert [(node.get("starts"), node.get("resolves")) for node in group["nodes"]] == [(1, 2), (1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("removed", "beside", "expected"),
    [
        ((3, 4), [((1, 2), (1, 2)), ((3, 4), (5, 6))], (5, 6)),
        ((2, 3), [((1, 2), (1, 2)), ((3, 4), (2, 3))], (2, 3)),
        ((1, 2), [((1, 9), (1, 2))], (1, 2)),
        ((1, None), [((1, 2), (7, 8))], (7, None)),
        ((None, None), [((None, None), (1, 2))], (2, 3)),
        ((1, 2), [((1, 2), (None, None))], (None, None)),
    ],
)
def test_clocks_of_what_was_removed_are_told_by_those_of_what_stays(
    removed: tuple[int | None, int | None],
    beside: list[tuple[tuple[int | None, int | None], tuple[int | None, int | None]]],
    expected: tuple[int | None, int | None],
) -> None:
    made = SiblingClocks([(clocks(before), clocks(now)) for before, now in beside]).place(clocks(removed))
    assert (made.get("starts"), made.get("resolves")) == expected


def clocks(values: tuple[int | None, int | None]) -> dict[str, object]:
    return {name: value for name, value in zip(("starts", "resolves"), values, strict=True) if value is not None}
