"""Tables of aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.escaping.plain_text import log_line
from stepgraph.render.text_width import cell_width

MISSING = "-"
"""The cell for a missing number."""

_GAP = "  "


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the headings and rows as aligned lines. Columns of numbers are right-aligned.

    Control characters and log commands are escaped. All rows have the length of the headings.
    """
    lines = [headings, *([log_line(cell) for cell in row] for row in rows)]
    columns = [_aligned(column) for column in zip(*lines, strict=True)]
    return "".join(_GAP.join(cells).rstrip() + "\n" for cells in zip(*columns, strict=True))


def _aligned(column: Sequence[str]) -> list[str]:
    width = max(cell_width(cell) for cell in column)
    is_numeric = all(cell.isdecimal() or cell == MISSING for cell in column[1:])
    padded = []
    for cell in column:
        space = " " * (width - cell_width(cell))
        padded.append(space + cell if is_numeric else cell + space)
    return padded
