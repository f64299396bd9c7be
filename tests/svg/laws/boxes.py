"""Where boxes may be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tests.svg.picture import Picture
from tests.svg.shapes import Box


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
        room = frame.box
        if frame.band is not None:
            room = Box(room.left, frame.band.bottom, room.right, room.bottom)
        if not room.holds(figure.box):
            yield f"{figure.identity or figure.title} leaves {frame.identity}"


def something_is_outside_of_the_picture(picture: Picture) -> Iterator[str]:
    paper = Box(0, 0, picture.width, picture.height)
    for figure in picture.whole.walk():
        boxes = [*figure.boxes, *figure.bars, *figure.marks, *figure.icons, *(text.box for text in figure.texts)]
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
