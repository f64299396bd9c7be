"""Members between the same two bars of a wide group, in stacks."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepgraph.model.payload import Graph, Node
from stepgraph.render.svg.figures import columns, stacked_members
from stepgraph.render.view import DEFAULT_VIEW
from tests.effort import example_count
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import do, graph, parallel
from tests.render.random_graphs import groups, likely_clocks
from tests.svg.laws.all_laws import broken
from tests.svg.laws.exits import exit_kinds_of
from tests.svg.picture import Picture, page_of, picture_of


def members(starts: int, resolves: int | None, *names: str) -> list[Node]:
    clocks = {"starts": starts} if resolves is None else {"starts": starts, "resolves": resolves}
    return [cast("Node", {**do(name), **clocks}) for name in names]


def wide(last: int | None = 4) -> Graph:
    """Return a group that would have seven columns."""
    middle = (
        members(1, 2, "first"),
        members(2, 3, "second"),
        members(1, 3, "a", "b", "c"),
        members(1, last, "x", "y", "z"),
    )
    return graph(parallel("all", *(node for nodes in middle for node in nodes), *members(3, 4, "third")))


def spines(picture: Picture, *names: str) -> list[float]:
    boxes = [picture.figure(f"orders--node.parallel--{name}").box for name in names]
    return [(box.left + box.right) / 2 for box in boxes]


@pytest.mark.slow
def test_members_between_the_same_bars_are_in_one_column() -> None:
    picture = picture_of(wide())
    assert broken(wide(), picture, DEFAULT_VIEW) == {}
    assert len(set(spines(picture, "first", "second", "third"))) == 1
    assert len(set(spines(picture, "y", "z"))) == 1
    assert len(set(spines(picture, "first", "a", "b", "c", "x", "y", "z"))) == 5


def test_members_of_a_narrow_group_are_beside_each_other() -> None:
    drawn = graph(parallel("all", *members(1, 2, "first"), *members(2, 3, "second"), *members(1, 3, "a", "b", "c")))
    assert len(set(spines(picture_of(drawn), "first", "a", "b", "c"))) == 4


def test_unawaited_members_are_not_in_a_stack() -> None:
    picture = picture_of(wide(last=None))
    assert len(set(spines(picture, "x", "y", "z"))) == 3


def widest_gaps(drawn: Graph) -> list[float]:
    """Return the width of the widest gap in each bar of the group that has gaps, from top to bottom."""
    bars: dict[float, list[tuple[float, float]]] = {}
    for bar in picture_of(drawn).figure("orders--node.parallel").bars:
        bars.setdefault(bar.top, []).append((bar.left, bar.right))
    pieces = [sorted(bars[top]) for top in sorted(bars)]
    return [max(after[0] - before[1] for before, after in pairwise(each)) for each in pieces if len(each) > 1]


def test_a_bar_is_lowered_below_a_figure_beside_it() -> None:
    high = members(1, 3, "a name of a step that is on several lines, so that its card is high")
    nodes = [*members(1, 2, "a"), *high, *members(1, 2, "b"), *members(2, 3, "c")]
    assert widest_gaps(graph(parallel("all", *nodes))) == [14]


@pytest.fixture
def stacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stack the members of all groups with several bars."""
    monkeypatch.setattr(columns, "MAX_COLUMNS", 1)


@pytest.mark.usefixtures("stacked")
def test_a_bar_passes_between_the_members_of_a_stack() -> None:
    stack = members(1, 4, "x", "y", "z")
    nodes = [*members(1, 2, "a"), *stack, *members(1, 3, "b"), *members(2, 3, "c"), *members(3, 4, "d")]
    assert widest_gaps(graph(parallel("all", *nodes))) == [14]


@pytest.mark.slow
@pytest.mark.usefixtures("stacked")
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(13))
@given(groups(1, likely_clocks), st.data())
def test_any_stacks_obey_all_laws(group: Node, data: st.DataObject) -> None:
    drawn = graph(group)
    page = page_of(drawn)
    assert broken(drawn, picture_of(drawn), DEFAULT_VIEW) == {}
    assert broken(drawn, page, DEFAULT_VIEW) == {}
    frames = {figure.identity: figure for figure in page.figures if "foldable" in figure.css}
    folded = data.draw(st.sets(st.sampled_from(list(frames))) if frames else st.just(set[str]()))
    then = page_of(drawn, {identity: exit_kinds_of(page, frames[identity]) for identity in folded})
    assert broken(drawn, then, DEFAULT_VIEW) == {}


# Lanes


def overlapping(count: int) -> Graph:
    """Return a group of steps that begin together, each followed by another step, which all overlap."""
    first = [node for index in range(count) for node in members(1, 2 + index, f"first{index}")]
    second = [node for index in range(count) for node in members(2 + index, 2 + count, f"second{index}")]
    return graph(parallel("all", *first, *second))


@pytest.mark.slow
def test_the_lines_of_many_overlapping_members_turn_into_lanes() -> None:
    drawn = overlapping(8)
    picture = picture_of(drawn)
    assert broken(drawn, picture, DEFAULT_VIEW) == {}
    columns_of_first = set(spines(picture, *(f"first{index}" for index in range(8))))
    assert len(columns_of_first) == 3
    assert columns_of_first >= set(spines(picture, *(f"second{index}" for index in range(8))))


@pytest.mark.slow
def test_a_longer_member_is_above_the_others_of_its_column() -> None:
    picture = picture_of(overlapping(8))
    upper, lower = (picture.figure(f"orders--node.parallel--first{index}").box for index in (7, 6))
    assert upper.left == lower.left
    assert upper.bottom < lower.top


def test_the_next_row_uses_the_columns_of_lines_that_turned() -> None:
    narrow, wide_group = picture_of(overlapping(4)), picture_of(overlapping(8))
    assert wide_group.width < 2 * narrow.width
    assert wide_group.width < 1000


@pytest.fixture
def turning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw all groups with several bars as narrow as possible."""
    monkeypatch.setattr(columns, "MAX_COLUMNS", 1)
    monkeypatch.setattr(stacked_members, "MAX_WIDTH", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("turning")
@settings(WITHOUT_DEADLINE, suppress_health_check=list(HealthCheck), max_examples=example_count(13))
@given(groups(1, likely_clocks), st.data())
def test_lines_that_turn_into_lanes_obey_all_laws(group: Node, data: st.DataObject) -> None:
    drawn = graph(group)
    page = page_of(drawn)
    assert broken(drawn, picture_of(drawn), DEFAULT_VIEW) == {}
    assert broken(drawn, page, DEFAULT_VIEW) == {}
    frames = {figure.identity: figure for figure in page.figures if "foldable" in figure.css}
    folded = data.draw(st.sets(st.sampled_from(list(frames))) if frames else st.just(set[str]()))
    then = page_of(drawn, {identity: exit_kinds_of(page, frames[identity]) for identity in folded})
    assert broken(drawn, then, DEFAULT_VIEW) == {}
