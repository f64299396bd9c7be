"""Responses in the envelope of the Workflows API: results, pages and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Final, TypeVar

from msgspec import Struct

Item = TypeVar("Item")

DEFAULT_PER_PAGE: Final = 10
"""The number of items in a page for requests without `per_page`."""

MAX_PER_PAGE: Final = 100
_MAX_DIGITS: Final = 9
_NOT_FOUND: Final = 404
_MAX_MESSAGE_LENGTH: Final = 1_000

_NO_PARAMETERS: Final[Mapping[str, str]] = {}


class ErrorCode(IntEnum):
    """The codes of errors and messages. Those of the reference are the same here."""

    NO_ROUTE = 7003
    """The path or the method of the request is unknown."""
    INVALID = 10001
    """A parameter or the body is invalid."""
    UNKNOWN = 10200
    """The workflow, version, instance or step does not exist."""
    NO_SERVER = 10900
    """No development server answers. Only this server has this error."""
    REFUSED = 10901
    """The development server refuses a request without a code. Only this server has this error."""
    UNREADABLE = 10902
    """The project cannot be read. Only this server has this error."""
    MESSAGE = 10903
    """A message about an update, which is not an error. Only this server sends it."""


class ApiResponse(Struct, frozen=True):
    """A response with an HTTP status and a JSON body."""

    body: Mapping[str, object]
    status: int = 200


class ApiError(Exception):
    """A request that the API refuses. The message is a sentence with a remedy."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.is_unknown = status == _NOT_FOUND
        error = {"code": int(code), "message": message[:_MAX_MESSAGE_LENGTH]}
        self.response = ApiResponse({"success": False, "errors": [error], "messages": [], "result": None}, status)


def result_of(result: object, messages: Iterable[str] = ()) -> ApiResponse:
    """Return the response with a result, and with messages for people."""
    coded = [{"code": int(ErrorCode.MESSAGE), "message": message} for message in messages]
    return ApiResponse({**_envelope(result), "messages": coded})


def page_of(
    items: Sequence[Item],
    parameters: Mapping[str, str] = _NO_PARAMETERS,
    convert: Callable[[Sequence[Item]], Sequence[object]] = list,
    identify: Callable[[Item], str] | None = None,
) -> ApiResponse:
    """Return a page of items, selected by the parameters `page` (from 1) and `per_page`.

    `convert` returns the results for the items of the page. Pages after the last one are empty, because the official
    client reads pages until it gets an empty one. With
    `identify`, a page can also begin after the item with the identity in the parameter `cursor`. Raises ApiError for
    invalid parameters.
    """
    page = max(1, _number(parameters, "page", 1))
    per_page = min(max(1, _number(parameters, "per_page", DEFAULT_PER_PAGE)), MAX_PER_PAGE)
    start = (page - 1) * per_page
    if identify is not None and (cursor := parameters.get("cursor")):
        start = next((index for index, item in enumerate(items, start=1) if identify(item) == cursor), -1)
        if start < 0:
            raise ApiError(400, ErrorCode.INVALID, "unknown `cursor`: pass the one from the previous response.")
    shown = items[start : start + per_page]
    info: dict[str, object] = {
        "page": page,
        "per_page": per_page,
        "count": len(shown),
        "total_count": len(items),
        "total_pages": -(-len(items) // per_page),
    }
    if identify is not None and shown and start + per_page < len(items):
        info["cursor"] = identify(shown[-1])
    return ApiResponse({**_envelope(convert(shown)), "result_info": info})


def _envelope(result: object) -> dict[str, object]:
    return {"success": True, "errors": [], "messages": [], "result": result}


def _number(parameters: Mapping[str, str], name: str, default: int) -> int:
    text = parameters.get(name, "")
    if not text:
        return default
    whole, _, fraction = text.partition(".")
    # The client declares the parameters as floating-point numbers.
    if not (whole.isascii() and whole.isdigit() and len(whole) <= _MAX_DIGITS and fraction.strip("0") == ""):
        raise ApiError(400, ErrorCode.INVALID, f"`{name}` is not a whole number.")
    return int(whole)
