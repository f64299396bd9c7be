"""The line of the source, and the carets below it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.span import Span
from stepgraph.render.cells import cell_width
from stepgraph.report.excerpt import Excerpt, excerpt_of
from stepgraph.report.report import SourceFile

PATH = "a.py"


def lines(text: str, begin: int, end: int, width: int = 80) -> list[str]:
    """Return the first line of a text, and the carets below what is from one column to another."""
    made = excerpt_of(SourceFile((text,)), Span(PATH, 1, begin, 1, end), width)
    assert made is not None
    return [made.text, made.carets]


def test_carets_stand_below_what_is_meant() -> None:
    assert lines("    await charge(10)", 18, 20) == [
        "    await charge(10)",
        "                 ^^",
    ]


def test_an_empty_stretch_has_one_caret() -> None:
    assert lines("def (:", 5, 5) == ["def (:", "    ^"]


@pytest.mark.parametrize(
    ("line", "carets"),
    [
        ('"name": "my \\"mail\\"",', "        ^^^^^^^^^^^^^"),
        ("name  = 'my mail' # x", "        ^^^^^^^^^"),
        ('"name": "my mail', "        ^"),
    ],
)
def test_an_empty_stretch_at_the_start_of_a_text_has_carets_below_the_text(line: str, carets: str) -> None:
    assert lines(line, 9, 9) == [line, carets]


def test_a_place_behind_the_end_has_one_caret_there() -> None:
    assert lines("def f(", 9, 9) == ["def f(", "      ^"]


def test_letters_of_two_cells_have_two_carets() -> None:
    assert lines('注文("請求")', 4, 8) == ['注文("請求")', "     ^^^^^^"]


def test_marks_on_letters_take_no_caret_of_their_own() -> None:
    assert lines("e\u0301 = e\u0301x", 6, 9) == ["e\u0301 = e\u0301x", "    ^^"]


def test_a_tab_is_four_columns() -> None:
    assert lines("\tawait\tf(1)", 10, 11) == ["    await    f(1)", "               ^"]


def test_what_would_steer_a_terminal_is_spelt_out() -> None:
    assert lines('f("\x1b[2J", 1)', 11, 12) == ['f("\\x1b[2J", 1)', "             ^"]


def test_of_several_lines_the_first_is_marked_to_its_end() -> None:
    file = SourceFile(("f(", "    a,  ", ")"))
    assert excerpt_of(file, Span(PATH, 2, 5, 3, 2), 80) == Excerpt(2, "    ", "a,", "")


def test_a_long_line_is_cut_at_its_end() -> None:
    assert lines("f(10, " + "x" * 100, 3, 5, width=20) == ["f(10, xxxxxxxxxxxxx…", "  ^^"]


def test_a_long_line_is_cut_on_both_sides_of_what_is_meant() -> None:
    assert lines("a" * 50 + "HERE" + "b" * 50, 51, 55, width=24) == [
        "…aaaaaaaaaHEREbbbbbbbbb…",
        "          ^^^^",
    ]


def test_a_long_line_is_cut_at_its_start_only_where_its_end_has_room() -> None:
    assert lines("a" * 50 + "HERE)", 51, 55, width=24) == ["…aaaaaaaaaaaaaaaaaaHERE)", "                   ^^^^"]


def test_what_is_meant_is_cut_where_it_is_too_long_by_itself() -> None:
    assert lines("call(" + "x" * 200 + ")", 6, 206, width=30) == [
        "call(xxxxxxxxxxxxxxxxxxxxxxx…)",
        "     ^^^^^^^^^^^^^^^^^^^^^^^^",
    ]


@pytest.mark.parametrize("line", [0, 3])
def test_a_line_that_is_not_there_has_no_excerpt(line: int) -> None:
    assert excerpt_of(SourceFile(("a", "b")), Span(PATH, line, 1, line, 2), 80) is None


def test_a_blank_line_has_no_excerpt() -> None:
    assert excerpt_of(SourceFile(("  ",)), Span(PATH, 1, 1, 1, 1), 80) is None


@given(st.text(max_size=300).filter(str.strip), st.integers(1, 320), st.integers(0, 50), st.integers(20, 250))
def test_no_excerpt_is_wider_than_it_may_be(text: str, begin: int, size: int, width: int) -> None:
    made = excerpt_of(SourceFile((text,)), Span(PATH, 1, begin, 1, begin + size), width)
    assert made is not None
    assert cell_width(made.text) <= min(width, 200)
    assert "\n" not in made.text
    assert len(made.carets) <= max(cell_width(made.text), cell_width(made.before) + 1)
