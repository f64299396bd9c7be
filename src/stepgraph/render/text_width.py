"""Measuring, cutting and wrapping text, in any unit of length and in terminal cells.

Widths in cells are from Unicode 15.1.0 instead of `unicodedata`, so that they do not depend on the version of Python.
Most characters that Unicode 15.1.0 lacks have one cell.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.plain_text import visible

ELLIPSIS: Final = "…"
HYPHEN: Final = "-"
MIN_HYPHENATED: Final = 4
"""The minimum number of letters of a word in a line that ends inside the word, before a hyphen replaces the last one,
and in the line after the hyphen.
"""
MAX_COMBINING_MARKS: Final = 12
"""The maximum number of combining characters on one letter, which is more than any script needs."""
_BREAKABLE: Final = "([{,.=/-_"
_CLOSING: Final = ")]}"
_OPERATORS: Final = frozenset(["<", ">", "<=", ">=", "==", "!=", "+", "-", "*", "/", "//", "%", "|", "&", "^", "="])
_PIECE: Final = r"\s++|\{[^{}]*+\}++|[-_/.,=]++|[^\s{}\-_/.,=]++|[{}]"
"""A space, a placeholder, punctuation after which a line may end, other text, or a brace."""
_PUNCTUATION: Final = "-_/.,="
_MAX_LENGTH_WITH_WHOLE_PLACEHOLDERS: Final = 300
_SMALL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_CAPITALS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""ASCII only, because the case of other letters depends on the version of Python."""
_SMALL_LETTERS: Final = frozenset(
    {*_SMALL, *map(chr, (*range(0xDF, 0xF7), *range(0xF8, 0x100), *range(0x3AC, 0x3CF), *range(0x430, 0x460)))}
    - set("0123456789")
)
"""The small letters of Western European languages, Greek and Cyrillic."""


class Ruler(Struct, frozen=True):
    """Measures text by the widths of its characters."""

    width_of: Callable[[str], int]
    """Returns the width of a single character."""

    hyphenates: bool = False
    """Whether a line that ends inside a word of letters ends in a hyphen."""

    def width(self, text: str) -> int:
        """Return the width of `text`."""
        return sum(map(self.width_of, text))

    def clip(self, text: str, width: int) -> str:
        """Return `text` cut to `width`, with an ellipsis if it does not fit."""
        if self._count_fitting(text, width) == len(text):
            return text
        room = width - self.width_of(ELLIPSIS)
        return "" if room < 0 else text[: self._count_fitting(text, room)] + ELLIPSIS

    def wrap(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Break `text` into at most `lines` lines of `width`.

        Lines end at spaces, else after punctuation, else before a capital inside a word, else anywhere. A line begins
        rather than ends with an operator.
        The last line ends in an ellipsis if text is cut off.
        """
        wrapped: list[str] = []
        remainder = text
        while (end := self._count_fitting(remainder, width)) < len(remainder):
            if len(wrapped) == lines - 1:
                return (*wrapped, self.clip(remainder, width))
            line, remainder = _broken(remainder, max(1, end))
            if self.hyphenates and _is_in_word(text, len(text) - len(remainder), line):
                line, remainder = self._hyphenated(line, remainder, width)
            wrapped.append(line)
        return (*wrapped, remainder)

    def wrap_evenly(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Break `text` as `wrap` does, with lines of about equal width if all of them end at spaces.

        Placeholders such as `{order["id"]}` stay whole if that takes no more lines.
        """
        wrapped = self.wrap(text, width, lines)
        if len(wrapped) > 1 and " ".join(wrapped) == text:
            wrapped = self._evened(wrapped)
        is_whole = all(line.count("{") == line.count("}") for line in wrapped)
        return wrapped if is_whole else self._with_whole_placeholders(text, width, len(wrapped)) or wrapped

    def _with_whole_placeholders(self, text: str, width: int, lines: int) -> tuple[str, ...]:
        """Return at most `lines` lines of about equal width without breaks in placeholders, or nothing."""
        parts = _parts_of_name(text) if len(text) <= _MAX_LENGTH_WITH_WHOLE_PLACEHOLDERS else []
        whole: tuple[str, ...] = ()
        limit = width
        while parts and len(filled := self._filled(parts, limit)) <= lines:
            widest = max(map(self.width, filled))
            if widest > limit:
                break
            whole, limit = filled, widest - 1
        return whole

    def _filled(self, parts: Sequence[str], width: int) -> tuple[str, ...]:
        """Return lines with as many parts as fit into `width`. A part that does not fit is a line of its own."""
        filled: list[str] = []
        for part in parts:
            if filled and self.width(f"{filled[-1]}{part}".rstrip()) <= width:
                filled[-1] += part
            else:
                filled.append(part.lstrip())
        return tuple(line.rstrip() for line in filled)

    def _evened(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Return the text in as many lines, with breaks that make the longest line as short as possible."""
        parts = _with_operators(" ".join(lines).split(" "))
        widths, space = [self.width(part) for part in parts], self.width_of(" ")
        limit, longest_part, even = max(map(self.width, lines)), max(widths), lines
        while limit >= longest_part and len(begins := _line_begins(widths, space, limit)) <= len(lines):
            ends = [*begins[1:], len(parts)]
            even = tuple(" ".join(parts[begin:end]) for begin, end in zip(begins, ends, strict=True))
            limit = max(map(self.width, even)) - 1
        return even

    def _hyphenated(self, line: str, remainder: str, width: int) -> tuple[str, str]:
        """Return a line inside a word with a hyphen, for which its last letters move to the rest if necessary."""
        end = self._count_fitting(line, width - self.width_of(HYPHEN))
        missing = MIN_HYPHENATED - len(f"{line[end:]}{remainder}".partition(" ")[0])
        if missing > 0 and end - line.rfind(" ") > MIN_HYPHENATED + missing:
            end -= missing
        return f"{line[:end]}{HYPHEN}", f"{line[end:]}{remainder}"

    def _count_fitting(self, text: str, width: int) -> int:
        """Return the number of leading characters that fit into `width`, up to an excess of combining marks."""
        if text.isascii() and self.width(text) <= width:
            return len(text)
        used = marks = 0
        for index, letter in enumerate(text):
            letter_width = self.width_of(letter)
            used += letter_width
            marks = 0 if letter_width else marks + 1
            if used > width or marks > MAX_COMBINING_MARKS:
                return index
        return len(text)


def _with_operators(words: Sequence[str]) -> list[str]:
    """Return words, with each operator in one part with the word after it."""
    parts: list[str] = []
    for word in words:
        if parts and parts[-1] in _OPERATORS:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _line_begins(widths: Sequence[int], space: int, limit: int) -> list[int]:
    """Return the indices of the parts that begin a line, if each line has as many parts as fit into `limit`."""
    begins, used = [0], widths[0]
    for index, width in enumerate(widths[1:], 1):
        used += space + width
        if used > limit:
            begins.append(index)
            used = width
    return begins


def _broken(text: str, end: int) -> tuple[str, str]:
    """Return the first line of `text`, of which `end` characters fit, and the rest."""
    space = text.rfind(" ", 1, end + 1)
    if space > 0:
        before = text.rfind(" ", end // 2, space)
        if before > 0 and text[before + 1 : space] in _OPERATORS:
            space = before
        return text[:space], text[space + 1 :]
    end = _break_after_punctuation(text, end)
    return text[:end], text[end:]


def _is_in_word(text: str, end: int, line: str) -> bool:
    """Return whether a line ends inside a word of a natural language, such as German, rather than in an identifier.

    `end` is the end of the line in the text.
    """
    first, last = text.rfind(" ", 0, end) + 1, text.find(" ", end)
    word = text[first : len(text) if last < 0 else last]
    begun = len(line) - line.rfind(" ") - 1
    return first < end and begun >= MIN_HYPHENATED and _SMALL_LETTERS.issuperset(word[1:])


def _break_after_punctuation(text: str, end: int) -> int:
    """Return the break position after the last punctuation mark in the second half of `text[:end]`, else `end`.

    A line does not begin with a closing bracket if there is a punctuation mark in the last two thirds.
    """
    positions = (at for at in range(end, 0, -1) if _is_after_punctuation(text, at))
    marked = next(positions, 0)
    if marked > end // (3 if text[end] in _CLOSING else 2):
        return marked
    humps = (at for at in range(end, end // 2, -1) if text[at] in _CAPITALS and text[at - 1] in _SMALL)
    return next(humps, end)


def _parts_of_name(text: str) -> list[str]:
    """Return the parts of a name between which a line may end: spaces, placeholders, and text with punctuation."""
    parts: list[str] = []
    tokens = deque(re.findall(_PIECE, text))
    while tokens:
        part = tokens.popleft() if tokens[0].isspace() else ""
        if tokens and len(tokens[0]) > 1 and tokens[0].startswith("{"):
            part += tokens.popleft()
        if tokens and tokens[0][0] not in "{}" and not tokens[0].isspace():
            part += tokens.popleft()
            if tokens and part[-1] not in _PUNCTUATION and tokens[0][0] in _PUNCTUATION:
                part += tokens.popleft()
        elif tokens and tokens[0] in "{}" and not part.endswith("}"):
            part += tokens.popleft()
        if not part.isspace():
            parts.append(part)
    return parts


def _is_after_punctuation(text: str, at: int) -> bool:
    """Return whether a line may end at a position because of the punctuation there. A subscript begins a line."""
    before, after = text[at - 1], text[at]
    if after == "[":
        return _has_subscript(text, at)
    return before in _BREAKABLE and after not in _CLOSING and not (before == "[" and _has_subscript(text, at - 1))


def _has_subscript(text: str, at: int) -> bool:
    """Return whether the bracket at a position follows an expression."""
    return at > 0 and (text[at - 1].isalnum() or text[at - 1] in "_)]")


_WIDE: Final = (
    " 1100-115f 231a-231b 2329-232a 23e9-23ec 23f0 23f3 25fd-25fe 2614-2615 2648-2653 267f 2693 26a1 26aa-26ab"
    " 26bd-26be 26c4-26c5 26ce 26d4 26ea 26f2-26f3 26f5 26fa 26fd 2705 270a-270b 2728 274c 274e 2753-2755 2757"
    " 2795-2797 27b0 27bf 2b1b-2b1c 2b50 2b55 2e80-303e 3041-3247 3250-4dbf 4e00-a4c6 a960-a97c ac00-d7a3 f900-fad9"
    " fe10-fe19 fe30-fe6b ff01-ff60 ffe0-ffe6 16fe0-1b2fb 1f004 1f0cf 1f18e 1f191-1f19a 1f200-1f320 1f32d-1f335"
    " 1f337-1f37c 1f37e-1f393 1f3a0-1f3ca 1f3cf-1f3d3 1f3e0-1f3f0 1f3f4 1f3f8-1f43e 1f440 1f442-1f4fc 1f4ff-1f53d"
    " 1f54b-1f54e 1f550-1f567 1f57a 1f595-1f596 1f5a4 1f5fb-1f64f 1f680-1f6c5 1f6cc 1f6d0-1f6d2 1f6d5-1f6df"
    " 1f6eb-1f6ec 1f6f4-1f6fc 1f7e0-1f7f0 1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa70-1faf8 20000-323af"
)
"""Wide characters: Chinese, Japanese, Korean, and emoji."""
_COMBINING: Final = (
    " 300-36f 483-489 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed 711 730-74a"
    " 7a6-7b0 7eb-7f3 7fd 816-819 81b-823 825-827 829-82d 859-85b 898-89f 8ca-8e1 8e3-902 93a 93c 941-948 94d 951-957"
    " 962-963 981 9bc 9c1-9c4 9cd 9e2-9e3 9fe-a02 a3c a41-a51 a70-a71 a75 a81-a82 abc ac1-ac8 acd ae2-ae3 afa-b01 b3c"
    " b3f b41-b44 b4d-b56 b62-b63 b82 bc0 bcd c00 c04 c3c c3e-c40 c46-c56 c62-c63 c81 cbc cbf cc6 ccc-ccd ce2-ce3"
    " d00-d01 d3b-d3c d41-d44 d4d d62-d63 d81 dca dd2-dd6 e31 e34-e3a e47-e4e eb1 eb4-ebc ec8-ece f18-f19 f35 f37 f39"
    " f71-f7e f80-f84 f86-f87 f8d-fbc fc6 102d-1030 1032-1037 1039-103a 103d-103e 1058-1059 105e-1060 1071-1074 1082"
    " 1085-1086 108d 109d 135d-135f 1712-1714 1732-1733 1752-1753 1772-1773 17b4-17b5 17b7-17bd 17c6 17c9-17d3 17dd"
    " 180b-180d 180f 1885-1886 18a9 1920-1922 1927-1928 1932 1939-193b 1a17-1a18 1a1b 1a56 1a58-1a60 1a62 1a65-1a6c"
    " 1a73-1a7f 1ab0-1b03 1b34 1b36-1b3a 1b3c 1b42 1b6b-1b73 1b80-1b81 1ba2-1ba5 1ba8-1ba9 1bab-1bad 1be6 1be8-1be9"
    " 1bed 1bef-1bf1 1c2c-1c33 1c36-1c37 1cd0-1cd2 1cd4-1ce0 1ce2-1ce8 1ced 1cf4 1cf8-1cf9 1dc0-1dff 200c-200d"
    " 20d0-20f0 2cef-2cf1 2d7f 2de0-2dff 302a-302d 3099-309a a66f-a672 a674-a67d a69e-a69f a6f0-a6f1 a802 a806 a80b"
    " a825-a826 a82c a8c4-a8c5 a8e0-a8f1 a8ff a926-a92d a947-a951 a980-a982 a9b3 a9b6-a9b9 a9bc-a9bd a9e5 aa29-aa2e"
    " aa31-aa32 aa35-aa36 aa43 aa4c aa7c aab0 aab2-aab4 aab7-aab8 aabe-aabf aac1 aaec-aaed aaf6 abe5 abe8 abed fb1e"
    " fe00-fe0f fe20-fe2f 101fd 102e0 10376-1037a 10a01-10a0f 10a38-10a3f 10ae5-10ae6 10d24-10d27 10eab-10eac"
    " 10efd-10eff 10f46-10f50 10f82-10f85 11001 11038-11046 11070 11073-11074 1107f-11081 110b3-110b6 110b9-110ba"
    " 110c2 11100-11102 11127-1112b 1112d-11134 11173 11180-11181 111b6-111be 111c9-111cc 111cf 1122f-11231 11234"
    " 11236-11237 1123e 11241 112df 112e3-112ea 11300-11301 1133b-1133c 11340 11366-11374 11438-1143f 11442-11444"
    " 11446 1145e 114b3-114b8 114ba 114bf-114c0 114c2-114c3 115b2-115b5 115bc-115bd 115bf-115c0 115dc-115dd"
    " 11633-1163a 1163d 1163f-11640 116ab 116ad 116b0-116b5 116b7 1171d-1171f 11722-11725 11727-1172b 1182f-11837"
    " 11839-1183a 1193b-1193c 1193e 11943 119d4-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e 11a47 11a51-11a56"
    " 11a59-11a5b 11a8a-11a96 11a98-11a99 11c30-11c3d 11c3f 11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6"
    " 11d31-11d45 11d47 11d90-11d91 11d95 11d97 11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 13440 13447-13455"
    " 16af0-16af4 16b30-16b36 16f4f 16f8f-16f92 16fe4 1bc9d-1bc9e 1cf00-1cf46 1d167-1d169 1d17b-1d182 1d185-1d18b"
    " 1d1aa-1d1ad 1d242-1d244 1da00-1da36 1da3b-1da6c 1da75 1da84 1da9b-1daaf 1e000-1e02a 1e08f 1e130-1e136 1e2ae"
    " 1e2ec-1e2ef 1e4ec-1e4ef 1e8d0-1e8d6 1e944-1e94a e0100-e01ef"
)
"""Combining characters, and joiners without width."""
# In any script, a letter with its combining marks has at most this many characters.
_MAX_CHARACTERS_PER_CELL: Final = 8
MAX_LABEL_LINES: Final = 3
_MAX_BEFORE_DIFFERENCE: Final = 60
"""The maximum number of equal characters before the difference of texts whose common beginning is cut."""


def cells_of(letter: str) -> int:
    """Return the width of a character in cells: 0, 1 or 2."""
    if letter.isascii():
        return 1
    code = ord(letter)
    if _is_in(code, _COMBINING_BEGINS, _COMBINING_ENDS):
        return 0
    return 2 if _is_in(code, _WIDE_BEGINS, _WIDE_ENDS) else 1


def _is_in(code: int, begins: Sequence[int], ends: Sequence[int]) -> bool:
    index = bisect_right(begins, code) - 1
    return index >= 0 and code <= ends[index]


def _bounds(ranges: str) -> tuple[list[int], list[int]]:
    """Return the first and the last code points of ranges."""
    pairs = [text.split("-") for text in ranges.split()]
    return [int(pair[0], 16) for pair in pairs], [int(pair[-1], 16) for pair in pairs]


_WIDE_BEGINS, _WIDE_ENDS = _bounds(_WIDE)
_COMBINING_BEGINS, _COMBINING_ENDS = _bounds(_COMBINING)
CELLS: Final = Ruler(cells_of)


def cell_width(text: str) -> int:
    """Return the width of `text` in cells."""
    return len(text) if text.isascii() else CELLS.width(text)


def clip(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, with an ellipsis if it does not fit."""
    return CELLS.clip(text, width)


def clip_start(text: str, width: int) -> str:
    """Return `text` if it fits into `width` cells, otherwise an ellipsis and the last part of it."""
    if cell_width(text) <= width:
        return text
    starts = range(max(0, len(text) - _MAX_CHARACTERS_PER_CELL * width), len(text) + 1)
    first = bisect_left(starts, x=True, key=lambda start: cell_width(text[start:]) < width)
    return ELLIPSIS + text[starts[first] :]


def wrap(text: str, width: int, lines: int) -> tuple[str, ...]:
    """Break `text` into at most `lines` lines of `width` cells, as `Ruler.wrap` does."""
    return CELLS.wrap(text, width, lines)


def distinct(texts: Sequence[str], cut: Callable[[str], Hashable]) -> Sequence[str]:
    """Return texts whose lines differ, where `cut` returns the lines of a text.

    Of texts that would be cut before their first difference, an ellipsis replaces the common beginning.
    """
    by_lines: dict[Hashable, set[str]] = {}
    for text in texts:
        by_lines.setdefault(cut(text), set()).add(text)
    shortened: dict[str, str] = {}
    for equal in by_lines.values():
        if len(equal) > 1:
            begin = _begin_of_difference(equal)
            shortened.update((text, f"{ELLIPSIS} {text[begin:]}") for text in equal)
    return [shortened.get(text, text) for text in texts] if shortened else texts


def _begin_of_difference(texts: Collection[str]) -> int:
    """Return the start of the clause, or else of the word, that contains the first difference of texts."""
    first, last = min(texts), max(texts)
    common = next((index for index, pair in enumerate(zip(first, last, strict=False)) if len({*pair}) > 1), len(first))
    clause = max(first.rfind(" and ", 0, common), first.rfind(" or ", 0, common)) + 1
    word = first.rfind(" ", 0, common) + 1
    return next((begin for begin in (clause, word) if common - begin <= _MAX_BEFORE_DIFFERENCE), common)


def label_lines(texts: Sequence[str], width: int, most: int = MAX_LABEL_LINES) -> list[str]:
    """Return the lines of texts below each other, with at most `most` lines of `width` cells for each text.

    Diagrams need these breaks if other programs lay them out.
    """
    return [line for text in texts for line in wrap(visible(text), width, most)]
