"""Plain text, with escapes for characters that are invisible, reorder others, or control a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final


# Compiled on demand: both take 2 milliseconds, and few runs need them.
@cache
def _unsafe() -> re.Pattern[str]:
    """Return the regular expression for one unsafe character.

    A fixed list, because `unicodedata` changes with the version of Python. It covers the categories Cc, Cf, Co, Cs, Zl
    and Zp, the property Default_Ignorable_Code_Point, and blank characters.
    """
    return re.compile(
        "["
        "\x00-\x1f\x7f-\x9f"  # controls
        "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
        "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
        "\ud800-\uf8ff"  # surrogates, private use
        "\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
        # Few ranges, because each costs time at every character.
        "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a"
        "\U000e0000-\U0010ffff"
        "]"
    )


@cache
def _joining() -> re.Pattern[str]:
    """Return the regular expression for one character of scripts that join or stack letters, or of emoji.

    These scripts are Arabic, Indic and Southeast Asian ones. Joiners between such characters are part of the spelling.
    """
    return re.compile(
        "[\u0620-\u06dc\u06de-\u06ff\u0710-\u0dff\u0f00-\u109f\u1780-\u17b3\u17b6-\u180a\u1810-\u18af\u1a20-\u1aff"
        "\u1b00-\u1bff\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\ua840-\ua8ff\ua980-\uabff\U00010a00-\U000110bc"
        "\U000110be-\U000110cc\U000110ce-\U00011fff\U0001f000-\U0001faff]"
    )


_JOINERS: Final = frozenset("\u200c\u200d")
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_OF_TWO_DIGITS: Final = 0xFF
_LAST_OF_FOUR_DIGITS: Final = 0xFFFF


def visible(text: str) -> str:
    r"""Return `text` on one line, with unsafe characters as escapes: `\n`, `\x1b`, `\u202e`, `\U000e0001`."""
    if text.isascii() and text.isprintable():
        return text
    return with_unsafe_spelled(text, _spelled)


def visible_lines(text: str) -> str:
    """Return `text` with unsafe characters as escapes, except line feeds."""
    return "\n".join(map(visible, text.split("\n")))


def with_unsafe_spelled(text: str, spell: Callable[[str], str]) -> str:
    """Replace each unsafe character with its escape in a medium. Joiners in words of scripts that use them stay."""
    return _unsafe().sub(lambda match: match.group() if _is_joiner_in_word(match) else spell(match.group()), text)


def _is_joiner_in_word(match: re.Match[str]) -> bool:
    if match.group() not in _JOINERS:
        return False
    text, start, end = match.string, match.start(), match.end()
    return start > 0 and bool(_joining().match(text, start - 1) and _joining().match(text, end))


def _spelled(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= _LAST_OF_TWO_DIGITS:
        return f"\\x{code:02x}"
    if code <= _LAST_OF_FOUR_DIGITS:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
