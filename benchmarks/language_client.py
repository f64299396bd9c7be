"""A client of a language server in a subprocess, as an editor has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, TypeAlias

import msgspec

Json: TypeAlias = Mapping[str, "Json"] | Sequence["Json"] | str | int | float | bool | None


class _Published(msgspec.Struct):
    """The diagnostics of a file."""

    uri: str
    diagnostics: list[object]
    version: int | None = None


class LanguageClient:
    """Starts `stepgraph lsp` in a directory, and sends it messages. Answers requests of the server with null."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        command = [sys.executable, "-m", "stepgraph", "lsp"]
        self._process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the server has no pipes")
        self._input, self._output = self._process.stdin, self._process.stdout
        self._requests = 0
        self._versions: dict[str, int] = {}

    def __enter__(self) -> Self:
        folder: Json = {"uri": self._folder.as_uri(), "name": self._folder.name}
        encodings: Json = {"positionEncodings": ["utf-8"]}
        self.request(
            "initialize", {"processId": None, "workspaceFolders": [folder], "capabilities": {"general": encodings}}
        )
        self.notify("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def memory(self) -> int:
        """The memory of the server in bytes: its resident set."""
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    @property
    def processor(self) -> float:
        """The processor time of the server in seconds, in steps of usually 10 ms."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def uri(self, name: str) -> str:
        """Return the URI of a file in the directory."""
        return (self._folder / name).as_uri()

    def open(self, name: str) -> None:
        """Open a file with its content."""
        self._versions[name] = 1
        text = (self._folder / name).read_text(encoding="utf-8")
        document: Json = {"uri": self.uri(name), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def type(self, name: str, line: int, column: int, text: str, removed: int = 0) -> None:
        """Insert a text into an open document, in place of a number of characters."""
        self._versions[name] += 1
        start: Json = {"line": line, "character": column}
        end: Json = {"line": line, "character": column + removed}
        document: Json = {"uri": self.uri(name), "version": self._versions[name]}
        change: Json = {"range": {"start": start, "end": end}, "text": text}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def wait_for_diagnostics(self, name: str) -> int:
        """Wait for diagnostics of the current version of a document that differ from those before.

        Returns their number.
        """
        uri, version = self.uri(name), self._versions[name]
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                published = msgspec.convert(message["params"], _Published)
                if (published.uri, published.version) == (uri, version):
                    return len(published.diagnostics)

    def request(self, method: str, parameters: Json) -> Json:
        """Send a request, and return its result."""
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if message.get("id") == self._requests and "method" not in message:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def notify(self, method: str, parameters: Json) -> None:
        """Send a notification."""
        self._send({"method": method, "params": parameters})

    def _send(self, message: Mapping[str, Json]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._input.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._input.flush()

    def _receive(self) -> dict[str, Json]:
        """Return the next message of the server, after answering it if it is a request."""
        length = 0
        while line := self._output.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise RuntimeError("the server has ended")
        message: dict[str, Json] = json.loads(self._output.read(length))
        if "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        return message
