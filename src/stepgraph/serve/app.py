"""The application: the API over HTTP, the pages, and the stream of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from anyio import to_thread
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from stepgraph.json_text import canonical_json
from stepgraph.limits import MEGABYTE, SERVED_BYTES
from stepgraph.model.json_input import InvalidJsonError, parse_json
from stepgraph.serve.api_routes import ApiRequest, ApiRoutes
from stepgraph.serve.changes import Changes
from stepgraph.serve.envelopes import ApiError, ApiResponse, ErrorCode
from stepgraph.serve.pages import PageResponse, ProjectPages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

API_PATH: Final = "/client/v4/"
"""The path of all APIs of the reference."""

_ACCOUNTS: Final = f"{API_PATH}accounts/"
_COLLECTION: Final = "workflows"
_BODY_SECONDS: Final = 10.0
"""The maximum time in which a client sends the body of a request."""

_DRAINED_BYTES: Final = 16 * MEGABYTE
"""The maximum size of a body that is received. A client may not read the response before it has sent its request."""

_TOO_LARGE: Final = ApiError(413, ErrorCode.INVALID, f"the body is larger than {SERVED_BYTES // MEGABYTE} MB.")
_TOO_SLOW: Final = ApiError(408, ErrorCode.INVALID, f"the body took more than {_BODY_SECONDS:.0f} seconds.")
_NO_ROUTE: Final = ApiError(404, ErrorCode.NO_ROUTE, f"no such path. The API is {_ACCOUNTS}ACCOUNT/{_COLLECTION}.")


async def answer_request(request: Request, routes: ApiRoutes) -> Response:
    """Return the response of the API to a request."""
    try:
        path, content = _path_of(request), await _body_of(request)
    except ApiError as error:
        return json_response(error.response)
    # A response to HEAD has the headers of the response to GET.
    method = "GET" if request.method == "HEAD" else request.method
    answer = partial(_answer, routes, method, path, request, content)
    return json_response(await to_thread.run_sync(answer, abandon_on_cancel=True))


def json_response(response: ApiResponse) -> Response:
    """Return a response of the API for HTTP."""
    # The rest of a large body is not received.
    headers = {"Connection": "close"} if response.status == _TOO_LARGE.response.status else None
    # As ASCII, because names of files may contain bytes that are not text.
    return Response(canonical_json(response.body), response.status, headers, media_type="application/json")


def _answer(routes: ApiRoutes, method: str, path: list[str], request: Request, content: bytes) -> ApiResponse:
    try:
        body = parse_json(content) if content else None
    except InvalidJsonError as error:
        return ApiError(400, ErrorCode.INVALID, f"the body is {error}.").response
    return routes.answer(ApiRequest(method, path, dict(request.query_params), body))


def _path_of(request: Request) -> list[str]:
    """Return the parts of the path below the workflows of an account. Raises ApiError for another path.

    A name may contain an encoded slash, so the path is split before it is decoded.
    """
    raw = request.scope["raw_path"].decode("ascii", "replace")
    account, _, below = raw.removeprefix(_ACCOUNTS).partition("/")
    collection, *parts = below.removesuffix("/").split("/")
    if not raw.startswith(_ACCOUNTS) or not account or collection != _COLLECTION:
        raise _NO_ROUTE
    return [unquote(part) for part in parts]


async def _body_of(request: Request) -> bytes:
    """Return the body of a request. Raises ApiError for one that is too large or too slow."""
    content, size = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > _DRAINED_BYTES:
                    break
                if size <= SERVED_BYTES:
                    content += chunk
    except TimeoutError:
        raise _TOO_SLOW from None
    if size > SERVED_BYTES:
        raise _TOO_LARGE
    return bytes(content)


_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


def application(routes: ApiRoutes, pages: ProjectPages, changes: Changes) -> Starlette:
    """Return the application."""

    async def api(request: Request) -> Response:
        return await answer_request(request, routes)

    async def index(_: Request) -> Response:
        return await _page(pages.index)

    async def workflow(request: Request) -> Response:
        slug, view = request.path_params["slug"], request.path_params.get("view", "")
        return await _page(lambda: pages.view(slug, view))

    async def instance(request: Request) -> Response:
        slug, instance_id = request.path_params["slug"], request.path_params["instance"]
        return await _page(lambda: pages.instance(slug, instance_id))

    async def unsupported(request: Request, error: Exception) -> Response:
        path, status = request.url.path, error.status_code if isinstance(error, HTTPException) else 404
        if path.startswith(API_PATH):
            return json_response(ApiError(status, ErrorCode.NO_ROUTE, "no such path or method.").response)
        return await _page(lambda: replace(pages.missing(path), status=status))

    async def events(request: Request) -> Response:
        return _open_event_stream(request, pages, changes)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        changes.attach()
        yield

    return Starlette(
        routes=[
            Route("/", index),
            Route("/events", events),
            Route("/workflows/{slug}", workflow),
            Route("/workflows/{slug}/{view}", workflow),
            Route("/workflows/{slug}/instances/{instance}", instance),
            Route(f"{API_PATH}{{rest:path}}", api, methods=_METHODS),
        ],
        exception_handlers={404: unsupported, 405: unsupported},
        lifespan=lifespan,
    )


def _open_event_stream(request: Request, pages: ProjectPages, changes: Changes) -> Response:
    """Return the events of changes of the project or of one instance, or an error if too many pages are open."""
    if not changes.reserve():
        return Response("Too many open pages.\n", 503, {"Connection": "close"}, "text/plain")
    slug, instance_id = request.query_params.get("workflow"), request.query_params.get("instance", "")
    if slug is None:
        stream = changes.follow(pages.state_identity)
    else:
        stream = changes.follow_instances(lambda: pages.instance_state(slug, instance_id))
    return _EventStream(stream, changes.release)


class _EventStream(StreamingResponse):
    """A response with server-sent events. It calls `on_end` even if the client leaves before the first event."""

    def __init__(self, events: AsyncIterator[str], on_end: Callable[[], object]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()


async def _page(render: Callable[[], PageResponse]) -> Response:
    page = await to_thread.run_sync(render, abandon_on_cancel=True)
    return HTMLResponse(page.text, page.status)
