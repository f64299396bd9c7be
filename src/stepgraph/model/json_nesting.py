"""The nesting of JSON text, which is limited before it is parsed.

Parsers recurse on the C stack as deeply as the text is nested. Their recursion limit is no protection: it belongs to
the process, and a thread with a large stack raises it for all threads.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

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
