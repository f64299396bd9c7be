"""Measuring, cutting and wrapping text in any unit of length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

ELLIPSIS: Final = "…"
MAX_COMBINING_MARKS: Final = 12
"""The maximum number of combining characters on one letter; more than any script needs."""

_BREAKABLE: Final = "([{,.=/-_"


class Ruler(Struct, frozen=True):
    """Measures text by the widths of its characters."""

    width_of: Callable[[str], int]
    """Returns the width of a single character."""

    def width(self, text: str) -> int:
        """Return the width of `text`."""
        return sum(map(self.width_of, text))

    def clip(self, text: str, width: int) -> str:
        """Return `text` cut to `width`, with an ellipsis if it does not fit."""
        if self._count_fitting(text, width) == len(text):
            return text
        room = width - self.width_of(ELLIPSIS)
        return "" if room < 0 else text[: self._count_fitting(text, room)] + ELLIPSIS

    def wrap(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Break `text` into at most `lines` lines of `width`, at spaces, else after punctuation.

        The last line ends in an ellipsis if text is cut off.
        """
        wrapped: list[str] = []
        for line in self._broken_lines(text, width):
            if len(wrapped) == lines:
                wrapped[-1] = self.clip(f"{wrapped[-1]}{ELLIPSIS}", width)
                break
            wrapped.append(line)
        return tuple(wrapped)

    def _broken_lines(self, text: str, width: int) -> Iterator[str]:
        rest = text
        while (end := self._count_fitting(rest, width)) < len(rest):
            end = max(1, end)
            space = rest.rfind(" ", 1, end + 1)
            if space > 0:
                yield rest[:space]
                rest = rest[space + 1 :]
            else:
                end = _break_after_punctuation(rest, end)
                yield rest[:end]
                rest = rest[end:]
        yield rest

    def _count_fitting(self, text: str, width: int) -> int:
        """Return how many characters of `text` fit into `width`, with at most `MAX_COMBINING_MARKS` on a letter."""
        used = marks = 0
        for index, letter in enumerate(text):
            letter_width = self.width_of(letter)
            used += letter_width
            marks = 0 if letter_width else marks + 1
            if used > width or marks > MAX_COMBINING_MARKS:
                return index
        return len(text)


def _break_after_punctuation(text: str, end: int) -> int:
    """Return the break position after the last punctuation mark in the second half of `text[:end]`, else `end`."""
    marked = max(text.rfind(mark, 0, end) + 1 for mark in _BREAKABLE)
    return marked if marked > end // 2 else end
