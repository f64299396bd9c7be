"""The rules of JSON-RPC and of the life of a session that pygls does not enforce.

An editor gets an answer to each request, also to an invalid one. Nothing that it sends ends the session or writes a
traceback.
"""

from __future__ import annotations

from concurrent.futures import InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias, TypeGuard

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol

from stepgraph.escaping.plain_text import brief_line
from stepgraph.lsp.protocol.connection import INVALID_JSON

if TYPE_CHECKING:
    from cattrs import Converter

_OWN_FEATURES: Final = (
    types.EXIT,
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL,
)
"""The notifications that pygls does not handle: those of documents, of the end, and of progress that cannot be
canceled.
"""

_JSON_RPC: Final = "2.0"

_INVALID: Final = types.ErrorCodes.InvalidRequest

Refusal: TypeAlias = tuple[int, str]
"""The code and the message of an error."""


class SessionProtocol(LanguageServerProtocol):
    """The protocol, which checks each message before pygls handles it."""

    is_initialized = False
    """Whether the editor has sent `initialize`."""

    @property
    def is_shut_down(self) -> bool:
        """Whether the editor has sent `shutdown`."""
        return self._shutdown

    def take_over_features(self) -> None:
        """Remove the handlers of pygls that keep documents and end the process."""
        for name in _OWN_FEATURES:
            self.fm.builtin_features.pop(name, None)

    def receive(self, data: object) -> None:
        """Handle the data of a message."""
        if data is INVALID_JSON:
            self._refuse(None, (types.ErrorCodes.ParseError, "the message is not JSON"))
        elif not isinstance(data, dict) or data.get("jsonrpc") != _JSON_RPC:
            self._refuse(None, (types.ErrorCodes.InvalidRequest, "the message is not JSON-RPC 2.0"))
        elif "method" in data:
            self._receive_call(data)
        elif _is_id(message_id := data.get("id")):
            self._receive_response(data, message_id)

    def _receive_call(self, data: dict[str, object]) -> None:
        """Handle a request or a notification."""
        method, message_id, is_request = data["method"], data.get("id"), "id" in data
        if not isinstance(method, str) or (is_request and not _is_id(message_id)):
            self._refuse(None, (types.ErrorCodes.InvalidRequest, "`method` or `id` has the wrong type"))
            return
        refusal = self._refusal(method)
        if refusal is None and is_request and _is_notification(method):
            refusal = types.ErrorCodes.InvalidRequest, f"`{method}` is a notification, which has no id"
        refusal = refusal or self._handle_call(data, method)
        if refusal is not None and is_request:
            self._refuse(message_id, refusal)

    def _handle_call(self, data: dict[str, object], method: str) -> Refusal | None:
        """Pass a call to its handler, or return the reason why its parameters are invalid."""
        try:
            message = self.structure_message(_readable(data, method, self._converter))
        except Exception as error:  # noqa: BLE001 - the converter raises many types
            return types.ErrorCodes.InvalidParams, f"the parameters of `{method}` are invalid: {_cause(error)}"
        self.is_initialized = self.is_initialized or method == types.INITIALIZE
        if method == types.SHUTDOWN:
            self._cancel_requests()
        self.handle_message(message)
        return None

    def _cancel_requests(self) -> None:
        """Cancel the pending requests, which are then answered.

        Pygls cancels them while it iterates over them, but those of commands are removed at once.
        """
        for message_id in tuple(self._request_futures):
            self._handle_cancel_notification(message_id)

    def _receive_response(self, data: dict[str, object], message_id: str | int) -> None:
        """Handle the answer to a request of the server. An invalid answer counts as an error."""
        try:
            message = self.structure_message(data)
        except Exception as error:  # noqa: BLE001 - the converter raises many types
            self._handle_response(message_id, None, types.ResponseError(_INVALID, brief_line(_cause(error))))
        else:
            self.handle_message(message)

    def _refusal(self, method: str) -> Refusal | None:
        """Return the reason why the state of the session does not allow a call, or None if it does."""
        if method == types.EXIT:
            return None
        if self.is_shut_down:
            return types.ErrorCodes.InvalidRequest, "the session is shut down"
        if not self.is_initialized and method != types.INITIALIZE:
            return types.ErrorCodes.ServerNotInitialized, "the session is not initialized"
        if self.is_initialized and method == types.INITIALIZE:
            return types.ErrorCodes.InvalidRequest, "the session is already initialized"
        return None

    def _refuse(self, message_id: object, refusal: Refusal) -> None:
        code, message = refusal
        error = {"code": int(code), "message": brief_line(message)}
        self._send_data({"jsonrpc": _JSON_RPC, "id": message_id, "error": error})

    def _handle_response(
        self, msg_id: str | int, result: object = None, error: types.ResponseError | None = None
    ) -> None:
        """Pass an answer to the code that has asked, unless it no longer waits."""
        with suppress(InvalidStateError):
            super()._handle_response(msg_id, result, error)

    def _handle_cancel_notification(self, msg_id: object) -> None:
        """Cancel a request. An id of another type is ignored."""
        if _is_id(msg_id):
            super()._handle_cancel_notification(msg_id)

    def _send_response(
        self, msg_id: str | int, result: object = None, error: types.ResponseError | None = None
    ) -> None:
        """Send a response. An error has no traceback."""
        if error is not None:
            error.data = None
        super()._send_response(msg_id, result, error)


def _is_id(value: object) -> TypeGuard[str | int]:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_notification(method: str) -> bool:
    _, response, *_ = types.METHOD_TO_TYPES.get(method, (None, object))
    return response is None


def _readable(data: dict[str, object], method: str, converter: Converter) -> dict[str, object]:
    """Return a call in the form that pygls reads, because editors deviate from the protocol in harmless ways.

    They omit empty parameters, write null for a missing range, and offer values that the protocol does not define.
    """
    parameters = data.get("params")
    if parameters is None:
        return data | {"params": {}}
    if not isinstance(parameters, dict):
        return data
    if method == types.TEXT_DOCUMENT_DID_CHANGE:
        return data | {"params": _without_missing_ranges(parameters)}
    if method == types.INITIALIZE:
        return data | {"params": _with_readable_capabilities(parameters, converter)}
    return data


def _without_missing_ranges(parameters: dict[str, object]) -> dict[str, object]:
    changes = parameters.get("contentChanges")
    if not isinstance(changes, list):
        return parameters
    whole = [
        {"text": change.get("text")} if isinstance(change, dict) and change.get("range") is None else change
        for change in changes
    ]
    return parameters | {"contentChanges": whole}


def _with_readable_capabilities(parameters: dict[str, object], converter: Converter) -> dict[str, object]:
    """Return the parameters of `initialize` without capabilities that cannot be read."""
    readable: dict[str, object] = {}
    capabilities = parameters.get("capabilities")
    for area, features in capabilities.items() if isinstance(capabilities, dict) else ():
        if isinstance(features, dict):
            names = [name for name, feature in features.items() if _is_readable({area: {name: feature}}, converter)]
            readable[area] = {name: features[name] for name in names}
    trace = parameters.get("trace")
    is_trace = trace in {"off", "messages", "verbose"} if isinstance(trace, str) else False
    return {**parameters, "capabilities": readable, "trace": trace if is_trace else "off"}


def _is_readable(capabilities: dict[str, object], converter: Converter) -> bool:
    try:
        converter.structure(capabilities, types.ClientCapabilities)
    except Exception:  # noqa: BLE001 - the converter raises many types
        return False
    return True


def _cause(error: BaseException) -> str:
    """Return the message of the first innermost error in a group of errors from a converter."""
    while True:
        inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
        if inner is None:
            return f"{error} is missing" if isinstance(error, KeyError) else str(error)
        error = inner
