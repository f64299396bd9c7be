"""Shapes and colors of DOT by kind of box, frame and arrow. All colors have six digits."""

from __future__ import annotations

from typing import Final

from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind

# Renderers without access to fonts know the widths of this font, but only of its regular face.
FONT: Final = "Helvetica"
INK: Final = "#455a64"
TEXT: Final = "#1a237e"

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
    "color": "#4878a0",
    "fillcolor": "#e3f2fd",
    "fontcolor": TEXT,
    "fontname": FONT,
    "fontsize": "12",
    "height": "0.4",
    "margin": "0.16,0.07",
    "shape": "box",
    "style": "rounded,filled",
}
EDGE: Final = {
    "arrowsize": "0.7",
    "color": INK,
    "fontcolor": "#bf4300",
    "fontname": FONT,
    "fontsize": "11",
    "weight": "4",
}

HEADLESS: Final = {"arrowhead": "none"}

_POINT: Final = {"fillcolor": INK, "color": INK, "height": "0.06", "label": "", "shape": "circle", "width": "0.06"}
# A record with an empty field as a port for each arrow.
_BAR: Final = {
    "color": "#7b1fa2",
    "fillcolor": "#7b1fa2",
    "fixedsize": "true",
    "fontsize": "2",
    "height": "0.06",
    "margin": "0",
    "shape": "record",
    "style": "filled",
}


def box_attributes(kind: BoxKind) -> dict[str, str]:
    """Return the attributes of a box that differ from the defaults."""
    match kind:
        case BoxKind.START:
            return {**_POINT, "height": "0.2", "width": "0.2"}
        case BoxKind.END:
            return {**_POINT, "height": "0.14", "peripheries": "2", "width": "0.14"}
        case BoxKind.STEP:
            return {}
        case BoxKind.SLEEP:
            return {"color": "#607d8b", "fillcolor": "#eceff1"}
        case BoxKind.WAIT:
            return {"color": "#00838f", "fillcolor": "#e0f7fa"}
        case BoxKind.CALL:
            return {"fillcolor": "#ffffff", "peripheries": "2", "style": "filled"}
        case BoxKind.CHOICE:
            return {
                "color": "#e65100",
                "fillcolor": "#ffe0b2",
                "margin": "0.02,0.02",
                "shape": "diamond",
                "style": "filled",
            }
        case BoxKind.FORK | BoxKind.MERGE:
            return _BAR
        case BoxKind.JOIN:
            return _POINT
        case BoxKind.EXIT:
            return {
                "color": "#546e7a",
                "fillcolor": "#eceff1",
                "fontcolor": "#37474f",
                "height": "0.3",
                "margin": "0.12,0.03",
                "style": "rounded,filled",
            }
        case BoxKind.RAISE:
            return {
                "color": "#b71c1c",
                "fillcolor": "#ffffff",
                "fontcolor": "#b71c1c",
                "height": "0.3",
                "margin": "0.12,0.03",
                "style": "rounded,filled,bold",
            }
        case BoxKind.EMPTY:
            return {
                "color": "#9e9e9e",
                "fillcolor": "#ffffff",
                "fontcolor": "#616161",
                "style": "rounded,filled,dashed",
            }
        case BoxKind.FOLDED:
            return {
                "color": "#546e7a",
                "fillcolor": "#eceff1",
                "fontcolor": "#263238",
                "shape": "folder",
                "style": "filled",
            }
        case BoxKind.UNKNOWN:
            return {
                "color": "#616161",
                "fillcolor": "#f5f5f5",
                "fontcolor": "#424242",
                "style": "filled,dashed",
            }


def arrow_attributes(kind: ArrowKind) -> dict[str, str]:
    """Return the attributes of an arrow that differ from the defaults.

    Weights keep the normal path straight and bend the others around it.
    """
    match kind:
        case ArrowKind.NEXT:
            return {}
        case ArrowKind.AGAIN:
            return {"color": "#00695c", "constraint": "false", "style": "dashed"}
        case ArrowKind.SKIP:
            return {"color": "#00695c", "fontcolor": "#00695c", "style": "dashed", "weight": "1"}
        case ArrowKind.FAILURE:
            return {"color": "#b71c1c", "fontcolor": "#b71c1c", "style": "dashed", "weight": "2"}
        case ArrowKind.RECOVERED:
            return {"weight": "1"}
        case ArrowKind.LEAVE:
            return {"color": "#78909c", "fontcolor": "#546e7a", "weight": "0"}


def _frame(color: str, fill: str, style: str = "rounded,filled") -> dict[str, str]:
    return {
        "color": color,
        "fillcolor": fill,
        "fontcolor": color,
        "fontname": FONT,
        "fontsize": "12",
        "labeljust": "l",
        "labelloc": "t",
        "margin": "12",
        "style": style,
    }


def frame_attributes(kind: FrameKind) -> dict[str, str]:
    """Return the attributes of a frame."""
    match kind:
        case FrameKind.NESTED_STEPS:
            return _frame("#4878a0", "#f5fafe")
        case FrameKind.LOOP:
            return _frame("#00695c", "#f5fbf9")
        case FrameKind.PARALLEL:
            return _frame("#7b1fa2", "#faf7fc")
        case FrameKind.TRY:
            return _frame("#616161", "#fafbfc")
        case FrameKind.TRY_BODY | FrameKind.BLOCK:
            return _frame("#9e9e9e", "#ffffff", "rounded,filled,dashed")
        case FrameKind.CATCH:
            return _frame("#b71c1c", "#ffebee", "rounded,filled,dashed")
        case FrameKind.FINALLY:
            return _frame("#616161", "#eeeeee", "rounded,filled,dashed")
        case FrameKind.CHOICE:
            return _frame("#e65100", "#fffcf5")
        case FrameKind.FUNCTION | FrameKind.START:
            return _frame("#37474f", "#ffffff")
        case FrameKind.UNKNOWN:
            return _frame("#616161", "#fafafa", "rounded,filled,dashed")
