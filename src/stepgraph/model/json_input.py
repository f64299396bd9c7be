"""JSON text from requests, servers and editors, whose nesting is limited before it is parsed.

Parsers recurse on the C stack as deeply as the text is nested. Their recursion limit is no protection: it belongs to
the process, and a thread with a large stack raises it for all threads.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from json import JSONDecodeError

MAX_NESTING: Final = 200
"""The maximum depth of nested lists and objects."""

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_DEPTH_CHANGES: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def is_nested_too_deeply(content: bytes, maximum: int = MAX_NESTING) -> bool:
    """Return whether brackets outside of strings are nested deeper than `maximum` levels."""
    if content.count(b"[") + content.count(b"{") <= maximum:
        return False
    brackets = _STRING.sub(b"", content).translate(None, _NO_BRACKETS)
    return any(depth > maximum for depth in accumulate(map(_DEPTH_CHANGES.__getitem__, brackets)))


class InvalidJsonError(Exception):
    """Text that is not JSON, or is nested too deeply. The message says which."""


def syntax_error_text(error: JSONDecodeError) -> str:
    """Return the parser's message for use in a sentence, without a final `at` or `starting` before the position."""
    if not error.doc[error.pos :].strip():
        return "unexpected end of file"
    return (error.msg[:1].lower() + error.msg[1:]).removesuffix(" at").removesuffix(" starting")


def parse_json(content: bytes) -> object:
    """Return the data in JSON text. Raises InvalidJsonError."""
    if is_nested_too_deeply(content):
        raise InvalidJsonError(f"nested more than {MAX_NESTING} levels deep")
    try:
        data: object = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise InvalidJsonError("not JSON") from None
    return data
