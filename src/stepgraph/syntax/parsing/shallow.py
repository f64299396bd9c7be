"""A quick scan that proves most sources safe for the native parser, at a small part of the cost of parsing."""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from stepgraph.limits import CHAINED_LINKS

_MAX_LINE_OPERATORS: Final = 60
"""Brackets and operators that a logical line may contain without a further check."""
_TOKENS_PER_LINE: Final = 2
"""Tokens that the parser adds for a line."""

# Source without code: comments, strings, and format strings with simple fields. An unterminated string matches too, as
# the parser rejects it at once, and another attempt at each quote in it would take quadratic time.
_TRIPLE_QUOTED: Final = r"""\"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\")?|'''(?:[^'\\]|\\.|'(?!''))*+(?:''')?"""
_SINGLE_QUOTED: Final = r""""(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?"""
_FIELD_IN_DOUBLE: Final = r"\{(?:[^{}\"'\\\n]|'[^{}\"'\\\n]*+'){0,80}+\}"
_FIELD_IN_SINGLE: Final = r"\{(?:[^{}\"'\\\n]|\"[^{}\"'\\\n]*+\"){0,80}+\}"
_COMMENT_OR_STRING: Final = re.compile(
    rf"""\#[^\n]*
    |(?<!\w)[bBrRuU]{{0,2}}(?:{_TRIPLE_QUOTED}|{_SINGLE_QUOTED})
    |(?<!\w)(?P<formatted>[fFrRtT]{{1,2}}(?:
        "(?!"")(?:[^"\\\n{{}}]|\\[^{{}}N]|\{{\{{|\}}\}}|{_FIELD_IN_DOUBLE})*+"
        |'(?!'')(?:[^'\\\n{{}}]|\\[^{{}}N]|\{{\{{|\}}\}}|{_FIELD_IN_SINGLE})*+'
    ))""",
    re.VERBOSE | re.DOTALL,
)
_TOKEN: Final = re.compile(r"\w++|[^\w\s]")
_FIELD: Final = re.compile(r"\{[^{}\n]*+\}")
_LINK_KEYWORDS: Final = re.compile(r"\b(?:lambda|else|not|await|for)\b")
_BRACKET_IN_CASE: Final = re.compile(r"^[ \t\f]*case\b[^(\[{\n]*[(\[{]", re.MULTILINE)

_COUNTED_BYTES: Final = b"()[]{}.+-*/%@&|^~<>\n"
_DELETED_BYTES: Final = bytes(set(range(256)) - set(_COUNTED_BYTES))
_UNIFY_BRACKETS: Final = bytes.maketrans(b"[]{}", b"()()")


class QuickScan(Struct, frozen=True):
    """The result of a quick scan."""

    is_shallow: bool
    """Whether no expression and no pattern can exceed a limit of the native parser; False if unknown."""
    tokens: int
    """Upper bound of the number of tokens, a measure of the parser's memory.

    It counts names, numbers, strings, comments and operators, also in the fields of format strings, and two for each
    line.
    """


def quick_scan(text: str) -> QuickScan:
    """Return the result of a quick scan of a source."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    format_strings: list[str] = []

    def blank(match: re.Match[str]) -> str:
        if match.lastgroup is not None:
            format_strings.append(match.group())
        return " "

    code, count = _COMMENT_OR_STRING.subn(blank, text)
    if _has_quote(code):
        # A format string did not match, so later code may have matched as a string: count the whole text as code.
        count, token_source = 0, text
    else:
        token_source = code + "".join(_FIELD.findall("\n".join(format_strings)))
    tokens = count + _count_tokens(token_source) + _TOKENS_PER_LINE * text.count("\n")
    return QuickScan(_is_shallow(code), tokens)


def _count_tokens(code: str) -> int:
    return _TOKEN.subn("", code)[1]


def _has_quote(code: str) -> bool:
    return '"' in code or "'" in code


def _is_shallow(code: str) -> bool:
    code = code.replace("\\\n", "")
    # The remaining quotes belong to format strings with complex fields.
    if _has_quote(code) or ("case" in code and _BRACKET_IN_CASE.search(code)):
        return False
    if sum(map(code.count, ("lambda", "else", "not", "await", "for"))) > CHAINED_LINKS:
        code = _LINK_KEYWORDS.sub("~", code)
    encoded = code.encode("utf-8", "surrogatepass")
    return _has_short_lines(encoded.translate(_UNIFY_BRACKETS, _DELETED_BYTES))


def _has_short_lines(counted: bytes) -> bool:
    depth = length = 0
    for line in counted.split(b"\n"):
        if not line:
            continue
        length += len(line)
        if length > _MAX_LINE_OPERATORS:
            return False
        depth += line.count(b"(") - line.count(b")")
        if depth <= 0:
            depth = length = 0
    return True
