"""The connection to the editor: messages on standard input and output, each behind a header with its length.

Threads read and write, so that neither a slow editor nor a large message blocks the event loop. The memory for messages
is bounded.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import BinaryIO, Final

from stepgraph.limits import EDITOR_MESSAGE_BYTES, EDITOR_PENDING_BYTES, MEGABYTE
from stepgraph.model.json_input import is_nested_too_deeply

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
