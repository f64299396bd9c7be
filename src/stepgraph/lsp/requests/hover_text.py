"""The text of a hover: a title, and a list of short lines with names and source code in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from lsprotocol.types import MarkupContent, MarkupKind
from msgspec import Struct

from stepgraph.escaping.markdown import code
from stepgraph.escaping.plain_text import visible
from stepgraph.phrases import shortened

_MAX_CODE_LENGTH: Final = 120
"""The maximum number of characters of a name or of source code in a line."""
MAX_LISTED: Final = 3
"""The number of names in a list that is cut."""


class CodeText(Struct, frozen=True):
    """A name or source code in a line, which is escaped."""

    text: str


HoverLine: TypeAlias = tuple[str | CodeText, ...]
"""A line: words without markup, and code."""


class HoverText(Struct, frozen=True):
    """The contents of a hover."""

    title: HoverLine
    lines: Sequence[HoverLine]

    @property
    def markdown(self) -> str:
        """The contents as Markdown: the title in bold, and a list."""
        items = [f"- {_markdown(line)}" for line in self.lines]
        return "\n".join([f"**{_markdown(self.title)}**", *([""] if items else []), *items])

    @property
    def plain(self) -> str:
        """The contents as text, a line for each line."""
        return "\n".join(map(plain_line, [self.title, *self.lines]))


def merged_content(texts: Sequence[HoverText], kind: MarkupKind) -> MarkupContent:
    """Return several contents in the format that a client prefers."""
    if kind is MarkupKind.Markdown:
        return MarkupContent(kind, "\n\n".join(text.markdown for text in texts))
    return MarkupContent(kind, "\n\n".join(text.plain for text in texts))


def plain_line(line: HoverLine) -> str:
    """Return a line as text."""
    return "".join(part if isinstance(part, str) else f"`{visible(_shown(part))}`" for part in line)


def listed(names: Iterable[str], conjunction: str = "and", last: str = "", *, has_more: bool = False) -> HoverLine:
    """Return a list of different names: `a`, `b` and 2 more.

    `last` are words for a further element at the end. With `has_more`, the number of further names is unknown.
    """
    different = list(dict.fromkeys(names))
    # "1 more" is hardly shorter than a name.
    count = len(different) if len(different) == MAX_LISTED + 1 and not has_more else MAX_LISTED
    elements: list[HoverLine] = [(CodeText(name),) for name in different[:count]]
    if has_more:
        elements.append(("more",))
    elif len(different) > count:
        elements.append((f"{len(different) - count:,} more",))
    if last:
        elements.append((last,))
    if not elements:
        return ()
    *first, final = elements
    return (*joined(first), f" {conjunction} ", *final) if first else final


def joined(lines: Iterable[HoverLine], between: str = ", ") -> HoverLine:
    """Return the parts of several lines as one line."""
    parts: list[str | CodeText] = []
    for number, line in enumerate(lines):
        parts += (between, *line) if number else line
    return tuple(parts)


def _markdown(line: HoverLine) -> str:
    return "".join(part if isinstance(part, str) else code(_shown(part)) for part in line)


def _shown(part: CodeText) -> str:
    return shortened(part.text, _MAX_CODE_LENGTH)
