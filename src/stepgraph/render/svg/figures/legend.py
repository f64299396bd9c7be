"""What the icons and lines of a drawing mean."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.figures.label import ICON_ROOM, beside, heading
from stepgraph.render.svg.fonts import DETAIL
from stepgraph.render.svg.pen import Pen

_ENTRIES: Final = (
    ("do", icons.DO, "a step that runs code"),
    ("sleep", icons.SLEEP, "a sleep for a time"),
    ("sleep", icons.SLEEP_UNTIL, "a sleep until a moment"),
    ("wait", icons.WAIT, "a wait for an event"),
    ("function", icons.FUNCTION, "a function that runs steps"),
    ("loop", icons.LOOP, "a loop: any number of times"),
    ("choice", icons.CHOICE, "a choice: one of its branches"),
    ("choice", icons.SWITCH, "a choice by a value"),
    ("parallel", icons.PARALLEL, "at the same time; below a bar is what waits for all above it"),
    ("try", icons.PROTECTED, "protected: a failure at any point leads to the catch"),
    ("start", icons.BREAK, "leaves the loop"),
    ("start", icons.RETURN, "leaves the function or the workflow"),
)
_ROW: Final = 22
_PADDING: Final = 12
_TITLE: Final = heading("", "Legend")


class Legend(Struct, frozen=True):
    """A table of icons and words."""

    @property
    def left(self) -> int:
        """Return that it reaches to the right only."""
        return 0

    @property
    def right(self) -> int:
        """Return how wide it is."""
        return max(DETAIL.width(text) for _, _, text in _ENTRIES) + ICON_ROOM + 2 * _PADDING

    @property
    def height(self) -> int:
        """Return how high it is."""
        return _ROW * (len(_ENTRIES) + 1) + _PADDING + 4

    def draw(self, pen: Pen, lanes: Lanes) -> None:  # noqa: ARG002 - it has no exits
        """Draw the table."""
        pen.open("legend", "", "legend")
        pen.box("edge", (0, 0), (self.right, self.height))
        _TITLE.draw(pen, _PADDING, _PADDING - 2, "")
        for row, (css, icon, text) in enumerate(_ENTRIES, start=1):
            pen.open(css, "", text)
            beside(icon, text).draw(pen, _PADDING, _PADDING + row * _ROW - 4, "ink")
            pen.close()
        pen.close()


LEGEND: Final = Legend()
