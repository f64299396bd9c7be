"""Laws about badges of findings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tests.svg.picture import Badge, Figure, Picture
from tests.svg.shapes import Box


def badge_is_not_at_its_corner(picture: Picture) -> Iterator[str]:
    """The badge of a figure is on the upper right corner of its box, and pills are below the title."""
    for figure in picture.whole.walk():
        for badge in figure.badges:
            box = figure.boxes[-1] if figure.boxes else None
            if ("state" in badge.css) != (box is None):
                yield badge.title
            elif box is not None and not _covers_corner(badge.box, box):
                yield f"{badge.title} of {figure.identity}"


def _covers_corner(badge: Box, box: Box) -> bool:
    return badge.left < box.right < badge.right and (badge.top + badge.bottom) / 2 == box.top


def badge_covers_a_shape(picture: Picture) -> Iterator[str]:
    """Badges cover only the corner of their figure: no text, icon, bar, end mark, line, or other badge."""
    figures = list(picture.whole.walk())
    badges = [badge for figure in figures for badge in figure.badges]
    shapes = [box for figure in figures for box in _shapes(figure)]
    segments = [segment for line in picture.lines for stroke in line.strokes for segment in stroke.segments]
    for badge in badges:
        yield from (f"{badge.title} covers {shape}" for shape in shapes if badge.box.overlaps(shape))
        yield from (f"{badge.title} covers {segment}" for segment in segments if segment.enters(badge.box))
    yield from (
        f"{first.title} covers {second.title}"
        for first, second in combinations(badges, 2)
        if first.box.overlaps(second.box)
    )


def _shapes(figure: Figure) -> list[Box]:
    texts = [text.box for text in figure.texts]
    return [*texts, *figure.icons, *figure.bars, *figure.marks, *figure.loose_ends]


def badge_covers_another_figure(picture: Picture) -> Iterator[str]:
    for figure in picture.figures:
        near = {figure, *figure.parents}
        for badge in figure.badges:
            others = (other for other in picture.figures if other not in near and figure not in other.parents)
            yield from (
                f"{badge.title} of {figure.identity} covers {other.identity}"
                for other in others
                if badge.box.overlaps(other.box)
            )


def badge_leaves_the_picture(picture: Picture) -> Iterator[str]:
    paper = Box(0, 0, picture.width, picture.height)
    yield from (badge.title for figure in picture.whole.walk() for badge in figure.badges if not _fits(badge, paper))


def _fits(badge: Badge, paper: Box) -> bool:
    return paper.holds(badge.box) and badge.box.holds(badge.text.box)
