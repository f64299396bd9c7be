"""Members of a group in sequence that their clocks do not order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.model.details import Detail, Details, details_of
from stepgraph.model.payload import Graph, Node
from stepgraph.model.walk import children
from stepgraph.render.view import View
from tests.effort import example_count
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import do, graph, parallel
from tests.render.random_graphs import groups, likely_clocks
from tests.svg.laws.all_laws import broken
from tests.svg.paths import FlowPaths
from tests.svg.picture import Figure, Picture, page_of, picture_of


def member(name: str, starts: int = 1, resolves: int | None = 2) -> Node:
    clocks = {"starts": starts} if resolves is None else {"starts": starts, "resolves": resolves}
    return cast("Node", {**do(name), **clocks})


def group(*nodes: Node) -> Graph:
    return graph(parallel("all", *nodes))


def after(drawn: Graph, predecessors: Mapping[str, tuple[str, ...]]) -> Details:
    """Return the details of a graph in which these nodes run after others."""
    return details_of(drawn, lambda part: Detail(predecessors=predecessors.get(str(part.get("name")), ())))


def connected(drawn: Graph, predecessors: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return the pairs of members that a line connects, in the order of the picture."""
    picture = picture_of(drawn, View(details=after(drawn, predecessors)))
    (only,) = drawn["workflow"]["nodes"]
    figures = {name: member_figure(picture, name) for name in (str(node.get("name")) for node in children(only))}
    paths = FlowPaths(picture.figure("orders--node.parallel"))
    return [
        (earlier, later)
        for earlier, begin in figures.items()
        for later, end in figures.items()
        if end in paths.reached_from([begin])
    ]


def member_figure(picture: Picture, name: str) -> Figure:
    return picture.figure(f"orders--node.parallel--{name}")


def test_a_member_is_below_its_predecessor() -> None:
    assert connected(group(member("a"), member("b"), member("c")), {"b": ("a",)}) == [("a", "b")]


def test_a_member_joins_the_longest_chain() -> None:
    drawn = group(member("a"), member("b"), member("c"), member("d"))
    assert connected(drawn, {"b": ("a",), "d": ("c", "b")}) == [("a", "b"), ("a", "d"), ("b", "d")]


def test_members_with_other_bars_are_in_no_chain() -> None:
    drawn = group(member("a", 1, 3), member("b", 1, 2), member("c", 2, 3))
    assert connected(drawn, {"b": ("a",)}) == [("b", "c")]


def test_a_member_without_a_unique_name_is_in_no_chain() -> None:
    drawn = group(member("a"), member("b"), member("a"))
    assert "orders--node.parallel--a.2" in {figure.identity for figure in picture_of(drawn).figures}
    assert connected(drawn, {"b": ("a",)}) == []


def test_an_unawaited_member_leads_to_no_other() -> None:
    assert connected(group(member("a", 1, None), member("b")), {"b": ("a",)}) == []


def test_chains_that_end_first_come_first() -> None:
    drawn = group(*map(member, "abcd"))
    picture = picture_of(drawn, View(details=after(drawn, {"d": ("a",), "c": ("b",)})))
    assert member_figure(picture, "b").box.left < member_figure(picture, "a").box.left


def test_a_bar_passes_between_the_members_of_a_chain() -> None:
    high = "x" * 40  # the name is on two lines
    drawn = group(member("a"), member(high, 1, 3), member("y", 1, 3), member("b"), member("c", 2, 3))
    picture = picture_of(drawn, View(details=after(drawn, {"y": (high,)})))
    bars = sorted(picture.figure("orders--node.parallel").bars, key=lambda bar: (bar.top, bar.left))
    left, right = bars[1:3]
    assert right.left - left.right == 14
    assert member_figure(picture, high).box.bottom < left.top == right.top < member_figure(picture, "y").box.top


def with_predecessors(drawn: Graph, data: st.DataObject) -> Details:
    """Return details in which members of a group run after any of the members before them."""
    (only,) = drawn["workflow"]["nodes"]
    names = [str(node.get("name", "")) for node in children(only)]
    choices = {name: data.draw(st.sets(st.sampled_from(names[:index]))) for index, name in enumerate(names) if index}
    return after(drawn, {name: tuple(sorted(chosen)) for name, chosen in choices.items()})


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(10))
@given(groups(1, likely_clocks), st.data())
def test_any_chains_obey_the_laws(group: Node, data: st.DataObject) -> None:
    drawn = graph(group)
    view = View(details=with_predecessors(drawn, data))
    for picture in (picture_of(drawn, view), page_of(drawn, view=view)):
        assert broken(drawn, picture, view).keys() <= {"no line orders concurrent nodes"}
