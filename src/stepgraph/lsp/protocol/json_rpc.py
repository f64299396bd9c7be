"""The rules of JSON-RPC and of the life of a session that pygls does not enforce.

An editor gets an answer to each request, also to an invalid one. Nothing that it sends ends the session or writes a
traceback.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import InvalidStateError
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias, TypeGuard

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol

from stepgraph.escaping.plain_text import brief_line
from stepgraph.limits import EDITOR_MESSAGE_BYTES, EDITOR_PENDING_BYTES, MEGABYTE
from stepgraph.model.json_input import is_nested_too_deeply

if TYPE_CHECKING:
    from cattrs import Converter

OnMessage = Callable[[object], None]
"""A function that is called with each message, as the data of its JSON."""

_LENGTH: Final = re.compile(rb"content-length[ \t]*:[ \t]*([0-9]{1,18})[ \t]*\r?\n", re.IGNORECASE)
_HEADER_BYTES: Final = 4_096
"""The maximum length of a line of a header."""
_CHUNK_BYTES: Final = 1024 * 1024
_PENDING_MESSAGES: Final = 1_000
"""The maximum number of messages that have been read but not handled."""
_FLUSH_SECONDS: Final = 2.0
"""The time for which the end of the connection waits until the editor has read the last messages."""

INVALID_JSON: Final = object()
"""The data of a message that is not JSON, or is nested too deeply."""


class Connection:
    """Reads messages in a thread and passes them to the event loop, and writes messages in another thread."""

    def __init__(self, source: BinaryIO, target: BinaryIO, log: Callable[[str], object]) -> None:
        """Prepare a connection that reads from a stream and writes to another one."""
        self._source = source
        self._target = target
        self._log = log
        self._unhandled = threading.BoundedSemaphore(_PENDING_MESSAGES)
        self._output: SimpleQueue[bytes | None] = SimpleQueue()
        self._pending_bytes = 0
        self._lock = threading.Lock()
        self._writer = threading.Thread(target=self._write_all, name="stepgraph-lsp-output", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Future[None] | None = None

    async def run(self, on_message: OnMessage) -> None:
        """Call a function with each message, until the editor or `close` ends the connection."""
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.create_future()
        self._writer.start()
        reader = threading.Thread(target=self._read_all, args=(on_message,), name="stepgraph-lsp-input", daemon=True)
        reader.start()
        await self._end
        self._output.put(None)
        # In a thread, because the join would block callbacks of the threads.
        await asyncio.to_thread(self._writer.join, _FLUSH_SECONDS)

    def close(self) -> None:
        """End the connection after the pending messages to the editor."""
        if self._end is not None and not self._end.done():
            self._end.set_result(None)

    # The names and signatures of the next two methods are those of a writer of pygls.

    def write(self, data: bytes) -> None:
        """Send a message with its header."""
        with self._lock:
            self._pending_bytes += len(data)
            is_stuck = self._pending_bytes > EDITOR_PENDING_BYTES
        if is_stuck:
            self._log(
                f"the editor has not read {EDITOR_PENDING_BYTES // MEGABYTE} MB of messages, so the session ends."
            )
            self.close()
        else:
            self._output.put(data)

    def _write_all(self) -> None:
        while (data := self._output.get()) is not None:
            try:
                self._target.write(data)
                if self._output.empty():
                    self._target.flush()
            except (OSError, ValueError):
                self._call(self.close)  # the editor has closed the pipe
                return
            with self._lock:
                self._pending_bytes -= len(data)
        with suppress(OSError, ValueError):
            self._target.flush()

    def _read_all(self, on_message: OnMessage) -> None:
        with suppress(OSError, ValueError):  # the pipe is closed
            while (body := self._read_message()) is not None:
                data = _parsed(body) if body else INVALID_JSON
                self._unhandled.acquire()
                if not self._call(partial(self._handle, on_message, data)):
                    return
        self._call(self.close)

    def _handle(self, on_message: OnMessage, data: object) -> None:
        self._unhandled.release()
        if self._end is not None and not self._end.done():
            on_message(data)

    def _read_message(self) -> bytes | None:
        """Return the body of the next message, empty bytes for a message over the limit, or None at the end."""
        length = self._read_header()
        if length is None:
            return None
        if length <= EDITOR_MESSAGE_BYTES:
            body = self._source.read(length)
            return body if len(body) == length else None
        self._log(f"a message of {length:,} bytes is skipped: the limit is {EDITOR_MESSAGE_BYTES // MEGABYTE} MB.")
        while length:
            chunk = self._source.read(min(length, _CHUNK_BYTES))
            if not chunk:
                return None
            length -= len(chunk)
        return b""

    def _read_header(self) -> int | None:
        """Return the length of the next message, or None at the end. Lines without a meaning are skipped."""
        length: int | None = None
        while line := self._source.readline(_HEADER_BYTES):
            match = _LENGTH.search(line)
            if match is not None:
                length = int(match[1])
            elif length is not None and not line.strip():
                return length
        return None

    def _call(self, callback: Callable[[], object]) -> bool:
        """Call a function in the event loop. Return whether the loop still runs."""
        if self._loop is None:
            return False
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            return False
        return True


def _parsed(body: bytes) -> object:
    if is_nested_too_deeply(body):
        return INVALID_JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return INVALID_JSON


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
