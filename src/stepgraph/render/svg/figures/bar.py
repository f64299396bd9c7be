"""A bar where work begins or is waited for, with gaps for what passes it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import Pen

THICK: Final = 6
PASSAGE: Final = 7
"""How far a bar keeps off what passes it, to both sides."""


def draw_bar(pen: Pen, css: str, y: Length, ends: tuple[int, int], passing: Iterable[tuple[int, int]]) -> None:
    """Draw a bar between its ends, but for where something passes: from its left side to its right one."""
    begin, end = ends
    for left, right in sorted(passing):
        if begin < right and left < end:
            if left - PASSAGE > begin:
                pen.box(css, (begin, y), (left - PASSAGE - begin, THICK), THICK // 2)
            begin = max(begin, right + PASSAGE)
    pen.box(css, (begin, y), (end - begin, THICK), THICK // 2)
