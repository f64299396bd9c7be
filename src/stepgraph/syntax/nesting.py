"""Limits on nested brackets, chains, patterns and statements, checked by a scanner before the native parser runs.

The native parser overflows its stack on deeply nested brackets. Its time grows with the square of the length of a chain
(calls, attributes, operators, conditions), and by a factor of two to four with each nesting level of a pattern. A
module is parsed in pieces, but a statement as a whole.

A link is a token that extends a chain, such as an operator, a dot or an opening bracket. The scanner counts exactly for
any version of Python: it ignores brackets in string literals and counts those in the replacement fields of f-strings.
It leaves invalid source to the parser.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from msgspec import Struct, field

from stepgraph.limits import (
    ADJACENT_STRINGS,
    BRACKET_DEPTH,
    BRACKET_DEPTH_SUM,
    CHAIN_LENGTH_SUM,
    CHAINED_LINKS,
    FREE_DEPTH,
    PATTERN_DEPTH,
    PATTERN_DEPTH_SUM,
    STATEMENT_TOKENS,
)

_PATTERN_LEVEL_FACTOR: Final = 4
"""The native parser's maximum slowdown for each nesting level of a pattern."""
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
_BLANK: Final = ("joined", "line", "comment")
"""The kinds of text that adds no token to a statement."""
_STRINGS: Final = ("quote", "prefix", "string")
"""The kinds of the start of a string literal."""
# Keywords that are links.
_LINK_KEYWORDS: Final = frozenset({"lambda", "else", "not", "await", "for"})
_QUOTES: Final = ('"', "'", '"""', "'''")
# Patterns for the rest of a string literal after the opening quote, by quote.
_STRING_REST: Final = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\\r\n|\\.)*+"', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\r\n]|\\\r\n|\\.)*+'", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*+"""', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*+'''", re.DOTALL),
}
# A pattern for the next relevant part of a format string. A backslash does not escape a brace, but `\N{...}` names a
# character.
_FORMAT_PART: Final = r"\\N\{[\w\ -]+\}|\\[^{}]|\{\{|(?P<field>\{)|(?P<close>\}\}?)|(?P<line>[\r\n])"
_FORMAT_PARTS: Final = {quote: re.compile(rf"{_FORMAT_PART}|(?P<quote>{quote})", re.DOTALL) for quote in _QUOTES}


class Excess(Enum):
    """A limit of the native parser that a source exceeds."""

    BRACKETS = auto()
    """The nesting depth of one bracket exceeds `BRACKET_DEPTH`."""
    LINKS = auto()
    """The length of one chain exceeds `CHAINED_LINKS`."""
    PATTERNS = auto()
    """The nesting depth of one pattern exceeds `PATTERN_DEPTH`."""
    STRINGS = auto()
    """The number of adjacent string literals exceeds `ADJACENT_STRINGS`."""
    TOKENS = auto()
    """The number of tokens of one statement exceeds `STATEMENT_TOKENS`."""
    BRACKETS_IN_ALL = auto()
    """The summed depth of all brackets of the module exceeds `BRACKET_DEPTH_SUM`."""
    LINKS_IN_ALL = auto()
    """The summed positions of all links in their chains exceed `CHAIN_LENGTH_SUM`."""
    PATTERNS_IN_ALL = auto()
    """The summed cost of all brackets in patterns of the module exceeds `PATTERN_DEPTH_SUM`."""


class NestingSums(Struct, frozen=True):
    """The sums over a source that are limited."""

    depths: int
    """The depths of all brackets beyond `FREE_DEPTH`; limited by `BRACKET_DEPTH_SUM`."""
    links: int
    """The positions of all links in their chains beyond `FREE_DEPTH`; limited by `CHAIN_LENGTH_SUM`."""
    patterns: int
    """The estimated costs of all brackets in patterns; limited by `PATTERN_DEPTH_SUM`."""
    has_match: bool
    """Whether a logical line starts with `match`."""
    has_early_case: bool
    """Whether a logical line starts with `case`, which is no pattern unless a `match` is in code before the source."""

    def with_change(self, old_text: str, new_text: str) -> NestingSums | None:
        """Return the sums of a source after changes of some lines, or None if the whole source must be checked.

        Both texts start and end between statements.
        """
        old, new = check_nesting(old_text), check_nesting(new_text)
        if not isinstance(old, NestingSums) or not isinstance(new, NestingSums):
            return None
        if old.has_match != new.has_match or old.has_early_case or new.has_early_case:
            return None  # because `case` starts a pattern only if there is a `match` anywhere before
        sums = NestingSums(
            self.depths - old.depths + new.depths,
            self.links - old.links + new.links,
            self.patterns - old.patterns + new.patterns,
            self.has_match,
            self.has_early_case,
        )
        is_valid = (
            sums.depths <= BRACKET_DEPTH_SUM and sums.links <= CHAIN_LENGTH_SUM and sums.patterns <= PATTERN_DEPTH_SUM
        )
        return sums if is_valid else None


class _ExcessFoundError(Exception):
    """Ends the scan at the first exceeded limit."""

    def __init__(self, excess: Excess, offset: int) -> None:
        super().__init__()
        self.result = (excess, offset)


class _FormatString(Struct):
    """An open format string: an f-string or a t-string."""

    quote: str
    string_count: int
    """The number of adjacent string literals up to this one."""
    field_depths: list[int] = field(default_factory=list)
    """The number of link counters in each open replacement field, outermost first. Fields can nest in format specs."""


class _Scanner(Struct):
    """A scanner of tokens that counts links and the depth of brackets."""

    text: str
    links: list[int] = field(default_factory=lambda: [0])
    """The number of links since the last `,` or `;`, for the statement and each open bracket, outermost first."""
    format_strings: list[_FormatString] = field(default_factory=list)
    """Open format strings, outermost first."""
    token_count: int = 0
    """The number of tokens of the current logical line so far, with one for each string."""
    string_count: int = 0
    """The number of adjacent string literals so far, or 0 after another token."""
    has_token_in_line: bool = False
    """Whether the current logical line has a token so far."""
    has_match: bool = False
    """Whether any logical line so far started with `match`."""
    has_early_case: bool = False
    """Whether any logical line so far started with `case`, with no `match` before it."""
    is_in_pattern: bool = False
    """Whether the scanner is between `case` and the colon or guard after the pattern."""
    depth_sum: int = 0
    """The sum, over all brackets, of the depth beyond `FREE_DEPTH`; limited by `BRACKET_DEPTH_SUM`."""
    link_sum: int = 0
    """The sum, over all links, of the position in the chain beyond `FREE_DEPTH`; limited by `CHAIN_LENGTH_SUM`."""
    pattern_sum: int = 0
    """The sum, over all brackets in patterns, of the estimated cost; limited by `PATTERN_DEPTH_SUM`."""

    def find(self) -> tuple[Excess, int] | None:
        """Return the first excess and its offset. Return None at the end of the source or at an unterminated string."""
        offset: int | None = 0
        try:
            while offset is not None and (token := _TOKEN.search(self.text, offset)) is not None:
                offset = self._scan_token(token)
        except _ExcessFoundError as excess:
            return excess.result
        return None

    def _scan_token(self, token: re.Match[str]) -> int | None:
        """Scan a token and return the offset of the next one. Return None for an unterminated string."""
        kind = token.lastgroup
        self.token_count += kind not in _BLANK
        if self.token_count > STATEMENT_TOKENS:
            raise _ExcessFoundError(Excess.TOKENS, token.start())
        if kind not in _BLANK:
            self.string_count = self.string_count + 1 if kind in _STRINGS else 0
            if self.string_count > ADJACENT_STRINGS:
                raise _ExcessFoundError(Excess.STRINGS, token.start())
        match kind:
            case "joined" | "comment" | "number" | "plain":
                return token.end()
            case "line":
                self._end_line()
                return token.end()
            case "quote" | "prefix" | "string":
                self.has_token_in_line = True
                return self._scan_string(token["prefix"], token["quote"], token.end())
            case "word":
                self._count_word(token)
            case "open":
                self._count_link(token.start())
                self._open_bracket(token.start())
            case "close":
                return self._scan_closing_bracket(token)
            case "end":
                self.links[-1] = 0
            case "colon":
                return self._scan_colon(token.end())
            case _:
                self._count_link(token.start())
        self.has_token_in_line = True
        return token.end()

    def _end_line(self) -> None:
        if len(self.links) == 1:
            self.links[0] = self.token_count = self.string_count = 0
            self.has_token_in_line = self.is_in_pattern = False

    def _count_word(self, token: re.Match[str]) -> None:
        word = token["word"]
        if word in _LINK_KEYWORDS:
            self._count_link(token.start())
        if len(self.links) > 1:
            return
        if not self.has_token_in_line:
            self.has_match |= word == "match"
            self.has_early_case |= word == "case" and not self.has_match
            self.is_in_pattern = word == "case" and self.has_match
        elif word == "if":
            self.is_in_pattern = False

    def _count_link(self, offset: int) -> None:
        self.links[-1] += 1
        if self.links[-1] > CHAINED_LINKS:
            raise _ExcessFoundError(Excess.LINKS, offset)
        self.link_sum += max(0, self.links[-1] - FREE_DEPTH)
        if self.link_sum > CHAIN_LENGTH_SUM:
            raise _ExcessFoundError(Excess.LINKS_IN_ALL, offset)

    def _open_bracket(self, offset: int) -> None:
        self.links.append(0)
        if len(self.links) > BRACKET_DEPTH + 1:
            raise _ExcessFoundError(Excess.BRACKETS, offset)
        self.depth_sum += max(0, len(self.links) - FREE_DEPTH)
        if self.depth_sum > BRACKET_DEPTH_SUM:
            raise _ExcessFoundError(Excess.BRACKETS_IN_ALL, offset)
        if self.is_in_pattern:
            self._count_pattern_bracket(offset, len(self.links) - 1)

    def _count_pattern_bracket(self, offset: int, depth: int) -> None:
        if depth > PATTERN_DEPTH:
            raise _ExcessFoundError(Excess.PATTERNS, offset)
        self.pattern_sum += _PATTERN_LEVEL_FACTOR**depth
        if self.pattern_sum > PATTERN_DEPTH_SUM:
            raise _ExcessFoundError(Excess.PATTERNS_IN_ALL, offset)

    def _scan_string(self, prefix: str, quote: str, offset: int) -> int | None:
        if set(prefix).isdisjoint("fFtT"):
            remainder = _STRING_REST[quote].match(self.text, offset)
            return None if remainder is None else remainder.end()
        self.format_strings.append(_FormatString(quote, self.string_count))
        return self._scan_format_string(offset)

    def _scan_closing_bracket(self, token: re.Match[str]) -> int | None:
        ends_field = self._is_in_field() and token[0] == "}"
        if len(self.links) > 1:
            self.links.pop()
        if not ends_field:
            return token.end()
        self.format_strings[-1].field_depths.pop()
        return self._scan_format_string(token.end())

    def _scan_colon(self, offset: int) -> int | None:
        if self._is_in_field():
            return self._scan_format_string(offset)
        if len(self.links) == 1:
            self.is_in_pattern = False
        return offset

    def _is_in_field(self) -> bool:
        """Return whether the scanner is in a replacement field and outside any brackets in that field."""
        return bool(self.format_strings) and self.format_strings[-1].field_depths[-1:] == [len(self.links)]

    def _scan_format_string(self, offset: int) -> int | None:
        """Scan text of the innermost format string and return the offset of the code after it.

        That code is in the next replacement field or follows the string. Return None for an unterminated string.
        """
        string = self.format_strings[-1]
        while (part := _FORMAT_PARTS[string.quote].search(self.text, offset)) is not None:
            offset = part.end()
            if part["quote"]:
                self.string_count = self.format_strings.pop().string_count
                return offset
            if part["field"] or (string.field_depths and part[0] == "{{"):
                self._open_bracket(part.start())
                string.field_depths.append(len(self.links))
                return part.start() + 1
            if part["close"] and string.field_depths:
                string.field_depths.pop()
                self.links.pop()
                offset = part.start() + 1
            elif part["line"] and len(string.quote) == 1:
                return None
        return None


_MESSAGES: Final = {
    Excess.BRACKETS: f"brackets are nested more than {BRACKET_DEPTH} deep, which Python itself rejects.",
    Excess.LINKS: f"more than {CHAINED_LINKS:,} operators, calls and attributes are chained.",
    Excess.BRACKETS_IN_ALL: "the module has too many deeply nested brackets.",
    Excess.LINKS_IN_ALL: "the module has too many long chains of operators, calls and attributes.",
    Excess.PATTERNS_IN_ALL: "the module has too many deeply nested patterns.",
    Excess.PATTERNS: f"a pattern is nested more than {PATTERN_DEPTH} deep.",
    Excess.STRINGS: f"more than {ADJACENT_STRINGS:,} string literals follow each other.",
    Excess.TOKENS: f"a statement has more than {STATEMENT_TOKENS:,} tokens.",
}
_ADVICE: Final = {
    Excess.BRACKETS: "Split the expression.",
    Excess.LINKS: "Split the expression.",
    Excess.BRACKETS_IN_ALL: "Split the expressions.",
    Excess.LINKS_IN_ALL: "Split the expressions.",
    Excess.PATTERNS_IN_ALL: "Match the inner parts in separate `match` statements.",
    Excess.PATTERNS: "Match the inner part in a separate `match` statement.",
    Excess.STRINGS: "Write one literal in triple quotes, or join a list.",
    Excess.TOKENS: "Split the statement.",
}


class LimitViolation(Struct, frozen=True):
    """A violation of a limit of the native parser."""

    message: str
    advice: str
    """How to fix the violation."""
    line: int
    """The 1-based line."""
    column: int
    """The 1-based column, in characters."""


def check_nesting(text: str) -> NestingSums | LimitViolation:
    """Return the limited sums over a source, or the first violation of a limit of the native parser."""
    scanner = _Scanner(text)
    result = scanner.find()
    if result is None:
        sums = scanner.depth_sum, scanner.link_sum, scanner.pattern_sum
        return NestingSums(*sums, scanner.has_match, scanner.has_early_case)
    excess, offset = result
    preceding_text = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    line, column = preceding_text.count("\n") + 1, len(preceding_text) - preceding_text.rfind("\n")
    return LimitViolation(_MESSAGES[excess], _ADVICE[excess], line, column)
