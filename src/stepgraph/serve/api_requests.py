"""HTTP requests to the API: the path, the parameters and the body, and the JSON of responses."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from starlette.responses import Response

from stepgraph.json_text import canonical_json
from stepgraph.limits import MEGABYTE, SERVED_BYTES
from stepgraph.model.json_input import InvalidJsonError, parse_json
from stepgraph.serve.api_routes import ApiRequest, ApiRoutes
from stepgraph.serve.envelopes import ApiError, ApiResponse, ErrorCode
from stepgraph.serve.threads import in_thread

if TYPE_CHECKING:
    from starlette.requests import Request

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
    return json_response(await in_thread(lambda: _answer(routes, method, path, request, content)))


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
