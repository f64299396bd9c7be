"""The requests that the server refuses, because other websites cause them or their clients are too slow."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from stepgraph.limits import SERVED_CONNECTIONS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


_LOCAL_NAMES: Final = ("localhost", "127.0.0.1")
_OWN_SITES: Final = frozenset({"none", "same-origin"})
"""The values of `Sec-Fetch-Site` of requests that a person or a page of this server causes."""

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""The headers of all responses. None allows other origins to read them. Pages have a stricter policy of their own."""


class LocalOnly:
    """Answers only requests to this machine by name, and none that another website causes.

    A website can lead its own name to 127.0.0.1 (DNS rebinding). Such requests have a foreign `Host`; requests of its
    scripts have a foreign `Origin`.
    """

    def __init__(self, app: ASGIApp, ports: Sequence[int]) -> None:
        """Protect an application that listens on the ports."""
        self._app = app
        self._hosts = frozenset(f"{name}:{port}" for name in _LOCAL_NAMES for port in ports)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with status 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._app if self._is_local(scope["method"], Headers(scope=scope)) else _REFUSAL

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_with_headers)

    def _is_local(self, method: str, headers: Headers) -> bool:
        hosts = [host.lower() for host in headers.getlist("host")]
        if hosts not in [[host] for host in self._hosts] or not self._origins.issuperset(headers.getlist("origin")):
            return False
        # Browsers state whether a page of another site causes a request, also where they send no origin.
        is_own = _OWN_SITES.issuperset(headers.getlist("sec-fetch-site"))
        return is_own or (method == "GET" and _is_followed_link(headers))


def _is_followed_link(headers: Headers) -> bool:
    """Return whether a request opens a page in a window of its own. The site with the link cannot read the page."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


_REFUSAL: Final = PlainTextResponse("This server accepts requests only from pages and programs of this machine.\n", 403)
