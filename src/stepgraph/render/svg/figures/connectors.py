"""The lines between a spine and the columns beside it, with round corners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from stepgraph.render.svg.lengths import Length
from stepgraph.render.svg.pen import RADIUS, Pen

_BEND: Final = 14


def fanned_out(spines: Sequence[int], length: int) -> str:
    """Return the path from the spine to the columns at these spines, `length` below."""
    return "".join(_outward(spine, length) for spine in spines)


def gathered(ends: Sequence[tuple[int, Length]], y: Length, bottom: Length) -> str:
    """Return the path from where columns end to the spine, where they meet at `y`, and on to the bottom.

    The spine begins in a corner if all come from the same side.
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
    """Return the path from the end of a column to the spine, or to beside it."""
    if abs(x) < 2 * RADIUS:
        return f"M{x} {end}V{y}H0" if x else f"M0 {end}V{y}"
    side = RADIUS if x > 0 else -RADIUS
    return f"M{x} {end}V{y - RADIUS}q0 {RADIUS} {-side} {RADIUS}H{to}"


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
