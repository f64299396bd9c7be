"""Laws about the positions of boxes."""

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
        for first, second in combinations([inner for inner in figure.inner if inner.boxes], 2):
            if first.box.overlaps(second.box):
                yield f"{first.identity or first.title} and {second.identity or second.title}"


def box_leaves_its_frame(picture: Picture) -> Iterator[str]:
    for figure in picture.figures:
        frame = next((outer for outer in figure.parents if outer.boxes), None)
        if frame is None:
            continue
        room = frame.boxes[-1]  # the box in front
        if frame.band is not None:
            room = Box(room.left, frame.band.bottom, room.right, room.bottom)
        if not room.holds(figure.box):
            yield f"{figure.identity or figure.title} leaves {frame.identity}"


def shape_is_outside_of_the_picture(picture: Picture) -> Iterator[str]:
    paper = Box(0, 0, picture.width, picture.height)
    for figure in picture.whole.walk():
        boxes = [*figure.boxes, *figure.bars, *figure.marks, *figure.icons, *figure.loose_ends]
        boxes += [text.box for text in figure.texts]
        boxes += [segment.box for line in figure.lines for stroke in line.strokes for segment in stroke.segments]
        yield from (f"{box} of {figure.identity}" for box in boxes if not paper.holds(box))


def bar_touches_a_figure(picture: Picture) -> Iterator[str]:
    """Only lines touch bars. Boxes and other bars keep a distance."""
    for figure in picture.whole.walk():
        for bar in figure.bars:
            others = [*(inner.box for inner in figure.inner if inner.boxes), *figure.bars]
            if any(bar is not box and bar.grown(2).overlaps(box) for box in others):
                yield f"{bar} in {figure.identity}"
            if bar.right <= bar.left:
                yield f"{bar} in {figure.identity} is empty"


def loose_end_touches_a_shape(picture: Picture) -> Iterator[str]:
    """The loose ends of unawaited work touch no boxes, bars, or lines of other work."""
    for figure in picture.whole.walk():
        for end in figure.loose_ends:
            boxes = [*(inner.box for inner in figure.inner if inner.boxes), *figure.bars]
            boxes += [circle for circle in figure.loose_ends if circle is not end]
            if any(end.grown(1).overlaps(box) for box in boxes):
                yield f"{end} in {figure.identity}"
            lines = [line for line in picture.lines if kind(line) != "unawaited"]
            if any(segment.enters(end.grown(1)) for line in lines for s in line.strokes for segment in s.segments):
                yield f"a line through {end} in {figure.identity}"


def branches_begin_at_different_heights(picture: Picture) -> Iterator[str]:
    """The bodies of branches in a row begin at the same height. If there are two rows, branches alternate."""
    for frame in picture.whole.walk():
        if "choice" not in frame.css:
            continue
        tops: dict[int, float] = {}
        for inner in frame.inner:
            if match := _IN_BRANCH.match(inner.identity.removeprefix(frame.identity)):
                branch = int(match[1])
                tops[branch] = min(inner.box.top, tops.get(branch, inner.box.top))
        rows = [{top for branch, top in tops.items() if branch % 2 == odd} for odd in (1, 0)]
        if len(set(tops.values())) > 1 and any(len(row) > 1 for row in rows):
            yield f"{tops} in {frame.identity}"


def frame_is_wrongly_stacked(picture: Picture) -> Iterator[str]:
    """A frame is stacked if, and only if, it represents all concurrent iterations of a loop."""
    for figure in picture.figures:
        if figure.css & {"frame", "shut"} and (len(figure.boxes) == 2) != shows_all_iterations(picture, figure):
            yield figure.identity


def shows_all_iterations(picture: Picture, figure: Figure) -> bool:
    """Return whether a figure shows a group with nothing but a loop."""
    node = picture.nodes.get(figure.identity)
    if node is None or as_unknown(node) or node["type"] != "parallel":
        return False
    return [inner["type"] for inner in node["nodes"]] == ["loop"]
