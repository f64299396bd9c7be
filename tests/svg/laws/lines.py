"""Where lines may be, and what they begin and end at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from tests.svg.picture import Figure, Line, Picture
from tests.svg.shapes import Box, Point, Segment
from tests.svg.strokes import Stroke


def line_passes_through_a_box(picture: Picture) -> Iterator[str]:
    """Lines cross the borders of frames that they are in, and enter no other box: neither steps nor bands."""
    figures = [(figure, _closed(figure)) for figure in picture.figures]
    for line in picture.lines:
        inside = {line.figure, *line.figure.around}
        for figure, closed in figures:
            box = closed if figure in inside else figure.box
            if box is not None and any(
                segment.enters(box.grown(-0.5)) for stroke in line.strokes for segment in stroke.segments
            ):
                yield f"{line.css} of {line.figure.identity} through {figure.identity or figure.title}"


def _closed(figure: Figure) -> Box | None:
    """Return what even the lines within a figure keep out of."""
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
    """Return whether a segment is upright, and how far to the right it is then, else how far down."""
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
    """What begins or ends at a bar may lie on it."""
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
        for (one, first), (other, second) in combinations(segments, 2):
            if one != other and first.runs_along(second):
                yield f"{one} and {other} at {first}, {second}"


def kind(line: Line) -> str:
    """Return what a line is: `line` for the usual way."""
    first = line.css.split()[0]
    return "line" if first == "flow" else first


def line_begins_or_ends_nowhere(picture: Picture) -> Iterator[str]:
    """What nothing waits for ends in a small circle, and nothing else does."""
    things = _things(picture)
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
                if not any(box.touches(point, 1) for box in things) and not any(
                    segment.has(point, 1) for other, segment in segments if other is not stroke
                ):
                    yield f"{line.css} of {line.figure.identity} at {point}"

    for figure in picture.whole.walk():
        unawaited = [s.end for line in figure.lines if kind(line) == "unawaited" for s in line.strokes]
        if Counter(unawaited) != Counter(map(_top_of, figure.loose_ends)):
            yield f"{figure.identity} has loose ends other than those of what nothing waits for"


def _top_of(circle: Box) -> Point:
    return Point((circle.left + circle.right - 1) / 2, circle.top)


def line_is_filled(picture: Picture) -> Iterator[str]:
    """Only heads of arrows are filled: lines of classes that are have nothing between them."""
    for line in picture.lines:
        if not set(line.css.split()) & {"filled", "flow", "head"}:
            continue
        for stroke in line.strokes:
            is_straight = not stroke.closed and len(stroke.points) == 2
            if not (is_head(stroke) and stroke.closed) and not stroke.back and not is_straight:
                yield f"{line.css} of {line.figure.identity} from {stroke.begin}"


def arrow_points_at_nothing(picture: Picture) -> Iterator[str]:
    """An arrow of the usual way ends at the top of a figure; others at a figure's side, or at a spine."""
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
        for tip in filter(None, map(tip_of, line.strokes)):
            at_top = any(box.top == tip.y and box.left + 6 < tip.x < box.right - 6 for box in figures)
            beside = any(box.grown(1).touches(tip) and box.top + 6 < tip.y < box.bottom - 6 for box in figures)
            above = any(box.top - 1 == tip.y and box.left + 6 < tip.x < box.right - 6 for box in figures)
            at_spine = any(segment.has(tip, 1) for segment in spines)
            if not (at_top if kind(line) == "line" else beside or above or at_spine):
                yield f"{line.css} of {line.figure.identity} at {tip}"


def spine_is_crooked(picture: Picture) -> Iterator[str]:
    """What leads out of a box at its bottom does so right below where an arrow leads into it."""
    ways = [line for line in picture.lines if kind(line) in {"line", "unawaited"}]
    tips = {tip for line in ways for tip in map(tip_of, line.strokes) if tip}
    begins = [stroke.begin for line in ways for stroke in line.strokes if not is_head(stroke)]
    for figure in picture.figures:
        box = figure.box
        into = {tip.x for tip in tips if tip.y == box.top and box.has(tip)}
        out_of = {point.x for point in begins if point.y == box.bottom and box.has(point)}
        if out_of and into and out_of != into:
            yield f"{figure.identity or figure.title} from {into} to {out_of}"


def is_head(stroke: Stroke) -> bool:
    """Tell whether a stroke is the head of an arrow."""
    return tip_of(stroke) is not None


def tip_of(stroke: Stroke) -> Point | None:
    """Return where an arrow points to, if a stroke is its head."""
    if len(stroke.points) != 3:
        return None
    first, tip, last = stroke.points
    slanted = first.x != tip.x and first.y != tip.y and last.x != tip.x and last.y != tip.y
    return tip if slanted else None


def _things(picture: Picture) -> list[Box]:
    """Return all that lines may begin and end at, but for other lines."""
    things: list[Box] = []
    for figure in picture.whole.walk():
        things += [*figure.boxes, *figure.bars, *figure.marks]
        if figure.boxes:
            things.append(figure.box)
        if figure.band is not None:
            things.append(figure.band)
    return things
