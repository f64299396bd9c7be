"""Text cut at its start."""

from __future__ import annotations

from typing import Final

from stepgraph.render.cells import cell_width
from stepgraph.render.ruler import ELLIPSIS

# A letter with all the marks that any script puts on it.
_MOST_LETTERS_A_CELL: Final = 8


def end_of(text: str, width: int) -> str:
    """Return `text` if it fits into `width` cells, else its end behind an ellipsis."""
    if cell_width(text) <= width:
        return text
    start = max(0, len(text) - _MOST_LETTERS_A_CELL * width)
    while start < len(text) and cell_width(text[start:]) > width - 1:
        start += 1
    return ELLIPSIS + text[start:]
