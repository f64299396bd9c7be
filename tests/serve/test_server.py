"""The process of `stepgraph serve`."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepgraph.cli.main import main
from tests.cli.conftest import needs_unix_files
from tests.cli.sources import write_orders

SECONDS = 20


class ServerProcess:
    """A running command."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stepgraph", "serve", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._connections: list[http.client.HTTPConnection] = []
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.port = int(self.url.rstrip("/").rpartition(":")[2])

    def get(self, path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        self._connections.append(connection)
        connection.request("GET", path)
        return connection.getresponse()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, float]:
        """Send a signal, and return the exit code and the seconds until then."""
        start = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(SECONDS), time.monotonic() - start

    def close(self) -> None:
        """End the process, and close its output."""
        self.process.kill()
        for connection in self._connections:
            connection.close()
        with self.process:
            pass


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_orders()
    return tmp_path


Serve = Callable[..., ServerProcess]


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:  # noqa: ARG001 - the command runs there
    """Start `stepgraph serve` on a free port. The process ends after the test."""
    processes: list[ServerProcess] = []

    def start(*arguments: str) -> ServerProcess:
        processes.append(ServerProcess("--port", "0", *arguments))
        return processes[-1]

    yield start
    for process in processes:
        process.close()


@pytest.mark.slow
@needs_unix_files
def test_ctrl_c_ends_the_server_with_open_streams(serve: Serve) -> None:
    server = serve()
    assert server.url.startswith("http://127.0.0.1:")
    stream = server.get("/events")
    assert stream.readline() == b"event: message\n"
    code, seconds = server.stop()
    assert code == 130
    assert seconds < 5  # without the end of the streams, the server waits for them
    assert server.process.stderr is not None
    assert server.process.stderr.read().rstrip() == "Press Ctrl-C to stop."


@pytest.mark.slow
@needs_unix_files
def test_named_development_server_that_is_down_is_reported(serve: Serve) -> None:
    server = serve("--dev-server", "http://127.0.0.1:1")
    server.stop()
    assert server.process.stderr is not None
    message = server.process.stderr.readline()
    assert message.startswith("http://127.0.0.1:1: cannot be reached: ")
    assert message.endswith("Its instances appear on the pages once it answers.\n")


@needs_unix_files
@pytest.mark.slow
def test_a_save_is_reported_and_sigterm_ends_the_server(serve: Serve, folder: Path) -> None:
    server = serve("-q")
    stream = server.get("/events")
    first = [stream.readline() for _ in range(3)][1]
    (folder / "orders.py").write_text("from workers import WorkflowEntrypoint\n\ndef (:\n")
    second = [stream.readline() for _ in range(3)][1]
    assert first != second
    assert b"orders.py:3:5" in server.get("/").read()
    assert server.stop(signal.SIGTERM)[0] == -signal.SIGTERM
    assert server.process.stderr is not None
    assert server.process.stderr.read() == ""


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "PORT"], "--port: port PORT is in use. Choose another one, or omit --port."),
        (["src"], "stepgraph: cannot serve src: file not found."),
    ],
)
def test_wrong_arguments_are_errors(
    arguments: list[str], message: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code = main(["serve", *(each.replace("PORT", port) for each in arguments)])
    assert code == 2
    assert capfdbinary.readouterr().err.decode() == f"{message.replace('PORT', port)}\n"


def test_an_unknown_editor_is_an_error(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["serve", "--editor", "ed"]) == 2
    assert "`ed` is neither a known editor nor a URL" in capfdbinary.readouterr().err.decode()
