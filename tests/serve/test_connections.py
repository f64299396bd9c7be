"""Clients that are too slow or too many, with shorter limits than in use."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest
import uvicorn

from stepgraph.serve import connections
from stepgraph.serve.connections import LimitedConnection

pytestmark = pytest.mark.slow

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE_BYTES = 30_000_000
"""More bytes than the buffers of a connection hold."""


class ObservedConnection(LimitedConnection):
    """A connection whose end a test can wait for."""

    lost = threading.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record the end."""
        super().connection_lost(exc)
        self.lost.set()


async def app(scope: dict[str, object], _receive: object, send: Callable[[object], Awaitable[None]]) -> None:
    body = b"x" * (LARGE_BYTES if scope["path"] == "/large" else 2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the port of a server."""
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.3)
    monkeypatch.setattr(connections, "SERVED_CONNECTIONS", 3)
    ObservedConnection.lost.clear()
    configuration = uvicorn.Config(
        app, http=ObservedConnection, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(configuration)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def rest(client: socket.socket) -> bytes:
    """Return the bytes until the connection ends."""
    content = bytearray()
    try:
        while part := client.recv(1_000_000):
            content += part
    except ConnectionResetError:
        pass
    return bytes(content)


def test_a_head_that_does_not_arrive_ends_the_connection(port: int) -> None:
    with connect(port) as client:
        client.sendall(REQUEST[:10])
        assert rest(client) == b""


def test_a_second_head_that_does_not_arrive_ends_the_connection(port: int) -> None:
    with connect(port) as client:
        client.sendall(REQUEST)
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        client.sendall(REQUEST[:10])
        assert rest(client).endswith(b"xx\r\n0\r\n\r\n")


def test_a_client_that_reads_nothing_loses_its_connection(port: int) -> None:
    with connect(port) as client:
        client.sendall(LARGE)
        assert ObservedConnection.lost.wait(timeout=30)
        assert len(rest(client)) < LARGE_BYTES


def test_the_oldest_waiting_connection_makes_room_for_a_new_one(port: int) -> None:
    clients = [connect(port) for _ in range(4)]
    clients[3].sendall(REQUEST)
    assert clients[3].recv(15) == b"HTTP/1.1 200 OK"
    assert rest(clients[0]) == b""
    for client in clients:
        client.close()
