"""Where ways out lead: breaks to below their loop, returns to the end of what they leave, through each `finally`."""

from __future__ import annotations

from collections.abc import Iterator

from tests.svg.laws.lines import kind, tip_of
from tests.svg.picture import Figure, Picture
from tests.svg.shapes import Box, Point
from tests.svg.strokes import Stroke

FROM_FINALLY = {"break": 14, "return": 28}
"""How far above the end of a `finally` ways out leave it."""

BELOW = 40
"""How far below a frame the ways out of it may meet at most: there are two kinds of them."""


def exit_leads_elsewhere(picture: Picture) -> Iterator[str]:
    strokes = [stroke for line in picture.lines if kind(line) == "out" for stroke in line.strokes]
    exits = [figure for figure in picture.whole.walk() if "exit" in figure.css and figure.boxes]
    for figure in exits:
        begin = Point(figure.box.right, figure.box.top + (figure.box.bottom - figure.box.top) // 2)
        for destination in _ways_out(picture, figure):
            tip = _followed(strokes, begin)
            if tip is None or not destination.grown(1).has(tip):
                yield f"{figure.identity} leads to {tip}, not {destination}"
                break
            begin = Point(destination.right, destination.bottom - FROM_FINALLY[figure.title])


def _ways_out(picture: Picture, figure: Figure) -> list[Box]:
    """Return where an exit leads: to each `finally` on its way, and then to below what it leaves."""
    leaves = {"loop"} if figure.title == "break" else set()
    found: list[Box] = []
    inner = figure
    for outer in figure.around:
        if "try" in outer.css and "finally" not in inner.css:
            panels = [panel for panel in outer.inner if "finally" in panel.css]
            found += [panel.box for panel in panels]
            if not all(map(_leads_out, panels)):
                return found
        if outer.css & (leaves | {"function", "start", "step"}):
            box = outer.box
            return [*found, Box(box.left, box.bottom, box.right, box.bottom + BELOW)]
        inner = outer
    return [*found, picture.whole.marks[1]]


def _leads_out(panel: Figure) -> bool:
    """Tell whether anything comes out of a panel at its end."""
    return any(
        stroke.end.y == panel.box.bottom for line in panel.lines if kind(line) == "line" for stroke in line.strokes
    )


def _followed(strokes: list[Stroke], begin: Point) -> Point | None:
    """Return the tip that the way from a point leads to."""
    pending = [stroke for stroke in strokes if stroke.begin == begin]
    seen: set[int] = set()
    while pending:
        stroke = pending.pop()
        if id(stroke) in seen:
            continue
        seen.add(id(stroke))
        here = stroke.points[2] if stroke.closed else stroke.end
        for head in strokes:
            tip = tip_of(head)
            if tip is not None and abs(tip.x - here.x) <= 8 and abs(tip.y - here.y) <= 8:
                return tip
        pending += [
            other for other in strokes if other is not stroke and tip_of(other) is None and other.segments[0].has(here)
        ]
    return None
