"""Lines between a spine and the columns beside it, and the bars of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import RADIUS, Pen

_BEND: Final = 14

THICK: Final = 6
PASSAGE: Final = 7
"""The gap in pixels between a bar and a line that passes it."""


def fanned_out(spines: Sequence[int], length: int) -> str:
    """Return the path from a spine down to the spines of columns, `length` pixels below."""
    return "".join(_outward(spine, length) for spine in spines)


def gathered(ends: Sequence[tuple[int, Length]], y: Length, bottom: Length) -> str:
    """Return the path from the ends of columns to the spine, where they join at `y`, and down to `bottom`.

    If all columns are on one side, the spine begins in a round corner.
    """
    spines = [spine for spine, _ in ends]
    if spines and (min(spines) >= 2 * RADIUS or max(spines) <= -2 * RADIUS):
        side = RADIUS if spines[0] > 0 else -RADIUS
        lines = "".join(_inward(spine, end, y, side) for spine, end in ends)
        return f"{lines}q{-side} 0 {-side} {RADIUS}V{bottom}"
    return "".join(_inward(spine, end, y) for spine, end in ends) + f"M0 {y}V{bottom}"


def _outward(x: int, length: int) -> str:
    if abs(x) < 2 * RADIUS:
        return f"M0 0V{_BEND}H{x}V{length}" if x else f"M0 0V{length}"
    side = RADIUS if x > 0 else -RADIUS
    bend = _BEND - RADIUS
    return f"M0 0V{bend}q0 {RADIUS} {side} {RADIUS}H{x - side}q{side} 0 {side} {RADIUS}V{length}"


def _inward(x: int, end: Length, y: Length, to: int = 0) -> str:
    """Return the path from the end of a column to the spine, or to the x position `to` beside it."""
    if abs(x) < 2 * RADIUS:
        return f"M{x} {end}V{y}H0" if x else f"M0 {end}V{y}"
    side = RADIUS if x > 0 else -RADIUS
    return f"M{x} {end}V{y - RADIUS}q0 {RADIUS} {-side} {RADIUS}H{to}"


def draw_bar(pen: Pen, css: str, y: Length, ends: tuple[int, int], passing: Iterable[tuple[int, int]]) -> None:
    """Draw a bar between two x positions, with gaps for the x ranges in `passing`."""
    begin, end = ends
    for gap_begin, gap_end in sorted(passing):
        if begin < gap_end and gap_begin < end:
            if gap_begin - PASSAGE > begin:
                pen.box(css, (begin, y), (gap_begin - PASSAGE - begin, THICK), THICK // 2)
            begin = max(begin, gap_end + PASSAGE)
    pen.box(css, (begin, y), (end - begin, THICK), THICK // 2)
