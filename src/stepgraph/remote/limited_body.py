"""Bodies of HTTP responses that are limited in size, also those that the client reads for its errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from httpx import Response, SyncByteStream

from stepgraph.limits import MEGABYTE, SAVED_BYTES
from stepgraph.model.note import InputError, Problem

_ENCODING: Final = "Content-Encoding"


class LimitedBody(SyncByteStream):
    """The body of a response, which is read in parts."""

    def __init__(self, body: SyncByteStream, title: str) -> None:
        self._body = body
        self._title = title
        """The name of the server in messages."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts. Raises InputError if the body is too large."""
        length = 0
        for part in self._body:
            length += len(part)
            if length > SAVED_BYTES:
                raise InputError(Problem(self._title, f"the response is larger than {SAVED_BYTES // MEGABYTE} MB."))
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
