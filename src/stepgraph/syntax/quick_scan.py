"""A quick scan of a source before it is parsed.

The scan proves most sources safe for the native parser, at a fraction of the cost of parsing them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.limits import CHAINED_LINKS

if TYPE_CHECKING:
    from stepgraph.syntax.nesting import NestingSums

_MAX_LINE_OPERATORS: Final = 60
"""The number of brackets and operators that a logical line may contain without a further check."""
_TOKENS_PER_LINE: Final = 2
"""The number of tokens that the parser adds for a line."""

# Source without code: comments, strings, and format strings with simple fields. The prefix of a plain string counts as
# code. An unterminated plain string matches too, as the parser rejects it at once, and another attempt at each quote in
# it would take quadratic time. The search finds the first character, and the alternatives look behind at it.
_PLAIN: Final = r"""(?<=Q)(?:(?<!\w.)|(?<=(?<!\w)[bBrRuU].)|(?<=(?<!\w)[bBrRuU]{2}.))
    (?:QQ(?:[^Q\\]++|\\.|Q(?!QQ))*+(?:QQQ)?|[^Q\\\n]*+(?:\\.[^Q\\\n]*+)*+Q?)"""
"""The rest of a plain string after its first quote Q."""
_FORMAT: Final = r"""
    Q(?!QQ)((?:[^Q\\\n{}]|\\[^{}N]|\{\{|\}\}|\{(?:[^{}"'\\\n]|O[^{}"'\\\n]*+O){0,80}+\})*+)Q"""
"""A format string with the quote Q, without its prefix. Its fields may contain strings with the other quote, O."""
_COMMENT_OR_STRING: Final = re.compile(
    rf"""["'\#fFtTrR](?:
    (?<=\#)[^\n]*+
    |{_PLAIN.replace("Q", '"')}
    |{_PLAIN.replace("Q", "'")}
    |(?:(?<=[fFtT])(?<!\w.)[rR]?+|(?<=[rR])(?<!\w.)[fFtT])
    (?:{_FORMAT.replace("O", "'").replace("Q", '"')}|{_FORMAT.replace("O", '"').replace("Q", "'")})
    )""",
    re.VERBOSE | re.DOTALL,
)
_GROUPS: Final = 1 + _COMMENT_OR_STRING.groups
"""The number of items of a split by this pattern for each match: the code before it, and the content of the format
string by its quote."""
_FIELD: Final = r"\{[^{}\n]*+\}"
# Each alternative starts with a character, so that the search skips all others.
_LINK_KEYWORDS: Final = r"l(?<!\wl)ambda\b|e(?<!\we)lse\b|n(?<!\wn)ot\b|a(?<!\wa)wait\b|f(?<!\wf)or\b"
_BRACKET_IN_CASE: Final = r"^[ \t\f]*case\b[^(\[{\n]*[(\[{]"

_BYTES_OF_WORDS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_" + bytes(range(0x80, 0x100))
WORDS_ALONE: Final = bytes(each if each in _BYTES_OF_WORDS else 0x20 for each in range(0x100))
"""A translation table that leaves the words of a source in UTF-8, and replaces all other bytes by spaces."""
_WORDS_AND_SPACES: Final = _BYTES_OF_WORDS + b" \t\n\r\f\v"
_COUNTED_BYTES: Final = b"()[]{}.+-*/%@&|^~<>\n"
_DELETED_BYTES: Final = bytes(set(range(256)) - set(_COUNTED_BYTES))
_UNIFY_BRACKETS: Final = bytes.maketrans(b"[]{}", b"()()")


class QuickScan(Struct, frozen=True):
    """An estimate of the work of parsing a source, made without parsing it."""

    is_shallow: bool
    """Whether no expression and no pattern can exceed a limit of the native parser; False if unknown."""
    is_exact: bool
    """Whether all strings were recognized. Otherwise, all text counts as code, even if it is in strings or comments."""
    tokens: int
    """The approximate number of tokens, as a measure of the parser's memory use.

    It counts names, numbers, strings, the prefixes of plain strings, comments and operators, including those in the
    fields of format strings, and two tokens for each line. The text between these fields does not count.
    """

    def with_change(self, old_text: str, new_text: str) -> QuickScan | None:
        """Return the estimate of a source after changes of some lines, or None if the whole source must be scanned.

        Both texts start and end between statements.
        """
        old, new = _scan(old_text, counts_keywords=True), _scan(new_text, counts_keywords=True)
        if (self.is_shallow and not new.is_shallow) or not (new if self.is_exact else old).is_exact:
            return None
        if self.is_exact:
            added = new.tokens - old.tokens
        else:
            added = _count_tokens_and_lines(new_text) - _count_tokens_and_lines(old_text)
        return QuickScan(self.is_shallow, self.is_exact, self.tokens + added)


class SourceScan(Struct, frozen=True):
    """The work of parsing a source, known before parsing it."""

    quick: QuickScan
    nesting: NestingSums | None = None
    """The nesting of the source, or None if it is shallow."""

    def with_change(self, old_text: str, new_text: str) -> SourceScan | None:
        """Return the scan of a source after changes of some lines, or None if the whole source must be scanned.

        Both texts start and end between statements.
        """
        quick = self.quick.with_change(old_text, new_text)
        if quick is None or quick.is_shallow:
            return None if quick is None else SourceScan(quick)
        nesting = None if self.nesting is None else self.nesting.with_change(old_text, new_text)
        return None if nesting is None else SourceScan(quick, nesting)


def quick_scan(text: str) -> QuickScan:
    """Return an estimate of the nesting and the number of tokens of a source, made with regular expressions."""
    return _scan(text, counts_keywords=False)


def _scan(text: str, *, counts_keywords: bool) -> QuickScan:
    """Return an estimate. With `counts_keywords`, keywords that are links always count, not only if there are many."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = _COMMENT_OR_STRING.split(text)
    code = " ".join(parts[::_GROUPS])
    is_exact = not _has_quote(code)
    if is_exact:
        format_strings = "\n".join([text for quote in range(1, _GROUPS) for text in parts[quote::_GROUPS] if text])
        fields = "".join(re.findall(_FIELD, format_strings)) if format_strings else ""
        count = len(parts) // _GROUPS
        tokens = count + _count_tokens(code) + _count_tokens(fields) + _TOKENS_PER_LINE * text.count("\n")
    else:
        # A format string did not match, so code after it may have matched as a string.
        tokens = _count_tokens_and_lines(text)
    return QuickScan(_is_shallow(code, counts_keywords=counts_keywords), is_exact, tokens)


def _count_tokens_and_lines(code: str) -> int:
    return _count_tokens(code) + _TOKENS_PER_LINE * code.count("\n")


def _count_tokens(code: str) -> int:
    encoded = code.encode("utf-8", "surrogatepass")
    return len(encoded.translate(WORDS_ALONE).split()) + len(encoded.translate(None, _WORDS_AND_SPACES))


def _has_quote(code: str) -> bool:
    return '"' in code or "'" in code


def _is_shallow(code: str, *, counts_keywords: bool) -> bool:
    code = code.replace("\\\n", "")
    # The remaining quotes belong to format strings with complex fields.
    if _has_quote(code) or ("case" in code and re.search(_BRACKET_IN_CASE, code, re.MULTILINE)):
        return False
    if counts_keywords or sum(map(code.count, ("lambda", "else", "not", "await", "for"))) > CHAINED_LINKS:
        code = re.sub(_LINK_KEYWORDS, "~", code)
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
