"""JSON from requests and development servers, with limited nesting."""

from __future__ import annotations

import msgspec

from stepgraph.model.json_nesting import MAX_NESTING, is_nested_too_deeply


class InvalidJsonError(Exception):
    """Text that is not JSON, or is nested too deeply. The message says which."""


def parse_json(content: bytes) -> object:
    """Return the data in JSON text. Raises InvalidJsonError."""
    if is_nested_too_deeply(content):
        raise InvalidJsonError(f"nested more than {MAX_NESTING} levels deep")
    try:
        data: object = msgspec.json.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise InvalidJsonError("not JSON") from None
    return data
