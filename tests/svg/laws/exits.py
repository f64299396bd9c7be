"""Where ways out lead: breaks to below their loop, returns to the end of what they leave, through each `finally`."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from stepgraph.model.payload import BreakKind
from stepgraph.render.folding import exit_kinds
from tests.svg.laws.boxes import is_of_passes
from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.picture import Figure, Line, Picture
from tests.svg.shapes import Box, Point
from tests.svg.ways import Ways, goes_on_after_finally

BELOW = 40
"""How far below a frame the ways out of it may meet at most: there are two kinds of them."""
AFTER = ", after finally"
KINDS: tuple[BreakKind, ...] = ("return", "break")
"""Those that lead farther first."""


def exit_leads_elsewhere(picture: Picture) -> Iterator[str]:
    """Each way out leads to one place: the next `finally` on its way, else to where it ends."""
    lines = [line for line in picture.lines if kind(line) == "out"]
    for figure in picture.whole.walk():
        kinds = _kinds(picture, figure)
        if not kinds:
            continue
        destinations = [destination(picture, figure, one).grown(1) for one in kinds]
        tips = _followed(lines, _begin(figure))
        if not all(any(box.has(tip) for tip in tips) for box in destinations) or not all(
            any(box.has(tip) for box in destinations) for tip in tips
        ):
            yield f"{figure.identity or figure.title} leads to {tips}, not {destinations}"


def way_out_begins_nowhere(picture: Picture) -> Iterator[str]:
    """A line of ways out begins at what may leave, or where another one ends."""
    lines = [line for line in picture.lines if kind(line) == "out"]
    begins = {_begin(figure) for figure in picture.whole.walk() if _kinds(picture, figure)}
    ends = {stroke.end for line in lines for stroke in line.strokes if not is_head(stroke)}
    for line in lines:
        for stroke in line.strokes:
            if not is_head(stroke) and stroke.begin not in begins | ends:
                yield f"{line.css} of {line.figure.identity} at {stroke.begin}"


def way_out_ends_at_finally(picture: Picture) -> Iterator[str]:
    """Below a `finally` that is over at its end, all ways out go on that lead to it, and nothing else does."""
    for panel in picture.whole.walk():
        frame = panel.parent
        if "finally" not in panel.css or frame is None:
            continue
        into = {
            one for figure in frame.walk() for one in _kinds(picture, figure) if _is_next(picture, figure, one, panel)
        }
        expected = [f"{one}{AFTER}" for one in KINDS if one in into and ends_below(panel)]
        pills = sorted(filter(goes_on_after_finally, frame.inner), key=lambda pill: pill.box.top)
        if [pill.title for pill in pills] != expected:
            yield f"{[pill.title for pill in pills]} in {frame.identity} instead of {expected}"
        if not set(pills) <= Ways(frame).reached_from([panel]):
            yield f"nothing leads from finally to what goes on in {frame.identity}"


def failure_leads_elsewhere(picture: Picture) -> Iterator[str]:
    """A failure leads to what catches it, else through `finally`, else on."""
    for frame in picture.whole.walk():
        if "try" not in frame.css or not frame.is_frame:
            continue
        panels = {css: inner for inner in frame.inner for css in inner.css & {"body", "catch", "finally"}}
        body, to = panels["body"].box, panels.get("catch") or panels.get("finally")
        ways = [line for line in frame.lines if kind(line) == "failure"]
        strokes = [stroke for line in ways for stroke in line.strokes if not is_head(stroke)]
        tips = [tip for line in ways for tip in map(tip_of, line.strokes) if tip]
        if len(strokes) != 1 or len(tips) != 1:
            yield f"{len(strokes)} lines and {len(tips)} arrows in {frame.identity}"
            continue
        (way,), (tip,) = strokes, tips
        into = to.box.touches(tip, 1) if to else tip == Point(_spine(frame) + 1, tip.y) and tip.y > body.bottom
        begins = way.begin.x == body.right and body.top < way.begin.y < body.bottom
        if not (begins and into and abs(way.end.x - tip.x) + abs(way.end.y - tip.y) <= 6):
            yield f"from {way.begin} to {tip} in {frame.identity}"


def destination(picture: Picture, figure: Figure, way: BreakKind) -> Box:
    """Return where a way out leads first: to the next `finally`, to below what it leaves, or to the end of all."""
    inner: Figure | None = figure
    for outer in [figure, *figure.around] if "shut" in figure.css else figure.around:
        if "try" in outer.css and inner is not None and "finally" not in inner.css and not goes_on_after_finally(inner):
            for panel in outer.inner:
                if "finally" in panel.css:
                    return panel.box
        if _is_left(picture, outer, way):
            box = outer.box
            return Box(box.left, box.bottom, box.right, box.bottom + BELOW)
        inner = outer
    return picture.whole.marks[1]


def is_left_early(picture: Picture, frame: Figure) -> bool:
    """Tell whether a way out in a frame leads to below it."""
    below = Box(frame.box.left, frame.box.bottom, frame.box.right, frame.box.bottom + BELOW)
    return any(destination(picture, figure, way) == below for figure in frame.walk() for way in _kinds(picture, figure))


def ends_below(panel: Figure) -> bool:
    """Tell whether anything comes out of a panel at its end."""
    return any(
        stroke.end.y == panel.box.bottom for line in panel.lines if kind(line) == "line" for stroke in line.strokes
    )


def ways_out_of(picture: Picture, frame: Figure) -> set[BreakKind]:
    """Return which ways in a frame lead to beyond what it is or what is in it."""
    inside = [figure.box for figure in frame.walk() if figure.boxes]
    below = [Box(box.left, box.bottom, box.right, box.bottom + BELOW) for box in inside]
    return {
        way
        for figure in frame.walk()
        for way in _kinds(picture, figure)
        if destination(picture, figure, way) not in [*inside, *below[1:]]
    }


def _kinds(picture: Picture, figure: Figure) -> Collection[BreakKind]:
    """Return the ways out that begin at a figure: an exit, or one that is folded."""
    if "exit" in figure.css and figure.boxes:
        name = figure.title.removesuffix(AFTER) if goes_on_after_finally(figure) else figure.title
        return [way for way in KINDS if way == name]
    if "shut" in figure.css:
        return picture.ways_out[figure.identity]
    if "folded" in figure.css:
        return exit_kinds(picture.nodes[figure.identity])
    return ()


def _is_next(picture: Picture, figure: Figure, way: BreakKind, panel: Figure) -> bool:
    return destination(picture, figure, way) == panel.box


def _is_left(picture: Picture, frame: Figure, way: BreakKind) -> bool:
    """Tell whether a way out that gets to a frame leads to below it."""
    if frame.css & {"function", "start", "step"}:
        return True
    return way == "break" and ("loop" in frame.css or is_of_passes(picture, frame))


def _begin(figure: Figure) -> Point:
    """Return where ways out of a figure begin: in the middle of its right side, in a frame of what is its front."""
    box = figure.boxes[-1] if "shut" in figure.css else figure.box
    return Point(figure.box.right, box.top + (box.bottom - box.top) // 2)


def _spine(frame: Figure) -> float:
    """Return where what leads to the end of a frame does."""
    return next(
        stroke.end.x
        for line in frame.lines
        if kind(line) == "line"
        for stroke in line.strokes
        if stroke.end.y == frame.box.bottom
    )


def _is_just_before(end: Point, tip: Point) -> bool:
    """Tell whether a line that ends there leads to the tip of an arrow, to the left or down."""
    to_the_left, down = end.x - tip.x, tip.y - end.y
    return (0 <= to_the_left <= 7 and down == 0) or (0 <= down <= 7 and to_the_left == 0)


def _followed(lines: list[Line], begin: Point) -> set[Point]:
    """Return the tips that the ways from a point lead to."""
    ways = [(line, stroke) for line in lines for stroke in line.strokes if not is_head(stroke)]
    pending = [(line, stroke) for line, stroke in ways if stroke.begin == begin]
    seen: set[int] = set()
    found: set[Point] = set()
    while pending:
        line, stroke = pending.pop()
        if id(stroke) in seen:
            continue
        seen.add(id(stroke))
        here = stroke.end
        into = [tip for tip in map(tip_of, line.strokes) if tip and _is_just_before(here, tip)]
        found.update(into)
        if not into:
            pending += [(other, one) for other, one in ways if one is not stroke and one.segments[0].has(here)]
    return found
