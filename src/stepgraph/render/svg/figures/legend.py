"""The legend, which explains the icons, boxes and lines of a picture."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.model.vocabulary import StepType
from stepgraph.model.walk import STEP_TYPES
from stepgraph.render.findings import FindingLevel
from stepgraph.render.step_types import step_style
from stepgraph.render.svg.figures.badge import draw_sample
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.figures.label import ICON_ROOM, heading
from stepgraph.render.svg.figures.state_signs import Sign, draw_sign
from stepgraph.render.svg.fonts import DETAIL
from stepgraph.render.svg.pen import Icon, Pen
from stepgraph.render.svg.theme import FigureClass

_ROW: Final = 22
_PADDING: Final = 12
_MAX_COLUMNS: Final = 3
_SYMBOL: Final = 16
"""The width and height in pixels of a symbol."""


class LegendEntry(Struct, frozen=True):
    """A symbol with its meaning."""

    meaning: str
    draw: Callable[[Pen, int, int], None]
    """Draws the symbol with its upper left corner at x and y."""

    css: FigureClass | str = "sample"
    """The class of the figures that the symbol belongs to, if it has their colors."""

    traces: Sequence[str] = ()
    """Parts of SVG elements. Each picture with the symbol has one; symbols without traces are in all pictures."""

    def is_in(self, lines: Sequence[str]) -> bool:
        """Return whether a picture with these lines has the symbol."""
        return not self.traces or any(trace in line for line in lines for trace in self.traces)


def _icon(css: FigureClass, icon: str, meaning: str) -> LegendEntry:
    return LegendEntry(meaning, lambda pen, x, y: pen.icon("ink", x, y, icon), css, (f'd="{icon}"',))


def _badge(level: FindingLevel, meaning: str) -> LegendEntry:
    return LegendEntry(meaning, lambda pen, x, y: draw_sample(pen, level, x, y), traces=(f'"finding {level}',))


def _step(step_type: StepType) -> LegendEntry:
    style = step_style(step_type)
    return _icon(style.category, style.icon, style.meaning)


def _stacked_card(pen: Pen, x: int, y: int) -> None:
    pen.box("box", (x + 3, y + 5), (13, 9), 2)
    pen.box("box", (x, y + 2), (13, 9), 2)


def _dashed_box(pen: Pen, x: int, y: int) -> None:
    pen.box("box", (x, y + 3), (_SYMBOL, 11), 2)


def _exit_pill(pen: Pen, x: int, y: int) -> None:
    pen.box("box", (x, y + 3), (_SYMBOL, 10), 5)


def _end(pen: Pen, x: int, y: int) -> None:
    pen.end((x, y + 8), 4, 6, failed=False)


def _failed_end(pen: Pen, x: int, y: int) -> None:
    pen.end((x, y + 8), 4, 6, failed=True)


def _failure(pen: Pen, x: int, y: int) -> None:
    pen.path("failure", f"M{x} {y + 8}h11")
    pen.path("failure head", f"M{x + 10} {y + 4}l7 4l-7 4z")


def _repetition(pen: Pen, x: int, y: int) -> None:
    pen.path("again", f"M{x} {y + 8}h11")
    pen.path("again head", f"M{x + 10} {y + 4}l7 4l-7 4z")


def _bar(pen: Pen, x: int, y: int, css: str = "bar") -> None:
    pen.box(css, (x, y + 6), (_SYMBOL, 4), 2)


def _dashed_bar(pen: Pen, x: int, y: int) -> None:
    _bar(pen, x, y, "bar first")


def _loose_end(pen: Pen, x: int, y: int) -> None:
    pen.path("unawaited", f"M{x} {y + 8}h10")
    pen.path("unawaited end", f"M{x + 12} {y + 5}a3 3 0 1 0 1 0z")


def _state(sign: Sign) -> LegendEntry:
    return LegendEntry(
        _SIGN_MEANINGS[sign],
        lambda pen, x, y: draw_sign(pen, sign, x + _SYMBOL // 2, y + _SYMBOL // 2),
        sign.replace("_", "-"),
    )


_SIGN_MEANINGS: Final[dict[Sign, str]] = {
    "done": "a step that is done",
    "failed": "a step that failed",
    "retrying": "a step that waits for its next attempt",
    "sleeping": "a sleep that has not ended",
    "waiting": "a wait whose event has not arrived",
    "running": "a step that runs",
    "next": "a step that can begin next",
    "uncertain": "a step that may have run: the log fits several paths",
    "skipped": "a step that was skipped",
    "unreachable": "a step that can no longer run, because the instance has ended",
}
_SIGN_ORDER: Final = list(_SIGN_MEANINGS)


def _taken_line(pen: Pen, x: int, y: int) -> None:
    pen.path("line", f"M{x} {y + 8}h{_SYMBOL}")


def _untaken_line(pen: Pen, x: int, y: int) -> None:
    pen.path("line", f"M{x} {y + 8}h{_SYMBOL}", faded=True)


def _wait_bar(pen: Pen, x: int, y: int) -> None:
    pen.box("span wait", (x, y + 4), (_SYMBOL, 8), 2)


def _failed_bar(pen: Pen, x: int, y: int) -> None:
    # Imported here because most legends are not of instances, and start-up time counts.
    from stepgraph.render.svg.figures.timeline import stripes

    pen.box("span failed", (x, y + 3), (_SYMBOL, 10), 2)
    pen.path("stripes", stripes(x, x + _SYMBOL, y + 8, 10))


def _gap(pen: Pen, x: int, y: int) -> None:
    pen.box("gap", (x, y), (_SYMBOL, _SYMBOL), 0)
    pen.box("span work", (x, y + 4), (_SYMBOL, 8), 0)
    pen.path("cut", f"M{x + 3} {y + 14}l5-12m4 0l-5 12")


INSTANCE_ENTRIES: Final = (
    LegendEntry("a path that the instance took", _taken_line),
    LegendEntry("a path that it did not take, or has not taken yet", _untaken_line, traces=('faded"',)),
    LegendEntry("in the timeline, a sleep or a wait", _wait_bar, traces=('"span wait', '"span open-wait')),
    LegendEntry("in the timeline, a failed attempt", _failed_bar, traces=('"span failed"',)),
    LegendEntry("a period that is drawn shorter than it was", _gap, traces=('"gap"',)),
)
"""The entries on the lines and the timeline of an instance."""

ENTRIES: Final = (
    *map(_step, STEP_TYPES),
    _icon("function", Icon.FUNCTION, "a function that runs steps"),
    LegendEntry(
        "several nodes, folded or drawn elsewhere", _stacked_card, "call", ('<g class="folded', '<g class="call')
    ),
    _icon("loop", Icon.LOOP, "a loop: repeats any number of times"),
    LegendEntry("the line back to the start of a loop", _repetition, traces=('"again',)),
    _icon("choice", Icon.CHOICE, "a choice: one of the branches"),
    _icon("choice", Icon.SWITCH, "a choice by the value of an expression"),
    LegendEntry(
        "a part without steps, or the body of a try",
        _dashed_box,
        "empty",
        ('<g class="empty', '<g class="frame panel body'),
    ),
    _icon("parallel", Icon.PARALLEL, "concurrent work, side by side"),
    LegendEntry("nodes below a bar wait for all nodes above it", _bar, traces=('"bar"', '"bar faded"')),
    LegendEntry("a bar that is passed when one member is done", _dashed_bar, traces=('"bar first',)),
    LegendEntry("work that no await completes", _loose_end, traces=('"unawaited',)),
    _icon("try", Icon.PROTECTED, "try: a failure jumps to the except block"),
    LegendEntry("a failure continues along this line", _failure, traces=('"failure',)),
    LegendEntry("an exit from a loop, function or workflow", _exit_pill, "exit", ('<g class="exit',)),
    _icon("exit", Icon.BREAK, "break: leaves the loop"),
    _icon("exit", Icon.RETURN, "return: leaves the function or the workflow"),
    _icon("raise", Icon.RAISE, "raise: fails with an exception"),
    LegendEntry("the workflow ends", _end),
    LegendEntry("the failure leaves, unless a handler catches it", _failed_end, traces=('"ring fault',)),
)
BADGE_ENTRIES: Final = (
    _badge("error", "an error that the check reports"),
    _badge("warning", "a warning that the check reports"),
    _badge("note", "a note of the check"),
    _badge("gap", "unresolved code: steps may be missing"),
)
"""The entries of a picture with findings."""

_TITLE: Final = heading("", "Legend")


class Legend(Struct, frozen=True):
    """A table of symbols and their meanings in columns, to the right of its spine."""

    entries: Sequence[LegendEntry]
    columns: int = 1

    @property
    def left_extent(self) -> int:
        return 0

    @property
    def right_extent(self) -> int:
        return self.columns * self._column_width + _PADDING

    @property
    def height(self) -> int:
        return _ROW * (self._rows + 1) + _PADDING + 4

    @property
    def _column_width(self) -> int:
        return max(DETAIL.width(entry.meaning) for entry in self.entries) + ICON_ROOM + _PADDING

    @property
    def _rows(self) -> int:
        return -(-len(self.entries) // self.columns)

    def widened(self, room: int) -> Legend:
        """Return the legend with as many columns as fit into the width `room`."""
        most = min(_MAX_COLUMNS, (room - _PADDING) // self._column_width)
        return Legend(self.entries, max(1, most))

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open("legend", "", "legend")
        pen.box("edge", (0, 0), (self.right_extent, self.height))
        _TITLE.draw(pen, _PADDING, _PADDING - 2, "")
        self.draw_entries(pen, _PADDING, _PADDING + _ROW - 4)
        pen.close()

    def draw_entries(self, pen: Pen, x: int, y: int) -> None:
        """Draw the entries below each other, from column to column."""
        for index, entry in enumerate(self.entries):
            column, row = divmod(index, self._rows)
            left, top = x + column * self._column_width, y + row * _ROW
            pen.open(entry.css, "", entry.meaning)
            entry.draw(pen, left, top)
            pen.text([("detail", left + ICON_ROOM, top + _SYMBOL - 4, entry.meaning)])
            pen.close()

    def picture(self) -> list[str]:
        """Return the lines of an SVG element with the entries, without a frame, a title and a style sheet."""
        pen = Pen()
        self.draw_entries(pen, 0, 0)
        width, height = self.right_extent - 2 * _PADDING, _ROW * len(self.entries)
        size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        return [f'<svg xmlns="http://www.w3.org/2000/svg" class="stepgraph" {size}>', *pen.lines, "</svg>"]


def page_legend(*, has_badges: bool, signs: Collection[Sign] = ()) -> Legend:
    """Return the legend of a page, which explains badges and the signs of states only if there are any."""
    return Legend((*_entries(signs), *(BADGE_ENTRIES if has_badges else ())))


def picture_legend(lines: Sequence[str], signs: Collection[Sign]) -> Legend:
    """Return the legend of the symbols in the lines of a picture. `signs` are the signs of states."""
    return Legend(tuple(entry for entry in (*_entries(signs), *BADGE_ENTRIES) if entry.is_in(lines)))


def _entries(signs: Collection[Sign]) -> tuple[LegendEntry, ...]:
    states = map(_state, sorted(signs, key=_SIGN_ORDER.index))
    return (*states, *(INSTANCE_ENTRIES if signs else ()), *ENTRIES)
