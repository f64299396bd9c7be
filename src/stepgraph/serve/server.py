"""The process of the server: its port, its threads, and its end."""

from __future__ import annotations

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
from stepgraph.project.folders import real_path, repository_root
from stepgraph.project.source_links import SourceLinks
from stepgraph.serve.api_routes import ApiRoutes
from stepgraph.serve.app import application
from stepgraph.serve.changes import Changes
from stepgraph.serve.connections import LimitedConnection, LocalOnly
from stepgraph.serve.instance_pages import InstancePages
from stepgraph.serve.instances_api import DevServer, InstancesApi
from stepgraph.serve.pages import ProjectPages
from stepgraph.serve.project_follower import ProjectFollower
from stepgraph.serve.versions import CommitDates, ProjectVersions, WorkflowVersions
from stepgraph.serve.workflows_api import WorkflowsApi

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
