"""Labels (an icon and lines of text, wrapped and measured), and the legend, which explains the main icons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.plain_text import visible
from stepgraph.model.payload import StepType
from stepgraph.model.walk import STEP_TYPES
from stepgraph.render.step_types import step_style
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.fonts import CODE, DETAIL, HEADING, NAME, Font
from stepgraph.render.svg.pen import Icon, Pen
from stepgraph.render.svg.theme import FigureClass

ICON_ROOM: Final = 24
"""The width in pixels of an icon and the space beside it."""

MAX_LINES: Final = 4
MAX_CODE_LINES: Final = 5
MAX_DETAIL_LINES: Final = 7
MAX_EXIT_LINES: Final = 2
MAX_HEADING: Final = 320
BETWEEN: Final = " · "
_DESCENT: Final = 4
_BEFORE_CODE: Final = 7


class TextWidths(Struct, frozen=True):
    """The maximum width in pixels of each kind of text. Longer text is wrapped or, in exits, cut."""

    name: int
    """Names of steps, phrases below them, and exception handlers."""

    condition: int
    exit: int
    code: int
    """Heads of loops, arguments of functions, and other text in bands."""


NORMAL: Final = TextWidths(name=168, condition=230, exit=190, code=320)
NARROW: Final = TextWidths(name=114, condition=164, exit=140, code=220)
"""The widths in a picture that would be too wide otherwise."""


class TextLine(Struct, frozen=True):
    """A line of text, relative to the upper left corner of its label."""

    css: str
    """The class in the style sheet."""

    font: Font
    text: str
    x: int
    y: int
    """The y position of the baseline, in pixels."""


class Label(Struct, frozen=True):
    """Lines of text beside an icon."""

    icon: str
    lines: tuple[TextLine, ...]
    width: int
    height: int

    def draw(self, pen: Pen, x: int, y: int, css: str) -> None:
        """Draw the label with its upper left corner at `x` and `y`."""
        if self.icon:
            pen.icon(css, x, y, self.icon)
        if self.lines:
            pen.text((line.css, x + line.x, y + line.y, line.text) for line in self.lines)


def node_label(icon: str, name: str, details: Sequence[str], widest: int) -> Label:
    """Return the label of a node: its name in bold, and phrases below it."""
    names = _wrapped(NAME, name, widest)
    return _label(icon, [("name", NAME, names), ("detail", DETAIL, _joined(details, widest))])


def quiet_label(icon: str, texts: Sequence[str], widest: int) -> Label:
    """Return the label of texts in the font of details beside an icon, each on lines of its own."""
    lines = [line for text in texts if text for line in _wrapped(DETAIL, text, widest)]
    return _label(icon, [("detail", DETAIL, lines)])


def plain_label(text: str, widest: int = NORMAL.name) -> Label:
    """Return a label of one text in the font of details, without an icon."""
    return _label("", [("detail", DETAIL, _wrapped(DETAIL, text, widest))])


def heading(
    icon: str,
    word: str,
    source: str = "",
    *,
    widest: int = NORMAL.code,
    code: bool = True,
) -> Label:
    """Return the label of a frame: a word in bold, and text beside it."""
    line = HEADING.line_height - _DESCENT
    first_line = _wrapped(HEADING, word, MAX_HEADING, 1)[0]
    start = ICON_ROOM if icon else 0
    lines = [TextLine("heading", HEADING, first_line, start, line)] if word else []
    code_start = start + HEADING.width(first_line) + _BEFORE_CODE if word else start
    css, font = ("code", CODE) if code else ("detail", DETAIL)
    for number, text in enumerate(_wrapped(font, source, widest, MAX_CODE_LINES) if source else ()):
        lines.append(TextLine(css, font, text, code_start, line + number * font.line_height))
    return Label(
        icon,
        tuple(lines),
        width=max((line.x + line.font.width(line.text) for line in lines), default=0),
        height=max((line.y + _DESCENT for line in lines), default=0),
    )


def exit_label(icon: str, statement: str, widest: int) -> Label:
    """Return the label of an exit: its statement in bold, in at most two lines."""
    return _label(icon, [("heading", HEADING, _wrapped(HEADING, statement, widest, MAX_EXIT_LINES))])


def add_remark(label: Label, text: str, widest: int = NORMAL.name) -> Label:
    """Return the label with a remark below it."""
    below = plain_label(text, widest)
    lines = (*label.lines, *(replace(line, y=line.y + label.height) for line in below.lines))
    return Label(label.icon, lines, max(label.width, below.width), label.height + below.height)


def _label(icon: str, blocks: Sequence[tuple[str, Font, Sequence[str]]]) -> Label:
    x = ICON_ROOM if icon else 0
    lines: list[TextLine] = []
    y = 0
    for css, font, texts in blocks:
        for text in texts:
            y += font.line_height
            lines.append(TextLine(css, font, text, x, y - _DESCENT))
    return Label(icon, tuple(lines), x + max((line.font.width(line.text) for line in lines), default=0), y)


def _wrapped(font: Font, text: str, width: int, lines: int = MAX_LINES) -> tuple[str, ...]:
    return font.wrap(visible(text), width, lines)


def _joined(phrases: Sequence[str], widest: int) -> list[str]:
    """Join phrases into as few lines as possible, breaking only phrases that exceed a line."""
    lines: list[str] = []
    for phrase in phrases:
        if lines and DETAIL.width(joined := f"{lines[-1]}{BETWEEN}{visible(phrase)}") <= widest:
            lines[-1] = joined
        else:
            lines.extend(_wrapped(DETAIL, phrase, widest))
    return lines[:MAX_DETAIL_LINES]


class IconStyle(Struct, frozen=True):
    """An icon with its class and its meaning."""

    css: FigureClass
    icon: str
    meaning: str
    """The text in the legend."""


def _step_entry(step_type: StepType) -> IconStyle:
    style = step_style(step_type)
    return IconStyle(style.category, style.icon, style.meaning)


_LEGEND_ENTRIES: Final = (
    *map(_step_entry, STEP_TYPES),
    IconStyle("function", Icon.FUNCTION, "a function that runs steps"),
    IconStyle("loop", Icon.LOOP, "a loop: repeats any number of times"),
    IconStyle("choice", Icon.CHOICE, "a choice: one of the branches"),
    IconStyle("choice", Icon.SWITCH, "a choice by the value of an expression"),
    IconStyle("parallel", Icon.PARALLEL, "concurrent; nodes below a bar wait for all nodes above it"),
    IconStyle("try", Icon.PROTECTED, "try: a failure jumps to the except block"),
    IconStyle("start", Icon.BREAK, "leaves the loop"),
    IconStyle("start", Icon.RETURN, "leaves the function or the workflow"),
    IconStyle("raise", Icon.RAISE, "fails: raises an exception"),
)
_LEGEND_ROW: Final = 22
_LEGEND_PADDING: Final = 12
_LEGEND_TITLE: Final = heading("", "Legend")


class Legend(Struct, frozen=True):
    """A table of icons and words, to the right of its spine."""

    @property
    def left_extent(self) -> int:
        return 0

    @property
    def right_extent(self) -> int:
        return max(DETAIL.width(entry.meaning) for entry in _LEGEND_ENTRIES) + ICON_ROOM + 2 * _LEGEND_PADDING

    @property
    def height(self) -> int:
        return _LEGEND_ROW * (len(_LEGEND_ENTRIES) + 1) + _LEGEND_PADDING + 4

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open("legend", "", "legend")
        pen.box("edge", (0, 0), (self.right_extent, self.height))
        _LEGEND_TITLE.draw(pen, _LEGEND_PADDING, _LEGEND_PADDING - 2, "")
        for row, entry in enumerate(_LEGEND_ENTRIES, start=1):
            pen.open(entry.css, "", entry.meaning)
            label = _label(entry.icon, [("detail", DETAIL, [entry.meaning])])
            label.draw(pen, _LEGEND_PADDING, _LEGEND_PADDING + row * _LEGEND_ROW - 4, "ink")
            pen.close()
        pen.close()


LEGEND: Final = Legend()
