"""Text measured, cut and broken to a width, whatever its letters are measured in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

ELLIPSIS: Final = "…"
MOST_MARKS: Final = 12
"""How many marks may stand on a letter: more than any script needs."""

_BREAKABLE: Final = "([{,.=/-_"


class Ruler(Struct, frozen=True):
    """Measures text by the widths of its letters, in a unit of its own; `width_of` takes a single letter."""

    width_of: Callable[[str], int]

    def width(self, text: str) -> int:
        """Return how wide `text` is."""
        return sum(map(self.width_of, text))

    def clip(self, text: str, width: int) -> str:
        """Return `text` if it fits into `width`, else its beginning with an ellipsis."""
        if self._fitting(text, width) == len(text):
            return text
        room = width - self.width_of(ELLIPSIS)
        return "" if room < 0 else text[: self._fitting(text, room)] + ELLIPSIS

    def wrap(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Return `text` in at most `lines` lines of `width`, broken at spaces, else behind brackets and the like.

        What does not fit is cut off with an ellipsis.
        """
        wrapped: list[str] = []
        for line in self._broken(text, width):
            if len(wrapped) == lines:
                wrapped[-1] = self.clip(f"{wrapped[-1]}{ELLIPSIS}", width)
                break
            wrapped.append(line)
        return tuple(wrapped)

    def _broken(self, text: str, width: int) -> Iterator[str]:
        rest = text
        while (end := self._fitting(rest, width)) < len(rest):
            end = max(1, end)
            space = rest.rfind(" ", 1, end + 1)
            if space > 0:
                yield rest[:space]
                rest = rest[space + 1 :]
            else:
                end = _behind_a_mark(rest, end)
                yield rest[:end]
                rest = rest[end:]
        yield rest

    def _fitting(self, text: str, width: int) -> int:
        """Return how many letters of `text` fit into `width`, without more marks on a letter than there can be."""
        used = marks = 0
        for index, letter in enumerate(text):
            own = self.width_of(letter)
            used += own
            marks = 0 if own else marks + 1
            if used > width or marks > MOST_MARKS:
                return index
        return len(text)


def _behind_a_mark(text: str, end: int) -> int:
    """Return where to break text without spaces: behind the last mark in its second half, else at its end."""
    marked = max(text.rfind(mark, 0, end) + 1 for mark in _BREAKABLE)
    return marked if marked > end // 2 else end
