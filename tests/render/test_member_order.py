"""The order of the members of a group: the clocks, and the predecessors that these lose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest

from stepgraph.model.details import Detail, Details
from stepgraph.model.payload import Node
from stepgraph.render.group_order import GroupOrder, member_order
from tests.render.graphs import do


def member(name: str, starts: int = 1, resolves: int = 2) -> Node:
    return cast("Node", {**do(name), "starts": starts, "resolves": resolves})


def order(nodes: list[Node], predecessors: Mapping[str, tuple[str, ...]]) -> GroupOrder:
    names = [str(node.get("name")) for node in nodes]
    details = [(node, Detail(predecessors=predecessors.get(name, ()))) for node, name in zip(nodes, names, strict=True)]
    return member_order(nodes, Details(details))


@pytest.mark.parametrize(
    ("predecessors", "before", "last"),
    [
        ({}, ((), (), ()), (0, 1, 2)),
        ({"b": ("a",)}, ((), (0,), ()), (1, 2)),
        ({"b": ("a",), "c": ("a", "b")}, ((), (0,), (1,)), (2,)),
        ({"a": ("c",)}, ((2,), (), ()), (0, 1)),
        ({"b": ("unknown",)}, ((), (), ()), (0, 1, 2)),
        ({"a": ("b",), "b": ("a",)}, ((), (), ()), (0, 1, 2)),
    ],
)
def test_predecessors_come_first(
    predecessors: dict[str, tuple[str, ...]], before: tuple[tuple[int, ...], ...], last: tuple[int, ...]
) -> None:
    found = order([member("a"), member("b"), member("c")], predecessors)
    assert (found.before, found.last) == (before, last)


def test_predecessors_add_to_the_clocks() -> None:
    found = order([member("a"), member("b", 1, 3), member("c", 2, 3)], {"b": ("a",)})
    assert (found.before, found.last) == (((), (0,), (0,)), (2, 1))


def test_a_name_of_two_members_is_no_predecessor() -> None:
    assert order([member("a"), member("a"), member("b")], {"b": ("a",)}).before == ((), (), ())
