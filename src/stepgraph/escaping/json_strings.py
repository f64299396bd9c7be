r"""JSON text with unsafe characters as escapes such as `\u202e`, which preserve the value.

The characters that `visible` escapes are unsafe, and so are commands that CI runners obey anywhere in a line.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Final

from stepgraph.escaping.plain_text import broken_commands, with_unsafe_spelled

_DELETE: Final = "\x7f"
_FIRST_OF_TWO_UNITS: Final = 0x10000
# `<` and `>` can end a script element or start a comment in it. XML parsers read `&` as the start of a reference.
_ACTIVE: Final = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})


def json_string(text: str) -> str:
    """Return text as a JSON string.

    Commands stay: `without_commands_in_json` breaks them in a whole document at once.
    """
    return without_unsafe_in_json(encode_basestring(text))


def without_unsafe_in_json(text: str) -> str:
    """Return equivalent JSON text on one line without unsafe characters, except those in commands.

    JSON itself escapes all ASCII control characters but DEL, which `without_commands_in_json` escapes.
    """
    return text if text.isascii() else with_unsafe_spelled(text, _escaped)


def without_commands_in_json(text: str) -> str:
    """Return equivalent JSON text without commands for CI runners and without DEL characters."""
    if _DELETE in text:
        text = text.replace(_DELETE, "\\u007f")
    return broken_commands(text, lambda character: f"\\u{ord(character):04x}")


def script_data(data: object) -> str:
    """Return JSON that is safe in a `script` element: it neither ends the element nor starts a comment."""
    text = without_commands_in_json(json.dumps(data, ensure_ascii=True, separators=(",", ":")))
    return text.translate(_ACTIVE)


def _escaped(character: str) -> str:
    code = ord(character)
    if code < _FIRST_OF_TWO_UNITS:
        return f"\\u{code:04x}"
    high, low = divmod(code - _FIRST_OF_TWO_UNITS, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
