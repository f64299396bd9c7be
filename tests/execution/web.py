"""Fakes of requests and responses: each request succeeds with a stub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tests.execution.javascript import JsProxy
from tests.execution.stub_values import StubValue, stub_value
from tests.execution.values import JsValue


class JsHeaders(JsProxy):
    js_name = "Headers"

    def __init__(self, entries: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        self._entries = {name.lower(): value for name, value in dict(entries).items()}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._entries.items())

    def get(self, name: str) -> str | None:
        return self._entries.get(name.lower())

    def has(self, name: str) -> bool:
        return name.lower() in self._entries

    def set(self, name: str, value: str) -> None:
        self._entries[name.lower()] = value

    def getSetCookie(self) -> list[str]:  # noqa: N802 # JavaScript API
        return []


class JsResponse(JsProxy):
    js_name = "Response"

    def __init__(self, body: JsValue = None, **options: JsValue) -> None:
        self.body = body
        self.url = ""
        self.status = options.get("status", 200)
        self.statusText = options.get("statusText", "")
        self.ok = self.status < 400  # the first error status of HTTP
        self.type = "default"
        self.headers = options.get("headers") or JsHeaders()

    async def json(self) -> StubValue:
        return stub_value("json")

    async def text(self) -> str:
        return self.body if isinstance(self.body, str) else "text"


class FetchResponse:
    """Pyodide's wrapper of a response."""

    def __init__(self, url: str, js_response: JsValue) -> None:
        self.url = url
        self.js_response = js_response

    @property
    def ok(self) -> bool:
        return bool(self.js_response.ok)

    @property
    def status(self) -> int:
        return int(self.js_response.status)

    @property
    def status_text(self) -> str:
        return str(self.js_response.statusText)

    def raise_for_status(self) -> None:
        """Do nothing, because every request succeeds."""

    async def json(self, **_options: JsValue) -> JsValue:
        return await self.js_response.json()

    async def text(self) -> str:
        return str(await self.js_response.text())

    async def bytes(self) -> bytes:
        return (await self.text()).encode()


async def fetch(_resource: JsValue, *_options: JsValue, **_more: JsValue) -> JsResponse:
    return JsResponse()


async def pyfetch(resource: JsValue, **_options: JsValue) -> FetchResponse:
    return FetchResponse(str(resource), JsResponse())
