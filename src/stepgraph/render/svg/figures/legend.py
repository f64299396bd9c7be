"""The legend: the meaning of icons and lines."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stepgraph.render.svg import icons
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.figures.label import ICON_ROOM, heading, legend_label
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
    """A table of icons and words, to the right of its spine."""

    @property
    def left_extent(self) -> int:
        return 0

    @property
    def right_extent(self) -> int:
        return max(DETAIL.width(text) for _, _, text in _ENTRIES) + ICON_ROOM + 2 * _PADDING

    @property
    def height(self) -> int:
        return _ROW * (len(_ENTRIES) + 1) + _PADDING + 4

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open("legend", "", "legend")
        pen.box("edge", (0, 0), (self.right_extent, self.height))
        _TITLE.draw(pen, _PADDING, _PADDING - 2, "")
        for row, (css, icon, text) in enumerate(_ENTRIES, start=1):
            pen.open(css, "", text)
            legend_label(icon, text).draw(pen, _PADDING, _PADDING + row * _ROW - 4, "ink")
            pen.close()
        pen.close()


LEGEND: Final = Legend()
