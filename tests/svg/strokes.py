"""A parser of the path commands in drawings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.svg.shapes import Point, Segment

_LETTER = re.compile(r"([MmVvHhLlqaz])([-0-9. ]*)")
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_ARGUMENTS = {"M": 2, "m": 2, "V": 1, "v": 1, "H": 1, "h": 1, "L": 2, "l": 2, "q": 4, "a": 7}


@dataclass(frozen=True, slots=True)
class Stroke:
    """A continuous line. Round corners are reduced to their corner point."""

    points: tuple[Point, ...]
    closed: bool
    back: bool = False
    """Whether the path returns along itself, in which case `points` is one direction only."""

    @property
    def segments(self) -> list[Segment]:
        """The straight segments, without empty ones."""
        points = [*self.points, self.points[0]] if self.closed else self.points
        return [Segment(begin, end) for begin, end in pairwise(points) if begin != end]

    def has(self, point: Point, by: float = 0.5) -> bool:
        """Return whether a point is on the stroke."""
        return any(segment.has(point, by) for segment in self.segments)

    @property
    def begin(self) -> Point:
        return self.points[0]

    @property
    def end(self) -> Point:
        return self.points[-1]


def strokes(path: str, at: Point) -> list[Stroke]:
    """Return the strokes of a path in a group with its origin at `at`."""
    finished: list[Stroke] = []
    points: list[Point] = []
    here = Point(0, 0)
    for letter, numbers in _pieces(path):
        if letter in "Mm":
            if points:
                finished.append(Stroke(tuple(points), closed=False))
            here = _MOVES[letter](here, numbers)[-1]
            points = [here]
        elif letter == "z":
            finished.append(_closed(points))
            here = points[0]
            points = []
        else:
            points += _MOVES[letter](here, numbers)
            here = points[-1]
    if points:
        finished.append(Stroke(tuple(points), closed=False))
    return [_moved(stroke, at) for stroke in finished]


def _closed(points: list[Point]) -> Stroke:
    half = len(points) // 2
    if len(points) > 3 and len(points) == 2 * half and points[1:half] == points[:half:-1]:
        return Stroke(tuple(points[: half + 1]), closed=False, back=True)
    return Stroke(tuple(points), closed=True)


def _pieces(path: str) -> Iterator[tuple[str, list[float]]]:
    """Yield each command with its numbers, once per set of numbers. Further points of `m` are lines."""
    if "".join(match.group() for match in _LETTER.finditer(path)) != path:
        raise ValueError(f"unsupported path: {path}")
    for letter, text in _LETTER.findall(path):
        numbers = [float(number) for number in _NUMBER.findall(text)]
        count = _ARGUMENTS.get(letter, 0)
        if not count:
            yield letter, []
        for start in range(0, len(numbers), count or 1):
            following = {"M": "L", "m": "l"}.get(letter, letter) if start else letter
            yield following, numbers[start : start + count]


_MOVES: dict[str, Callable[[Point, list[float]], list[Point]]] = {
    "M": lambda _, to: [Point(to[0], to[1])],
    "m": lambda at, by: [Point(at.x + by[0], at.y + by[1])],
    "L": lambda _, to: [Point(to[0], to[1])],
    "l": lambda at, by: [Point(at.x + by[0], at.y + by[1])],
    "V": lambda at, to: [Point(at.x, to[0])],
    "v": lambda at, by: [Point(at.x, at.y + by[0])],
    "H": lambda at, to: [Point(to[0], at.y)],
    "h": lambda at, by: [Point(at.x + by[0], at.y)],
    "q": lambda at, by: [Point(at.x + by[0], at.y + by[1]), Point(at.x + by[2], at.y + by[3])],
    "a": lambda at, by: [Point(at.x + by[5], at.y + by[6])],
}


def _moved(stroke: Stroke, at: Point) -> Stroke:
    points = tuple(Point(point.x + at.x, point.y + at.y) for point in stroke.points)
    return replace(stroke, points=points)
