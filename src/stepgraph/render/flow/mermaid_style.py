"""Shapes and colors of Mermaid by kind of box, frame and arrow.

Boxes have light fills and dark text, which are legible in light and dark themes. Frames are transparent, with outlines
that are visible in both. Titles of frames and labels of arrows have the colors of the theme.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec.structs import replace

from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind, box_colors, frame_colors
from stepgraph.render.svg.theme import LIGHT, KindColors
from stepgraph.render.view import MarkKind

Brackets: TypeAlias = tuple[str, str]

# Space for the titles of frames. Other spacing is smaller than by default.
FRONT_MATTER: Final = """\
---
config:
  flowchart:
    nodeSpacing: 40
    rankSpacing: 40
    subGraphTitleMargin:
      bottom: 14
---"""

# A diamond is as high as it is wide, so only short text fits.
DIAMOND: Final[Brackets] = ("{", "}")
MAX_DIAMOND_CELLS: Final = 8
POINT: Final[Brackets] = ("((", "))")


def brackets(kind: BoxKind) -> Brackets:
    """Return the brackets of a box, which determine its shape."""
    match kind:
        case BoxKind.START | BoxKind.EXIT | BoxKind.RAISE:
            return "([", "])"
        case BoxKind.END:
            return "(((", ")))"
        case BoxKind.STEP | BoxKind.SLEEP | BoxKind.WAIT | BoxKind.EMPTY:
            return "(", ")"
        case BoxKind.CALL:
            return "[[", "]]"
        case BoxKind.CHOICE | BoxKind.HEAD:
            return "{{", "}}"
        case BoxKind.FORK | BoxKind.MERGE | BoxKind.JOIN:
            return "((", "))"
        case BoxKind.FOLDED | BoxKind.UNKNOWN:
            return "[", "]"


def box_class(kind: BoxKind) -> str:
    """Return the class of a box without a mark.

    Classes cannot have the names of Mermaid's keywords, such as `call`, `end` and `style`.
    """
    return f"{_BOX_NAMES.get(kind, kind.name.lower())}Box"


def frame_class(kind: FrameKind) -> str:
    """Return the class of a frame without a mark."""
    return f"{_FRAME_NAMES.get(kind, kind.value)}Frame"


# The names of classes that differ from those of the kinds.
_BOX_NAMES: Final = {BoxKind.MERGE: "fork", BoxKind.JOIN: "point"}
_FRAME_NAMES: Final[dict[FrameKind, str]] = {FrameKind.NESTED_STEPS: "steps", FrameKind.CHOICE: "branches"}

_DASHES: Final = "stroke-dasharray:4 3"
_LINES: Final[dict[str, str]] = {
    **dict.fromkeys(("emptyBox", "unknownBox", "bodyFrame", "blockFrame", "unknownFrame"), f",{_DASHES}"),
    "foldedBox": ",stroke-width:3px",
}
"""The line styles of classes whose lines are neither solid nor thin."""

_FRAME_OPACITY: Final = "0d"
_MARKED_FRAME_OPACITY: Final = "1a"
_WORDS: Final = frozenset({BoxKind.EXIT, BoxKind.RAISE, BoxKind.EMPTY, BoxKind.UNKNOWN})
"""Boxes whose text has the color of the box, because it is not the name of a node."""

_POINTS: Final = frozenset({BoxKind.END, BoxKind.FORK, BoxKind.MERGE, BoxKind.JOIN})
"""Boxes whose text is invisible."""


def _box_look(name: str, colors: KindColors, text: str) -> str:
    return f"fill:{colors.fill},stroke:{colors.edge},color:{text}{_LINES.get(name, '')}"


def _frame_look(name: str, colors: KindColors) -> str:
    """Return the look of a frame, whose fill is nearly transparent so that it suits light and dark pages."""
    return f"fill:{colors.line}{_FRAME_OPACITY},stroke:{colors.edge}{_LINES.get(name, '')}"


def _colors(kind: BoxKind) -> KindColors:
    """Return the colors of a box. Points are visible on dark pages too, and the end is a ring."""
    colors = box_colors(kind)
    match kind:
        case BoxKind.JOIN:
            return replace(colors, fill=LIGHT.exit, edge=LIGHT.exit)
        case BoxKind.START:
            return replace(colors, edge=LIGHT.exit)
        case BoxKind.END:
            return replace(colors, edge=box_colors(BoxKind.EXIT).fill)
        case _:
            return colors


def _text_color(kind: BoxKind) -> str:
    if kind is BoxKind.START:
        return LIGHT.paper
    if kind in _POINTS:
        return _colors(kind).fill
    return box_colors(kind).line if kind in _WORDS else LIGHT.text


WHOLE: Final = "wholeFrame"
CLASSES: Final[dict[str, str]] = {
    **{box_class(kind): _box_look(box_class(kind), _colors(kind), _text_color(kind)) for kind in BoxKind},
    **{frame_class(kind): _frame_look(frame_class(kind), frame_colors(kind)) for kind in FrameKind},
    WHOLE: "fill:none,stroke:none",
}

# Classes of marks. In a chart with marks, everything else is gray.
MARKED_BOXES: Final = {"added": "addedBox", "removed": "removedBox", "changed": "changedBox"}
MARKED_FRAMES: Final = {"added": "addedFrame", "removed": "removedFrame", "changed": "changedFrame"}
_UNCHANGED: Final = frozenset({"startBox", "pointBox", "endBox", WHOLE})


def _unmarked_look(name: str) -> str:
    if name in _UNCHANGED:
        return CLASSES[name]
    if name == box_class(BoxKind.FORK):
        return f"fill:{LIGHT.exit},stroke:{LIGHT.exit},color:{LIGHT.exit}"
    if name.endswith("Frame"):
        return f"fill:{LIGHT.unmarked.line}{_FRAME_OPACITY},stroke:{LIGHT.unmarked.edge}"
    return _box_look(name, LIGHT.unmarked, LIGHT.text)


def _mark_looks(kind: MarkKind) -> dict[str, str]:
    colors = LIGHT.marks[kind]
    outline = "stroke-width:2px" + (f",{_DASHES}" if kind is MarkKind.REMOVED else "")
    return {
        MARKED_BOXES[kind.value]: f"fill:{colors.fill},stroke:{colors.edge},color:{LIGHT.text},{outline}",
        MARKED_FRAMES[kind.value]: f"fill:{colors.line}{_MARKED_FRAME_OPACITY},stroke:{colors.edge},{outline}",
    }


MARKED_CLASSES: Final[dict[str, str]] = {
    **{name: _unmarked_look(name) for name in CLASSES},
    **{name: look for kind in MarkKind for name, look in _mark_looks(kind).items()},
}

DASHED: Final = frozenset({ArrowKind.AGAIN, ArrowKind.SKIP, ArrowKind.FAILURE})
# Edges of frames are visible on light and dark pages, unlike some colors of lines.
ARROWS: Final[dict[ArrowKind, str]] = {
    ArrowKind.AGAIN: f"stroke:{frame_colors(FrameKind.LOOP).edge}",
    ArrowKind.SKIP: f"stroke:{frame_colors(FrameKind.LOOP).edge}",
    ArrowKind.FAILURE: f"stroke:{frame_colors(FrameKind.CATCH).edge},stroke-width:2px",
    ArrowKind.LEAVE: f"stroke:{LIGHT.exit}",
}
