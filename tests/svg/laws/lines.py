"""Laws about the positions of lines and their ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from tests.svg.picture import Figure, Line, Picture
from tests.svg.shapes import Box, Point, Segment
from tests.svg.strokes import Stroke


def line_passes_through_a_box(picture: Picture) -> Iterator[str]:
    """Lines cross the borders of enclosing frames, and enter no other box or band."""
    figures = [(figure, _closed(figure)) for figure in picture.figures]
    for line in picture.lines:
        inside = {line.figure, *line.figure.parents}
        for figure, closed in figures:
            box = closed if figure in inside else figure.box
            if box is not None and any(
                segment.enters(box.grown(-0.5)) for stroke in line.strokes for segment in stroke.segments
            ):
                yield f"{line.css} of {line.figure.identity} through {figure.identity or figure.title}"


def _closed(figure: Figure) -> Box | None:
    """Return the area that even lines inside a figure avoid."""
    if figure.is_frame:
        return figure.band
    if "shut" in figure.css:
        return figure.boxes[-1]
    return figure.box if "legend" not in figure.css else None


def line_runs_along_a_border(picture: Picture) -> Iterator[str]:
    borders: dict[tuple[bool, float], list[tuple[Figure, Segment]]] = {}
    for figure in picture.figures:
        for border in [border for box in figure.boxes for border in _borders(box)]:
            borders.setdefault(_where(border), []).append((figure, border))
    for line in picture.lines:
        for stroke in line.strokes:
            for segment in stroke.segments:
                for figure, border in borders.get(_where(segment), ()):
                    if segment.runs_along(border):
                        yield f"{line.css} of {line.figure.identity} along {figure.identity or figure.title}"


def _where(segment: Segment) -> tuple[bool, float]:
    """Return whether a segment is vertical, and its x position if it is, otherwise its y position."""
    upright = segment.begin.x == segment.end.x
    return upright, segment.begin.x if upright else segment.begin.y


def _borders(box: Box) -> list[Segment]:
    corners = [
        Point(box.left, box.top),
        Point(box.right, box.top),
        Point(box.right, box.bottom),
        Point(box.left, box.bottom),
    ]
    return [Segment(begin, end) for begin, end in zip(corners, [*corners[1:], corners[0]], strict=True)]


def line_passes_a_bar_without_a_gap(picture: Picture) -> Iterator[str]:
    """A line may overlap a bar only at its ends."""
    for figure in picture.whole.walk():
        for bar in figure.bars:
            for line in picture.lines:
                for stroke in line.strokes:
                    passes = any(segment.enters(bar.grown(2)) for segment in stroke.segments)
                    if passes and not bar.has(stroke.begin) and not bar.has(stroke.end):
                        yield f"{line.css} of {figure.identity}"


def lines_of_two_kinds_run_along_each_other(picture: Picture) -> Iterator[str]:
    lines: dict[tuple[bool, float], list[tuple[str, Segment]]] = {}
    for line in picture.lines:
        for stroke in line.strokes:
            for segment in stroke.segments:
                lines.setdefault(_where(segment), []).append((kind(line), segment))
    for segments in lines.values():
        for (first_kind, first), (second_kind, second) in combinations(segments, 2):
            if first_kind != second_kind and first.runs_along(second):
                yield f"{first_kind} and {second_kind} at {first}, {second}"


def kind(line: Line) -> str:
    """Return the kind of a line: `line` for the normal flow."""
    first = line.css.split()[0]
    return "line" if first == "flow" else first


def line_end_is_unconnected(picture: Picture) -> Iterator[str]:
    """Only lines of unawaited work end in small circles."""
    targets = _line_targets(picture)
    segments = [(stroke, segment) for line in picture.lines for stroke in line.strokes for segment in stroke.segments]
    for line in picture.lines:
        for stroke in line.strokes:
            if is_head(stroke):
                continue
            if kind(line) == "unawaited":
                if not any(_top_of(end) == stroke.end for end in line.figure.loose_ends):
                    yield f"{line.css} of {line.figure.identity} ends in the open at {stroke.end}"
                ends = [stroke.begin]
            else:
                ends = [stroke.begin, stroke.end]
            for point in ends:
                if not any(box.touches(point, 1) for box in targets) and not any(
                    segment.has(point, 1) for owner, segment in segments if owner is not stroke
                ):
                    yield f"{line.css} of {line.figure.identity} at {point}"

    for figure in picture.whole.walk():
        unawaited = [s.end for line in figure.lines if kind(line) == "unawaited" for s in line.strokes]
        if Counter(unawaited) != Counter(map(_top_of, figure.loose_ends)):
            yield f"{figure.identity} has loose ends that are not of unawaited work"


def _top_of(circle: Box) -> Point:
    return Point((circle.left + circle.right - 1) / 2, circle.top)


def line_is_filled(picture: Picture) -> Iterator[str]:
    """Only arrow heads are filled. Other lines of filled classes enclose no area."""
    for line in picture.lines:
        if not set(line.css.split()) & {"filled", "flow", "head"}:
            continue
        for stroke in line.strokes:
            is_straight = not stroke.closed and len(stroke.points) == 2
            if not (is_head(stroke) and stroke.closed) and not stroke.back and not is_straight:
                yield f"{line.css} of {line.figure.identity} from {stroke.begin}"


def arrow_points_at_nothing(picture: Picture) -> Iterator[str]:
    """An arrow of the normal flow ends at the top of a figure, and any other at a side of a figure or at a spine.

    The arrows beside exits and folded nodes, which lead to a handler or a loop, end in the open.
    """
    figures = [box for figure in picture.whole.walk() for box in [*figure.boxes, *figure.marks]]
    spines = [
        segment
        for line in picture.lines
        if kind(line) == "line"
        for stroke in line.strokes
        if not is_head(stroke)
        for segment in stroke.segments
    ]
    for line in picture.lines:
        if line.figure.css & {"exit", "folded", "shut"}:
            continue
        for tip in filter(None, map(tip_of, line.strokes)):
            at_top = any(box.top == tip.y and box.left + 6 < tip.x < box.right - 6 for box in figures)
            at_side = any(box.grown(1).touches(tip) and box.top + 6 < tip.y < box.bottom - 6 for box in figures)
            above = any(box.top - 1 == tip.y and box.left + 6 < tip.x < box.right - 6 for box in figures)
            at_spine = any(segment.has(tip, 1) for segment in spines)
            if not (at_top if kind(line) == "line" else at_side or above or at_spine):
                yield f"{line.css} of {line.figure.identity} at {tip}"


def spine_is_crooked(picture: Picture) -> Iterator[str]:
    """The line out of a box is directly below the arrow into it."""
    lines = [line for line in picture.lines if kind(line) in {"line", "unawaited"}]
    tips = {tip for line in lines for tip in map(tip_of, line.strokes) if tip}
    begins = [stroke.begin for line in lines for stroke in line.strokes if not is_head(stroke)]
    for figure in picture.figures:
        box = figure.box
        into = {tip.x for tip in tips if tip.y == box.top and box.has(tip)}
        out_of = {point.x for point in begins if point.y == box.bottom and box.has(point)}
        if out_of and into and out_of != into:
            yield f"{figure.identity or figure.title} from {into} to {out_of}"


def is_head(stroke: Stroke) -> bool:
    """Return whether a stroke is an arrow head."""
    return tip_of(stroke) is not None


def tip_of(stroke: Stroke) -> Point | None:
    """Return the tip of an arrow head, or None for other strokes."""
    if len(stroke.points) != 3:
        return None
    first, tip, last = stroke.points
    slanted = first.x != tip.x and first.y != tip.y and last.x != tip.x and last.y != tip.y
    return tip if slanted else None


def _line_targets(picture: Picture) -> list[Box]:
    """Return all shapes at which lines may begin and end, except other lines."""
    targets: list[Box] = []
    for figure in picture.whole.walk():
        targets += [*figure.boxes, *figure.below_tabs, *figure.bars, *figure.marks]
        if figure.boxes:
            targets.append(figure.box)
        if figure.band is not None:
            targets.append(figure.band)
    return targets
