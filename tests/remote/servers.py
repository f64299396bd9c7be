"""Servers on this machine that answer requests as the Workflows API does, or as no server should."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

_SECONDS: Final = 5
_METHODS: Final = (b"GET ", b"POST ", b"PATCH ", b"DELETE ")


class Request(NamedTuple):
    """A request that a server has received."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """The headers, with names in lower case."""
    method: str = "GET"
    body: bytes = b""


Answer: TypeAlias = Callable[[Request], Iterable[bytes]]
"""Returns the parts of a response."""


class Server(NamedTuple):
    """A running server."""

    url: str
    requests: list[Request]


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """Run a server that closes each connection after its response."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = Server(f"http://127.0.0.1:{port}", [])
        thread = Thread(target=_serve, args=(listener, answer, server.requests))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, answer: Answer, requests: list[Request]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(_SECONDS)
                requests.append(_request(connection))
                for part in answer(requests[-1]):
                    connection.sendall(part)


def _request(connection: socket.socket) -> Request:
    text = b""
    while b"\r\n\r\n" not in text:
        text += connection.recv(65_536)
        if not text.startswith(_METHODS):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            raise ConnectionError
    head, _, body = text.partition(b"\r\n\r\n")
    line, *headers = head.decode("latin-1").split("\r\n")
    target = urlsplit(line.split()[1])
    pairs = (header.partition(":") for header in headers)
    named = {name.lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(named.get("content-length", 0)):
        body += connection.recv(65_536)
    return Request(target.path, dict(parse_qsl(target.query)), named, line.split()[0], body)


def response(
    body: object, status: str = "200 OK", content_type: str = "application/json", more: str = ""
) -> list[bytes]:
    """Return a response with a body, which is JSON unless it is text."""
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n"
    return [f"{head}{more}Connection: close\r\n\r\n".encode() + content]


def result(value: object, info: Mapping[str, object] | None = None) -> list[bytes]:
    """Return a response of the API."""
    envelope = {"success": True, "errors": [], "messages": [], "result": value}
    return response(envelope if info is None else {**envelope, "result_info": info})


def failure(status: str, code: int, message: str, more: str = "") -> list[bytes]:
    """Return an error of the API."""
    errors = [{"code": code, "message": message}]
    return response({"success": False, "errors": errors, "messages": [], "result": None}, status, more=more)


def listed_instance(number: int, status: str = "running") -> dict[str, str]:
    """Return an instance as it is listed. Instances with higher numbers are newer."""
    return {"id": f"i{number}", "status": status, "created_on": f"2026-11-29T00:00:{number // 60:02}.{number % 60:03}Z"}


def page_of(items: list[dict[str, str]], request: Request) -> list[bytes]:
    """Return the page of a list that a request asks for."""
    size, page = int(request.query["per_page"]), int(request.query.get("page", 1))
    return result(items[(page - 1) * size : page * size], {"page": page, "total_count": len(items)})
