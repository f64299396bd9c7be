r"""JSON text: what no person should meet raw is written `\u202e`, so that the value stays the same.

That is all that `visible` spells out, and the commands to runners that are obeyed anywhere in a line.
"""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Final

from stepgraph.escaping.log_lines import broken_commands
from stepgraph.escaping.visible import with_unsafe_spelled

_DELETE: Final = "\x7f"
_FIRST_OF_TWO_UNITS: Final = 0x10000


def json_string(text: str) -> str:
    """Return text as a string of JSON. `without_commands_in_json` does the rest, for a whole document at once."""
    quoted = encode_basestring(text)
    # Most text is ASCII, of which JSON itself escapes all controls but one.
    return quoted if quoted.isascii() else with_unsafe_spelled(quoted, _escaped)


def without_commands_in_json(text: str) -> str:
    """Return JSON text that means the same, in which no runner finds a command."""
    if _DELETE in text:
        text = text.replace(_DELETE, "\\u007f")
    return broken_commands(text, lambda character: f"\\u{ord(character):04x}")


def _escaped(character: str) -> str:
    code = ord(character)
    if code < _FIRST_OF_TWO_UNITS:
        return f"\\u{code:04x}"
    high, low = divmod(code - _FIRST_OF_TWO_UNITS, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
