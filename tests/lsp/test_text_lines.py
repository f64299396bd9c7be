"""The lines of texts, the positions in them, and edits."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind, Range

from stepgraph.lsp.protocol.text_lines import EditedText, LineShift, TextLines
from stepgraph.model.span import Span

UTF_8, UTF_16, UTF_32 = PositionEncodingKind.Utf8, PositionEncodingKind.Utf16, PositionEncodingKind.Utf32
TEXTS = st.text(st.sampled_from("ab\n\r\fé漢😀\ud83d\u2028"), max_size=12)
POSITIONS = st.builds(Position, st.integers(0, 6), st.integers(0, 7))


def test_lines_end_at_line_feeds_and_carriage_returns() -> None:
    lines = TextLines.of("a\fb\nc\r\nd\re\u2028f\n", UTF_16)
    assert lines.lines == ["a\fb", "c", "d", "e\u2028f", ""]
    assert list(lines.starts) == [0, 4, 7, 9, 13]


@pytest.mark.slow
def test_the_lines_of_a_text_need_little_memory() -> None:
    """A document that is too large to be analyzed still has lines, and an editor sends up to 64 MB."""
    text = "\n" * 100_000
    tracemalloc.start()
    lines, edited = TextLines.of(text, UTF_16), EditedText(text, UTF_16)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(lines.lines) == 100_001
    assert len(edited.text) == 100_000
    assert peak < 30 * len(text)


@pytest.mark.parametrize(("encoding", "character"), [(UTF_8, 7), (UTF_16, 4), (UTF_32, 3)])
def test_columns_count_units_of_the_encoding(encoding: PositionEncodingKind, character: int) -> None:
    lines = TextLines.of("é😀a = 1", encoding)
    assert lines.range(Span("a.py", 1, 4, 1, 5)) == Range(Position(0, character), Position(0, character + 1))
    assert lines.line_column(Position(0, character)) == (1, 4)


def test_positions_behind_an_end_are_that_end() -> None:
    lines = TextLines.of("ab\nc", UTF_16)
    assert lines.line_column(Position(0, 2**31 - 1)) == (1, 3)
    assert lines.line_column(Position(9, 9)) == (2, 2)
    assert lines.position(9, 9) == Position(1, 1)


@pytest.mark.slow
@settings(max_examples=40)
@given(TEXTS, st.sampled_from([UTF_8, UTF_16, UTF_32]), st.lists(st.tuples(POSITIONS, POSITIONS, TEXTS), max_size=3))
def test_edits_of_lines_are_edits_of_the_text(
    text: str, encoding: PositionEncodingKind, edits: list[tuple[Position, Position, str]]
) -> None:
    edited = EditedText(text, encoding)
    for start, end, new in edits:
        lines = TextLines.of(text, encoding)
        first, last = lines.offset(start), lines.offset(end)
        text = text[:first] + new + text[max(first, last) :]
        edited.replace(start, end, new)
        assert edited.text == text


def test_lines_around_a_change_are_shifted() -> None:
    shift = LineShift.between(["a", "b", "c"], ["a", "x", "y", "c"])
    assert [shift.line(line) for line in (1, 2, 3)] == [1, None, 4]
    assert [shift.old_line(line) for line in (1, 2, 3, 4)] == [1, None, None, 3]
