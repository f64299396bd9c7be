"""The order of figures that the lines of a picture show to a reader."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.picture import Figure
from tests.svg.shapes import Box, Point, bounding_box
from tests.svg.strokes import Stroke

PASSAGE = 7
ABOVE = 12
"""The gap in pixels between a bar and a line above it. `PASSAGE` is the gap at the sides."""
EXIT_ROOM = 30

BELOW = 12
"""The distance in pixels from a figure to the join of its exits."""
END = "the end"
"""The target of lines that leave a frame at its bottom, or that end the workflow."""


@dataclass(slots=True)
class FlowPaths:
    """The paths in a frame, or in the whole picture, between figures, bars and strokes.

    A figure is entered at its top and left at its bottom. Exits of guards, and exits that continue after a `finally`,
    are entered at their left side. Guards are also left at their right side. Bars may have gaps for lines that pass.
    """

    frame: Figure
    leads_to: dict[Hashable, set[Hashable]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lines = [line for line in self.frame.lines if kind(line) == "line"]
        drawn = [stroke for line in lines for stroke in line.strokes if not is_head(stroke)]
        tips = [tip for line in lines for tip in map(tip_of, line.strokes) if tip]
        bars = joined_bars(self.frame)
        for stroke in drawn:
            into = [tip for tip in tips if stroke.end.x == tip.x and 0 <= tip.y - stroke.end.y <= 8]
            for inner in self.frame.inner:
                self._link_figure(stroke, inner, into)
            if any(mark.top == tip.y for mark in self.frame.marks for tip in into):
                self._link(stroke, END)
            if self.frame.boxes and self.frame.box.bottom == stroke.end.y:
                self._link(stroke, END)
            self._link_bars(stroke, bars)
            for second in drawn:
                if second is not stroke and second.has(stroke.end):
                    self._link(stroke, second)
                if second is not stroke and second.has(stroke.begin):
                    self._link(second, stroke)

    def reached_from(self, figures: Iterable[Hashable]) -> set[Hashable]:
        """Return everything reachable from figures, which includes themselves only if a path leads back."""
        reached: set[Hashable] = set()
        pending = list(figures)
        while pending:
            following = self.leads_to.get(pending.pop(), set()) - reached
            reached |= following
            pending += following
        return reached

    def _link(self, source: Hashable, target: Hashable) -> None:
        self.leads_to.setdefault(source, set()).add(target)

    def _link_figure(self, stroke: Stroke, figure: Figure, into: list[Point]) -> None:
        if not figure.boxes:
            return
        if leaves(stroke, figure.box, self.frame) or ("guard" in figure.css and stroke.begin == side_of(figure)):
            self._link(figure, stroke)
        if any(figure.box.top == point.y and figure.box.has(point) for point in [*into, stroke.end]) or (
            "exit" in figure.css and stroke.end == entrance_of(figure)
        ):
            self._link(stroke, figure)

    def _link_bars(self, stroke: Stroke, bars: list[list[Box]]) -> None:
        for bar in bars:
            begins, ends = (any(piece.has(point) for piece in bar) for point in (stroke.begin, stroke.end))
            if begins:
                self._link(id(bar), stroke)
            elif ends:
                self._link(stroke, id(bar))


def leaves(stroke: Stroke, box: Box, frame: Figure) -> bool:
    """Return whether a stroke leads out of a box: from its bottom, or from the join of its exits."""
    if stroke.begin.y == box.bottom:
        return box.has(stroke.begin)
    tips = [tip for line in frame.lines if kind(line) == "out" for tip in map(tip_of, line.strokes) if tip]
    below = Box(box.left, box.bottom, box.right, box.bottom + BELOW)
    return below.has(stroke.begin) and any(stroke.has(tip, 1) for tip in tips)


def is_resumed_exit(figure: Figure) -> bool:
    """Return whether a figure is an exit that continues after a `finally`."""
    return "exit" in figure.css and figure.parent is not None and "try" in figure.parent.css


def entrance_of(pill: Figure) -> Point:
    """Return the point at which an exit is entered from the side: the middle of its left side."""
    return Point(pill.box.left, _middle(pill.box))


def side_of(guard: Figure) -> Point:
    """Return the point at which the line to the exit of a guard begins: the middle of its right side."""
    return Point(guard.box.right, _middle(guard.box))


def _middle(box: Box) -> float:
    return box.top + (box.bottom - box.top) // 2


def joined_bars(frame: Figure) -> list[list[Box]]:
    """Return the pieces of each bar. Two pieces belong to one bar if a shape passes through the gap between them.

    Where figures are foldable, all pieces at the same height do, because gaps remain where figures are not beside the
    bar while some are folded.
    """
    shapes = [segment.box for line in frame.lines for stroke in line.strokes for segment in stroke.segments]
    shapes += [inner.box_with_mark for inner in frame.inner if inner.boxes]
    shapes += _stacks(frame)
    foldable = any("foldable" in inner.css for inner in frame.walk() if inner is not frame)
    joined: list[list[Box]] = []
    for bar in sorted(frame.bars, key=lambda bar: (bar.top, bar.left)):
        last = joined[-1][-1] if joined else None
        gap = Box(last.right, last.top, bar.left, last.bottom) if last and last.top == bar.top else None
        if gap and (foldable or any(_clearance(shape).holds(gap) for shape in shapes)):
            joined[-1].append(bar)
        else:
            joined.append([bar])
    return joined


def _stacks(frame: Figure) -> list[Box]:
    """Return the areas between a line that bends to the left of a spine and one that bends to its right."""
    strokes = [stroke for line in frame.lines for stroke in line.strokes if not is_head(stroke)]
    bends = [
        bounding_box([segment.box for segment in stroke.segments]) for stroke in strokes if len(stroke.segments) > 1
    ]
    to_the_right: dict[float, list[Box]] = {}
    for bend in bends:
        to_the_right.setdefault(bend.left, []).append(bend)
    return [bounding_box([left, right]) for left in bends for right in to_the_right.get(left.right, ())]


def _clearance(shape: Box) -> Box:
    """Return the area that bars avoid for a shape, and for exits that join below it."""
    return Box(shape.left - PASSAGE, shape.top - ABOVE, shape.right + PASSAGE + EXIT_ROOM, shape.bottom + 2 * ABOVE)
