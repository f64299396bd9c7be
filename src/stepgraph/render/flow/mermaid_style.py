"""Shapes and colors of Mermaid by kind of box, frame and arrow.

Boxes have light fills and dark text, which are legible in light and dark themes. Frames are transparent, with outlines
that are visible in both. Titles of frames and labels of arrows have the colors of the theme.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from stepgraph.render.flow.chart import ArrowKind, BoxKind, FrameKind

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
        case BoxKind.CHOICE:
            return "{{", "}}"
        case BoxKind.FORK | BoxKind.MERGE | BoxKind.JOIN:
            return "((", "))"
        case BoxKind.FOLDED | BoxKind.UNKNOWN:
            return "[", "]"


def box_class(kind: BoxKind) -> str:
    """Return the class of a box without a mark.

    Classes cannot have the names of Mermaid's keywords, such as `call`, `end` and `style`.
    """
    match kind:
        case BoxKind.START:
            return "startBox"
        case BoxKind.END:
            return "endBox"
        case BoxKind.STEP:
            return "stepBox"
        case BoxKind.SLEEP:
            return "sleepBox"
        case BoxKind.WAIT:
            return "waitBox"
        case BoxKind.CALL:
            return "callBox"
        case BoxKind.CHOICE:
            return "choiceBox"
        case BoxKind.FORK | BoxKind.MERGE:
            return "forkBox"
        case BoxKind.JOIN:
            return "pointBox"
        case BoxKind.EXIT:
            return "exitBox"
        case BoxKind.RAISE:
            return "raiseBox"
        case BoxKind.EMPTY:
            return "emptyBox"
        case BoxKind.FOLDED:
            return "foldedBox"
        case BoxKind.UNKNOWN:
            return "unknownBox"


def frame_class(kind: FrameKind) -> str:
    """Return the class of a frame without a mark."""
    match kind:
        case FrameKind.NESTED_STEPS:
            return "stepsFrame"
        case FrameKind.LOOP:
            return "loopFrame"
        case FrameKind.PARALLEL:
            return "parallelFrame"
        case FrameKind.TRY:
            return "tryFrame"
        case FrameKind.TRY_BODY | FrameKind.FINALLY | FrameKind.BLOCK | FrameKind.UNKNOWN:
            return "partFrame"
        case FrameKind.CATCH:
            return "catchFrame"
        case FrameKind.CHOICE:
            return "branchesFrame"
        case FrameKind.FUNCTION | FrameKind.START:
            return "functionFrame"


WHOLE: Final = "wholeFrame"
CLASSES: Final[dict[str, str]] = {
    "startBox": "fill:#455a64,stroke:#90a4ae,color:#ffffff",
    "pointBox": "fill:#78909c,stroke:#78909c,color:#78909c",
    "endBox": "fill:#455a64,stroke:#cfd8dc,color:#455a64",
    "stepBox": "fill:#e3f2fd,stroke:#4878a0,color:#1a237e",
    "sleepBox": "fill:#eceff1,stroke:#607d8b,color:#263238",
    "waitBox": "fill:#e0f7fa,stroke:#00838f,color:#004d57",
    "callBox": "fill:#ffffff,stroke:#4878a0,color:#1a237e",
    "choiceBox": "fill:#ffe0b2,stroke:#e65100,color:#5d2200",
    "forkBox": "fill:#9c4dcc,stroke:#9c4dcc,color:#9c4dcc",
    "exitBox": "fill:#eceff1,stroke:#78909c,color:#37474f",
    "raiseBox": "fill:#ffebee,stroke:#d9363e,color:#b71c1c",
    "emptyBox": "fill:#fafafa,stroke:#9e9e9e,color:#616161,stroke-dasharray:4 3",
    "foldedBox": "fill:#eceff1,stroke:#546e7a,color:#263238,stroke-width:3px",
    "unknownBox": "fill:#f5f5f5,stroke:#757575,color:#424242,stroke-dasharray:4 3",
    "stepsFrame": "fill:#4878a014,stroke:#5b8db8",
    "loopFrame": "fill:#00968814,stroke:#26938a",
    "parallelFrame": "fill:#9c4dcc14,stroke:#9c5fc4",
    "tryFrame": "fill:#78909c0d,stroke:#8c8c8c",
    "catchFrame": "fill:#d9363e1f,stroke:#d9534f,stroke-dasharray:4 3",
    "partFrame": "fill:#8080800f,stroke:#8c8c8c,stroke-dasharray:4 3",
    "branchesFrame": "fill:#e651000d,stroke:#d9762b",
    "functionFrame": "fill:#78909c0d,stroke:#78909c",
    WHOLE: "fill:none,stroke:none",
}

# Classes of marks. In a chart with marks, everything else is gray.
MARKED_BOXES: Final = {"added": "addedBox", "removed": "removedBox", "changed": "changedBox"}
MARKED_FRAMES: Final = {"added": "addedFrame", "removed": "removedFrame", "changed": "changedFrame"}
_GRAY_BOX: Final = "fill:#f4f6f8,stroke:#8a96a3,color:#26323c"
_GRAY_FRAME: Final = "fill:#8080800d,stroke:#8c8c8c"
_UNCHANGED: Final = frozenset({"startBox", "pointBox", "endBox", WHOLE})
MARKED_CLASSES: Final[dict[str, str]] = {
    **{
        name: look if name in _UNCHANGED else _GRAY_FRAME if name.endswith("Frame") else _GRAY_BOX
        for name, look in CLASSES.items()
    },
    "forkBox": "fill:#78909c,stroke:#78909c,color:#78909c",
    "addedBox": "fill:#dcf5e4,stroke:#1f8a3f,color:#0c4a1e,stroke-width:2px",
    "removedBox": "fill:#fbe4e2,stroke:#c9524b,color:#7d1a14,stroke-width:2px,stroke-dasharray:4 3",
    "changedBox": "fill:#fdeec4,stroke:#b57a14,color:#5c3a00,stroke-width:2px",
    "addedFrame": "fill:#1f8a3f1a,stroke:#2f9e50,stroke-width:2px",
    "removedFrame": "fill:#c9524b1a,stroke:#d9605a,stroke-width:2px,stroke-dasharray:4 3",
    "changedFrame": "fill:#b57a141a,stroke:#c98d22,stroke-width:2px",
}

DASHED: Final = frozenset({ArrowKind.AGAIN, ArrowKind.SKIP, ArrowKind.FAILURE})
ARROWS: Final[dict[ArrowKind, str]] = {
    ArrowKind.AGAIN: "stroke:#26938a",
    ArrowKind.SKIP: "stroke:#26938a",
    ArrowKind.FAILURE: "stroke:#d9534f",
    ArrowKind.LEAVE: "stroke:#8c8c8c",
}
