"""What a picture says follows what: along its lines, as a reader follows them, from figure to figure in one frame."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.picture import Figure
from tests.svg.shapes import Box, Point
from tests.svg.strokes import Stroke

PASSAGE = 7
ABOVE = 12
"""How far a bar keeps off what passes it, to the sides and above."""
WAYS_OUT = 30

BELOW = 12
"""How far below a figure the ways out of it meet."""
END = "the end"
"""What all leads to that leads out of a frame at its bottom, or to where a workflow ends."""


@dataclass(slots=True)
class Ways:
    """The ways within a frame, or in the whole picture: what each figure, bar and stroke leads to.

    A figure is entered at its top and left at its bottom, what goes on after a `finally` at its left side. A bar may
    have gaps for what passes it.
    """

    frame: Figure
    leads_to: dict[Hashable, set[Hashable]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lines = [line for line in self.frame.lines if kind(line) == "line"]
        drawn = [stroke for line in lines for stroke in line.strokes if not is_head(stroke)]
        tips = [tip for line in lines for tip in map(tip_of, line.strokes) if tip]
        bars = _joined(self.frame)
        for stroke in drawn:
            into = [tip for tip in tips if stroke.end.x == tip.x and 0 <= tip.y - stroke.end.y <= 8]
            for inner in self.frame.inner:
                self._link_figure(stroke, inner, into)
            if any(mark.top == tip.y for mark in self.frame.marks for tip in into):
                self._link(stroke, END)
            if self.frame.boxes and self.frame.box.bottom == stroke.end.y:
                self._link(stroke, END)
            self._link_bars(stroke, bars)
            for other in drawn:
                if other is not stroke and other.has(stroke.end):
                    self._link(stroke, other)
                if other is not stroke and other.has(stroke.begin):
                    self._link(other, stroke)

    def reached_from(self, figures: Iterable[Hashable]) -> set[Hashable]:
        """Return all that some of these figures lead to; none of them unless a way leads back."""
        found: set[Hashable] = set()
        pending = list(figures)
        while pending:
            following = self.leads_to.get(pending.pop(), set()) - found
            found |= following
            pending += following
        return found

    def _link(self, one: Hashable, other: Hashable) -> None:
        self.leads_to.setdefault(one, set()).add(other)

    def _link_figure(self, stroke: Stroke, figure: Figure, into: list[Point]) -> None:
        if not figure.boxes:
            return
        if leaves(stroke, figure.box, self.frame):
            self._link(figure, stroke)
        if any(figure.box.top == point.y and figure.box.has(point) for point in [*into, stroke.end]) or (
            goes_on_after_finally(figure) and stroke.end == entrance_of(figure)
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
    """Tell whether a stroke leads out of a box in this frame: from its bottom, or where ways out meet below it."""
    if stroke.begin.y == box.bottom:
        return box.has(stroke.begin)
    tips = [tip for line in frame.lines if kind(line) == "out" for tip in map(tip_of, line.strokes) if tip]
    below = Box(box.left, box.bottom, box.right, box.bottom + BELOW)
    return below.has(stroke.begin) and any(stroke.has(tip, 1) for tip in tips)


def goes_on_after_finally(figure: Figure) -> bool:
    """Tell whether a figure is a way out that goes on below the last part of a `try`."""
    return "exit" in figure.css and figure.parent is not None and "try" in figure.parent.css


def entrance_of(pill: Figure) -> Point:
    """Return where a line leads into what goes on after a `finally`: the middle of its left side."""
    return Point(pill.box.left, pill.box.top + (pill.box.bottom - pill.box.top) // 2)


def _joined(frame: Figure) -> list[list[Box]]:
    """Return bars with their pieces: two are of one bar if something passes through the gap between them.

    Where others may be folded, a figure may get to where now the line out of it passes.
    """
    things = [segment.box for line in frame.lines for stroke in line.strokes for segment in stroke.segments]
    things += [inner.box_with_mark for inner in frame.inner if inner.boxes]
    if any(inner.css & {"foldable"} for inner in frame.walk() if inner is not frame):
        things += [
            Box(inner.box.left, inner.box.top, inner.box.right, stroke.end.y)
            for inner in frame.inner
            for line in frame.lines
            for stroke in line.strokes
            if inner.boxes and stroke.begin.y == inner.box.bottom and inner.box.has(stroke.begin)
        ]
    joined: list[list[Box]] = []
    for bar in sorted(frame.bars, key=lambda bar: (bar.top, bar.left)):
        last = joined[-1][-1] if joined else None
        gap = Box(last.right, last.top, bar.left, last.bottom) if last and last.top == bar.top else None
        if gap and any(_around(thing).holds(gap) for thing in things):
            joined[-1].append(bar)
        else:
            joined.append([bar])
    return joined


def _around(thing: Box) -> Box:
    """Return what bars keep off for the sake of a thing, and of ways out to its right that meet below it."""
    return Box(thing.left - PASSAGE, thing.top - ABOVE, thing.right + PASSAGE + WAYS_OUT, thing.bottom + 2 * ABOVE)
