"""Laws about exits.

A `break` leads below its loop. A `return` ends beside its pill or, in a function or group, leads to its end. A `raise`
ends beside its pill. All lead through each `finally` first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from stepgraph.render.folding import LeavingKind, exit_kinds
from tests.svg.laws.boxes import shows_all_iterations
from tests.svg.laws.lines import is_head, kind, tip_of
from tests.svg.paths import FlowPaths, is_resumed_exit
from tests.svg.picture import Figure, Line, Picture
from tests.svg.shapes import Box, Point

BELOW = 40
"""The maximum distance in pixels from a frame to the joins of both kinds of its exits."""
AFTER = ", after finally"
KINDS: tuple[LeavingKind, ...] = ("raise", "return", "break")
"""Kinds that lead farther are first."""


def exit_has_a_wrong_target(picture: Picture) -> Iterator[str]:
    """Each exit leads to the next `finally` on its path, or else to its target."""
    lines = [line for line in picture.lines if kind(line) == "out"]
    for figure in picture.whole.walk():
        kinds = _kinds(picture, figure)
        if not kinds:
            continue
        destinations = [destination(picture, figure, exit_kind).grown(1) for exit_kind in kinds]
        tips = _followed(lines, _begin(figure))
        if not all(any(box.has(tip) for tip in tips) for box in destinations) or not all(
            any(box.has(tip) for box in destinations) for tip in tips
        ):
            yield f"{figure.identity or figure.title} leads to {tips}, not {destinations}"


def exit_has_a_wrong_end(picture: Picture) -> Iterator[str]:
    """An exit has an end mark if, and only if, it ends beside its pill: one ring for `raise`, two for `return`.

    A `raise` that a handler may catch has an arrow instead.
    """
    for pill in picture.whole.walk():
        if "exit" not in pill.css or not pill.boxes:
            continue
        kind_of_exit = _kind_of(pill)
        expected = {"raise": 1, "return": 2, "break": 0}[kind_of_exit] if _ends_at_once(pill, kind_of_exit) else 0
        if kind_of_exit == "raise" and _is_handled(pill):
            expected = 0
        if len(pill.marks) != expected or any(mark.left < pill.box.right for mark in pill.marks):
            yield f"{pill.title} in {pill.parent and pill.parent.identity} has {len(pill.marks)} circles"


def exit_line_has_no_source(picture: Picture) -> Iterator[str]:
    """Each line of exits begins at an exit, or at the end of another line."""
    lines = [line for line in picture.lines if kind(line) == "out"]
    begins = {_begin(figure) for figure in picture.whole.walk() if _kinds(picture, figure)}
    ends = {stroke.end for line in lines for stroke in line.strokes if not is_head(stroke)}
    for line in lines:
        for stroke in line.strokes:
            if not is_head(stroke) and stroke.begin not in begins | ends:
                yield f"{line.css} of {line.figure.identity} at {stroke.begin}"


def exit_stops_at_finally(picture: Picture) -> Iterator[str]:
    """After a `finally` that can end, exactly the exits and uncaught failures that lead into it continue."""
    for panel in picture.whole.walk():
        frame = panel.parent
        if "finally" not in panel.css or frame is None:
            continue
        into: set[LeavingKind] = {
            exit_kind
            for figure in frame.walk()
            for exit_kind in _kinds(picture, figure)
            if _is_next(picture, figure, exit_kind, panel)
        }
        if not any("catch" in inner.css for inner in frame.inner):
            into.add("raise")
        expected = [f"{exit_kind}{AFTER}" for exit_kind in KINDS if exit_kind in into and ends_below(panel)]
        pills = sorted(filter(is_resumed_exit, frame.inner), key=lambda pill: pill.box.top)
        if [pill.title for pill in pills] != expected:
            yield f"{[pill.title for pill in pills]} in {frame.identity} instead of {expected}"
        if not set(pills) <= FlowPaths(frame).reached_from([panel]):
            yield f"nothing leads from finally to what goes on in {frame.identity}"


def failure_has_a_wrong_target(picture: Picture) -> Iterator[str]:
    """A failure leads to the `catch`, else to the `finally`, else past the body."""
    for frame in picture.whole.walk():
        if "try" not in frame.css or not frame.is_frame:
            continue
        panels = {css: inner for inner in frame.inner for css in inner.css & {"body", "catch", "finally"}}
        body, to = panels["body"].box, panels.get("catch") or panels.get("finally")
        failures = [line for line in frame.lines if kind(line) == "failure"]
        strokes = [stroke for line in failures for stroke in line.strokes if not is_head(stroke)]
        tips = [tip for line in failures for tip in map(tip_of, line.strokes) if tip]
        if len(strokes) != 1 or len(tips) != 1:
            yield f"{len(strokes)} lines and {len(tips)} arrows in {frame.identity}"
            continue
        (failure,), (tip,) = strokes, tips
        into = to.box.touches(tip, 1) if to else tip == Point(_spine(frame) + 1, tip.y) and tip.y > body.bottom
        at_side = failure.begin.x == body.right and body.top < failure.begin.y < body.bottom
        at_bottom = failure.begin.y == body.bottom and body.left < failure.begin.x < body.right
        begins = at_side or at_bottom
        if not (begins and into and abs(failure.end.x - tip.x) + abs(failure.end.y - tip.y) <= 6):
            yield f"from {failure.begin} to {tip} in {frame.identity}"


def destination(picture: Picture, figure: Figure, exit_kind: LeavingKind) -> Box:
    """Return the first target of an exit: the next `finally`, the area below its loop or function, or the end."""
    inner: Figure | None = figure
    for outer in [figure, *figure.parents] if "shut" in figure.css else figure.parents:
        if "try" in outer.css and inner is not None and "finally" not in inner.css and not is_resumed_exit(inner):
            for panel in outer.inner:
                if "finally" in panel.css:
                    return panel.box
        if _is_left(picture, outer, exit_kind):
            box = outer.box
            return Box(box.left, box.bottom, box.right, box.bottom + BELOW)
        inner = outer
    return picture.whole.marks[1]


def is_left_early(picture: Picture, frame: Figure) -> bool:
    """Return whether an exit inside a frame leads below it."""
    below = Box(frame.box.left, frame.box.bottom, frame.box.right, frame.box.bottom + BELOW)
    return any(
        destination(picture, figure, exit_kind) == below
        for figure in frame.walk()
        for exit_kind in _kinds(picture, figure)
    )


def ends_below(panel: Figure) -> bool:
    """Return whether a line reaches the end of a panel."""
    return any(
        stroke.end.y == panel.box.bottom for line in panel.lines if kind(line) == "line" for stroke in line.strokes
    )


def exit_kinds_of(picture: Picture, frame: Figure) -> set[LeavingKind]:
    """Return the kinds of exits inside a frame that lead out of it."""
    inside = [figure.box for figure in frame.walk() if figure.boxes]
    below = [Box(box.left, box.bottom, box.right, box.bottom + BELOW) for box in inside]
    return {
        exit_kind
        for figure in frame.walk()
        for exit_kind in _kinds(picture, figure)
        if destination(picture, figure, exit_kind) not in [*inside, *below[1:]]
    }


def _kinds(picture: Picture, figure: Figure) -> Collection[LeavingKind]:
    """Return the kinds of exits out of a figure, or out of its folded contents."""
    if "shut" in figure.css:
        return picture.exit_kinds[figure.identity]
    kinds = [exit_kind for exit_kind in _own_kinds(picture, figure) if not _ends_at_once(figure, exit_kind)]
    return [exit_kind for exit_kind in kinds if exit_kind != "raise" or not _is_caught(figure)]


def _own_kinds(picture: Picture, figure: Figure) -> Collection[LeavingKind]:
    if "exit" in figure.css and figure.boxes:
        return [_kind_of(figure)]
    if "folded" in figure.css:
        return exit_kinds(picture.nodes[figure.identity])
    return ()


def _kind_of(pill: Figure) -> LeavingKind:
    """Return the kind of exit of a pill, whose title is a statement."""
    return next(exit_kind for exit_kind in KINDS if pill.title.replace(",", " ").split()[0] == exit_kind)


def _ends_at_once(figure: Figure, exit_kind: LeavingKind) -> bool:
    """Return whether an exit at a figure ends beside it."""
    if exit_kind == "break":
        return False
    inner = figure
    for outer in figure.parents:
        is_before_finally = "try" in outer.css and "finally" not in inner.css and not is_resumed_exit(inner)
        if is_before_finally and any("finally" in panel.css for panel in outer.inner):
            return False
        if outer.css & {"function", "start", "step"}:
            return exit_kind == "raise"
        if exit_kind == "return" and "parallel" in outer.css and not outer.identity.endswith(".concurrent"):
            return False
        inner = outer
    return True


def _keeps_failures(frame: Figure) -> bool:
    """Return whether a frame is a group that failures of its members do not leave."""
    return "parallel" in frame.css and frame.title.split()[:2] not in (["parallel", "all"], ["concurrent"])


def _is_caught(figure: Figure) -> bool:
    """Return whether a handler or group around a figure may catch its exception before any `finally` runs."""
    inner = figure
    for outer in figure.parents:
        if _keeps_failures(outer):
            return True
        if "try" in outer.css and "finally" not in inner.css and not is_resumed_exit(inner):
            panels = frozenset[str]().union(*(panel.css for panel in outer.inner))
            if "body" in inner.css and "catch" in panels:
                return True
            if "finally" in panels:
                return False
        inner = outer
    return False


def _is_handled(figure: Figure) -> bool:
    """Return whether a handler or group around a figure may catch its exception, or a caller's `finally` runs."""
    inner, is_in_function = figure, False
    for outer in figure.parents:
        if _keeps_failures(outer):
            return True
        if "try" in outer.css and "finally" not in inner.css and not is_resumed_exit(inner):
            panels = frozenset[str]().union(*(panel.css for panel in outer.inner))
            if "body" in inner.css and "catch" in panels:
                return True
            if "finally" in panels:
                return is_in_function
        if "start" in outer.css:
            return False
        is_in_function = is_in_function or bool(outer.css & {"function", "step"})
        inner = outer
    return False


def _is_next(picture: Picture, figure: Figure, exit_kind: LeavingKind, panel: Figure) -> bool:
    return destination(picture, figure, exit_kind) == panel.box


def _is_left(picture: Picture, frame: Figure, exit_kind: LeavingKind) -> bool:
    """Return whether an exit that reaches a frame leads below it."""
    if frame.css & {"function", "start", "step"}:
        return True
    return exit_kind == "break" and ("loop" in frame.css or shows_all_iterations(picture, frame))


def _begin(figure: Figure) -> Point:
    """Return the point at which exits of a figure begin: the middle of its right side."""
    box = figure.boxes[-1] if "shut" in figure.css else figure.box
    return Point(figure.box.right, box.top + (box.bottom - box.top) // 2)


def _spine(frame: Figure) -> float:
    """Return the x position of the line to the end of a frame."""
    return next(
        stroke.end.x
        for line in frame.lines
        if kind(line) == "line"
        for stroke in line.strokes
        if stroke.end.y == frame.box.bottom
    )


def _is_just_before(end: Point, tip: Point) -> bool:
    """Return whether a line that ends at `end` leads to the tip of an arrow, to the left or down."""
    to_the_left, down = end.x - tip.x, tip.y - end.y
    return (0 <= to_the_left <= 7 and down == 0) or (0 <= down <= 7 and to_the_left == 0)


def _followed(lines: list[Line], begin: Point) -> set[Point]:
    """Return the tips of the arrows that the lines from a point lead to."""
    strokes = [(line, stroke) for line in lines for stroke in line.strokes if not is_head(stroke)]
    pending = [(line, stroke) for line, stroke in strokes if stroke.begin == begin]
    visited: set[int] = set()
    tips: set[Point] = set()
    while pending:
        line, stroke = pending.pop()
        if id(stroke) in visited:
            continue
        visited.add(id(stroke))
        here = stroke.end
        into = [tip for tip in map(tip_of, line.strokes) if tip and _is_just_before(here, tip)]
        tips.update(into)
        if not into:
            pending += [
                (next_line, next_stroke)
                for next_line, next_stroke in strokes
                if next_stroke is not stroke and next_stroke.segments[0].has(here)
            ]
    return tips
