"""The lines between a spine and the columns beside it, with round corners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stepgraph.render.svg.lengths import Length

RADIUS: Final = 8
_BEND: Final = 14


def fanned_out(places: Sequence[int], length: int) -> str:
    """Return the path from the spine to the columns at these places, `length` below."""
    return "".join(_outward(place, length) for place in places)


def gathered(ends: Sequence[tuple[int, Length]], y: Length) -> str:
    """Return the path from where columns end to the spine, where they meet at `y`."""
    return "".join(_inward(place, end, y) for place, end in ends)


def _outward(x: int, length: int) -> str:
    if abs(x) < 2 * RADIUS:
        return f"M0 0V{_BEND}H{x}V{length}" if x else f"M0 0V{length}"
    side = RADIUS if x > 0 else -RADIUS
    bend = _BEND - RADIUS
    return f"M0 0V{bend}q0 {RADIUS} {side} {RADIUS}H{x - side}q{side} 0 {side} {RADIUS}V{length}"


def _inward(x: int, end: Length, y: Length) -> str:
    if abs(x) < 2 * RADIUS:
        return f"M{x} {end}V{y}H0" if x else f"M0 {end}V{y}"
    side = RADIUS if x > 0 else -RADIUS
    return f"M{x} {end}V{y - RADIUS}q0 {RADIUS} {-side} {RADIUS}H0"
