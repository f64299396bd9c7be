"""Calls that the language server answers without its features."""

from __future__ import annotations

import asyncio
import json

import pytest

from stepgraph.cli.live_projects import open_live_project
from stepgraph.lsp.sessions.server import WorkflowServer


class RecordingServer(WorkflowServer):
    """An initialized server that records its answers and its log."""

    def __init__(self) -> None:
        super().__init__(open_live_project)
        self.protocol.set_writer(self)
        self.protocol.is_initialized = True
        self.answers: list[dict[str, object]] = []
        self.log_lines: list[str] = []

    def write(self, data: bytes) -> None:
        self.answers.append(json.loads(data.partition(b"\r\n\r\n")[2]))

    def close(self) -> None:
        return

    def log(self, message: str) -> None:
        self.log_lines.append(message)


@pytest.mark.parametrize("method", ["textDocument/didOpen", "window/workDoneProgress/cancel", "exit"])
def test_a_notification_with_an_id_is_refused(method: str) -> None:
    server = RecordingServer()
    server.protocol.receive({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}})
    message = f"`{method}` is a notification, which has no id"
    assert server.answers == [{"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": message}}]


def test_a_token_of_another_type_is_ignored() -> None:
    server = RecordingServer()
    parameters = {"token": [1]}
    server.protocol.receive({"jsonrpc": "2.0", "method": "window/workDoneProgress/cancel", "params": parameters})
    assert (server.answers, server.log_lines) == ([], [])


def test_shutdown_cancels_commands() -> None:
    async def answers() -> list[dict[str, object]]:
        server = RecordingServer()

        @server.command("wait")
        async def wait() -> None:
            await asyncio.sleep(60)

        for number in range(3):
            parameters = {"command": "wait", "arguments": []}
            call = {"jsonrpc": "2.0", "id": number, "method": "workspace/executeCommand", "params": parameters}
            server.protocol.receive(call)
        server.protocol.receive({"jsonrpc": "2.0", "id": "end", "method": "shutdown"})
        await asyncio.sleep(0)
        assert server.protocol.is_shut_down
        return server.answers

    canceled = [(number, -32800) for number in range(3)]
    assert [(each["id"], error_code(each)) for each in asyncio.run(answers())] == [*canceled, ("end", None)]


def error_code(answer: dict[str, object]) -> object:
    error = answer.get("error")
    return error["code"] if isinstance(error, dict) else None
