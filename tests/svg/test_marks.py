"""Marks in pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings

from stepgraph.diff.diff import diff_workflows
from stepgraph.model.payload import Graph, Node
from stepgraph.render.svg.figures.marks import SIGN
from stepgraph.render.svg.theme import Palette, quiet
from stepgraph.render.view import Mark, MarkKind, Marks, View
from stepgraph.report.diff.marks import marked_graph
from tests.effort import example_count
from tests.property_settings import WITHOUT_DEADLINE
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, protected
from tests.render.random_graphs import graphs
from tests.svg.contrast import GRAPHICS, PALETTES, TEXT, contrast
from tests.svg.laws.all_laws import broken
from tests.svg.picture import Picture, picture_of


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(13))
@given(graphs(), graphs())
def test_the_picture_of_any_diff_obeys_all_laws(old: Graph, new: Graph) -> None:
    marked = marked_graph(diff_workflows(old["workflow"], new["workflow"]), "Orders")
    view = marked.view(View())
    of_shells = {"every node is drawn once for each drawing of its function"}
    allowed = of_shells if any(mark.unwrapped for _, mark in marked.marks.marked) else set[str]()
    assert broken(marked.graph, picture_of(marked.graph, view), view).keys() <= allowed


def picture(drawn: Graph, *marks: tuple[Mapping[str, object], Mark]) -> Picture:
    return picture_of(drawn, View(marks=Marks(marks)))


def signs_at_corners(drawn_picture: Picture) -> list[str]:
    """Return the titles of figures with a sign at their corner."""
    corners = {(sign.left + SIGN, sign.top + SIGN) for figure in drawn_picture.whole.walk() for sign in figure.signs}
    return [figure.title for figure in drawn_picture.figures if (figure.box.left, figure.box.top) in corners]


@pytest.mark.parametrize("kind", MarkKind)
def test_a_marked_figure_has_a_sign_at_its_corner(kind: MarkKind) -> None:
    marked = do("b")
    assert signs_at_corners(picture(graph(do("a"), marked, do("c")), (marked, Mark(kind)))) == ["b · step"]


def test_a_mark_applies_to_one_of_equal_steps() -> None:
    first, second = do("a"), do("a")
    drawn_picture = picture(graph(first, second), (second, Mark(MarkKind.ADDED)))
    (sign,) = drawn_picture.whole.signs
    assert sign.top + SIGN == max(figure.box.top for figure in drawn_picture.figures)


def test_a_remark_is_on_a_tab_above_the_box() -> None:
    step = do("charge card")
    drawn_picture = picture(graph(step), (step, Mark(MarkKind.CHANGED, "was 'charge'")))
    (figure,) = drawn_picture.figures
    (tab,) = drawn_picture.whole.tabs
    assert [text.text for text in drawn_picture.whole.tab_texts] == ["was 'charge'"]
    assert all(tab.holds(text.box) for text in drawn_picture.whole.tab_texts)
    assert (tab.left, tab.top) == (figure.box.left, figure.box.top)


def test_a_long_remark_is_wrapped_on_its_tab() -> None:
    step = do("charge card")
    drawn_picture = picture(
        graph(step), (step, Mark(MarkKind.CHANGED, "retries 3 to 8, timeout 1 minute to 2 minutes, backoff"))
    )
    (tab,) = drawn_picture.whole.tabs
    assert len(drawn_picture.whole.tab_texts) > 1
    assert all(tab.holds(text.box) for text in drawn_picture.whole.tab_texts)


@pytest.mark.slow
@settings(WITHOUT_DEADLINE, max_examples=example_count(13))
@given(graphs(), graphs())
def test_no_sign_covers_text(old: Graph, new: Graph) -> None:
    marked = marked_graph(diff_workflows(old["workflow"], new["workflow"]), "Orders")
    drawn_picture = picture_of(marked.graph, marked.view(View()))
    texts = [text.box for figure in drawn_picture.whole.walk() for text in [*figure.texts, *figure.tab_texts]]
    signs = [sign for figure in drawn_picture.whole.walk() for sign in figure.signs]
    assert [sign for sign in signs if any(sign.overlaps(text) for text in texts)] == []


def test_a_branch_is_marked_at_its_condition() -> None:
    added = branch("total > 100", do("check"))
    drawn_picture = picture(graph(either(branch("paid", do("ship")), added)), (added, Mark(MarkKind.ADDED)))
    (condition,) = [figure for figure in drawn_picture.figures if "added" in figure.css]
    assert condition.title == "total > 100"
    assert len(condition.signs) == 1


def test_a_changed_condition_has_a_remark() -> None:
    changed = branch("paid", do("ship"))
    drawn_picture = picture(graph(either(changed)), (changed, Mark(MarkKind.CHANGED, "was cleared")))
    (condition,) = [figure for figure in drawn_picture.figures if "changed" in figure.css]
    assert [text.text for text in condition.texts] == ["paid", "was cleared"]


def test_an_effect_is_on_the_tab_above_the_remark() -> None:
    step = do("charge card")
    mark = Mark(MarkKind.CHANGED, "was 'charge'", "breaking", "breaking: runs again")
    drawn_picture = picture(graph(step), (step, mark))
    (tab,), (pill,) = drawn_picture.whole.tabs, drawn_picture.whole.effects
    assert [text.text for text in drawn_picture.whole.tab_texts] == ["breaking", "was 'charge'"]
    assert tab.holds(pill)
    assert pill.holds(drawn_picture.whole.tab_texts[0].box)


def test_the_effect_of_an_exit_is_beside_its_pill() -> None:
    leave: Node = {"type": "break", "kind": "return"}
    drawn_picture = picture(graph(leave), (leave, Mark(MarkKind.ADDED, effect="breaking")))
    (pill,), (sign,) = drawn_picture.whole.effects, drawn_picture.whole.signs
    assert drawn_picture.whole.tabs == []
    assert pill.right < sign.left


def test_an_effect_is_in_the_pill_of_a_condition() -> None:
    changed = branch("paid", do("ship"))
    drawn_picture = picture(graph(either(changed)), (changed, Mark(MarkKind.CHANGED, "was due", "out of order")))
    (condition,) = [figure for figure in drawn_picture.figures if "changed" in figure.css]
    assert [text.text for text in condition.texts] == ["paid", "was due", "out of order"]
    assert condition.box.holds(condition.effects[0])


def test_an_added_guard_is_drawn_as_a_guard() -> None:
    leave: Node = {"type": "break", "kind": "return"}
    only = branch("closed", leave)
    guard = either(only)
    added = Mark(MarkKind.ADDED)
    drawn_picture = picture(graph(guard), (guard, added), (only, Mark(MarkKind.ADDED, quiet=True)), (leave, added))
    assert signs_at_corners(drawn_picture) == ["if · closed"]
    assert {"guard", "exit"} <= {css for figure in drawn_picture.figures for css in figure.css}


def test_an_unwrapped_node_is_an_empty_box() -> None:
    shell = loop()
    mark = Mark(MarkKind.REMOVED, "its steps remain", unwrapped=True)
    drawn_picture = picture(graph(shell, do("a")), (shell, mark))
    assert [figure.title for figure in drawn_picture.figures] == ["loop", "a · step"]
    assert [text.text for text in drawn_picture.whole.tab_texts] == ["its steps remain"]


def test_an_unwrapped_block_has_a_remark_inside() -> None:
    body = block()
    statement = protected(body, catch=block(do("refund")))
    drawn_picture = picture(graph(statement), (body, Mark(MarkKind.REMOVED, unwrapped=True, quiet=True)))
    assert "its steps remain" in [figure.title for figure in drawn_picture.figures]


def test_a_function_and_its_call_share_one_mark() -> None:
    added, its_call = function("settle", do("charge")), call("settle")
    drawn = graph(its_call, functions={"settle": added})
    drawn_picture = picture(drawn, (its_call, Mark(MarkKind.ADDED)), (added, Mark(MarkKind.ADDED)))
    assert signs_at_corners(drawn_picture) == ["settle · function"]


def test_a_quiet_mark_has_no_sign() -> None:
    step = do("a")
    assert signs_at_corners(picture(graph(step), (step, Mark(MarkKind.ADDED, quiet=True)))) == []


def texts(palette: Palette) -> Iterator[tuple[str, str, str]]:
    """Yield each color of text beside marks with each of its backgrounds."""
    grey = quiet(palette)
    for kind, colors in palette.marks.items():
        for name, background in (("fill", colors.fill), ("band", colors.band)):
            yield f"text on the {name} of {kind.value}", palette.text, background
            yield f"details on the {name} of {kind.value}", palette.detail, background
        yield f"heading on the band of {kind.value}", colors.line, colors.band
        yield f"effect in the color of {kind.value}", colors.line, palette.paper
        yield f"effect in a pill of the color of {kind.value}", palette.paper, colors.line
    for name, colors in grey.by_kind.items():
        if name != "exit":
            yield f"details on grey {name}", palette.detail, colors.fill
            yield f"heading on grey {name}", colors.line, colors.band


def graphics(palette: Palette) -> Iterator[tuple[str, str, str]]:
    grey = quiet(palette)
    for kind, colors in palette.marks.items():
        yield f"sign of {kind.value}", colors.line, palette.paper
        yield f"what is on the sign of {kind.value}", palette.paper, colors.line
        yield f"border of {kind.value}", colors.edge, palette.paper
        yield f"icon of {kind.value}", colors.line, colors.fill
        yield f"line on {kind.value}", grey.line, colors.fill
        for name, outer in palette.marks.items():
            yield f"border of {kind.value} in {name.value}", colors.edge, outer.fill
        yield f"grey border in {kind.value}", grey.by_kind["do"].edge, colors.fill
    yield "grey border", grey.by_kind["do"].edge, palette.paper
    yield "grey icon", grey.by_kind["do"].line, grey.by_kind["do"].fill


@PALETTES
def test_text_beside_marks_has_enough_contrast(palette: Palette) -> None:
    assert [(name, round(contrast(*pair), 2)) for name, *pair in texts(palette) if contrast(*pair) < TEXT] == []


@PALETTES
def test_signs_and_lines_beside_marks_have_enough_contrast(palette: Palette) -> None:
    assert [(name, round(contrast(*pair), 2)) for name, *pair in graphics(palette) if contrast(*pair) < GRAPHICS] == []


def test_a_failure_leads_to_a_marked_handler_up_to_its_frame() -> None:
    caught = block(do("refund"))
    drawn_picture = picture(graph(protected(block(do("charge")), catch=caught)), (caught, Mark(MarkKind.ADDED)))
    panel = next(figure for figure in drawn_picture.figures if "catch" in figure.css)
    heads = [line for line in drawn_picture.lines if line.css == "failure head"]
    assert {point.x for line in heads for stroke in line.strokes for point in stroke.points} >= {panel.box.left - 1}
