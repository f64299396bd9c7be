"""The progress of a long analysis, shown by the editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final
from uuid import uuid4

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from stepgraph.escaping.plain_text import brief_line

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
