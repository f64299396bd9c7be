"""Whether a source is harmless for the parser, told at a glance: at a small part of the cost of parsing it."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from stepgraph.limits import CHAINED_LINKS

# Of brackets and operators, so few in a line (one with what its brackets hold) cannot be too many.
_FEW: Final = 60
_OF_A_LINE: Final = 2

# What holds no code: comments, strings, and formatted strings with little in them. A string without an end counts too:
# the parser refuses it at once, and to look at it again from each quote in it would take the square of its length.
_LONG_TEXT: Final = r"""\"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\")?|'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?"""
_TEXT: Final = r""""(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?"""
_FIELD_IN_DOUBLE: Final = r"\{(?:[^{}\"'\\\n]|'[^{}\"'\\\n]*+'){0,80}+\}"
_FIELD_IN_SINGLE: Final = r"\{(?:[^{}\"'\\\n]|\"[^{}\"'\\\n]*+\"){0,80}+\}"
_ASIDE: Final = re.compile(
    rf"""\#[^\n]*
    |(?<!\w)[bBrRuU]{{0,2}}(?:{_LONG_TEXT}|{_TEXT})
    |(?<!\w)(?P<formatted>[fFrRtT]{{1,2}}(?:
        "(?!"")(?:[^"\\\n{{}}]|\\[^{{}}N]|\{{\{{|\}}\}}|{_FIELD_IN_DOUBLE})*+"
        |'(?!'')(?:[^'\\\n{{}}]|\\[^{{}}N]|\{{\{{|\}}\}}|{_FIELD_IN_SINGLE})*+'
    ))""",
    re.VERBOSE | re.DOTALL,
)
_TOKEN: Final = re.compile(r"\w++|[^\w\s]")
_FIELD: Final = re.compile(r"\{[^{}\n]*+\}")
_WORDS: Final = re.compile(r"\b(?:lambda|else|not|await|for)\b")
_BRACKET_IN_CASE: Final = re.compile(r"^[ \t\f]*case\b[^(\[{\n]*[(\[{]", re.MULTILINE)

_COUNTED: Final = b"()[]{}.+-*/%@&|^~<>\n"
_NOT_COUNTED: Final = bytes(set(range(256)) - set(_COUNTED))
_BRACKETS_ALIKE: Final = bytes.maketrans(b"[]{}", b"()()")


class Glance(Struct, frozen=True):
    """A source as far as is told at a glance: whether nothing in it can be too deep or too long, and its size.

    `tokens` counts names, numbers, strings, comments, operators, those in fields of formatted strings too, and two more
    for each line: as the parser takes memory. It may be too high, but not too low.
    """

    is_shallow: bool
    tokens: int


def glance(text: str) -> Glance:
    """Return what a source is at a glance."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    formatted: list[str] = []

    def blank(aside: re.Match[str]) -> str:
        if aside.lastgroup is not None:
            formatted.append(aside.group())
        return " "

    code, count = _ASIDE.subn(blank, text)
    if _has_quote(code):
        # A string was not recognized, so that code after it may have been taken for one: all text counts as code.
        count, code_of_tokens = 0, text
    else:
        code_of_tokens = code + "".join(_FIELD.findall("\n".join(formatted)))
    tokens = count + _count_tokens(code_of_tokens) + _OF_A_LINE * text.count("\n")
    return Glance(_is_shallow(code), tokens)


def _count_tokens(code: str) -> int:
    return _TOKEN.subn("", code)[1]


def _has_quote(code: str) -> bool:
    return '"' in code or "'" in code


def _is_shallow(code: str) -> bool:
    # A quote that is left begins a formatted string that holds more.
    code = code.replace("\\\n", "")
    if _has_quote(code) or ("case" in code and _BRACKET_IN_CASE.search(code)):
        return False
    if sum(map(code.count, ("lambda", "else", "not", "await", "for"))) > CHAINED_LINKS:
        code = _WORDS.sub("~", code)
    encoded = code.encode("utf-8", "surrogatepass")
    return _has_short_lines(encoded.translate(_BRACKETS_ALIKE, _NOT_COUNTED))


def _has_short_lines(counted: bytes) -> bool:
    depth = length = 0
    for line in counted.split(b"\n"):
        if not line:
            continue
        length += len(line)
        if length > _FEW:
            return False
        depth += line.count(b"(") - line.count(b")")
        if depth <= 0:
            depth = length = 0
    return True
