"""JSON from requests and development servers, with limited nesting."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

import msgspec

MAX_NESTING: Final = 200
"""The maximum depth of nested lists and objects. Parsers and encoders recurse as deeply."""

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))


_DEPTH_CHANGES: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class InvalidJsonError(Exception):
    """Text that is not JSON, or is nested too deeply. The message says which."""


def parse_json(content: bytes) -> object:
    """Return the data in JSON text. Raises InvalidJsonError."""
    if _depth(content) > MAX_NESTING:
        raise InvalidJsonError(f"nested more than {MAX_NESTING} levels deep")
    try:
        data: object = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise InvalidJsonError("not JSON") from None
    return data


def _depth(content: bytes) -> int:
    """Return the depth of nested brackets outside of strings."""
    brackets = _STRING.sub(b"", content).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_DEPTH_CHANGES.__getitem__, brackets)), default=0)
