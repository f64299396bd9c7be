"""Colors of drawings with marks: green, red and amber, everything else gray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.render.svg.fonts import DETAIL
from stepgraph.render.svg.palettes import LIGHT, KindColors, Palette
from stepgraph.render.view import MarkKind

MARK_LAYOUT: Final = f"""\
.change,.breaking,.late{{font-size:{DETAIL.size}px}}
.sign{{stroke-width:1.5}}
.mark>.icon{{stroke-width:1.8}}
.removed>g>*>.box,.removed>g>*>.edge,.removed.condition>.box{{stroke-dasharray:4 3}}
.removed>g>*>text>.name,.removed>g>*>text>.heading,.removed>g>*>text>.code{{text-decoration:line-through}}
.removed.condition>text{{text-decoration:line-through}}"""

_QUIET_LIGHT: Final = KindColors("#5b6875", "#ffffff", "#7d8996", "#eff1f4")
_QUIET_DARK: Final = KindColors("#96a3b0", "#10161d", "#64717e", "#1d252e")
# Figures with their own fill, which contrast with gray ones.
_UNCHANGED: Final = frozenset({"exit"})


class MarkPalette(Struct, frozen=True):
    """The colors of marks."""

    by_kind: Mapping[MarkKind, KindColors]
    on_sign: str
    """The color of the icon on a sign."""


ON_LIGHT: Final = MarkPalette(
    {
        MarkKind.ADDED: KindColors("#116b2c", "#e8f8ed", "#1f8a3f", "#c8eed4"),
        MarkKind.REMOVED: KindColors("#b3261e", "#fdf0ef", "#c9524b", "#f9d8d5"),
        MarkKind.CHANGED: KindColors("#8f5a00", "#fff7e0", "#b57a14", "#fce7b2"),
    },
    on_sign="#ffffff",
)
ON_DARK: Final = MarkPalette(
    {
        MarkKind.ADDED: KindColors("#56d07e", "#12291b", "#3fa864", "#1a3f28"),
        MarkKind.REMOVED: KindColors("#f5938a", "#2d1817", "#b9635b", "#46221f"),
        MarkKind.CHANGED: KindColors("#eeb64e", "#2a2110", "#b38631", "#453615"),
    },
    on_sign="#10161d",
)


def quiet(palette: Palette) -> Palette:
    """Return the palette in gray, against which marks contrast."""
    colors = _QUIET_LIGHT if palette is LIGHT else _QUIET_DARK
    by_kind = {name: kind_colors if name in _UNCHANGED else colors for name, kind_colors in palette.by_kind.items()}
    return replace(palette, by_kind=by_kind, again=palette.line, failure=palette.line, bar=palette.line)


def marks_on(palette: Palette) -> MarkPalette:
    """Return the colors of marks for a palette."""
    return ON_LIGHT if palette is LIGHT else ON_DARK


def mark_rules(palette: Palette) -> Iterator[str]:
    """Yield the style rules of marks and their remarks."""
    marks = marks_on(palette)
    for kind, colors in marks.by_kind.items():
        name = kind.value
        yield f".{name}>g>*>.box,.{name}>g>*>.edge,.{name}.condition>.box{{stroke:{colors.edge};fill:{colors.fill}}}"
        yield f".{name}>.tab,.{name}>g>*>.band{{stroke:{colors.edge};fill:{colors.band}}}"
        yield f".{name}>g>*>.icon{{stroke:{colors.line}}}"
        yield f".{name}>g>*>text>.heading{{fill:{colors.line}}}"
        yield f".{name}>.sign{{stroke:{marks.on_sign};fill:{colors.line}}}"
        yield f".{name}>.icon{{stroke:{marks.on_sign}}}"
    yield f".breaking{{fill:{marks.by_kind[MarkKind.REMOVED].line}}}"
    yield f".late{{fill:{marks.by_kind[MarkKind.CHANGED].line}}}"
