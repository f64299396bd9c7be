"""The refusal of requests that other websites cause, and the headers of responses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
