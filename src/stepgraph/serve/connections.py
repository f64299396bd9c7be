"""The connections of the server, with limits on their number and on the time of slow clients."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from stepgraph.limits import SERVED_CONNECTIONS

REQUEST_SECONDS: Final = 10.0
"""The maximum time in which a client sends the head of a request, from the start of the connection or of the head."""

WRITE_SECONDS: Final = 20.0
"""The maximum time in which a client reads nothing of a response."""


class LimitedConnection(H11Protocol):
    """A connection that closes if its client is too slow, or if it is idle while too many others are open.

    Uvicorn limits neither, so a few hundred connections without a request would keep pages from being served.
    """

    waiting_since: float = 0.0
    """The time in seconds of the event loop at which the last data arrived."""
    _request_deadline: asyncio.TimerHandle | None = None
    _write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, in place of the oldest waiting one if there are too many."""
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        if len(self.connections) > SERVED_CONNECTIONS:
            _close_one(self)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the timers of the connection."""
        super().connection_lost(exc)
        self._cancel_request_deadline()
        self._cancel_write_deadline()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        super().data_received(data)
        self.waiting_since = self.loop.time()
        if not self.is_waiting:
            self._cancel_request_deadline()
        elif self._request_deadline is None:
            self._expect_request()

    def pause_writing(self) -> None:
        """Wait for the client to read."""
        super().pause_writing()
        self._cancel_write_deadline()
        self._write_deadline = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Continue after the client has read."""
        super().resume_writing()
        self._cancel_write_deadline()

    @property
    def is_waiting(self) -> bool:
        """Whether no request is being answered."""
        # The base class declares no optional type, but there is no cycle before the first request.
        cycle: object = self.cycle
        return cycle is None or self.cycle.response_complete

    def _expect_request(self) -> None:
        self._request_deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _cancel_request_deadline(self) -> None:
        if self._request_deadline is not None:
            self._request_deadline.cancel()
            self._request_deadline = None

    def _cancel_write_deadline(self) -> None:
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None


def _close_one(new: LimitedConnection) -> None:
    """Close the connection that has waited for the longest time or, if none waits, the new connection."""
    waiting = [each for each in new.connections if isinstance(each, LimitedConnection) and each.is_waiting]
    oldest = min(waiting, key=lambda each: each.waiting_since, default=new)
    oldest.transport.abort()
