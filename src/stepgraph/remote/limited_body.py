"""Bodies of HTTP responses that are limited in size and time, also those that the client reads for its errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from httpx import Response, SyncByteStream

from stepgraph.limits import MEGABYTE, SAVED_BYTES
from stepgraph.model.note import InputError, Problem

_TOTAL_SECONDS: Final = 120.0
"""The maximum time of a body."""

_ENCODING: Final = "Content-Encoding"


class LimitedBody(SyncByteStream):
    """The body of a response, which is read in parts."""

    def __init__(self, body: SyncByteStream, title: str) -> None:
        self._body = body
        self._title = title
        """The name of the server in messages."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts. Raises InputError if the body is too large, and TimeoutError if it is too slow."""
        end = time.monotonic() + _TOTAL_SECONDS
        length = 0
        for part in self._body:
            length += len(part)
            if length > SAVED_BYTES:
                raise InputError(Problem(self._title, f"the response is larger than {SAVED_BYTES // MEGABYTE} MB."))
            if time.monotonic() > end:
                raise TimeoutError
            yield part

    def close(self) -> None:
        """Release the connection."""
        self._body.close()


def limit_body(response: Response, title: str) -> None:
    """Limit the body of a response that has not been read yet.

    A compressed body is not decompressed, because a small one could become very large.
    """
    if isinstance(response.stream, SyncByteStream):
        response.stream = LimitedBody(response.stream, title)
    response.headers.pop(_ENCODING, None)
