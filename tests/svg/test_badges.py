"""Badges of findings in pictures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from stepgraph.model.payload import Graph, Node
from stepgraph.render.findings import FindingLevel, ShownFinding
from stepgraph.render.folding import UNFOLDED, Folding
from stepgraph.render.svg.drawing import render_svg
from stepgraph.render.svg.figures.badge import DARK_BADGES, LIGHT_BADGES
from stepgraph.render.svg.theme import DARK, LIGHT, KindColors, Palette
from stepgraph.render.view import Expansion, View
from tests.effort import example_count, sample
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import (
    LEAVE,
    block,
    branch,
    call,
    do,
    either,
    function,
    graph,
    loop,
    parallel,
    protected,
    switch,
)
from tests.render.random_graphs import graphs
from tests.svg.contrast import GRAPHICS, TEXT, contrast
from tests.svg.examples import examples
from tests.svg.findings import finding, findings_everywhere
from tests.svg.laws.all_laws import broken
from tests.svg.picture import Picture, page_of, picture_of


def badges_of(picture: Picture) -> dict[str, list[str]]:
    """Return the texts of the badges of each figure, by the first word of its title."""
    figures = [figure for figure in picture.whole.walk() if figure.badges]
    return {figure.title.split(" ", 1)[0]: [badge.text.text for badge in figure.badges] for figure in figures}


def drawn(graph: Graph, *findings: ShownFinding, folding: Folding = UNFOLDED, expand: Expansion = "first") -> Picture:
    return picture_of(graph, View(findings=findings, folding=folding, expand=expand))


@pytest.mark.slow
def test_findings_at_all_nodes_break_no_law() -> None:
    for name, example in sample([*examples().items()], 8):
        view = View(findings=findings_everywhere(example), state="incomplete: 2 notes")
        with_findings = broken(example, picture_of(example, view), view)
        assert with_findings.keys() <= broken(example, picture_of(example), View()).keys(), name


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(10))
@given(graphs())
def test_findings_break_no_law_in_any_picture(example: Graph) -> None:
    view = View(findings=findings_everywhere(example), state="incomplete: 2 notes")
    plain = broken(example, picture_of(example), View()).keys()
    assert broken(example, picture_of(example, view), view).keys() <= plain
    assert broken(example, page_of(example, view=view), view).keys() <= plain


def test_a_badge_shows_the_level_of_its_finding() -> None:
    nodes = {level: do(level) for level in ("error", "warning", "gap", "note")}
    levels: list[FindingLevel] = ["error", "warning", "gap", "note"]
    picture = drawn(graph(*nodes.values()), *(finding(level, nodes[level]) for level in levels))
    assert badges_of(picture) == {"error": ["!"], "warning": ["!"], "gap": ["?"], "note": ["i"]}
    css = [badge.css for figure in picture.figures for badge in figure.badges]
    assert css == [{"finding", level} for level in levels]


def test_several_findings_share_a_badge_of_the_highest_level() -> None:
    step = do("a")
    (badge,) = drawn(graph(step), finding("warning", step, "one."), finding("error", step, "two.")).figures[0].badges
    assert (badge.text.text, "error" in badge.css) == ("2", True)
    assert badge.title == "warning SG205: one. · error SG205: two."


@pytest.mark.parametrize(("count", "tally"), [(2, "2"), (99, "99"), (100, "99+"), (5000, "99+")])
def test_a_badge_has_at_most_two_digits(count: int, tally: str) -> None:
    step = do("a")
    assert badges_of(drawn(graph(step), *[finding("warning", step)] * count)) == {"a": [tally]}


def test_a_badge_applies_to_one_of_equal_steps() -> None:
    first, second = do("a"), do("a")
    picture = drawn(graph(first, second), finding("warning", second))
    assert [len(figure.badges) for figure in picture.figures] == [0, 1]


def test_a_folded_frame_shows_the_findings_inside() -> None:
    step = do("a")
    picture = drawn(graph(loop(block(step)), do("b")), finding("error", step), folding=Folding(1))
    assert badges_of(picture) == {"loop": ["!"]}


def test_a_folded_call_shows_the_findings_of_its_function() -> None:
    step = do("a")
    folded = graph(call("pack"), functions={"pack": function("pack", step)})
    assert badges_of(drawn(folded, finding("error", step), folding=Folding(kinds=("function",)))) == {"pack": ["!"]}


@pytest.mark.parametrize(("expand", "count"), [("first", 1), ("all", 2), ("none", 1)])
def test_each_drawing_of_a_step_has_its_badge(expand: Expansion, count: int) -> None:
    step = do("a")
    twice = graph(call("pack"), call("pack"), functions={"pack": function("pack", step)})
    badges = [badge for figure in drawn(twice, finding("note", step), expand=expand).figures for badge in figure.badges]
    assert len(badges) == count


def test_the_loop_of_a_group_shares_the_badge_of_its_frame() -> None:
    passes = loop(do("a"))
    assert badges_of(drawn(graph(parallel("all", passes)), finding("warning", passes))) == {"parallel": ["!"]}


def test_a_badge_without_a_frame_is_at_the_enclosing_figure() -> None:
    handlers = switch("exception", branch("ValueError", do("a")), branch(None, do("b")))
    statement = protected(block(do("c")), catch=block(handlers))
    assert badges_of(drawn(graph(statement), finding("warning", handlers))) == {"try": ["!"]}


def test_a_guard_has_a_badge() -> None:
    guard = either(branch("x", LEAVE))
    assert badges_of(drawn(graph(guard, do("a")), finding("warning", guard))) == {"if": ["!"]}


def test_findings_without_a_figure_are_counted_below_the_title() -> None:
    picture = drawn(graph(do("a")), finding("error", do("b")), finding("warning"), finding("gap"))
    (badge,) = picture.whole.badges
    assert (badge.text.text, "error" in badge.css) == ("2 findings outside the graph", True)


def test_the_title_of_the_incomplete_pill_has_the_notes() -> None:
    view = View(state="incomplete: 2 notes", findings=[finding("gap", None, "one."), finding("gap", None, "two.")])
    (badge,) = picture_of(graph(do("a")), view).whole.badges
    assert badge.text.text == "incomplete: 2 notes"
    assert badge.title == "incomplete SG205: one. · incomplete SG205: two."


def test_a_folded_frame_of_a_page_counts_the_findings_inside() -> None:
    step, frame = do("a"), loop(do("b"))
    frame["nodes"].append(step)
    view = View(findings=[finding("warning", frame), finding("error", step)])
    unfolded, folded = page_of(graph(frame), view=view), page_of(graph(frame), {"orders--node.loop": ()}, view)
    assert badges_of(unfolded) == {"loop": ["!"], "a": ["!"]}
    (badge,) = folded.figure("orders--node.loop").badges
    assert (badge.text.text, "error" in badge.css) == ("2", True)


def test_the_title_of_a_badge_has_no_backquotes() -> None:
    step = do("a")
    (badge,) = drawn(graph(step), finding("warning", step)).figure("orders--a").badges
    assert badge.title == "warning SG205: unknown unit min."


def test_pictures_without_findings_have_no_styles_for_badges() -> None:
    step: Node = do("a")
    assert "tally" not in render_svg(graph(step)).text
    assert "tally" in render_svg(graph(step), View(findings=[finding("note", step)])).text


@pytest.mark.parametrize(("palette", "badges"), [(LIGHT, LIGHT_BADGES), (DARK, DARK_BADGES)], ids=["light", "dark"])
def test_badges_have_enough_contrast(palette: Palette, badges: dict[FindingLevel, KindColors]) -> None:
    for level, colors in badges.items():
        assert contrast(colors.line, colors.fill) >= TEXT, level
        assert max(contrast(colors.fill, palette.paper), contrast(colors.edge, palette.paper)) >= GRAPHICS, level
