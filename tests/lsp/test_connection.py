"""The connection to an editor that sends anything, and ends at any time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from stepgraph.large_stack import run_with_large_stack
from stepgraph.limits import EDITOR_MESSAGE_BYTES
from tests.lsp.raw_client import Message, RawClient


@pytest.fixture(scope="module")
def initialized() -> Iterator[RawClient]:
    """Return the client of an initialized session, which all messages must survive."""
    client = RawClient()
    client.initialize()
    yield client
    client.request("shutdown")
    client.notify("exit")
    assert client.wait()
    assert client.log_lines == []


def code(message: object) -> object:
    assert isinstance(message, dict)
    return message["error"]["code"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 100_000, -32700),
        (b"null", -32600),
        (b"[]", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"x"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"workspace/executeCommand","params":{"command":3}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}', -32600),
    ],
)
def test_invalid_requests_get_an_error(initialized: RawClient, body: bytes, expected: int) -> None:
    initialized.send_body(body)
    assert code(initialized.read()) == expected


def test_deep_messages_during_an_analysis_are_refused(initialized: RawClient) -> None:
    refused = threading.Event()
    analysis = threading.Thread(target=run_with_large_stack, args=[refused.wait])
    analysis.start()
    initialized.send_body(b"[" * 300_000)
    assert code(initialized.read()) == -32700
    refused.set()
    analysis.join()


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Length: -5\r\n\r\nfoo",
        b"Content-Length: 99999999999999999999999999\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"\r\n\r\nContent-Type: x\r\n\r\n",
        b"x" * 100_000,
    ],
)
def test_invalid_headers_are_skipped(initialized: RawClient, content: bytes) -> None:
    initialized.send_bytes(content)
    assert code(initialized.request("x")) == -32601


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("x", {}),
        ("textDocument/didOpen", 7),
        ("textDocument/didOpen", {"textDocument": {"uri": 1}}),
        (
            "textDocument/didChange",
            {"textDocument": {"uri": "file:///a", "version": 1}, "contentChanges": [{"text": ""}]},
        ),
        ("textDocument/didClose", {"textDocument": {"uri": "file:///a"}}),
        ("notebookDocument/didClose", {"notebookDocument": {"uri": "a"}, "cellTextDocuments": []}),
        ("$/cancelRequest", {"id": [1]}),
        ("$/cancelRequest", {"id": 12}),
        ("$/setTrace", {"value": "compact"}),
        ("initialized", {}),
        ("window/workDoneProgress/cancel", {"token": 1}),
    ],
)
def test_notifications_get_no_answer(initialized: RawClient, method: str, parameters: object) -> None:
    initialized.notify(method, parameters)
    assert code(initialized.request("x")) == -32601


def test_a_response_to_no_request_is_ignored(initialized: RawClient) -> None:
    bodies: list[Message] = [{"result": 3}, {"error": {}}, {"error": {"code": 1, "message": "no"}}, {}]
    for body in bodies:
        initialized.send({"jsonrpc": "2.0", "id": "x"} | body)
    assert code(initialized.request("x")) == -32601


@pytest.mark.slow
def test_a_message_over_the_limit_is_skipped(initialized: RawClient) -> None:
    initialized.send_body(b" " * (EDITOR_MESSAGE_BYTES + 1))
    assert code(initialized.read()) == -32700
    assert initialized.log_lines.pop() == "a message of 64,000,001 bytes is skipped: the limit is 64 MB."


@pytest.mark.slow
def test_many_messages_at_once(initialized: RawClient) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x"}).encode()
    initialized.send_bytes((b"Content-Length: %d\r\n\r\n%b" % (len(body), body)) * 500)
    assert {code(initialized.read()) for _ in range(500)} == {-32601}


def test_requests_before_and_after_the_session_are_refused() -> None:
    client = RawClient()
    assert code(client.request("textDocument/hover", {})) == -32002
    client.initialize()
    assert client.request("shutdown")["result"] is None
    assert code(client.request("textDocument/hover", {})) == -32600
    client.notify("exit")
    assert client.wait()


@pytest.mark.parametrize("content", [b"", b"Content-Le", b"Content-Length: 50\r\n\r\n{"])
def test_the_end_of_the_input_ends_the_session(content: bytes) -> None:
    client = RawClient()
    client.initialize()
    client.send_bytes(content)
    client.close_input()
    assert not client.wait()


def test_an_exit_without_shutdown_is_an_error() -> None:
    client = RawClient()
    client.notify("exit")
    assert not client.wait()


def test_a_closed_output_ends_the_session() -> None:
    client = RawClient()
    client.initialize()
    client.close_output()
    for _ in range(3):
        client.send({"jsonrpc": "2.0", "id": 1, "method": "x"})
    assert not client.wait()
    assert client.log_lines == []
