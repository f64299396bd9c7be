"""Laws about the positions of text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tests.svg.picture import Figure, Picture
from tests.svg.shapes import Box


def text_leaves_its_box(picture: Picture) -> Iterator[str]:
    for figure in picture.whole.walk():
        room = _room(figure) or Box(0, 0, picture.width, picture.height)
        for text in figure.texts:
            if not room.holds(text.box):
                yield f"{text.text!r} leaves {room}"


def text_covers_text_or_an_icon(picture: Picture) -> Iterator[str]:
    for figure in picture.whole.walk():
        boxes = [*(text.box for text in figure.texts), *figure.icons]
        if any(first.overlaps(second) for first, second in combinations(boxes, 2)):
            yield figure.identity or figure.title


def line_passes_through_text(picture: Picture) -> Iterator[str]:
    texts = [text for figure in picture.whole.walk() for text in figure.texts if text.text]
    for line in picture.lines:
        for stroke in line.strokes:
            for segment in stroke.segments:
                yield from (f"{line.css} through {text.text!r}" for text in texts if segment.enters(text.box))


def _room(figure: Figure) -> Box | None:
    """Return the box around the text of a figure: its band, its own box, or the box of its parent."""
    if figure.band is not None:
        return figure.band
    if figure.boxes:
        return figure.boxes[-1]
    return next((outer.box for outer in figure.parents if outer.boxes), None)
