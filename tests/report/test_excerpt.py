"""Source excerpts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepgraph.model.span import Span
from stepgraph.render.text_width import cell_width
from stepgraph.report.report import SourceFile
from stepgraph.report.text import Excerpt, excerpt_of

PATH = "a.py"


def lines(text: str, begin: int, end: int, width: int = 80) -> list[str]:
    """Return the first line of a text, and the carets below what is from one column to another."""
    sample = excerpt_of(SourceFile((text,)), Span(PATH, 1, begin, 1, end), width)
    assert sample is not None
    return [sample.text, sample.carets]


def test_carets_mark_the_span() -> None:
    assert lines("    await charge(10)", 18, 20) == [
        "    await charge(10)",
        "                 ^^",
    ]


def test_empty_span_has_one_caret() -> None:
    assert lines("def (:", 5, 5) == ["def (:", "    ^"]


@pytest.mark.parametrize(
    ("line", "carets"),
    [
        ('"name": "my \\"mail\\"",', "        ^^^^^^^^^^^^^"),
        ("name  = 'my mail' # x", "        ^^^^^^^^^"),
        ('"name": "my mail', "        ^"),
    ],
)
def test_empty_span_at_string_marks_the_string(line: str, carets: str) -> None:
    assert lines(line, 9, 9) == [line, carets]


def test_position_after_line_end_has_one_caret() -> None:
    assert lines("def f(", 9, 9) == ["def f(", "      ^"]


def test_wide_letters_have_two_carets() -> None:
    assert lines('注文("請求")', 4, 8) == ['注文("請求")', "     ^^^^^^"]


def test_combining_marks_have_no_caret() -> None:
    assert lines("e\u0301 = e\u0301x", 6, 9) == ["e\u0301 = e\u0301x", "    ^^"]


def test_tab_is_four_cells() -> None:
    assert lines("\tawait\tf(1)", 10, 11) == ["    await    f(1)", "               ^"]


def test_control_characters_are_escaped() -> None:
    assert lines('f("\x1b[2J", 1)', 11, 12) == ['f("\\x1b[2J", 1)', "             ^"]


def test_multiline_span_marks_the_first_line() -> None:
    file = SourceFile(("f(", "    a,  ", ")"))
    assert excerpt_of(file, Span(PATH, 2, 5, 3, 2), 80) == Excerpt(2, "    ", "a,", "")


def test_long_line_is_clipped_at_end() -> None:
    assert lines("f(10, " + "x" * 100, 3, 5, width=20) == ["f(10, xxxxxxxxxxxxx…", "  ^^"]


def test_long_line_is_clipped_on_both_sides() -> None:
    assert lines("a" * 50 + "HERE" + "b" * 50, 51, 55, width=24) == [
        "…aaaaaaaaaHEREbbbbbbbbb…",
        "          ^^^^",
    ]


def test_long_line_is_clipped_only_at_start_if_end_fits() -> None:
    assert lines("a" * 50 + "HERE)", 51, 55, width=24) == ["…aaaaaaaaaaaaaaaaaaHERE)", "                   ^^^^"]


def test_long_marked_part_is_clipped() -> None:
    assert lines("call(" + "x" * 200 + ")", 6, 206, width=30) == [
        "call(xxxxxxxxxxxxxxxxxxxxxxx…)",
        "     ^^^^^^^^^^^^^^^^^^^^^^^^",
    ]


@pytest.mark.parametrize("line", [0, 3])
def test_missing_line_has_no_excerpt(line: int) -> None:
    assert excerpt_of(SourceFile(("a", "b")), Span(PATH, line, 1, line, 2), 80) is None


def test_blank_line_has_no_excerpt() -> None:
    assert excerpt_of(SourceFile(("  ",)), Span(PATH, 1, 1, 1, 1), 80) is None


@given(st.text(max_size=300).filter(str.strip), st.integers(1, 320), st.integers(0, 50), st.integers(20, 250))
def test_excerpts_have_a_maximum_width(text: str, begin: int, size: int, width: int) -> None:
    sample = excerpt_of(SourceFile((text,)), Span(PATH, 1, begin, 1, begin + size), width)
    assert sample is not None
    assert cell_width(sample.text) <= min(width, 200)
    assert "\n" not in sample.text
    assert len(sample.carets) <= max(cell_width(sample.text), cell_width(sample.before) + 1)
