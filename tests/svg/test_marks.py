"""What is marked in a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings

from stepgraph.diff.diff import diff_workflows
from stepgraph.model.payload import Graph
from stepgraph.render.marks import Mark, MarkKind, Marks
from stepgraph.render.svg.figures.marked import SIGN
from stepgraph.render.svg.mark_theme import marks_on, quiet
from stepgraph.render.svg.theme import Palette
from stepgraph.render.view import View
from stepgraph.report.diff.marks import marked_graph
from tests.render.graphs import block, branch, call, do, either, function, graph, loop, protected
from tests.render.random_graphs import graphs
from tests.svg.laws.all_laws import broken
from tests.svg.picture import Picture, picture_of
from tests.svg.test_contrast import GRAPHICS, PALETTES, TEXT, contrast
from tests.svg.test_laws import lots


@settings(lots, max_examples=60)
@given(graphs(), graphs())
def test_the_picture_of_any_diff_keeps_the_laws_of_pictures(old: Graph, new: Graph) -> None:
    union, marks = marked_graph(diff_workflows(old["workflow"], new["workflow"]), "Orders")
    view = View(marks=marks)
    of_shells = {"every node is drawn, as often as its function is"}
    allowed = of_shells if any(mark.hollow for _, mark in marks.marked) else set[str]()
    assert broken(union, picture_of(union, view), view).keys() <= allowed


def picture(drawn: Graph, *marks: tuple[Mapping[str, object], Mark]) -> Picture:
    return picture_of(drawn, View(marks=Marks(marks)))


def signs_at_corners(made: Picture) -> list[str]:
    """Return the names of what has a sign at its corner."""
    corners = {(sign.left + SIGN, sign.top + SIGN) for figure in made.whole.walk() for sign in figure.signs}
    return [figure.title for figure in made.figures if (figure.box.left, figure.box.top) in corners]


@pytest.mark.parametrize("kind", MarkKind)
def test_what_is_marked_has_a_sign_at_its_corner(kind: MarkKind) -> None:
    marked = do("b")
    assert signs_at_corners(picture(graph(do("a"), marked, do("c")), (marked, Mark(kind)))) == ["b · step"]


def test_of_equal_steps_only_the_one_that_is_meant_is_marked() -> None:
    first, second = do("a"), do("a")
    made = picture(graph(first, second), (second, Mark(MarkKind.ADDED)))
    (sign,) = made.whole.signs
    assert sign.top + SIGN == max(figure.box.top for figure in made.figures)


def test_what_there_is_to_say_stands_on_a_tab_on_top_of_the_box() -> None:
    step = do("charge card")
    made = picture(graph(step), (step, Mark(MarkKind.CHANGED, "was 'charge'")))
    (figure,) = made.figures
    (tab,) = made.whole.tabs
    assert [text.text for text in made.whole.told] == ["was 'charge'"]
    assert all(tab.holds(text.box) for text in made.whole.told)
    assert (tab.left, tab.top) == (figure.box.left, figure.box.top)


def test_a_long_remark_is_wrapped_on_its_tab() -> None:
    step = do("charge card")
    made = picture(
        graph(step), (step, Mark(MarkKind.CHANGED, "retries 3 to 8, timeout 1 minute to 2 minutes, backoff"))
    )
    (tab,) = made.whole.tabs
    assert len(made.whole.told) > 1
    assert all(tab.holds(text.box) for text in made.whole.told)


@settings(lots, max_examples=60)
@given(graphs(), graphs())
def test_no_sign_covers_text(old: Graph, new: Graph) -> None:
    union, marks = marked_graph(diff_workflows(old["workflow"], new["workflow"]), "Orders")
    made = picture_of(union, View(marks=marks))
    texts = [text.box for figure in made.whole.walk() for text in [*figure.texts, *figure.told]]
    signs = [sign for figure in made.whole.walk() for sign in figure.signs]
    assert [sign for sign in signs if any(sign.overlaps(text) for text in texts)] == []


def test_a_branch_is_marked_at_its_condition() -> None:
    added = branch("total > 100", do("check"))
    made = picture(graph(either(branch("paid", do("ship")), added)), (added, Mark(MarkKind.ADDED)))
    (condition,) = [figure for figure in made.figures if "added" in figure.css]
    assert condition.title == "total > 100"
    assert len(condition.signs) == 1


def test_a_condition_that_was_another_says_so() -> None:
    changed = branch("paid", do("ship"))
    made = picture(graph(either(changed)), (changed, Mark(MarkKind.CHANGED, "was cleared")))
    (condition,) = [figure for figure in made.figures if "changed" in figure.css]
    assert [text.text for text in condition.texts] == ["paid", "was cleared"]


def test_a_shell_is_a_box_without_what_it_held() -> None:
    shell = loop()
    mark = Mark(MarkKind.REMOVED, "its steps stay", hollow=True)
    made = picture(graph(shell, do("a")), (shell, mark))
    assert [figure.title for figure in made.figures] == ["loop", "a · step"]
    assert [text.text for text in made.whole.told] == ["its steps stay"]


def test_a_removed_block_whose_steps_stay_says_so_in_itself() -> None:
    body = block()
    kept = protected(body, catch=block(do("refund")))
    made = picture(graph(kept), (body, Mark(MarkKind.REMOVED, hollow=True, quiet=True)))
    assert "its steps stay" in [figure.title for figure in made.figures]


def test_a_function_is_marked_once_though_its_call_is_marked_too() -> None:
    added, its_call = function("settle", do("charge")), call("settle")
    drawn = graph(its_call, functions={"settle": added})
    made = picture(drawn, (its_call, Mark(MarkKind.ADDED)), (added, Mark(MarkKind.ADDED)))
    assert signs_at_corners(made) == ["settle · function"]


def test_a_quiet_mark_has_no_sign() -> None:
    step = do("a")
    assert signs_at_corners(picture(graph(step), (step, Mark(MarkKind.ADDED, quiet=True)))) == []


def texts(palette: Palette) -> Iterator[tuple[str, str, str]]:
    """Yield each colour of text beside marks with what it stands on."""
    marks, grey = marks_on(palette), quiet(palette)
    for kind, hue in marks.hues.items():
        for name, background in (("fill", hue.fill), ("band", hue.band)):
            yield f"text on the {name} of {kind.value}", palette.text, background
            yield f"details on the {name} of {kind.value}", palette.detail, background
        yield f"heading on the band of {kind.value}", hue.line, hue.band
        yield f"effect in the colour of {kind.value}", hue.line, palette.paper
    for name, hue in grey.hues.items():
        if name != "exit":
            yield f"details on grey {name}", palette.detail, hue.fill
            yield f"heading on grey {name}", hue.line, hue.band


def graphics(palette: Palette) -> Iterator[tuple[str, str, str]]:
    marks, grey = marks_on(palette), quiet(palette)
    for kind, hue in marks.hues.items():
        yield f"sign of {kind.value}", hue.line, palette.paper
        yield f"what is on the sign of {kind.value}", marks.on_sign, hue.line
        yield f"border of {kind.value}", hue.edge, palette.paper
        yield f"icon of {kind.value}", hue.line, hue.fill
        yield f"line on {kind.value}", grey.line, hue.fill
        for name, around in marks.hues.items():
            yield f"border of {kind.value} in {name.value}", hue.edge, around.fill
        yield f"grey border in {kind.value}", grey.hues["do"].edge, hue.fill
    yield "grey border", grey.hues["do"].edge, palette.paper
    yield "grey icon", grey.hues["do"].line, grey.hues["do"].fill


@PALETTES
def test_all_text_beside_marks_can_be_read(palette: Palette) -> None:
    assert [(name, round(contrast(*pair), 2)) for name, *pair in texts(palette) if contrast(*pair) < TEXT] == []


@PALETTES
def test_all_signs_and_lines_beside_marks_can_be_seen(palette: Palette) -> None:
    assert [(name, round(contrast(*pair), 2)) for name, *pair in graphics(palette) if contrast(*pair) < GRAPHICS] == []


def test_a_failure_leads_to_a_marked_handler_up_to_its_frame() -> None:
    caught = block(do("refund"))
    made = picture(graph(protected(block(do("charge")), catch=caught)), (caught, Mark(MarkKind.ADDED)))
    panel = next(figure for figure in made.figures if "catch" in figure.css)
    heads = [line for line in made.lines if line.css == "failure head"]
    assert {point.x for line in heads for stroke in line.strokes for point in stroke.points} >= {panel.box.left - 1}
