"""Labels: an icon and lines of text, wrapped and measured."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.plain_text import visible
from stepgraph.render.folding import MAX_NAME_LINES, names_text
from stepgraph.render.node_text import name_text
from stepgraph.render.svg.fonts import CODE, DETAIL, HEADING, NAME, Font
from stepgraph.render.svg.lengths import Length, SymbolicLength
from stepgraph.render.svg.pen import Pen

ICON_ROOM: Final = 24
"""The width in pixels of an icon and the space beside it."""

MAX_LINES: Final = 4
MAX_CODE_LINES: Final = 5
MAX_DETAIL_LINES: Final = 7
MAX_EXIT_LINES: Final = 3
MAX_HEADING: Final = 320
BETWEEN: Final = " · "
_DESCENT: Final = 4
_BEFORE_CODE: Final = 7
_BEFORE_FACT: Final = 12
MAX_ERROR_LINES: Final = 2


class TextWidths(Struct, frozen=True):
    """The maximum width in pixels of each kind of text. Longer text is wrapped or, in exits, cut."""

    name: int
    """Names of steps, phrases below them, and exception handlers."""

    condition: int
    exit: int
    code: int
    """Heads of loops, arguments of functions, and other text in bands."""


NORMAL: Final = TextWidths(name=168, condition=230, exit=190, code=320)
NARROW: Final = TextWidths(name=114, condition=164, exit=160, code=220)
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

    def draw(self, pen: Pen, x: Length, y: int, css: str) -> None:
        """Draw the label with its upper left corner at `x` and `y`."""
        if self.icon:
            pen.icon(css, x, y, self.icon)
        self.draw_text(pen, x, y)

    def draw_text(self, pen: Pen, x: Length, y: int, css: str = "") -> None:
        """Draw the lines of the label with its upper left corner at `x` and `y`, in an element with a class."""
        if not self.lines:
            return
        left, by = (0, x) if isinstance(x, SymbolicLength) else (x, None)
        pen.text([(line.css, left + line.x, y + line.y, line.text) for line in self.lines], css, by)


def node_label(
    icon: str, name: str, details: Sequence[str], widest: int, names: Sequence[str] = (), arguments: str = ""
) -> Label:
    """Return the label of a node: its name in bold, arguments of a call, the names of the nodes inside, and phrases.

    The remark that replaces an empty name is in the font of details, so that it differs from a name.
    """
    return _node_label(icon, name, tuple(details), widest, tuple(names), arguments)


@lru_cache(maxsize=4096)  # pictures that must fit are measured repeatedly
def _node_label(
    icon: str, name: str, details: tuple[str, ...], widest: int, names: Sequence[str], arguments: str
) -> Label:
    shown = name_text(name)
    lines, below = _wrapped(NAME, shown, widest), _joined(details, widest)
    passed = _wrapped(DETAIL, arguments, widest) if arguments else ()
    # Names inside fill a narrow box, or the width of the other lines.
    room = max(NARROW.name, *map(NAME.width, lines), *map(DETAIL.width, (*passed, *below))) if names else 0
    inside = _wrapped(DETAIL, _names_within(names, room), room, MAX_NAME_LINES) if names else ()
    name_style = ("name", NAME) if shown == name else ("detail", DETAIL)
    return _label(icon, [(*name_style, lines), ("detail", DETAIL, (*passed, *inside, *below))])


def _names_within(names: Sequence[str], widest: int) -> str:
    """Return the names that fit into the lines of names, and the number of the others."""
    return names_text(names, lambda text: len(_wrapped(DETAIL, text, widest, MAX_NAME_LINES + 1)) <= MAX_NAME_LINES)


def quiet_label(icon: str, texts: Sequence[str], widest: int) -> Label:
    """Return the label of texts in the font of details beside an icon, each on lines of its own."""
    lines = [line for text in texts if text for line in _wrapped(DETAIL, text, widest)]
    return _label(icon, [("detail", DETAIL, lines)])


def plain_label(text: str, widest: int = NORMAL.name) -> Label:
    """Return a label of one text in the font of details, without an icon."""
    return _label("", [("detail", DETAIL, _wrapped(DETAIL, text, widest))])


@lru_cache(maxsize=4096)
def heading(
    icon: str,
    word: str,
    source: str = "",
    *,
    widest: int = NORMAL.code,
    room: int = 0,
    code: bool = True,
) -> Label:
    """Return the label of a frame: a word in bold, and text beside it.

    The text is wrapped at `widest`, or where the label is as wide as the `room` in its frame.
    """
    line = HEADING.line_height - _DESCENT
    first_line = _wrapped(HEADING, word, MAX_HEADING, 1)[0]
    start = ICON_ROOM if icon else 0
    lines = [TextLine("heading", HEADING, first_line, start, line)] if word else []
    code_start = start + HEADING.width(first_line) + _BEFORE_CODE if word else start
    css, font = ("code", CODE) if code else ("detail", DETAIL)
    for number, text in enumerate(
        _wrapped(font, source, max(widest, room - code_start), MAX_CODE_LINES) if source else ()
    ):
        lines.append(TextLine(css, font, text, code_start, line + number * font.line_height))
    return Label(
        icon,
        tuple(lines),
        width=max((line.x + line.font.width(line.text) for line in lines), default=0),
        height=max((line.y + _DESCENT for line in lines), default=0),
    )


def exit_label(icon: str, statement: str, widest: int, phrase: str = "") -> Label:
    """Return the label of an exit: its statement in bold, in at most three lines, and a phrase in one line."""
    phrases = _wrapped(DETAIL, phrase, widest, 1) if phrase else ()
    lines = _wrapped(HEADING, statement, widest, MAX_EXIT_LINES)
    return _label(icon, [("heading", HEADING, lines), ("detail", DETAIL, phrases)])


def add_remark(label: Label, text: str, widest: int = NORMAL.name) -> Label:
    """Return the label with a remark below it."""
    below = plain_label(text, widest)
    x = label.lines[0].x if label.lines else 0
    lines = (*label.lines, *(replace(line, x=x, y=line.y + label.height) for line in below.lines))
    return Label(label.icon, lines, max(label.width, x + below.width), label.height + below.height)


def without_phrases(label: Label) -> Label:
    """Return the label of a step without the phrases below its name."""
    lines = tuple(line for line in label.lines if line.css == "name") or label.lines[:1]  # the remark of an empty name
    if len(lines) == len(label.lines):
        return label
    return Label(label.icon, lines, max(line.x + line.font.width(line.text) for line in lines), lines[-1].y + _DESCENT)


def add_facts(label: Label, facts: Sequence[str], error: str, room: int, widest: int) -> Label:
    """Return the label of a step with facts on a run, and with an error below them.

    The facts are to the right of a name in one line if there is room for them, or else below.
    """
    text = BETWEEN.join(facts)
    lines, height, width = list(label.lines), label.height, label.width
    x = label.lines[0].x if label.lines else ICON_ROOM if label.icon else 0
    text_width = DETAIL.width(text)
    below: list[tuple[str, str, int]] = []
    if text and len(label.lines) == 1 and room - text_width >= width + _BEFORE_FACT:
        lines.append(TextLine("fact", DETAIL, text, room - text_width, label.lines[0].y))
        width = room
    elif text and text_width <= widest:
        below.append(("fact", text, text_width))
    elif text:
        below += [("fact", line, DETAIL.width(line)) for line in _joined(tuple(facts), widest)]
    if error:
        below += [("error", line, DETAIL.width(line)) for line in _wrapped(DETAIL, error, widest, MAX_ERROR_LINES)]
    for css, line, line_width in below:
        height += DETAIL.line_height
        lines.append(TextLine(css, DETAIL, line, x, height - _DESCENT))
        width = max(width, x + line_width)
    return Label(label.icon, tuple(lines), width, height)


def add_heading_fact(label: Label, fact: str, widest: int) -> Label:
    """Return the label of a frame with a fact on its runs to the right or, if there is no room, below."""
    x, width = label.width + _BEFORE_FACT, DETAIL.width(fact)
    if label.lines and x + width <= widest:
        line = TextLine("fact", DETAIL, fact, x, label.lines[0].y)
        return Label(label.icon, (*label.lines, line), x + width, label.height)
    return add_facts(label, [fact], "", 0, widest)


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
    return font.wrap_evenly(visible(text), width, lines)


@lru_cache(maxsize=1024)  # many steps have the same settings
def _joined(phrases: tuple[str, ...], widest: int) -> tuple[str, ...]:
    """Join phrases into as few lines as possible, breaking only phrases that exceed a line."""
    lines: list[str] = []
    for phrase in phrases:
        if lines and DETAIL.width(joined := f"{lines[-1]}{BETWEEN}{visible(phrase)}") <= widest:
            lines[-1] = joined
        else:
            # A short last line has room for the next phrase.
            lines.extend(DETAIL.wrap(visible(phrase), widest, MAX_LINES))
    return tuple(lines[:MAX_DETAIL_LINES])
