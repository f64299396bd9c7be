"""Colors of boxes, frames and arrows of flow charts: those of the corresponding figures in light SVG pictures."""

from __future__ import annotations

from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind
from stepgraph.render.svg.theme import LIGHT, KindColors


def box_colors(kind: BoxKind) -> KindColors:
    """Return the colors of a box."""
    match kind:
        case BoxKind.START | BoxKind.END | BoxKind.JOIN:
            return KindColors(LIGHT.line, LIGHT.line, LIGHT.line)
        case BoxKind.FORK | BoxKind.MERGE:
            return KindColors(LIGHT.bar, LIGHT.bar, LIGHT.bar)
        case BoxKind.STEP:
            return LIGHT.by_kind["do"]
        case BoxKind.SLEEP:
            return LIGHT.by_kind["sleep"]
        case BoxKind.WAIT:
            return LIGHT.by_kind["wait"]
        case BoxKind.CALL:
            return LIGHT.by_kind["call"]
        case BoxKind.CHOICE:
            return LIGHT.by_kind["condition"]
        case BoxKind.HEAD:
            loop = LIGHT.by_kind["loop"]
            return KindColors(loop.line, loop.band, loop.edge)
        case BoxKind.EXIT:
            return LIGHT.by_kind["exit"]
        case BoxKind.RAISE:
            return LIGHT.by_kind["raise"]
        case BoxKind.EMPTY:
            return LIGHT.by_kind["empty"]
        case BoxKind.FOLDED:
            return LIGHT.by_kind["block"]
        case BoxKind.UNKNOWN:
            return LIGHT.by_kind["unknown"]


def frame_colors(kind: FrameKind) -> KindColors:
    """Return the colors of a frame."""
    return LIGHT.by_kind[kind.value]


def arrow_color(kind: ArrowKind) -> str:
    """Return the color of an arrow."""
    match kind:
        case ArrowKind.NEXT | ArrowKind.RECOVERED:
            return LIGHT.line
        case ArrowKind.AGAIN | ArrowKind.SKIP:
            return LIGHT.again
        case ArrowKind.FAILURE:
            return LIGHT.failure
        case ArrowKind.LEAVE:
            return LIGHT.exit
