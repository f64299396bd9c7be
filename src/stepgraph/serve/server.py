"""The process of the server: its port, its threads, and its end."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from msgspec import Struct

from stepgraph.live.live_project import LiveProject
from stepgraph.model.note import InputError, Problem
from stepgraph.phrases import system_reason
from stepgraph.project.change_watch import ChangeWatch, WatchError
from stepgraph.project.folders import real_path, repository_root
from stepgraph.project.source_links import SourceLinks
from stepgraph.project.watched_files import FileChange
from stepgraph.serve.api_routes import ApiRoutes
from stepgraph.serve.app import application
from stepgraph.serve.changes import Changes
from stepgraph.serve.connections import LimitedConnection, LocalOnly
from stepgraph.serve.instance_pages import InstancePages
from stepgraph.serve.instances_api import DevServer, InstancesApi
from stepgraph.serve.pages import ProjectPages
from stepgraph.serve.versions import CommitDates, ProjectVersions, WorkflowVersions
from stepgraph.serve.workflows_api import WorkflowsApi

_MAX_GARBAGE: Final = 50_000
"""The number of new objects after which garbage is collected. An analysis of a small module creates a few thousand."""

_SCAN_SECONDS: Final = 2.0
"""The time between two comparisons of all files, where the system reports no events."""

_EMPTY_SECONDS: Final = 0.02
_MAX_EMPTY_WAITS: Final = 5
"""The waits for the content of an empty file."""


class ProjectFollower:
    """Analyzes a project, and again after each change."""

    def __init__(
        self,
        project: LiveProject,
        paths: Sequence[str],
        on_change: Callable[[], object],
        on_problem: Callable[[str], object],
    ) -> None:
        """Watch the files that `paths` select, before their first analysis, so that no change is missed."""
        self._project = project
        self._on_change = on_change
        self._on_problem = on_problem
        self._problems: frozenset[str] = frozenset()
        self._watch = ChangeWatch(paths)
        self._has_events = True

    def analyze(self) -> None:
        """Analyze the project until nothing changes during the analysis."""
        while True:
            self._watch.start()
            self._project.refresh()
            self._on_change()
            self._report_problems()
            _collect_garbage()
            if not self._watch.extend(self._project.sources, self._project.state.files):
                return

    def run(self) -> None:
        """Follow the changes as long as the process runs."""
        while True:
            try:
                if changes := self._watch.changes(has_events=self._wait()):
                    _wait_for_content(changes)
                    self.analyze()
            except WatchError as error:
                self._has_events = False
                self._on_problem(f"{error} Until then, files are compared every {_SCAN_SECONDS:.0f} seconds.")
            except OSError as error:  # a directory was removed during the scan
                self._on_problem(f"the files cannot be compared: {system_reason(error)}.")
                time.sleep(_SCAN_SECONDS)
            _collect_garbage()

    def _wait(self) -> bool:
        """Wait for a while, and return whether there may be changes."""
        if self._has_events:
            return self._watch.wait()
        time.sleep(_SCAN_SECONDS)
        return True

    def _report_problems(self) -> None:
        """Report the problems that the last analysis did not have."""
        problems = [str(problem) for problem in self._project.state.problems]
        for problem in problems:
            if problem not in self._problems:
                self._on_problem(problem)
        self._problems = frozenset(problems)


def _wait_for_content(changes: Sequence[FileChange]) -> None:
    """Wait while a changed file is empty: many editors empty a file before they write it."""
    for _ in range(_MAX_EMPTY_WAITS):
        if not any(_is_empty(change.path) for change in changes):
            return
        time.sleep(_EMPTY_SECONDS)


def _is_empty(path: str) -> bool:
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


def _collect_garbage() -> None:
    """Collect garbage if there may be much, because automatic collection is disabled in the process of the command."""
    if not gc.isenabled() and gc.get_count()[0] > _MAX_GARBAGE:
        gc.collect()


HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8788
_TRIED_PORTS: Final = 20
_BACKLOG: Final = 512


class ServerOptions(Struct, frozen=True):
    """The options of the server."""

    paths: tuple[str, ...]
    environment: str | None
    port: int | None = None
    """The port, or None for the first free one from the default on."""
    opens_browser: bool = False
    source_url: str | None = None
    """The template of links to source code, as for `SourceLinks`, or None for no links."""


class Output(Struct, frozen=True):
    """The functions that print the messages of the server."""

    start: Callable[[str], object]
    """Shows the URL."""
    warn: Callable[[str], object]
    """Shows a problem of the project or of the server."""


def serve(
    project: LiveProject, options: ServerOptions, dev_server: Callable[[], DevServer | None], output: Output
) -> None:
    """Serve a project until Ctrl-C, which raises KeyboardInterrupt. Raises InputError if the port is in use."""
    listener = _listener(options.port)
    port = listener.getsockname()[1]
    app, changes = local_application(project, options, dev_server, port)
    follower = ProjectFollower(project, options.paths, changes.publish, output.warn)
    follower.analyze()
    threading.Thread(target=follower.run, daemon=True).start()
    url = f"http://{HOST}:{port}/"
    listener.listen(_BACKLOG)  # a program that reads the URL may connect at once
    output.start(url)
    if options.opens_browser:
        webbrowser.open(url)
    _Server(uvicorn_configuration(app), changes.close).run(sockets=[listener])


def local_application(
    project: LiveProject, options: ServerOptions, dev_server: Callable[[], DevServer | None], port: int
) -> tuple[LocalOnly, Changes]:
    """Return the application that serves a project at a port of this machine, and the changes for open pages."""
    changes = Changes()
    root = repository_root(real_path(options.paths[0]))
    versions = ProjectVersions(options.paths, options.environment, root)
    instances = InstancesApi(dev_server)
    dates = CommitDates(root)
    listed = WorkflowVersions(versions.history, dates)
    workflows = WorkflowsApi(lambda: project.state, listed, versions.changes_since_base, dates, instances.counts)
    title = Path(options.paths[0]).resolve().name or "Workflows"
    link_of = None if options.source_url is None else SourceLinks(options.source_url).of
    # A page of an earlier process has another identity, and is loaded again.
    identity = str(time.time_ns())
    pages = ProjectPages(title, identity, lambda: project.state, versions, InstancePages(instances, link_of), link_of)
    return LocalOnly(application(ApiRoutes(workflows, instances), pages, changes), [port]), changes


def uvicorn_configuration(app: LocalOnly) -> uvicorn.Config:
    """Return the configuration of the HTTP server."""
    return uvicorn.Config(
        app,
        http=LimitedConnection,
        ws="none",
        loop="asyncio",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=5,
    )


class _Server(uvicorn.Server):
    """A server that ends the streams of open pages on Ctrl-C. Otherwise, it would wait for them."""

    def __init__(self, config: uvicorn.Config, close_streams: Callable[[], object]) -> None:
        super().__init__(config)
        self._close_streams = close_streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop after a signal."""
        self._close_streams()
        super().handle_exit(sig, frame)


def _listener(port: int | None) -> socket.socket:
    candidates: Sequence[int] = range(DEFAULT_PORT, DEFAULT_PORT + _TRIED_PORTS) if port is None else [port]
    for candidate in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":  # on Windows, this would allow another process to listen on the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
        except OSError:
            listener.close()
            continue
        return listener
    if port is None:
        message = f"ports {DEFAULT_PORT} to {DEFAULT_PORT + _TRIED_PORTS - 1} are in use."
        raise InputError(Problem("--port", message, "Choose another one with --port."))
    raise InputError(Problem("--port", f"port {port} is in use.", "Choose another one, or omit --port."))
