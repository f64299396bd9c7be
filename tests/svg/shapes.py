"""Shapes on a picture, in pixels from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its sides."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, inner: Box) -> bool:
        """Tell whether `inner` lies wholly within it; sides may touch."""
        return (
            self.left <= inner.left
            and self.top <= inner.top
            and inner.right <= self.right
            and inner.bottom <= self.bottom
        )

    def overlaps(self, other: Box) -> bool:
        """Tell whether both have more than a side in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def touches(self, point: Point, by: float = 0.5) -> bool:
        """Tell whether a point is on one of its sides, or that near to it."""
        return self.grown(by).has(point) and not self.grown(-by).has(point)

    def has(self, point: Point) -> bool:
        """Tell whether a point is within it or on a side of it."""
        return self.left <= point.x <= self.right and self.top <= point.y <= self.bottom

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


def around(boxes: list[Box]) -> Box:
    """Return the smallest box around these."""
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of a line, in the direction in which it was drawn."""

    begin: Point
    end: Point

    @property
    def box(self) -> Box:
        """Return the box around it: without width if it is upright, without height if it is level."""
        xs, ys = sorted((self.begin.x, self.end.x)), sorted((self.begin.y, self.end.y))
        return Box(xs[0], ys[0], xs[1], ys[1])

    def enters(self, box: Box) -> bool:
        """Tell whether any of it is within a box, by more than touching a side. Round corners count as cut."""
        own = self.box
        return own.left < box.right and box.left < own.right and own.top < box.bottom and box.top < own.bottom

    def has(self, point: Point, by: float = 0.5) -> bool:
        """Tell whether a point is on it."""
        return self.box.grown(by).has(point)

    def runs_along(self, other: Segment) -> bool:
        """Tell whether both lie on each other for more than a point: both upright, or both level."""
        own, box = self.box, other.box
        if own.left == own.right == box.left == box.right:
            return min(own.bottom, box.bottom) - max(own.top, box.top) > 1
        if own.top == own.bottom == box.top == box.bottom:
            return min(own.right, box.right) - max(own.left, box.left) > 1
        return False
