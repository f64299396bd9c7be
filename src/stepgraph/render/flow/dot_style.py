"""Shapes and colors of DOT by kind of box, frame and arrow. All colors have six digits."""

from __future__ import annotations

from typing import Final

from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind

# Renderers without fonts have the metrics of the regular face of this font.
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

_POINT: Final = {"fillcolor": INK, "color": INK, "height": "0.06", "label": "", "shape": "circle", "width": "0.06"}
# A record with a port, an empty field, for each arrow.
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

BOXES: Final[dict[BoxKind, dict[str, str]]] = {
    BoxKind.START: {**_POINT, "height": "0.2", "width": "0.2"},
    BoxKind.END: {**_POINT, "height": "0.14", "peripheries": "2", "width": "0.14"},
    BoxKind.STEP: {},
    BoxKind.SLEEP: {"color": "#607d8b", "fillcolor": "#eceff1"},
    BoxKind.WAIT: {"color": "#00838f", "fillcolor": "#e0f7fa"},
    BoxKind.CALL: {"fillcolor": "#ffffff", "peripheries": "2", "style": "filled"},
    BoxKind.CHOICE: {
        "color": "#e65100",
        "fillcolor": "#ffe0b2",
        "margin": "0.02,0.02",
        "shape": "diamond",
        "style": "filled",
    },
    BoxKind.FORK: _BAR,
    BoxKind.MERGE: _BAR,
    BoxKind.JOIN: _POINT,
    BoxKind.EXIT: {
        "color": "#b71c1c",
        "fillcolor": "#ffffff",
        "fontcolor": "#b71c1c",
        "height": "0.3",
        "margin": "0.12,0.03",
        "style": "rounded,filled,bold",
    },
    BoxKind.EMPTY: {
        "color": "#9e9e9e",
        "fillcolor": "#ffffff",
        "fontcolor": "#616161",
        "style": "rounded,filled,dashed",
    },
    BoxKind.FOLDED: {
        "color": "#546e7a",
        "fillcolor": "#eceff1",
        "fontcolor": "#263238",
        "shape": "folder",
        "style": "filled",
    },
    BoxKind.UNKNOWN: {
        "color": "#616161",
        "fillcolor": "#f5f5f5",
        "fontcolor": "#424242",
        "style": "filled,dashed",
    },
}

# Weights keep the normal path straight and bend the others around it.
ARROWS: Final[dict[ArrowKind, dict[str, str]]] = {
    ArrowKind.NEXT: {},
    ArrowKind.AGAIN: {"color": "#00695c", "constraint": "false", "style": "dashed"},
    ArrowKind.SKIP: {"color": "#00695c", "fontcolor": "#00695c", "style": "dashed", "weight": "1"},
    ArrowKind.FAILURE: {"color": "#b71c1c", "fontcolor": "#b71c1c", "style": "dashed", "weight": "2"},
    ArrowKind.RECOVERED: {"weight": "1"},
    ArrowKind.LEAVE: {"color": "#b71c1c", "fontcolor": "#b71c1c", "weight": "0"},
}
HEADLESS: Final = {"arrowhead": "none"}


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


FRAMES: Final[dict[FrameKind, dict[str, str]]] = {
    FrameKind.NESTED_STEPS: _frame("#4878a0", "#f5fafe"),
    FrameKind.LOOP: _frame("#00695c", "#f5fbf9"),
    FrameKind.PARALLEL: _frame("#7b1fa2", "#faf7fc"),
    FrameKind.TRY: _frame("#b71c1c", "#fff8f8"),
    FrameKind.TRY_BODY: _frame("#9e9e9e", "#ffffff", "rounded,filled,dashed"),
    FrameKind.CATCH: _frame("#b71c1c", "#ffebee", "rounded,filled,dashed"),
    FrameKind.FINALLY: _frame("#616161", "#eeeeee", "rounded,filled,dashed"),
    FrameKind.BLOCK: _frame("#9e9e9e", "#ffffff", "rounded,filled,dashed"),
    FrameKind.CHOICE: _frame("#e65100", "#fffcf5"),
    FrameKind.FUNCTION: _frame("#37474f", "#ffffff"),
    FrameKind.START: _frame("#37474f", "#ffffff"),
    FrameKind.UNKNOWN: _frame("#616161", "#fafafa", "rounded,filled,dashed"),
}
