"""How wide text is in a fixed grid, and text cut to a width. Chinese, Japanese and Korean take two cells a letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

ELLIPSIS = "…"

_ZERO_WIDTH_JOINERS = "\u200c\u200d"


def cell_width(text: str) -> int:
    """Return how many cells of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_width_of(character) for character in text)


def clip(text: str, width: int) -> str:
    """Return `text` if it fits into `width` cells, else its beginning with an ellipsis."""
    if cell_width(text) <= width:
        return text
    if width < 1:
        return ""
    return text[: _fitting(text, width - 1)] + ELLIPSIS


def wrap(text: str, width: int, lines: int) -> tuple[str, ...]:
    """Return `text` in at most `lines` lines of `width` cells, broken at spaces where there are any.

    What does not fit is cut off with an ellipsis.
    """
    wrapped: list[str] = []
    for line in _broken(text, width):
        if len(wrapped) == lines:
            wrapped[-1] = clip(f"{wrapped[-1]}{ELLIPSIS}", width)
            break
        wrapped.append(line)
    return tuple(wrapped)


def _broken(text: str, width: int) -> Iterator[str]:
    rest = text
    while cell_width(rest) > width:
        end = max(1, _fitting(rest, width))
        space = rest.rfind(" ", 1, end + 1)
        if space > 0:
            yield rest[:space]
            rest = rest[space + 1 :]
        else:
            yield rest[:end]
            rest = rest[end:]
    yield rest


def _fitting(text: str, width: int) -> int:
    """Return how many characters of `text` fit into `width` cells."""
    used = 0
    for index, character in enumerate(text):
        used += _width_of(character)
        if used > width:
            return index
    return len(text)


def _width_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"} or character in _ZERO_WIDTH_JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
