"""Where brackets are nested too deeply in a source, and where an expression has too many links.

A scanner of tokens that is exact in what it counts, for any version of Python: brackets in text do not count, those in
the fields of formatted strings do. What is no valid source it leaves to the parser.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from msgspec import Struct, field

from stepgraph.limits import (
    BRACKET_DEPTH,
    BRACKET_DEPTH_SUM,
    CHAIN_LENGTH_SUM,
    CHAINED_LINKS,
    FREE_DEPTH,
    PATTERN_DEPTH,
    PATTERN_DEPTH_SUM,
)

# The native parser takes up to so many times as long for each level of a pattern.
_TIMES_FOR_A_LEVEL: Final = 4

_TOKEN: Final = re.compile(
    r"""(?P<joined>\\(?:\r\n|\r|\n))
    |(?P<line>\r\n|\r|\n)
    |(?P<comment>\#[^\r\n]*)
    |(?P<string>(?P<prefix>[A-Za-z]{0,2})(?P<quote>\"\"\"|'''|"|'))
    |(?P<number>\d[\w.]*)
    |(?P<word>\w+)
    |(?P<open>[(\[{])
    |(?P<close>[)\]}])
    |(?P<end>[,;])
    |(?P<plain>[=!<>:]=|=|[-+*/%@&|^]=|(?:\*\*|//|>>|<<)=|->)
    |(?P<colon>:)
    |(?P<link>\*\*|//|>>|<<|[-+*/%@&|^.~])
    """,
    re.VERBOSE,
)
_LINKING: Final = frozenset({"lambda", "else", "not", "await", "for"})

_QUOTES: Final = ('"', "'", '"""', "'''")
# By its quote: the rest of a text.
_REST: Final = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\\r\n|\\.)*+"', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\r\n]|\\\r\n|\\.)*+'", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
}
# What is next in a formatted text. A backslash takes nothing from a brace, but in the name of a character.
_NEXT_IN_ANY: Final = r"\\N\{[\w\ -]+\}|\\[^{}]|\{\{|(?P<field>\{)|(?P<close>\}\}?)|(?P<line>[\r\n])"
_NEXT: Final = {quote: re.compile(rf"{_NEXT_IN_ANY}|(?P<quote>{quote})", re.DOTALL) for quote in _QUOTES}


class Excess(Enum):
    """What there is too much of."""

    BRACKETS = auto()
    LINKS = auto()
    PATTERNS = auto()
    BRACKETS_IN_ALL = auto()
    LINKS_IN_ALL = auto()
    PATTERNS_IN_ALL = auto()


def first_excess(text: str) -> tuple[Excess, int] | None:
    """Return what a source has too much of, and at which offset; None if nothing."""
    return _Scanner(text).find()


class _ExcessFoundError(Exception):
    def __init__(self, excess: Excess, offset: int) -> None:
        super().__init__()
        self.found = (excess, offset)


class _Formatted(Struct):
    """A formatted text that is being read: its quote, and how deep its open fields are, in each other's formats."""

    quote: str
    fields: list[int] = field(default_factory=list)


class _Scanner(Struct):
    """Counts, for each bracket that is open, the links since the last comma in it."""

    text: str
    links: list[int] = field(default_factory=lambda: [0])
    formatted: list[_Formatted] = field(default_factory=list)
    is_line_begun: bool = False
    has_match: bool = False
    in_pattern: bool = False
    depth_in_all: int = 0
    links_in_all: int = 0
    patterns_in_all: int = 0

    def find(self) -> tuple[Excess, int] | None:
        """Return the first excess; None where there is none before the end, or before what is no Python."""
        at: int | None = 0
        try:
            while at is not None and (token := _TOKEN.search(self.text, at)) is not None:
                at = self._after(token)
        except _ExcessFoundError as excess:
            return excess.found
        return None

    def _after(self, token: re.Match[str]) -> int | None:
        """Return where to go on after a token; None where a text does not end."""
        kind = token.lastgroup
        match kind:
            case "joined" | "comment" | "number" | "plain":
                return token.end()
            case "line":
                self._end_line()
                return token.end()
            case "quote" | "prefix" | "string":
                self.is_line_begun = True
                return self._after_opening(token["prefix"], token["quote"], token.end())
            case "word":
                self._count_word(token)
            case "open":
                self._link(token.start())
                self._enter(token.start())
            case "close":
                return self._after_closing(token)
            case "end":
                self.links[-1] = 0
            case "colon":
                return self._after_colon(token.end())
            case _:
                self._link(token.start())
        self.is_line_begun = True
        return token.end()

    def _end_line(self) -> None:
        if len(self.links) == 1:
            self.links[0] = 0
            self.is_line_begun = self.in_pattern = False

    def _count_word(self, token: re.Match[str]) -> None:
        word = token["word"]
        if word in _LINKING:
            self._link(token.start())
        if len(self.links) > 1:
            return
        if not self.is_line_begun:
            self.has_match |= word == "match"
            self.in_pattern = word == "case" and self.has_match
        elif word == "if":
            self.in_pattern = False

    def _link(self, offset: int) -> None:
        self.links[-1] += 1
        if self.links[-1] > CHAINED_LINKS:
            raise _ExcessFoundError(Excess.LINKS, offset)
        self.links_in_all += max(0, self.links[-1] - FREE_DEPTH)
        if self.links_in_all > CHAIN_LENGTH_SUM:
            raise _ExcessFoundError(Excess.LINKS_IN_ALL, offset)

    def _enter(self, offset: int) -> None:
        self.links.append(0)
        if len(self.links) > BRACKET_DEPTH + 1:
            raise _ExcessFoundError(Excess.BRACKETS, offset)
        self.depth_in_all += max(0, len(self.links) - FREE_DEPTH)
        if self.depth_in_all > BRACKET_DEPTH_SUM:
            raise _ExcessFoundError(Excess.BRACKETS_IN_ALL, offset)
        if self.in_pattern:
            self._enter_pattern(offset, len(self.links) - 1)

    def _enter_pattern(self, offset: int, depth: int) -> None:
        if depth > PATTERN_DEPTH:
            raise _ExcessFoundError(Excess.PATTERNS, offset)
        self.patterns_in_all += _TIMES_FOR_A_LEVEL**depth
        if self.patterns_in_all > PATTERN_DEPTH_SUM:
            raise _ExcessFoundError(Excess.PATTERNS_IN_ALL, offset)

    def _after_opening(self, prefix: str, quote: str, at: int) -> int | None:
        if set(prefix).isdisjoint("fFtT"):
            rest = _REST[quote].match(self.text, at)
            return None if rest is None else rest.end()
        self.formatted.append(_Formatted(quote))
        return self._in_text(at)

    def _after_closing(self, token: re.Match[str]) -> int | None:
        ends_field = self._is_in_field() and token[0] == "}"
        if len(self.links) > 1:
            self.links.pop()
        if not ends_field:
            return token.end()
        self.formatted[-1].fields.pop()
        return self._in_text(token.end())

    def _after_colon(self, at: int) -> int | None:
        if self._is_in_field():
            return self._in_text(at)
        if len(self.links) == 1:
            self.in_pattern = False
        return at

    def _is_in_field(self) -> bool:
        """Whether what is read stands in a field of a formatted text itself, in no further bracket."""
        return bool(self.formatted) and self.formatted[-1].fields[-1:] == [len(self.links)]

    def _in_text(self, at: int) -> int | None:
        """Return where code goes on: in the next field of the innermost formatted text, or after that text."""
        inner = self.formatted[-1]
        while (part := _NEXT[inner.quote].search(self.text, at)) is not None:
            at = part.end()
            if part["quote"]:
                self.formatted.pop()
                return at
            if part["field"] or (inner.fields and part[0] == "{{"):
                self._enter(part.start())
                inner.fields.append(len(self.links))
                return part.start() + 1
            if part["close"] and inner.fields:
                inner.fields.pop()
                self.links.pop()
                at = part.start() + 1
            elif part["line"] and len(inner.quote) == 1:
                return None
        return None
