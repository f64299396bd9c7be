"""Text from source code, made safe to show: what would be invisible, or steer a terminal, is spelt out."""

from __future__ import annotations

import re

# Written out rather than asked of `unicodedata`, whose answers change with the version of Python: control characters,
# line separators, lone surrogates, and all that reorders or hides text. Zero width joiners stay: they are spelling.
_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"
    "\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff"
    "]"
)

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LAST_OF_TWO_DIGITS = 0xFF
_LAST_OF_FOUR_DIGITS = 0xFFFF


def visible(text: str) -> str:
    r"""Return `text` on one line, with unsafe characters as `\n`, `\x1b`, `\u202e`, `\U000e0001`."""
    return _UNSAFE.sub(_spelt, text)


def _spelt(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= _LAST_OF_TWO_DIGITS:
        return f"\\x{code:02x}"
    if code <= _LAST_OF_FOUR_DIGITS:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"
