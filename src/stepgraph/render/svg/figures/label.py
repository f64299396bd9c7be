"""What a node says, broken into lines and measured: an icon, its name, and what there is to say beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.escaping.visible import visible
from stepgraph.render.svg.fonts import CODE, DETAIL, HEADING, NAME, Font
from stepgraph.render.svg.pen import Pen

ICON_ROOM: Final = 24
"""An icon and the space beside it."""

MOST_LINES: Final = 3
MOST_CODE_LINES: Final = 5
MOST_DETAILS: Final = 5
WIDEST_NAME: Final = 230
WIDEST_DETAIL: Final = 250
WIDEST_HEADING: Final = 320
WIDEST_EXIT: Final = 190
WIDEST_CODE: Final = 320
BETWEEN: Final = " · "
_DESCENT: Final = 4
_BEFORE_CODE: Final = 7


class TextLine(Struct, frozen=True):
    """A line of text: its class in the style sheet, its font, where it begins and its base line."""

    css: str
    font: Font
    text: str
    x: int
    y: int


class Label(Struct, frozen=True):
    """Lines of text beside an icon, seen from its upper left corner."""

    icon: str
    lines: tuple[TextLine, ...]
    width: int
    height: int

    def draw(self, pen: Pen, x: int, y: int, css: str) -> None:
        """Write it with its corner there."""
        if self.icon:
            pen.icon(css, x, y, self.icon)
        if self.lines:
            pen.text((line.css, x + line.x, y + line.y, line.text) for line in self.lines)


def node_label(icon: str, name: str, details: Sequence[str]) -> Label:
    """Return the label of a step: its name in bold, and phrases below it."""
    names = _wrapped(NAME, name, WIDEST_NAME)
    return _label(icon, [("name", NAME, names), ("detail", DETAIL, _joined(details))])


def beside(icon: str, text: str) -> Label:
    """Return the label of an icon that is explained."""
    return _label(icon, [("detail", DETAIL, [text])])


def remark(text: str, widest: int = WIDEST_DETAIL) -> Label:
    """Return a label in our own words, not those of the source."""
    return _label("", [("detail", DETAIL, _wrapped(DETAIL, text, widest))])


def heading(
    icon: str,
    word: str,
    beside: str = "",
    *,
    widest: int = WIDEST_CODE,
    widest_word: int = WIDEST_HEADING,
    code: bool = True,
) -> Label:
    """Return the label of a frame: a word for what it is, and beside it source or, if it is no code, words of ours."""
    line = HEADING.line_height - _DESCENT
    known = _wrapped(HEADING, word, widest_word, 1)[0]
    start = ICON_ROOM if icon else 0
    lines = [TextLine("heading", HEADING, known, start, line)] if word else []
    code_start = start + HEADING.width(known) + _BEFORE_CODE if word else start
    css, font = ("code", CODE) if code else ("detail", DETAIL)
    for number, text in enumerate(_wrapped(font, beside, widest, MOST_CODE_LINES) if beside else ()):
        lines.append(TextLine(css, font, text, code_start, line + number * font.line_height))
    return Label(
        icon,
        tuple(lines),
        width=max((line.x + line.font.width(line.text) for line in lines), default=0),
        height=max((line.y + _DESCENT for line in lines), default=0),
    )


def under(label: Label, text: str) -> Label:
    """Return a label with a remark of ours below it."""
    below = remark(text)
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


def _wrapped(font: Font, text: str, width: int, lines: int = MOST_LINES) -> tuple[str, ...]:
    return font.wrap(visible(text), width, lines)


def _joined(phrases: Sequence[str]) -> list[str]:
    """Return phrases on as few lines as they fit on, each whole if it can be."""
    lines: list[str] = []
    for phrase in phrases:
        if lines and DETAIL.width(joined := f"{lines[-1]}{BETWEEN}{visible(phrase)}") <= WIDEST_DETAIL:
            lines[-1] = joined
        else:
            lines.extend(_wrapped(DETAIL, phrase, WIDEST_DETAIL))
    return lines[:MOST_DETAILS]
