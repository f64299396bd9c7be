"""How wide text is in a fixed grid, and text cut to a width. Chinese, Japanese and Korean take two cells a letter."""

from __future__ import annotations

from typing import Final

from stepgraph.render.letter_widths import cells_of
from stepgraph.render.ruler import Ruler

CELLS: Final = Ruler(cells_of)


def cell_width(text: str) -> int:
    """Return how many cells of a terminal `text` takes."""
    return len(text) if text.isascii() else CELLS.width(text)


def clip(text: str, width: int) -> str:
    """Return `text` if it fits into `width` cells, else its beginning with an ellipsis."""
    return CELLS.clip(text, width)


def wrap(text: str, width: int, lines: int) -> tuple[str, ...]:
    """Return `text` in at most `lines` lines of `width` cells, as `Ruler.wrap` does."""
    return CELLS.wrap(text, width, lines)
