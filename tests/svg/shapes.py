"""Shapes in pixels from the upper left corner of a picture."""

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
        """Return whether `inner` is completely inside. Sides may touch."""
        return (
            self.left <= inner.left
            and self.top <= inner.top
            and inner.right <= self.right
            and inner.bottom <= self.bottom
        )

    def overlaps(self, box: Box) -> bool:
        """Return whether both share more than a side."""
        return self.left < box.right and box.left < self.right and self.top < box.bottom and box.top < self.bottom

    def touches(self, point: Point, by: float = 0.5) -> bool:
        """Return whether a point is within a distance of a side."""
        return self.grown(by).has(point) and not self.grown(-by).has(point)

    def has(self, point: Point) -> bool:
        """Return whether a point is inside or on a side."""
        return self.left <= point.x <= self.right and self.top <= point.y <= self.bottom

    def lowered(self, by: float) -> Box:
        return Box(self.left, self.top + by, self.right, self.bottom + by)

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


def bounding_box(boxes: list[Box]) -> Box:
    """Return the bounding box of boxes."""
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of a line, in drawing direction."""

    begin: Point
    end: Point

    @property
    def box(self) -> Box:
        """The bounding box, which has no width if the segment is vertical and no height if it is horizontal."""
        xs, ys = sorted((self.begin.x, self.end.x)), sorted((self.begin.y, self.end.y))
        return Box(xs[0], ys[0], xs[1], ys[1])

    def enters(self, box: Box) -> bool:
        """Return whether a part of the segment is inside a box. Round corners count as square ones."""
        mine = self.box
        return mine.left < box.right and box.left < mine.right and mine.top < box.bottom and box.top < mine.bottom

    def has(self, point: Point, by: float = 0.5) -> bool:
        """Return whether a point is on the segment."""
        return self.box.grown(by).has(point)

    def runs_along(self, segment: Segment) -> bool:
        """Return whether two vertical or two horizontal segments share more than a point."""
        mine, theirs = self.box, segment.box
        if mine.left == mine.right == theirs.left == theirs.right:
            return min(mine.bottom, theirs.bottom) - max(mine.top, theirs.top) > 1
        if mine.top == mine.bottom == theirs.top == theirs.bottom:
            return min(mine.right, theirs.right) - max(mine.left, theirs.left) > 1
        return False
