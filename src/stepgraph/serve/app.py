"""The application: the API, the pages, and the stream of changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from stepgraph.serve.api_requests import API_PATH, answer_request, json_response
from stepgraph.serve.api_routes import ApiRoutes
from stepgraph.serve.changes import Changes
from stepgraph.serve.envelopes import ApiError, ErrorCode
from stepgraph.serve.pages import PageResponse, ProjectPages
from stepgraph.serve.threads import in_thread

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

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
        if not changes.reserve():
            return Response("Too many open pages.\n", 503, {"Connection": "close"}, "text/plain")
        slug, instance_id = request.query_params.get("workflow"), request.query_params.get("instance", "")
        if slug is None:
            stream = changes.follow(pages.state_identity)
        else:
            stream = changes.follow_instances(lambda: pages.instance_state(slug, instance_id))
        return _EventStream(stream, changes.release)

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
    page = await in_thread(render)
    return HTMLResponse(page.text, page.status)
