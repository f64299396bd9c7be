"""Laws about the timeline and the status of an instance, which contain no figures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tests.svg.picture import Chart, Picture
from tests.svg.shapes import Box


def chart_leaves_the_picture(picture: Picture) -> Iterator[str]:
    paper = Box(0, 0, picture.width, picture.height)
    for chart in picture.charts:
        yield from (f"{box} of {chart.css}" for box in _all(chart) if not paper.holds(box))


def shape_leaves_its_timeline(picture: Picture) -> Iterator[str]:
    for chart in picture.charts:
        if "timeline" in chart.css:
            frame = chart.boxes[0]
            yield from (f"{box} leaves {frame}" for box in _all(chart) if not frame.holds(box))


def chart_text_covers_another_shape(picture: Picture) -> Iterator[str]:
    """Text covers no other text, no sign and no bar. Periods that are drawn shorter may be behind it."""
    for chart in picture.charts:
        texts = [text.box for text in chart.texts]
        yield from (f"{first} covers {second}" for first, second in combinations(texts, 2) if first.overlaps(second))
        shapes = [*chart.signs, *chart.bars]
        yield from (
            f"{text.text!r} covers {shape}" for text in chart.texts for shape in shapes if text.box.overlaps(shape)
        )


def _all(chart: Chart) -> list[Box]:
    return [*chart.boxes, *chart.bars, *chart.signs, *(text.box for text in chart.texts)]
