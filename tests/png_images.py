"""Reading PNG images, and the mark of tests that draw them."""

from __future__ import annotations

import os
import zlib
from importlib.util import find_spec

import pytest

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# In CI, the extra `test` installs the package, so that a missing package is a failure.
needs_png = pytest.mark.skipif(
    find_spec("resvg_py") is None and not os.environ.get("CI"), reason="the extra `png` is not installed"
)


def size_of(image: bytes) -> tuple[int, int]:
    """Return the width and height of an image in pixels."""
    assert image.startswith(SIGNATURE)
    return int.from_bytes(image[16:20]), int.from_bytes(image[20:24])


def first_pixel(image: bytes) -> tuple[int, int, int, int]:
    """Return the color of the pixel at the top left: red, green, blue and opacity.

    All filters of a line keep the bytes of its first pixel on the first line.
    """
    start = image.index(b"IDAT") + 4
    red, green, blue, opacity = zlib.decompressobj().decompress(image[start:], 5)[1:]
    return red, green, blue, opacity
