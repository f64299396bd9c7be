"""Merged versions of a workflow."""

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
from tests.diff.test_properties import MUTATIONS, Mutation
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, parallel, protected, unknown
from tests.render.random_graphs import graphs


def merge(old: Graph, new: Graph) -> MergedVersions:
    return merge_versions(diff_workflows(old["workflow"], new["workflow"]))


def outline(data: object) -> object:
    """Return nodes as nested lists of step names."""
    if isinstance(data, list):
        return [outline(item) for item in data]
    if not isinstance(data, Mapping):
        return data
    if data.get("type") in STEPS:
        return data["name"]
    slots = ("nodes", "branches", "try_block", "catch_block", "finally_block")
    contents = [outline(data[slot]) for slot in slots if slot in data]
    return contents[0] if len(contents) == 1 else contents


def steps_in(workflow: Workflow) -> Counter[str]:
    return Counter(element.name for element in read_tree(workflow).elements if element.kind in STEPS)


def without_removed(merged: MergedVersions) -> object:
    gone = {id(merged.payloads[reference]) for reference in merged.removed}

    def without(data: object) -> object:
        if isinstance(data, dict):
            return {key: without(value) for key, value in data.items() if id(value) not in gone}
        return [without(item) for item in data if id(item) not in gone] if isinstance(data, list) else data

    return without(merged.workflow)


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(graphs(3), graphs(3))
def test_merge_without_removed_is_new_version(old: Graph, new: Graph) -> None:
    assert without_removed(merge(old, new)) == new["workflow"]


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(MUTATIONS), max_size=5))
def test_merge_of_edited_workflow_without_removed(random: Random, mutations: list[Mutation]) -> None:
    old = any_workflow(random)
    new = copied(old)
    for mutate in mutations:
        mutate(random, new)
    assert without_removed(merge_versions(diff_workflows(old, new))) == new


@pytest.mark.slow
@WITHOUT_DEADLINE
@given(graphs(3), graphs(3))
def test_merge_contains_new_and_removed_steps(old: Graph, new: Graph) -> None:
    diff = diff_workflows(old["workflow"], new["workflow"])
    assert diff.matching is not None
    removed = [diff.matching.old[number] for number in diff.matching.unmatched_old()]
    gone = Counter(element.name for element in removed if element.kind in STEPS)
    assert steps_in(merge_versions(diff).workflow) == steps_in(new["workflow"]) + gone


def test_removed_element_keeps_its_position() -> None:
    merged = merge(graph(do("a"), do("b"), do("c")), graph(do("a"), do("c")))
    assert outline(merged.workflow) == ["a", "b", "c"]


def test_removed_element_precedes_its_replacement() -> None:
    merged = merge(graph(do("a"), do("old"), do("c")), graph(do("a"), loop(do("new")), do("c")))
    assert outline(merged.workflow) == ["a", "old", ["new"], "c"]


def test_unwrapped_container_precedes_its_contents() -> None:
    merged = merge(graph(do("a"), loop(do("b"), do("c"))), graph(do("a"), do("b"), do("c")))
    assert outline(merged.workflow) == ["a", [], "b", "c"]
    assert [merged.payloads[reference]["type"] for reference in merged.emptied] == ["loop"]


def test_container_removed_with_steps_is_not_emptied() -> None:
    merged = merge(graph(loop(do("b"), do("c"))), graph(do("b")))
    assert outline(merged.workflow) == [["c"], "b"]
    assert merged.emptied == frozenset()


def test_removed_handler_joins_its_replacement() -> None:
    old = graph(protected(block(do("charge")), catch=block(do("refund"), do("tell"))))
    new = graph(protected(block(do("charge")), catch=block(loop(do("retry")))))
    merged = merge(old, new)
    assert outline(merged.workflow) == [[["charge"], ["refund", "tell", ["retry"]]]]


def test_removed_handler_joins_an_unknown_handler() -> None:
    old = graph(protected(block(do("charge")), catch=block(do("refund"), do("tell"))))
    handlers = cast("Block", unknown("handlers", do("retry")))
    new = graph(protected(block(do("charge")), catch=handlers))
    assert outline(merge(old, new).workflow) == [[["charge"], ["refund", "tell", "retry"]]]


def test_branches_of_removed_if_are_parts() -> None:
    merged = merge(graph(do("a"), either(branch("x", do("b")))), graph(do("a")))
    kinds = [
        (merged.payloads[reference].get("type", "branch"), merged.is_part(reference)) for reference in merged.removed
    ]
    assert set(kinds) == {("if", False), ("branch", True), ("step_do", False)}


def test_removed_function_keeps_its_body() -> None:
    old = graph(call("settle"), do("z"), functions={"settle": function("settle", do("charge"), do("book"))})
    new = graph(do("z"), call("settle"), functions={"settle": function("settle", loop(do("other"), do("way")))})
    merged = merge(old, new).workflow
    names = [node["name"] for node in merged["nodes"] if node["type"] == "function_call"]
    assert set(names) <= set(merged["functions"])
    assert steps_in(merged) == Counter(["charge", "book", "z", "other", "way"])


def test_removed_function_gets_a_unique_name() -> None:
    settle = function("settle", do("charge"))
    old = graph(unknown("start", functions={}, class_name="Other"), functions={"settle": settle})
    new = graph(unknown("start", functions={"settle": settle}, class_name="Other"))
    assert list(merge(old, new).workflow["functions"]) == ["settle (old)"]


def test_added_workflow_is_added_entirely() -> None:
    merged = merge_versions(diff_workflows(None, graph(do("a"), loop(do("b")))["workflow"]))
    assert [merged.payloads[reference]["type"] for reference in merged.added] == ["step_do", "loop", "step_do"]
    assert list(merged.removed) == []


def test_removed_workflow_is_removed_entirely() -> None:
    merged = merge_versions(diff_workflows(graph(do("a"))["workflow"], None))
    assert [merged.payloads[reference]["type"] for reference in merged.removed] == ["step_do"]


def test_removed_member_stays_concurrent() -> None:
    old = graph(parallel("all", *(do(name, starts=4, resolves=5) for name in "abc")))
    new = graph(parallel("all", *(do(name, starts=1, resolves=2) for name in "ac")))
    (group,) = merge(old, new).workflow["nodes"]
    assert group["type"] == "parallel"
    assert [(node.get("starts"), node.get("resolves")) for node in group["nodes"]] == [(1, 2), (1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("removed", "siblings", "expected"),
    [
        ((3, 4), [((1, 2), (1, 2)), ((3, 4), (5, 6))], (5, 6)),
        ((2, 3), [((1, 2), (1, 2)), ((3, 4), (2, 3))], (2, 3)),
        ((1, 2), [((1, 9), (1, 2))], (1, 2)),
        ((1, None), [((1, 2), (7, 8))], (7, None)),
        ((None, None), [((None, None), (1, 2))], (2, 3)),
        ((1, 2), [((1, 2), (None, None))], (None, None)),
    ],
)
def test_clocks_of_removed_nodes_follow_siblings(
    removed: tuple[int | None, int | None],
    siblings: list[tuple[tuple[int | None, int | None], tuple[int | None, int | None]]],
    expected: tuple[int | None, int | None],
) -> None:
    merged = SiblingClocks([(clocks(before), clocks(now)) for before, now in siblings]).place(clocks(removed))
    assert (merged.get("starts"), merged.get("resolves")) == expected


def clocks(values: tuple[int | None, int | None]) -> dict[str, object]:
    return {name: value for name, value in zip(("starts", "resolves"), values, strict=True) if value is not None}
