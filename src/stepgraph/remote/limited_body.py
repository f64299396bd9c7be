"""Limits on the responses of servers: on their size, and on the time of a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread
from typing import Final, TypeVar

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


Result = TypeVar("Result")


def call_within(seconds: float, function: Callable[[], Result]) -> Result:
    """Call a function in a thread, and return its result. Raises its exceptions, and TimeoutError if it takes longer.

    The timeout of a socket limits each operation only, so a server that sends one byte at a time never exceeds it.
    A call that takes longer continues until the end of the process, because a thread cannot be stopped.
    """
    outcome: Future[Result] = Future()

    def call() -> None:
        try:
            outcome.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            outcome.set_exception(error)

    Thread(target=call, daemon=True).start()
    return outcome.result(seconds)
