"""Views of documents without a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsprotocol.types import PositionEncodingKind, TextDocumentItem

from stepgraph.cli.live_projects import open_live_project
from stepgraph.fixing import FixedFile
from stepgraph.lsp.protocol.documents import Document, Documents
from stepgraph.lsp.sessions.folder import AnalyzedFolder, Folder
from stepgraph.lsp.sessions.views import DocumentView, FolderView
from tests.project.trees import plant


class Workspace:
    """A directory of an editor in which documents are open."""

    def __init__(self, folder: Path, files: Mapping[str, str] | None = None) -> None:
        self.path = folder
        self.documents = Documents()
        self.documents.encoding = PositionEncodingKind.Utf16
        plant(folder, dict(files or {}))
        self._folder = Folder(str(folder), open_live_project, is_searched=True)
        self._analyzed: AnalyzedFolder | None = None

    def open(self, path: str, text: str) -> DocumentView:
        """Return the view of a document with a text, after the analysis."""
        self.edit(path, text)
        self._analyzed = None
        return self.view(path)

    def edit(self, path: str, text: str) -> None:
        """Change the text of a document without an analysis."""
        self.documents.open(TextDocumentItem((self.path / path).as_uri(), "python", 1, text))

    def view(self, path: str) -> DocumentView:
        """Return the view of an open document in the last analysis."""
        return self.folder_view.document(self._document(path))

    def fix(self, view: DocumentView) -> tuple[FixedFile, ...]:
        """Return the files that the safe fixes of a document change."""
        fixed = self._folder.fix(view.folder.analyzed, view.path)
        assert fixed is not None
        return fixed

    @property
    def folder_view(self) -> FolderView:
        """The view of the directory in the last analysis."""
        if self._analyzed is None:
            self._analyzed = self._folder.analyze(self.documents)
        return FolderView(self._analyzed, self.documents)

    def _document(self, path: str) -> Document:
        document = self.documents.get((self.path / path).as_uri())
        assert document is not None
        return document
