"""The processes of `stepgraph serve` that show the pages of projects, one for each project.

A process ends with the session, even if the session is killed: it stops when its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from typing import IO, Final

from msgspec import Struct

_COMMAND: Final = ("-P", "-m", "stepgraph", "serve", "--port", "0", "--quiet", "--stop-with-input", "--")
"""The arguments of Python. With `-P`, it searches no modules in the directory that is served."""
_PACKAGES: Final = ("starlette", "uvicorn", "watchfiles")
_URL: Final = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}/")
_MAX_LINE_LENGTH: Final = 100
_START_SECONDS: Final = 20.0
"""The time for the analysis of the project and the start of the server."""
_END_SECONDS: Final = 2.0


class ServedProject(Struct, frozen=True):
    """The project whose pages a server shows."""

    folder: str
    """The absolute path of its working directory."""
    path: str = "."
    """The directory or file to analyze, relative to the working directory."""
    environment: str | None = None
    """The environment of the configurations."""


class _PageServer(Struct, frozen=True):
    """A process that serves a project."""

    process: subprocess.Popen[bytes]
    url: str
    """The URL of the list of workflows."""


class PageServers:
    """Starts the server of a project on first use, and again if it has ended. Use it in one event loop."""

    def __init__(self) -> None:
        self._servers: dict[ServedProject, _PageServer] = {}
        self._lock = asyncio.Lock()

    async def url(self, project: ServedProject) -> str | None:
        """Return the URL of the server of a project, or None if it cannot run."""
        async with self._lock:
            server = self._servers.get(project)
            if server is not None and server.process.poll() is not None:
                _end(self._servers.pop(project).process)
                server = None
            if server is None:
                server = await _start(project)
            if server is not None:
                self._servers[project] = server
            return None if server is None else server.url

    def close(self) -> None:
        """End all servers."""
        while self._servers:
            _end(self._servers.popitem()[1].process)


async def _start(project: ServedProject) -> _PageServer | None:
    if not sys.executable or any(find_spec(name) is None for name in _PACKAGES):
        return None
    try:
        process = _open(project)
    except OSError:
        return None
    url = ""
    try:
        url = await asyncio.wait_for(asyncio.to_thread(_read_url, process.stdout), _START_SECONDS)
    except TimeoutError:
        return None
    finally:
        if not url:
            _end(process)
    return _PageServer(process, url) if url else None


def _open(project: ServedProject) -> subprocess.Popen[bytes]:
    variables = dict(os.environ)
    if project.environment is not None:
        variables["CLOUDFLARE_ENV"] = project.environment
    # A relative directory would be one of the project.
    paths = [path for path in variables.pop("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(path)]
    if paths:
        variables["PYTHONPATH"] = os.pathsep.join(paths)
    return subprocess.Popen(  # noqa: S603 - a fixed command
        (sys.executable, *_COMMAND, project.path),
        cwd=project.folder,
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _read_url(output: IO[bytes] | None) -> str:
    """Return the URL in the first line of the output, or an empty string for any other line."""
    line = b"" if output is None else output.readline(_MAX_LINE_LENGTH)
    text = line.decode("ascii", "replace").strip()
    return text if _URL.fullmatch(text) else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and close its pipes."""
    with suppress(OSError):
        process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
