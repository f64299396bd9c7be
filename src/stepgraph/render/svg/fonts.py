"""Fonts with their widths.

The widths of ASCII characters come from Helvetica, except in code, and the widths of other characters are estimates.
Arial, Liberation Sans and most substitutes share the widths of Helvetica.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from msgspec import Struct

from stepgraph.render.text_width import Ruler, cells_of

EM: Final = 1000
FAMILY: Final = "Helvetica Neue,Helvetica,Arial,Liberation Sans,sans-serif"
CODE_FAMILY: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,Liberation Mono,DejaVu Sans Mono,monospace"

_ASCII: Final = "".join(map(chr, range(32, 127)))
# Metrics of Helvetica and Helvetica-Bold for the printable ASCII characters in order, in thousandths of the size.
_REGULAR: Final = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278"
    " 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556"
    " 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778"
    " 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556"
    " 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556"
    " 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD: Final = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278"
    " 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611"
    " 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778"
    " 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556"
    " 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611"
    " 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_MONOSPACED: Final = " ".join(["602"] * len(_ASCII))
_OTHER_LETTER: Final = 680
_WIDE_LETTER: Final = 1000
_ZERO_WIDTH_LETTER: Final = 0
_OTHER_WIDTHS: Final = (_ZERO_WIDTH_LETTER, _OTHER_LETTER, _WIDE_LETTER)


class Font(Struct, frozen=True):
    """A font at a size in pixels."""

    ruler: Ruler
    size: int
    line_height: int
    """The distance between lines in pixels."""

    def width(self, text: str) -> int:
        """Return the width of `text` in pixels, rounded up."""
        return -(-self.ruler.width(text) * self.size // EM)

    def clip(self, text: str, width: int) -> str:
        """Return `text` cut to `width` pixels, with an ellipsis if it does not fit."""
        return self.ruler.clip(text, width * EM // self.size)

    def wrap(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Break `text` into at most `lines` lines of `width` pixels, as `Ruler.wrap` does."""
        return self.ruler.wrap(text, width * EM // self.size, lines)

    def wrap_evenly(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Break `text` into at most `lines` lines of `width` pixels, as `Ruler.wrap_evenly` does."""
        return self.ruler.wrap_evenly(text, width * EM // self.size, lines)


class _Widths(dict[str, int]):
    """The widths of ASCII characters. The widths of other characters are computed."""

    def __missing__(self, letter: str) -> int:
        return _width_outside_ascii(letter)


@lru_cache(maxsize=4096)
def _width_outside_ascii(letter: str) -> int:
    return _OTHER_WIDTHS[cells_of(letter)]


def _font(widths: str, size: int, line_height: int, *, hyphenates: bool = False) -> Font:
    # The lookup calls no function of Python for ASCII characters.
    width_of = _Widths(zip(_ASCII, map(int, widths.split()), strict=True)).__getitem__
    return Font(Ruler(width_of, hyphenates), size, line_height)


NAME: Final = _font(_BOLD, 13, 16, hyphenates=True)
DETAIL: Final = _font(_REGULAR, 11, 14)
HEADING: Final = _font(_BOLD, 12, 16)
CODE: Final = _font(_MONOSPACED, 11, 14)
TITLE: Final = _font(_BOLD, 16, 20)
BADGE: Final = _font(_BOLD, 11, 14)
EFFECT: Final = _font(_BOLD, 11, 14)

_MIN_NAME: Final = 10
"""The minimum size in pixels of the names of steps where a picture is shown."""


def max_width(shown: int) -> int:
    """Return the maximum width of a picture whose step names are legible if it is scaled to the width `shown`."""
    return shown * NAME.size // _MIN_NAME
