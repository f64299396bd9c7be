"""Responses of the Workflows API: the envelope, and the lists of workflows and instances."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from stepgraph.model.json_input import is_nested_too_deeply
from stepgraph.remote.instance_source import RemoteInstance, RemoteWorkflow

_MAX_NAME_LENGTH: Final = 256
"""The maximum length of names and ids. The engine allows 64 characters for names of workflows, and 100 for ids."""

_MAX_MESSAGE_LENGTH: Final = 500
"""The maximum length of an error of the API in a message."""

_DOTS: Final = re.compile(r"\.{1,2}")


class UnexpectedResponseError(Exception):
    """A response that is not a response of the Workflows API. The message describes it: `a page of HTML`."""


class EnvelopeError(Struct, frozen=True):
    """An error in the envelope."""

    code: int = 0
    message: str = ""


class PageInfo(Struct, frozen=True):
    """The position of a page in a list."""

    cursor: str | None = None
    """The cursor of the next page."""
    total_count: float | None = None
    """The length of the list."""


class Envelope(Struct, frozen=True):
    """A response, whose result is JSON that has not been read yet."""

    success: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    errors: list[EnvelopeError] | None = None
    result_info: PageInfo | None = None

    @property
    def cursor(self) -> str | None:
        """The cursor of the next page, or None if the page is the last one or the API has no cursors."""
        return None if self.result_info is None else self.result_info.cursor or None

    def is_last(self, item_count: int) -> bool:
        """Return whether a page ends the list. `item_count` items fit into the pages up to this one."""
        total = None if self.result_info is None else self.result_info.total_count
        return total is not None and total <= item_count

    @property
    def error_text(self) -> str:
        """The first error, with its code, or an empty string: `Workflow 'orders' not found (10501)`."""
        if not self.errors:
            return ""
        first = self.errors[0]
        return first.message[:_MAX_MESSAGE_LENGTH].rstrip(".") + (f" ({first.code})" if first.code else "")


class _ListedWorkflow(Struct, frozen=True):
    name: str
    class_name: str | None = None


class _ListedInstance(Struct, frozen=True):
    id: str
    status: str | None = None
    created_on: str | None = None


_MAX_NESTING: Final = 10_000
"""The maximum depth of JSON in a response. The reader of a log supports less, and says so."""

_ENVELOPE: Final = msgspec.json.Decoder(Envelope)
_WORKFLOWS: Final = msgspec.json.Decoder(list[_ListedWorkflow])
_INSTANCES: Final = msgspec.json.Decoder(list[_ListedInstance])


def read_envelope(body: bytes, content_type: str = "") -> Envelope:
    """Return the envelope in the body of a response. Raises UnexpectedResponseError for anything else."""
    if is_nested_too_deeply(body, _MAX_NESTING):
        raise UnexpectedResponseError(_kind_of(body, content_type))
    try:
        return _ENVELOPE.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        raise UnexpectedResponseError(_kind_of(body, content_type)) from None


def read_workflows(envelope: Envelope) -> list[RemoteWorkflow]:
    """Return the workflows in a page. Raises UnexpectedResponseError for a result of another shape."""
    try:
        listed = _WORKFLOWS.decode(envelope.result)
    except (msgspec.MsgspecError, RecursionError):
        raise UnexpectedResponseError("a list of workflows in an unknown shape") from None
    return [RemoteWorkflow(each.name, each.class_name or "") for each in listed if is_name(each.name)]


def read_instances(envelope: Envelope) -> list[RemoteInstance]:
    """Return the instances in a page. Raises UnexpectedResponseError for a result of another shape."""
    try:
        listed = _INSTANCES.decode(envelope.result)
    except (msgspec.MsgspecError, RecursionError):
        raise UnexpectedResponseError("a list of instances in an unknown shape") from None
    return [RemoteInstance(each.id, each.status or "", each.created_on or "") for each in listed if is_name(each.id)]


def read_log_text(envelope: Envelope) -> bytes:
    """Return the log in a response, as JSON. Raises UnexpectedResponseError if the result is not an object."""
    content = bytes(envelope.result)
    if not content.lstrip().startswith(b"{"):
        raise UnexpectedResponseError("a log that is not an object")
    return content


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a workflow or the id of an instance in the path of a URL."""
    return 0 < len(text) <= _MAX_NAME_LENGTH and _DOTS.fullmatch(text) is None


def _kind_of(body: bytes, content_type: str) -> str:
    """Return a noun phrase for a body that is not an envelope."""
    if not body.strip():
        return "an empty response"
    if "html" in content_type.casefold() or body.lstrip()[:1] == b"<":
        return "a page of HTML"
    return "JSON of another kind" if "json" in content_type.casefold() else "a response that is not JSON"
