"""The notifications and requests that every editor sends: the life of a session, its documents and its files."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lsprotocol import types
from msgspec import Struct
from pygls.exceptions import JsonRpcException

from stepgraph.escaping.plain_text import brief_line
from stepgraph.lsp.protocol.documents import path_of, uri_of
from stepgraph.lsp.sessions.server import WorkflowServer
from stepgraph.lsp.sessions.session import Session

SECTION: Final = "stepgraph"
"""The name of the settings in the configuration of an editor."""

_ENVIRONMENT: Final = "environment"
_KEYS: Final = (_ENVIRONMENT,)
_MAX_WARNINGS: Final = 3


class ClientSettings(Struct, frozen=True):
    """The settings of an editor for a directory."""

    environment: str | None = None
    """The environment of the configurations of wrangler, or None for their top level."""
    warnings: tuple[str, ...] = ()
    """The errors in the settings."""


def read_client_settings(data: object, default: ClientSettings | None = None) -> ClientSettings:
    """Return the settings in JSON data, which may have them in the section `stepgraph`, or `default` without any."""
    if isinstance(data, Mapping) and isinstance(data.get(SECTION), Mapping):
        data = data[SECTION]
    if not data:
        return default or ClientSettings()
    if not isinstance(data, Mapping):
        return ClientSettings(warnings=("the settings must be an object.",))
    warnings = [_unknown(name) for name in data if name not in _KEYS][:_MAX_WARNINGS]
    environment = data.get(_ENVIRONMENT)
    if environment is not None and not isinstance(environment, str):
        warnings.append(f"`{_ENVIRONMENT}` must be a string: the name of an environment in the wrangler configuration.")
        environment = None
    return ClientSettings(environment or None, tuple(warnings))


def _unknown(name: object) -> str:
    shown = brief_line(str(name))
    return f"unknown setting `{shown}`. Available: `{_ENVIRONMENT}`. All other settings are in pyproject.toml."


_WATCHED: Final = ("**/*.py", "**/pyproject.toml", "**/wrangler*.{toml,jsonc}", "**/.gitignore", "**/*.json")
"""The patterns of the files that the editor watches. A baseline may have any name, usually one of JSON."""

_WATCHED_INTERVAL: Final = 10.0
"""The interval in seconds between comparisons of files that the editor watches, because it may miss changes."""
_UNWATCHED_INTERVAL: Final = 1.0
"""The interval in seconds between comparisons of files that the editor does not watch."""
_EDITOR_INTERVAL: Final = 3.0
"""The interval in seconds between checks that the process of the editor exists."""
_ANSWER_SECONDS: Final = 2.0
"""The time in seconds to wait for an answer of the editor."""


def add_lifecycle(server: WorkflowServer) -> None:
    """Register the start and the end of a session, its directories and its settings."""
    session = _StartedSession(server)

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        session.initialize(params)

    @server.feature(types.INITIALIZED)
    async def initialized(_: types.InitializedParams) -> None:
        await session.start()

    @server.feature(types.EXIT)
    def leave(_: None) -> None:
        server.end()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        await session.change_folders(params.event.added, params.event.removed)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        await session.change_settings(params.settings)


def add_documents(server: WorkflowServer) -> None:
    """Register the synchronization of documents and files."""
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        if session.documents.open(params.text_document) is not None:
            session.change()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        if session.documents.change(params.text_document, params.content_changes):
            session.change()

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(_: types.DidSaveTextDocumentParams) -> None:
        session.change_files()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        if session.documents.close(params.text_document.uri) is not None:
            session.change_files()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_files(params: types.DidChangeWatchedFilesParams) -> None:
        paths = [path for event in params.changes if (path := path_of(event.uri)) is not None]
        if any(_may_affect(path, session) for path in paths):
            session.change_files()


def _may_affect(path: str, session: Session) -> bool:
    """Return whether a changed file may affect the analysis. An installation may write thousands of JSON files."""
    name = os.path.basename(path)
    return not name.endswith(".json") or name.startswith("wrangler") or session.reads(path)


class _StartedSession:
    """The session from `initialize` on."""

    def __init__(self, server: WorkflowServer) -> None:
        self._server = server
        self._session = server.session
        self._options = ClientSettings()
        """The settings in the `initializationOptions`."""
        self._pushed: object = None
        """The settings in the last `workspace/didChangeConfiguration`."""
        self._editor_process: int | None = None
        """The process id of the editor, or None if the editor runs on another machine."""
        self._has_started = False
        self._warnings: set[str] = set()
        """The warnings that have been shown."""

    def initialize(self, params: types.InitializeParams) -> None:
        """Read the parameters of the session."""
        # A process that does not exist belongs to another container or machine.
        if params.process_id is not None and _exists(params.process_id):
            self._editor_process = params.process_id
        encoding = self._server.workspace.position_encoding
        self._session.documents.encoding = types.PositionEncodingKind(encoding)
        self._options = read_client_settings(params.initialization_options)
        self._session.workspace.set_environments(self._options.environment, {})
        for path in _folders(params):
            self._session.workspace.add(path)

    async def start(self) -> None:
        """Start the analysis, after the settings are known."""
        if self._has_started:
            return
        self._has_started = True
        server = self._server
        watches = self._register()
        await self.read_settings()
        server.start(self._session.run())
        server.start(self._session.follow_files(_WATCHED_INTERVAL if watches else _UNWATCHED_INTERVAL))
        if self._editor_process is not None:
            server.start(_end_with_editor(server, self._editor_process))

    async def change_folders(
        self, added: Iterable[types.WorkspaceFolder], removed: Iterable[types.WorkspaceFolder]
    ) -> None:
        """Add and remove directories of the workspace."""
        for folder in removed:
            self._session.workspace.remove(path_of(folder.uri) or "")
        for folder in added:
            if path := path_of(folder.uri):
                self._session.workspace.add(path)
        await self.read_settings()

    async def change_settings(self, pushed: object) -> None:
        """Use other settings, which the editor has sent. Many editors send those of all servers at once."""
        self._pushed = pushed.get(SECTION) if isinstance(pushed, Mapping) else None
        await self.read_settings()

    async def read_settings(self) -> None:
        """Request the settings of the editor. If it accepts no requests, use the settings that it has sent."""
        workspace = self._session.workspace
        capabilities = self._server.client_capabilities.workspace
        default, by_folder = read_client_settings(self._pushed, self._options), {}
        if capabilities is not None and capabilities.configuration:
            paths = workspace.searched_paths
            answers = await self._ask_settings([None, *paths])
            if len(answers) == len(paths) + 1:
                default, *settings = (read_client_settings(answer, default) for answer in answers)
                by_folder = dict(zip(paths, settings, strict=True))
        self._show_warnings((self._options, default, *by_folder.values()))
        workspace.set_environments(default.environment, {path: each.environment for path, each in by_folder.items()})
        self._session.change()

    def _show_warnings(self, settings: Iterable[ClientSettings]) -> None:
        warnings = dict.fromkeys(warning for each in settings for warning in each.warnings)
        for warning in warnings:
            if warning not in self._warnings:
                self._server.show_problem(warning)
        self._warnings |= warnings.keys()

    async def _ask_settings(self, paths: Iterable[str | None]) -> list[object]:
        items = [types.ConfigurationItem(None if path is None else uri_of(path), SECTION) for path in paths]
        request = self._server.protocol.send_request_async(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items)
        )
        try:
            answer = await asyncio.wait_for(request, _ANSWER_SECONDS)
        except (JsonRpcException, TimeoutError):
            return []
        return list(answer) if isinstance(answer, list | tuple) else []

    def _register(self) -> bool:
        """Ask the editor for changes of files and settings, and return whether it watches files."""
        capabilities = self._server.client_capabilities.workspace
        registrations: list[types.Registration] = []
        if capabilities is None:
            return False
        settings, files = capabilities.did_change_configuration, capabilities.did_change_watched_files
        if settings is not None and settings.dynamic_registration:
            options = types.DidChangeConfigurationRegistrationOptions(SECTION)
            method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
            registrations.append(types.Registration("stepgraph-settings", method, options))
        watches = files is not None and bool(files.dynamic_registration)
        if watches:
            watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
            method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
            watched = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registrations.append(types.Registration("stepgraph-files", method, watched))
        if registrations:
            self._server.ask(types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(registrations))
        return watches


def _folders(params: types.InitializeParams) -> Iterator[str]:
    """Yield the directories of the workspace. Old editors name one directory, some of them as a path."""
    if params.workspace_folders is not None:
        uris = [folder.uri for folder in params.workspace_folders]
    elif params.root_uri is not None:
        uris = [params.root_uri]
    else:
        uris = [uri_of(os.path.abspath(params.root_path))] if params.root_path else []
    yield from filter(None, map(path_of, uris))


async def _end_with_editor(server: WorkflowServer, process_id: int) -> None:
    """End the session when the process of the editor has ended, in case standard input stays open."""
    while _exists(process_id):  # noqa: ASYNC110 - the system reports no event
        await asyncio.sleep(_EDITOR_INTERVAL)
    server.log("the process of the editor has ended, so the session ends.")
    server.end()


def _exists(process_id: int) -> bool:
    if sys.platform == "win32":
        return False  # no signal is harmless
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it belongs to another user
    return process_id > 0
