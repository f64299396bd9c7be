"""Text cut at its start."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from stepgraph.render.cells import cell_width
from stepgraph.render.ruler import ELLIPSIS

# A letter with all the marks that any script puts on it.
_MOST_LETTERS_A_CELL: Final = 8


def end_of(text: str, width: int) -> str:
    """Return `text` if it fits into `width` cells, else its end behind an ellipsis."""
    if cell_width(text) <= width:
        return text
    starts = range(max(0, len(text) - _MOST_LETTERS_A_CELL * width), len(text) + 1)
    first = bisect_left(starts, True, key=lambda start: cell_width(text[start:]) < width)  # noqa: FBT003 - what is sought
    return ELLIPSIS + text[starts[first] :]
