"""Where boxes may be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from stepgraph.model.walk import as_unknown
from tests.svg.laws.lines import kind
from tests.svg.picture import Figure, Picture
from tests.svg.shapes import Box

_IN_BRANCH = re.compile(r"\.(\d+)(?:--|\.concurrent)")


def siblings_overlap(picture: Picture) -> Iterator[str]:
    for figure in picture.whole.walk():
        for one, other in combinations([inner for inner in figure.inner if inner.boxes], 2):
            if one.box.overlaps(other.box):
                yield f"{one.identity or one.title} and {other.identity or other.title}"


def box_leaves_its_frame(picture: Picture) -> Iterator[str]:
    for figure in picture.figures:
        frame = next((outer for outer in figure.around if outer.boxes), None)
        if frame is None:
            continue
        room = frame.boxes[-1]  # not what is behind it
        if frame.band is not None:
            room = Box(room.left, frame.band.bottom, room.right, room.bottom)
        if not room.holds(figure.box):
            yield f"{figure.identity or figure.title} leaves {frame.identity}"


def something_is_outside_of_the_picture(picture: Picture) -> Iterator[str]:
    paper = Box(0, 0, picture.width, picture.height)
    for figure in picture.whole.walk():
        boxes = [*figure.boxes, *figure.bars, *figure.marks, *figure.icons, *figure.loose_ends]
        boxes += [text.box for text in figure.texts]
        boxes += [segment.box for line in figure.lines for stroke in line.strokes for segment in stroke.segments]
        yield from (f"{box} of {figure.identity}" for box in boxes if not paper.holds(box))


def bar_touches_a_figure(picture: Picture) -> Iterator[str]:
    """Lines lead to and from bars; boxes, and other bars, keep off."""
    for figure in picture.whole.walk():
        for bar in figure.bars:
            others = [*(inner.box for inner in figure.inner if inner.boxes), *figure.bars]
            if any(bar is not other and bar.grown(2).overlaps(other) for other in others):
                yield f"{bar} in {figure.identity}"
            if bar.right <= bar.left:
                yield f"{bar} in {figure.identity} is empty"


def loose_end_touches_something(picture: Picture) -> Iterator[str]:
    """Where what nothing waits for ends is clear of all that goes on: boxes, bars, and lines but its own."""
    for figure in picture.whole.walk():
        for end in figure.loose_ends:
            boxes = [*(inner.box for inner in figure.inner if inner.boxes), *figure.bars]
            boxes += [other for other in figure.loose_ends if other is not end]
            if any(end.grown(1).overlaps(box) for box in boxes):
                yield f"{end} in {figure.identity}"
            lines = [line for line in picture.lines if kind(line) != "unawaited"]
            if any(segment.enters(end.grown(1)) for line in lines for s in line.strokes for segment in s.segments):
                yield f"a line through {end} in {figure.identity}"


def branches_begin_at_different_heights(picture: Picture) -> Iterator[str]:
    """What runs in branches beside each other begins below the tallest of their conditions, in all of them."""
    for frame in picture.whole.walk():
        if "choice" not in frame.css:
            continue
        tops: dict[str, float] = {}
        for inner in frame.inner:
            if match := _IN_BRANCH.match(inner.identity.removeprefix(frame.identity)):
                tops[match[1]] = min(inner.box.top, tops.get(match[1], inner.box.top))
        if len(set(tops.values())) > 1:
            yield f"{tops} in {frame.identity}"


def frame_is_not_stacked_as_often_as_it_runs(picture: Picture) -> Iterator[str]:
    """A frame has another behind it if it stands for all passes of a loop at the same time, and only then."""
    for figure in picture.figures:
        if figure.css & {"frame", "shut"} and (len(figure.boxes) == 2) != is_of_passes(picture, figure):
            yield figure.identity


def is_of_passes(picture: Picture, figure: Figure) -> bool:
    """Tell whether a figure shows a group of nothing but a loop."""
    node = picture.nodes.get(figure.identity)
    if node is None or as_unknown(node) or node["type"] != "parallel":
        return False
    return [inner["type"] for inner in node["nodes"]] == ["loop"]
