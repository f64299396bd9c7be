"""An editor that drives the real language server, and projects that are open in it.

The methods wait for the server, so tests need no event loop. After each call of `diagnostics` or `settle`, the server
has analyzed all texts and files as they are now.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Final, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcMethodNotFound
from pygls.protocol import default_converter
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, LanguageClient, register_lsp_features

from tests.project.trees import plant

Result = TypeVar("Result")

COMMAND: Final = (sys.executable, "-m", "stepgraph", "lsp")
CAPABILITIES: Final = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        apply_edit=True,
        workspace_edit=types.WorkspaceEditClientCapabilities(
            document_changes=True,
            change_annotation_support=types.ChangeAnnotationsSupportOptions(),
        ),
        workspace_folders=True,
        did_change_watched_files=types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True),
    ),
    text_document=types.TextDocumentClientCapabilities(
        publish_diagnostics=types.PublishDiagnosticsClientCapabilities(
            related_information=True, code_description_support=True, version_support=True
        ),
        code_action=types.CodeActionClientCapabilities(
            code_action_literal_support=types.ClientCodeActionLiteralOptions(
                types.ClientCodeActionKindOptions(
                    [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll, types.CodeActionKind.Refactor]
                )
            ),
            is_preferred_support=True,
            disabled_support=True,
        ),
        document_symbol=types.DocumentSymbolClientCapabilities(hierarchical_document_symbol_support=True),
        hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown, types.MarkupKind.PlainText]),
        rename=types.RenameClientCapabilities(prepare_support=True, honors_change_annotations=True),
    ),
    window=types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(support=True)),
    general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16]),
)
"""The capabilities of an editor that supports everything, except progress and refreshes, which come at any time."""

_SECONDS: Final = 30.0
"""The time after which a test fails because the server does not answer."""


class Editor:
    """An editor with its server process."""

    def __init__(
        self, *folders: Path, capabilities: types.ClientCapabilities = CAPABILITIES, options: object = None
    ) -> None:
        """Start the server with workspace folders. `options` are the `initializationOptions`."""
        self.loop = asyncio.new_event_loop()
        self.versions: dict[str, int | None] = {}
        """The version of the last diagnostics of each file, by URI."""
        self._is_published = asyncio.Event()
        self.client = LanguageClient(converter_factory=default_converter)
        register_lsp_features(self.client, DEFAULT_CLIENT_FEATURES | self._features())
        self.wait(self.client.start_io(*COMMAND))
        workspace = [types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders]
        parameters = types.InitializeParams(capabilities, workspace_folders=workspace, initialization_options=options)
        self.result = self.wait(self.client.initialize_session(parameters))
        """The answer of the server to `initialize`."""
        self._versions_sent: dict[str, int] = {}
        self._scratch = ""
        """The URI of a document without code, whose diagnostics tell that an analysis has ended."""

    def wait(self, answer: Coroutine[object, object, Result]) -> Result:
        """Return the result of a coroutine of the client."""
        return self.loop.run_until_complete(asyncio.wait_for(answer, _SECONDS))

    def request(self, method: str, parameters: object) -> object:
        """Return the result of a request. Raises JsonRpcException for an error."""
        send: Callable[[str, object], Coroutine[object, object, object]] = self.client.protocol.send_request_async
        return self.wait(send(method, parameters))

    def notify(self, method: str, parameters: object) -> None:
        """Send a notification."""
        self.client.protocol.notify(method, parameters)

    def open(self, uri: str, text: str) -> None:
        """Open a document."""
        version = self._next_version(uri)
        item = types.TextDocumentItem(uri, types.LanguageKind.Python, version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, *changes: types.TextDocumentContentChangeEvent) -> None:
        """Change a document."""
        identifier = types.VersionedTextDocumentIdentifier(self._next_version(uri), uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, changes))

    def close(self, uri: str) -> None:
        """Close a document."""
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def settle(self) -> None:
        """Wait until the server has published the diagnostics of the current texts and files."""
        if not self._scratch:
            self._scratch = (Path(tempfile.gettempdir()) / "scratch.py").as_uri()
            self.open(self._scratch, "")
        self.change(self._scratch, types.TextDocumentContentChangeWholeDocument(""))
        self.wait(self._published(self._scratch, self._versions_sent[self._scratch]))
        # The server publishes all diagnostics of an analysis before it handles another request.
        try:
            self.request("stepgraph/nothing", None)
        except JsonRpcMethodNotFound:
            return

    def stop(self) -> int | None:
        """End the session, and return the exit code of the server."""
        self.wait(self.client.shutdown_session())
        stop: Callable[[], Coroutine[object, object, None]] = self.client.stop
        self.wait(stop())
        self.loop.close()
        process = self.client._server  # noqa: SLF001 - the client has no public name for its process
        return None if process is None else process.returncode

    async def _published(self, uri: str, version: int) -> None:
        while self.versions.get(uri) != version:
            self._is_published.clear()
            await self._is_published.wait()

    def _next_version(self, uri: str) -> int:
        version = self._versions_sent[uri] = self._versions_sent.get(uri, 0) + 1
        return version

    def _features(self) -> dict[str, object]:
        def publish(client: LanguageClient, params: types.PublishDiagnosticsParams) -> None:
            client.diagnostics[params.uri] = params.diagnostics
            self.versions[params.uri] = params.version
            self._is_published.set()

        def show_message(client: LanguageClient, params: types.ShowMessageParams) -> None:
            client.messages.append(params)

        def register(_client: LanguageClient, _params: types.RegistrationParams) -> None:
            return

        return {
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: publish,
            types.WINDOW_SHOW_MESSAGE: show_message,
            types.CLIENT_REGISTER_CAPABILITY: register,
        }


class OpenProject:
    """A workspace folder in an editor. Paths are relative to it."""

    def __init__(self, editor: Editor, folder: Path) -> None:
        """Open a directory as a workspace folder."""
        self.editor = editor
        self.folder = folder
        self._open: set[str] = set()
        self._change_folders(added=[self._workspace_folder])

    def uri(self, path: str) -> str:
        """Return the URI of a file."""
        return (self.folder / path).as_uri()

    def identifier(self, path: str) -> types.TextDocumentIdentifier:
        """Return the document of a file as the parameter of a request."""
        return types.TextDocumentIdentifier(self.uri(path))

    def write(self, path: str, text: str) -> None:
        """Write a file, and notify the server."""
        plant(self.folder, {path: text})
        self._tell_change(path, types.FileChangeType.Changed)

    def remove(self, path: str) -> None:
        """Remove a file, and notify the server."""
        (self.folder / path).unlink()
        self._tell_change(path, types.FileChangeType.Deleted)

    def open(self, path: str, text: str | None = None) -> None:
        """Open a document with an unsaved text or, by default, with the text of the file."""
        self._open.add(path)
        self.editor.open(self.uri(path), (self.folder / path).read_text("utf-8") if text is None else text)

    def change(self, path: str, *changes: types.TextDocumentContentChangeEvent | str) -> None:
        """Change a document by edits of ranges or by whole texts."""
        whole = types.TextDocumentContentChangeWholeDocument
        events = (whole(change) if isinstance(change, str) else change for change in changes)
        self.editor.change(self.uri(path), *events)

    def save(self, path: str, text: str) -> None:
        """Write the text of a document to its file, and tell the server."""
        self.write(path, text)
        parameters = types.DidSaveTextDocumentParams(self.identifier(path))
        self.editor.notify(types.TEXT_DOCUMENT_DID_SAVE, parameters)

    def close(self, path: str) -> None:
        """Close a document."""
        self._open.discard(path)
        self.editor.close(self.uri(path))

    def diagnostics(self, path: str) -> Sequence[types.Diagnostic]:
        """Return the diagnostics of a file for the current texts and files."""
        self.editor.settle()
        return self.editor.client.diagnostics.get(self.uri(path), ())

    def findings(self, path: str) -> list[tuple[int, str]]:
        """Return the line, from 1, and the code of each diagnostic of a file."""
        return [(each.range.start.line + 1, str(each.code)) for each in self.diagnostics(path)]

    def request(self, method: str, parameters: object) -> object:
        """Return the result of a request, such as `types.TEXT_DOCUMENT_HOVER`."""
        return self.editor.request(method, parameters)

    def stop(self) -> None:
        """Close all documents and the workspace folder."""
        for path in sorted(self._open):
            self.close(path)
        self._change_folders(removed=[self._workspace_folder])

    @property
    def _workspace_folder(self) -> types.WorkspaceFolder:
        return types.WorkspaceFolder(self.folder.as_uri(), self.folder.name)

    def _change_folders(
        self, added: Sequence[types.WorkspaceFolder] = (), removed: Sequence[types.WorkspaceFolder] = ()
    ) -> None:
        event = types.WorkspaceFoldersChangeEvent(added, removed)
        self.editor.notify(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, types.DidChangeWorkspaceFoldersParams(event))

    def _tell_change(self, path: str, kind: types.FileChangeType) -> None:
        event = types.FileEvent(self.uri(path), kind)
        self.editor.notify(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, types.DidChangeWatchedFilesParams([event]))


def position_of(text: str, part: str, offset: int = 0) -> types.Position:
    """Return the position of the first occurrence of a part in a text of ASCII characters, plus an offset."""
    before = text[: text.index(part) + offset]
    return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)
