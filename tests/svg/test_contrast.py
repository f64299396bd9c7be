"""Contrast of text and lines with their backgrounds, as WCAG 2.2 requires."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from stepgraph.render.svg.theme import LIGHT, FigureClass, Palette, has_heading
from tests.svg.contrast import GRAPHICS, PALETTES, TEXT, contrast

BANDED = tuple(name for name, colors in LIGHT.by_kind.items() if colors.band)
FRAMES = (*BANDED, "body")
HEADED = tuple(name for name in BANDED if has_heading(name))
LEAVES = tuple(name for name in LIGHT.by_kind if not has_heading(name) and name not in {"condition", "body", "legend"})


def texts(palette: Palette) -> Iterator[tuple[str, str, str]]:
    """Yield each color of text with each of its backgrounds."""
    yield "title", palette.text, palette.paper
    yield "payload", palette.detail, palette.paper
    for name in (*LEAVES, "condition", "legend"):
        yield f"text on {name}", palette.text, palette.by_kind[name].fill
        yield f"details on {name}", palette.detail, palette.by_kind[name].fill
    for name in BANDED:
        yield f"text on the band of {name}", palette.text, palette.by_kind[name].band
        yield f"details on the band of {name}", palette.detail, palette.by_kind[name].band
    for name in HEADED:
        yield f"heading on the band of {name}", palette.by_kind[name].line, palette.by_kind[name].band
    yield "text of an exit", palette.by_kind["exit"].line, palette.by_kind["exit"].fill


def graphics(palette: Palette) -> Iterator[tuple[str, str, str]]:
    """Yield each color of lines with each of its backgrounds."""
    backgrounds = {"paper": palette.paper} | {name: palette.by_kind[name].fill for name in FRAMES}
    for name, background in backgrounds.items():
        yield f"line on {name}", palette.line, background
        yield f"exit on {name}", palette.exit, background
        yield f"way back on {name}", palette.again, background
        yield f"failure on {name}", palette.failure, background
        for inner in (*LEAVES, *FRAMES, "exit"):
            yield f"border of {inner} on {name}", palette.by_kind[inner].edge, background
    for name in LEAVES:
        yield f"icon on {name}", palette.by_kind[name].line, palette.by_kind[name].fill
    for name in BANDED:
        yield f"icon on the band of {name}", palette.by_kind[name].line, palette.by_kind[name].band
    yield "icon of an exit", palette.by_kind["exit"].line, palette.by_kind["exit"].fill
    for background in ("paper", "choice"):
        color = palette.by_kind["condition"].edge
        yield f"border of a condition on {background}", color, backgrounds[background]
    yield "bar", palette.bar, palette.by_kind["parallel"].fill
    yield "bar that the first gets to", palette.bar, palette.paper


@PALETTES
def test_each_kind_of_figure_has_colors(palette: Palette) -> None:
    assert set(palette.by_kind) == set(get_args(FigureClass))


@PALETTES
def test_text_has_enough_contrast(palette: Palette) -> None:
    assert [(name, round(contrast(*pair), 2)) for name, *pair in texts(palette) if contrast(*pair) < TEXT] == []


@PALETTES
def test_lines_and_icons_have_enough_contrast(palette: Palette) -> None:
    assert [(name, round(contrast(*pair), 2)) for name, *pair in graphics(palette) if contrast(*pair) < GRAPHICS] == []


def test_the_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == 21
