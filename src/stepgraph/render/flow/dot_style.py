"""Shapes and colors of DOT by kind of box, frame and arrow."""

from __future__ import annotations

from typing import Final

from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind, arrow_color, box_colors, frame_colors
from stepgraph.render.svg.theme import LIGHT

# Renderers without access to fonts know the widths of this font, but only of its regular face.
FONT: Final = "Helvetica"

GRAPH: Final = {
    "compound": "true",
    "fontname": FONT,
    "fontsize": "14",
    "labelloc": "t",
    "nodesep": "0.35",
    "pad": "0.2",
    "ranksep": "0.35",
    "rankdir": "TB",
}
NODE: Final = {
    "color": box_colors(BoxKind.STEP).edge,
    "fillcolor": box_colors(BoxKind.STEP).fill,
    "fontcolor": LIGHT.text,
    "fontname": FONT,
    "fontsize": "12",
    "height": "0.4",
    "margin": "0.16,0.07",
    "shape": "box",
    "style": "rounded,filled",
}
EDGE: Final = {
    "arrowsize": "0.7",
    "color": LIGHT.line,
    "fontcolor": LIGHT.detail,
    "fontname": FONT,
    "fontsize": "11",
    "weight": "4",
}

HEADLESS: Final = {"arrowhead": "none"}

_POINT: Final = {"height": "0.06", "label": "", "shape": "circle", "width": "0.06"}
# A record with an empty field as a port for each arrow.
_BAR: Final = {
    "fixedsize": "true",
    "fontsize": "2",
    "height": "0.06",
    "margin": "0",
    "shape": "record",
    "style": "filled",
}
# A diamond is twice as wide as its text, so only short text fits.
WIDE_CHOICE: Final = {"margin": "0.05,0.05", "shape": "hexagon", "style": "filled"}
MAX_DIAMOND_CELLS: Final = 16
_PILL: Final = {"height": "0.3", "margin": "0.12,0.03"}


def box_attributes(kind: BoxKind) -> dict[str, str]:
    """Return the attributes of a box that differ from the defaults."""
    colors = box_colors(kind)
    attributes = {"color": colors.edge, "fillcolor": colors.fill, **_font_color(kind), **_shape(kind)}
    return {name: value for name, value in attributes.items() if NODE.get(name) != value}


def _font_color(kind: BoxKind) -> dict[str, str]:
    """Return the color of text that is not the name of a node."""
    is_word = kind in {BoxKind.EXIT, BoxKind.RAISE, BoxKind.EMPTY, BoxKind.UNKNOWN}
    return {"fontcolor": box_colors(kind).line} if is_word else {}


def _shape(kind: BoxKind) -> dict[str, str]:
    match kind:
        case BoxKind.START:
            return {**_POINT, "height": "0.2", "width": "0.2"}
        case BoxKind.END:
            return {**_POINT, "height": "0.14", "peripheries": "2", "width": "0.14"}
        case BoxKind.STEP | BoxKind.SLEEP | BoxKind.WAIT:
            return {}
        case BoxKind.CALL:
            return {"peripheries": "2", "style": "filled"}
        case BoxKind.CHOICE:
            return {"margin": "0.02,0.02", "shape": "diamond", "style": "filled"}
        case BoxKind.HEAD:
            return WIDE_CHOICE
        case BoxKind.FORK | BoxKind.MERGE:
            return _BAR
        case BoxKind.JOIN:
            return _POINT
        case BoxKind.EXIT:
            return _PILL
        case BoxKind.RAISE:
            return {**_PILL, "style": "rounded,filled,bold"}
        case BoxKind.EMPTY:
            return {"style": "rounded,filled,dashed"}
        case BoxKind.FOLDED:
            return {"shape": "folder", "style": "filled"}
        case BoxKind.UNKNOWN:
            return {"style": "filled,dashed"}


def arrow_attributes(kind: ArrowKind) -> dict[str, str]:
    """Return the attributes of an arrow that differ from the defaults.

    Weights keep the normal path straight and bend the others around it.
    """
    color = arrow_color(kind)
    match kind:
        case ArrowKind.NEXT:
            return {}
        case ArrowKind.AGAIN:
            return {"color": color, "constraint": "false", "style": "dashed"}
        case ArrowKind.SKIP:
            return {"color": color, "fontcolor": color, "style": "dashed", "weight": "1"}
        case ArrowKind.FAILURE:
            return {"color": color, "fontcolor": color, "style": "dashed", "weight": "2"}
        case ArrowKind.RECOVERED:
            return {"weight": "1"}
        case ArrowKind.LEAVE:
            return {"color": color, "weight": "0"}


def frame_attributes(kind: FrameKind) -> dict[str, str]:
    """Return the attributes of a frame."""
    colors = frame_colors(kind)
    is_dashed = kind in {FrameKind.TRY_BODY, FrameKind.BLOCK, FrameKind.UNKNOWN}
    return {
        "color": colors.edge,
        "fillcolor": colors.fill,
        "fontcolor": colors.line,
        "fontname": FONT,
        "fontsize": "12",
        "labeljust": "l",
        "labelloc": "t",
        "margin": "12",
        "style": "rounded,filled,dashed" if is_dashed else "rounded,filled",
    }
