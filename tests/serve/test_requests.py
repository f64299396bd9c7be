"""Requests of other websites, and requests that no client sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import uvicorn

from stepgraph.limits import MEGABYTE
from stepgraph.serve.server import uvicorn_configuration
from tests.serve.serving import ORIGIN, PORT, WORKFLOWS, FakeDevServer, Served, serve

HOST: Final = f"127.0.0.1:{PORT}"
_SECONDS: Final = 10
_POST: Final = f"POST {WORKFLOWS}/orders/instances HTTP/1.1\r\nContent-Length: 2\r\n"


class Listening(NamedTuple):
    """A server that listens on a port, but answers requests to another one."""

    port: int
    dev_server: FakeDevServer

    def send(self, *parts: bytes, closes: bool = False) -> bytes:
        """Send bytes, possibly with an end, and return the response up to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_SECONDS) as connection:
            for part in parts:
                connection.sendall(part)
            if closes:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def status(self, head: str, body: bytes = b"") -> int:
        """Return the status of the response to a request, without further headers."""
        response = self.send(f"{head}Connection: close\r\n\r\n".encode("latin-1") + body)
        return int(response.split()[1])


@pytest.fixture(scope="module")
def server(three_workers: Path) -> Iterator[Listening]:
    dev_server = FakeDevServer(results={"instances": {"id": "i1"}})
    served = serve((str(three_workers / "orders"),), lambda: dev_server)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = uvicorn.Server(uvicorn_configuration(served.app))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Listening(listener.getsockname()[1], dev_server)
        running.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (f"Host: {HOST}\r\n", 200),
        (f"Host: localhost:{PORT}\r\n", 200),
        (f"Host: LocalHost:{PORT}\r\n", 200),
        (f"Host: {HOST}\r\nOrigin: {ORIGIN}\r\nSec-Fetch-Site: same-origin\r\n", 200),
        (f"Host: {HOST}\r\nSec-Fetch-Site: none\r\n", 200),
        (f"Host: evil.example:{PORT}\r\n", 403),
        ("Host: 127.0.0.1\r\n", 403),
        ("Host: 127.0.0.1:1\r\n", 403),
        (f"Host: 127.0.0.1.evil.example:{PORT}\r\n", 403),
        (f"Host: evil.example@127.0.0.1:{PORT}\r\n", 403),
        ("Host: \r\n", 403),
        (f"Host: {HOST}\r\nHost: evil.example\r\n", 400),
        (f"Host: {HOST}\r\nX-Forwarded-Host: evil.example\r\n", 200),
        ("", 400),
        (f"Host: {HOST}\r\nOrigin: http://evil.example\r\n", 403),
        (f"Host: {HOST}\r\nOrigin: null\r\n", 403),
        (f"Host: {HOST}\r\nOrigin: https://127.0.0.1:{PORT}\r\n", 403),
        (f"Host: {HOST}\r\nOrigin: {ORIGIN}\r\nOrigin: http://evil.example\r\n", 403),
        (f"Host: {HOST}\r\nSec-Fetch-Site: cross-site\r\n", 403),
        (f"Host: {HOST}\r\nSec-Fetch-Site: same-site\r\n", 403),
        (f"Host: {HOST}\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", 403),
    ],
)
def test_only_own_requests_are_answered(server: Listening, headers: str, status: int) -> None:
    server.dev_server.requests.clear()
    assert server.status(_POST + headers, b"{}") == status
    assert len(server.dev_server.requests) == (status == 200)
    assert server.status(f"GET {WORKFLOWS} HTTP/1.1\r\n{headers}") == status


@pytest.mark.parametrize(
    ("headers", "status"), [("", 403), (f"Host: {HOST}\r\n", 200), ("Host: evil.example\r\n", 403)]
)
def test_http_1_0(server: Listening, headers: str, status: int) -> None:
    assert server.status(f"GET {WORKFLOWS} HTTP/1.0\r\n{headers}") == status


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (f"http://evil.example{WORKFLOWS}", 404),
        ("/../../etc/passwd", 404),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/..%2f..%2fetc%2fpasswd", 404),
        ("/workflows/..%2f..%2fetc%2fpasswd", 404),
        ("/workflows/%00", 404),
        ("//evil.example", 404),
        (f"{WORKFLOWS}/..%2f..%2f..", 404),
        (f"{WORKFLOWS}/%00", 404),
        (f"{WORKFLOWS}/%ff%fe%zz%", 404),
        (f"{WORKFLOWS}/{'x' * 5_000}", 404),
        (f"{WORKFLOWS}/{'a/' * 1_000}", 404),
        (f"{WORKFLOWS}/orders/instances/%2e%2e", 404),
        (f"{WORKFLOWS}/orders/", 200),
        (f"{WORKFLOWS}//orders", 404),
        ("/client%2fv4/accounts/a/workflows", 404),
        ("/client/v4/accounts//workflows", 404),
        ("/client/v4/accounts/a/workers", 404),
        ("/client/v4/accounts", 404),
        ("/client/v4/user", 404),
        (f"{WORKFLOWS}?page=%ff&per_page=\u00b2", 400),
        (f"{WORKFLOWS}?page={'9' * 5_000}", 400),
        (f"{WORKFLOWS}?search=%ud800%00", 200),
        (f"{WORKFLOWS}?{'&'.join(['page=1'] * 2_000)}", 200),
        ("*", 404),
    ],
)
def test_targets(server: Listening, target: str, status: int) -> None:
    assert server.status(f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\n") == status


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("OPTIONS", 405), ("TRACE", 405), ("FOO", 405), ("get", 405), ("POST", 405)]
)
def test_methods(server: Listening, method: str, status: int) -> None:
    assert server.status(f"{method} {WORKFLOWS} HTTP/1.1\r\nHost: {HOST}\r\n") == status


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"x", "the body is not JSON."),
        (b"\xff\xfe{}", "the body is not JSON."),
        (b'{"a": NaN}', "the body is not JSON."),
        (b"[" * 100_000, "the body is nested more than 200 levels deep."),
        (b"[" * 201 + b"]" * 201, "the body is nested more than 200 levels deep."),
        (b'{"a":' * 100_000, "the body is nested more than 200 levels deep."),
        (b'{"instance_id": "\\ud800"}', "the body is not JSON."),
        (b'"' + b"[" * 1_000 + b'"', "the body is not a JSON object."),
        (b'{"params": "' + b"[" * 1_000 + b'"}', "`params` is nested more than 200 levels deep."),
    ],
)
def test_bodies(served: Served, body: bytes, error: str) -> None:
    assert served.error("POST", "/orders/instances", body) == (400, error)


@pytest.fixture(scope="module")
def served(three_workers: Path) -> Served:
    return serve((str(three_workers / "orders"),), FakeDevServer)


def test_large_bodies_are_refused(served: Served) -> None:
    assert served.error("POST", "/orders/instances", b" " * (MEGABYTE + 1)) == (413, "the body is larger than 1 MB.")


def test_a_body_of_another_length_than_announced(server: Listening) -> None:
    head = f"POST {WORKFLOWS}/orders/instances HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\n"
    assert server.send(head.encode() + b"{}", closes=True) == b""


def test_large_bodies_are_received_before_the_response(server: Listening) -> None:
    head = f"POST {WORKFLOWS}/orders/instances HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {4 * MEGABYTE}\r\n"
    assert server.status(head, b" " * 4 * MEGABYTE) == 413


def test_endless_bodies_end_the_connection(server: Listening) -> None:
    head = f"POST {WORKFLOWS}/orders/instances HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with pytest.raises(ConnectionError):
        server.send(head.encode(), *[chunk] * 200)


def test_no_response_allows_other_origins(served: Served) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        response = served.request(method, WORKFLOWS, headers={"Origin": ORIGIN})
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        assert response.headers["x-content-type-options"] == "nosniff"


def test_responses_are_ascii(served: Served) -> None:
    response = served.request("GET", f"{WORKFLOWS}/%C3%A9%ED%A0%80")
    assert (response.status_code, response.content.isascii()) == (404, True)
