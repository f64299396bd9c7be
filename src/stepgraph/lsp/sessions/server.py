"""The language server: its connection to the editor, and its notifications."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import BinaryIO, Final
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, PyglsError
from pygls.lsp.server import LanguageServer

from stepgraph.escaping.plain_text import brief_line, log_line
from stepgraph.lsp.protocol.json_rpc import Connection, SessionProtocol
from stepgraph.lsp.sessions.folder import OpenProject
from stepgraph.lsp.sessions.session import Session
from stepgraph.version import __version__

_TITLE: Final = "Analyzing workflows"


class ProgressReport:
    """The progress of the current analysis, if the editor can show it."""

    def __init__(self, server: LanguageServer, start: Callable[[Coroutine[object, object, None]], None]) -> None:
        """Prepare the progress of a server. `start` runs a coroutine beside the requests of the editor."""
        self._server = server
        self._start = start
        self._token: str | None = None
        """The token of the progress that the editor shows, or has been requested to show."""
        self._has_begun = False
        self._message = ""

    def report(self, message: str) -> None:
        """Show a message, which is the first one of an analysis or replaces the last one."""
        self._message = brief_line(message)
        window = self._server.client_capabilities.window
        if self._token is None and window is not None and window.work_done_progress:
            self._token = f"stepgraph-{uuid4()}"
            self._start(self._begin(self._token))
        elif self._has_begun:
            self._send(types.WorkDoneProgressReport(message=self._message))

    def end(self) -> None:
        """Remove the progress."""
        if self._has_begun:
            self._send(types.WorkDoneProgressEnd())
        self._token, self._has_begun = None, False

    async def _begin(self, token: str) -> None:
        """Show the progress, after the editor has agreed to the token."""
        parameters = types.WorkDoneProgressCreateParams(token)
        try:
            await self._server.protocol.send_request_async(types.WINDOW_WORK_DONE_PROGRESS_CREATE, parameters)
        except (JsonRpcException, asyncio.CancelledError):
            return
        if self._token == token:
            self._has_begun = True
            self._send(types.WorkDoneProgressBegin(_TITLE, message=self._message))

    def _send(
        self, value: types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd
    ) -> None:
        self._server.progress(types.ProgressParams(self._token or "", value))


_NAME: Final = "stepgraph"
_MAX_LOG_LINES: Final = 1_000
"""The number of lines in the log of a session, because an editor may never read them."""


class WorkflowServer(LanguageServer):
    """The language server, and the editor as its client."""

    protocol: SessionProtocol

    def __init__(self, open_project: OpenProject) -> None:
        """Prepare a session."""
        super().__init__(_NAME, __version__, protocol_cls=SessionProtocol)
        self.protocol.take_over_features()
        self.session = Session(self, open_project)
        self.connection: Connection | None = None
        self._progress = ProgressReport(self, self.start)
        self._tasks: set[asyncio.Task[None]] = set()
        self._log_lines = 0

    def publish(self, uri: str, version: int | None, diagnostics: Sequence[types.Diagnostic]) -> None:
        """Show the diagnostics of a file."""
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, list(diagnostics), version))

    def show_problem(self, message: str) -> None:
        """Show a problem that has no location."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"{_NAME}: {message}"))

    def show_information(self, message: str) -> None:
        """Show an informational message."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Info, message))

    async def show_document(self, document: types.ShowDocumentParams) -> bool:
        """Show a document, and return whether the editor has shown it."""
        window = self.client_capabilities.window
        if window is None or window.show_document is None or not window.show_document.support:
            return False
        try:
            result: object = await self.window_show_document_async(document)
        except JsonRpcException:
            return False
        return isinstance(result, types.ShowDocumentResult) and result.success

    def refresh(self) -> None:
        """Ask again for everything that depends on the analysis."""
        workspace = self.client_capabilities.workspace
        if workspace is None:
            return
        if workspace.code_lens and workspace.code_lens.refresh_support:
            self.ask(types.WORKSPACE_CODE_LENS_REFRESH)
        if workspace.inlay_hint and workspace.inlay_hint.refresh_support:
            self.ask(types.WORKSPACE_INLAY_HINT_REFRESH)

    def show_progress(self, message: str) -> None:
        """Show that the analysis is in progress."""
        self._progress.report(message)

    def end_progress(self) -> None:
        """Show that the analysis has ended, if its progress was shown."""
        self._progress.end()

    def log(self, message: str) -> None:
        """Write a line to standard error, which editors show as the log of the server."""
        self._log_lines += 1
        if self._log_lines <= _MAX_LOG_LINES and sys.stderr is not None:
            try:
                sys.stderr.write(f"{_NAME}: {log_line(message)}\n")
                sys.stderr.flush()
            except (OSError, ValueError):
                self._log_lines = _MAX_LOG_LINES  # standard error is closed

    def report_server_error(self, error: Exception, source: type[PyglsError | JsonRpcException]) -> None:
        """Log an error of a handler, except for an invalid request, which the response reports."""
        del source
        if isinstance(error, JsonRpcInternalError) or not isinstance(error, JsonRpcException):
            self.log(f"a request failed because of a bug in stepgraph. {error}")

    def ask(self, method: str, parameters: object = None) -> None:
        """Send a request whose answer does not matter."""
        self.start(self._answer(method, parameters))

    def start(self, work: Coroutine[object, object, None]) -> None:
        """Run a coroutine until the end of the session."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def serve(self, source: BinaryIO, target: BinaryIO) -> bool:
        """Serve the editor until it ends the session, and return whether it has done so in the right order."""
        # The log is for users of an editor. It has one line for each bug, and no other records.
        logging.getLogger("pygls").addHandler(logging.NullHandler())
        logging.getLogger("pygls").propagate = False
        self.connection = Connection(source, target, self.log)
        self.protocol.set_writer(self.connection)
        asyncio.run(self._run(self.connection))
        return self.protocol.is_shut_down

    def end(self) -> None:
        """End the session."""
        if self.connection is not None:
            self.connection.close()

    async def _run(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._log_loop_error)
        try:
            await connection.run(self.protocol.receive)
        finally:
            for task in tuple(self._tasks):
                task.cancel()

    def _log_loop_error(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if not isinstance(error, JsonRpcException | asyncio.CancelledError):
            self.log(f"a bug in stepgraph: {context.get('message')} {error!r}")

    async def _answer(self, method: str, parameters: object) -> None:
        try:
            await self.protocol.send_request_async(method, parameters)
        except JsonRpcException as error:
            self.log(f"the editor has refused `{method}`: {error}")


def standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the streams of the protocol. Other output of the process goes to standard error from now on."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with suppress(OSError):  # standard error is closed
        os.dup2(2, 1)
    return source, target
