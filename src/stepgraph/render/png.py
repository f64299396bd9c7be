"""Pictures as PNG: SVG documents drawn by the optional package `resvg-py`.

A PNG is drawn with packaged fonts. Their widths are those of `render/svg/fonts.py`, so text fits its boxes, and equal
graphs produce equal bytes on machines with different fonts. Only characters that the packaged fonts lack are drawn with
fonts of the system.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import PNG_PIXELS, PNG_SIDE
from stepgraph.phrases import missing_extra

SCALE: Final = 2
"""The pixels of a PNG per pixel of the SVG, for sharp text on screens of high density."""

_CONVERTER: Final = "resvg_py"
# Packages with a font family each, and the path of the upright font in the package.
_FONTS: Final = (
    ("fontpkg_arimo", ("files", "Arimo[wght].ttf")),
    ("fontpkg_roboto_mono", ("files", "RobotoMono[wght].ttf")),
)
# The selectors are more specific than those of the style sheet of drawings. The first rule is for Graphviz pictures.
_STYLE: Final = """\
svg text{font-family:Arimo}
svg.stepgraph text{font-family:Arimo}
svg.stepgraph text .code{font-family:Roboto Mono}
"""
_LENGTH: Final = re.compile(r'\s(width|height)="(\d+(?:\.\d+)?)(pt|px)?"')
_DPI: Final = 96
"""The pixels per inch of SVG, for the conversion of sizes in points, as in pictures of Graphviz."""
_PIXELS_PER_UNIT: Final = {"": 1.0, "px": 1.0, "pt": _DPI / 72}


class PngError(Exception):
    """An SVG cannot be drawn as PNG. The message gives the reason, and the remedy if there is one, on one line."""


class PictureTooLargeError(PngError):
    """A picture exceeds the limits on its size."""


def require_converter() -> None:
    """Raise PngError if a package of the extra `png` is not installed."""
    if find_spec(_CONVERTER) is None or any(find_spec(package) is None for package, _ in _FONTS):
        raise PngError(f"{missing_extra('PNG output', 'png')}, or write an SVG")


def png_of(svg: str) -> bytes:
    """Return an SVG document as PNG. Equal documents produce equal bytes with the same fonts.

    Raises PictureTooLargeError before the picture takes memory, and PngError if it cannot be drawn.
    """
    require_converter()
    width, height = _pixels(svg)
    if width * height > PNG_PIXELS or max(width, height) > PNG_SIDE:
        raise PictureTooLargeError(
            f"the picture is too large for a PNG: {width:,} by {height:,} pixels, and the limits are {PNG_SIDE:,} "
            f"pixels per side and {PNG_PIXELS // 1_000_000} million pixels in all"
        )
    # The converter recurses as deeply as the elements are nested.
    return run_with_large_stack(lambda: _converted(svg, width, height))


def _pixels(svg: str) -> tuple[int, int]:
    """Return the width and height of the PNG in pixels. Raises PngError for an SVG without a size."""
    start = svg.find("<svg")
    tag = svg[start : svg.find(">", start)]
    lengths = {name: _scaled(number, unit) for name, number, unit in _LENGTH.findall(tag)}
    if lengths.keys() != {"width", "height"}:
        raise PngError("the picture has no size, so it cannot be drawn as PNG. Write an SVG")
    return lengths["width"], lengths["height"]


def _scaled(length: str, unit: str) -> int:
    return max(1, math.ceil(float(length) * _PIXELS_PER_UNIT[unit] * SCALE))


def _converted(svg: str, width: int, height: int) -> bytes:
    # Imported here because the package is optional.
    from resvg_py import svg_to_bytes

    try:
        # The explicit size bounds the memory of the picture for documents of any size.
        content: bytes = svg_to_bytes(
            svg_string=svg,
            width=width,
            height=height,
            dpi=_DPI,
            style_sheet=_STYLE,
            font_files=list(_font_paths()),
        )
    except ValueError as error:
        raise PngError(f"the picture cannot be drawn as PNG: {error}. Write an SVG") from error
    return content


def _font_paths() -> Iterator[str]:
    for package, path in _FONTS:
        spec = find_spec(package)
        for folder in () if spec is None else spec.submodule_search_locations or ():
            yield str(Path(folder, *path))
