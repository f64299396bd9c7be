"""A server in a thread of the test process, and a client that sends any bytes."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from typing import BinaryIO, Final

from stepgraph.cli.live_projects import open_live_project
from stepgraph.lsp.sessions.lifecycle import add_documents, add_lifecycle
from stepgraph.lsp.sessions.server import WorkflowServer

Message = dict[str, object]

INITIALIZE: Final = "initialize"
_SECONDS: Final = 10.0


class _RecordedServer(WorkflowServer):
    """A server whose log does not go to standard error, which belongs to the tests."""

    def __init__(self, log_lines: list[str]) -> None:
        super().__init__(open_live_project)
        self._recorded = log_lines

    def log(self, message: str) -> None:
        self._recorded.append(message)


class RawClient:
    """A client of a server without features."""

    def __init__(self) -> None:
        server_input, client_output = os.pipe()
        client_input, server_output = os.pipe()
        self._source: BinaryIO = os.fdopen(client_input, "rb")
        self._target: BinaryIO = os.fdopen(client_output, "wb")
        self.log_lines: list[str] = []
        self._results: list[bool] = []
        self._has_ended = threading.Event()
        self._number = 0
        streams = os.fdopen(server_input, "rb"), os.fdopen(server_output, "wb")
        self._thread = threading.Thread(target=self._serve, args=streams, daemon=True)
        self._thread.start()

    def send_bytes(self, content: bytes) -> None:
        """Send bytes without a header."""
        self._target.write(content)
        self._target.flush()

    def send_body(self, body: bytes) -> None:
        """Send bytes as a message."""
        self.send_bytes(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    def send(self, message: object) -> None:
        """Send JSON data as a message."""
        self.send_body(json.dumps(message).encode())

    def notify(self, method: str, parameters: object = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": parameters})

    def request(self, method: str, parameters: object = None) -> Message:
        """Send a request, and return its response."""
        self._number += 1
        self.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})
        while (message := self.read()) is not None:
            if message.get("id") == self._number:
                return message
        raise EOFError

    def initialize(self, **parameters: object) -> Message:
        """Start the session, and return the response."""
        defaults: Message = {"processId": None, "rootUri": None, "capabilities": {}}
        response = self.request(INITIALIZE, defaults | parameters)
        self.notify("initialized", {})
        return response

    def read(self) -> Message | None:
        """Return the next message of the server, or None at the end. A silent server is ended after some seconds."""
        timer = threading.Timer(_SECONDS, self.close_input)
        timer.start()
        try:
            return self._read()
        finally:
            timer.cancel()

    def _read(self) -> Message | None:
        length = 0
        while line := self._source.readline():
            if line.startswith(b"Content-Length: "):
                length = int(line.split()[1])
            elif not line.strip():
                message: Message = json.loads(self._source.read(length))
                return message
        return None

    def close_input(self) -> None:
        """Close the pipe to the server."""
        self._target.close()

    def close_output(self) -> None:
        """Close the pipe from the server."""
        self._source.close()

    def wait(self) -> bool:
        """Wait until the server has ended, and return whether the session was ended in the right order."""
        self._has_ended.wait(_SECONDS)
        with suppress(BrokenPipeError):
            self._target.close()
        self._thread.join(_SECONDS)
        self._source.close()
        return self._results[0]

    def _serve(self, source: BinaryIO, target: BinaryIO) -> None:
        server = _RecordedServer(self.log_lines)
        add_lifecycle(server)
        add_documents(server)
        with suppress(BrokenPipeError), source, target:
            self._results.append(server.serve(source, target))
            self._has_ended.set()
