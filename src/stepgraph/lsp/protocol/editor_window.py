"""The windows of the editor: documents that it shows, and messages."""

from __future__ import annotations

from typing import Protocol

from lsprotocol.types import MessageType, ShowDocumentParams, ShowDocumentResult, ShowMessageParams
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer


class Window(Protocol):
    """The windows of the editor."""

    async def show_document(self, document: ShowDocumentParams) -> bool:
        """Show a document, and return whether the editor has shown it."""

    def show_information(self, message: str) -> None:
        """Show a message."""


class EditorWindow:
    """The windows of the editor that a server is connected to."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server

    async def show_document(self, document: ShowDocumentParams) -> bool:
        """Show a document, and return whether the editor has shown it."""
        window = self._server.client_capabilities.window
        if window is None or window.show_document is None or not window.show_document.support:
            return False
        try:
            result: object = await self._server.window_show_document_async(document)
        except JsonRpcException:
            return False
        return isinstance(result, ShowDocumentResult) and result.success

    def show_information(self, message: str) -> None:
        """Show a message."""
        self._server.window_show_message(ShowMessageParams(MessageType.Info, message))
