"""The results of the last analysis, in positions of the current texts.

A text may have changed since the analysis, and a file with a syntax error has the results of its last valid state. Then
changed lines have no results.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from lsprotocol.types import Location, Position, Range
from msgspec import Struct, field

from stepgraph.live.live_project import LiveWorkflow, ProjectState
from stepgraph.lsp.protocol.documents import Document, Documents, uri_of
from stepgraph.lsp.protocol.text_lines import LineColumn, LineShift, TextLines
from stepgraph.lsp.sessions.folder import AnalyzedFolder
from stepgraph.model.span import Span
from stepgraph.project.encoding import readable_text


class CodeMap(Struct, frozen=True):
    """The lines of a file when it was analyzed, and now."""

    analyzed: TextLines
    current: TextLines
    shift: LineShift

    @property
    def is_current(self) -> bool:
        """Whether the text is the analyzed one."""
        return self.analyzed is self.current or self.analyzed.lines == self.current.lines

    def range(self, span: Span) -> Range | None:
        """Return the current range of a span, or None if its lines have changed."""
        line, end_line = self.shift.line(span.line), self.shift.line(span.end_line)
        if line is None or end_line is None:
            return None
        return self.current.range(Span(span.path, line, span.column, end_line, span.end_column))

    def nearest_range(self, span: Span) -> Range:
        """Return the current range of a span. Positions on changed lines are at the start of such a line.

        If a span contains another one, so does its range.
        """
        start, end = self._nearest(span.line, span.column), self._nearest(span.end_line, span.end_column)
        return self.current.range(Span(span.path, *start, *end))

    def _nearest(self, line: int, column: int) -> LineColumn:
        return self.shift.nearest_line(line), 1 if self.shift.line(line) is None else column

    def line_column(self, position: Position) -> LineColumn | None:
        """Return the line and column of a current position in the analyzed text, or None if its line has changed."""
        line, column = self.current.line_column(position)
        old = self.shift.old_line(line)
        return None if old is None else (old, column)


class FolderView(Struct, frozen=True):
    """The result of the last analysis of a directory, seen from the current texts of the open documents."""

    analyzed: AnalyzedFolder
    documents: Documents
    """The current documents."""
    _maps: dict[tuple[str, int], CodeMap] = field(default_factory=dict)
    """The maps of files, by path and the identity of the analyzed content."""

    @property
    def state(self) -> ProjectState:
        """The state of the project."""
        return self.analyzed.state

    def document(self, document: Document) -> DocumentView:
        """Return the view of a document in the directory."""
        return DocumentView(self, document, self.analyzed.relative_path(document))

    def uri_of(self, path: str) -> str:
        """Return the URI of a file with a path as in spans. An open document has the URI of the client."""
        document = self._document_at(path)
        return uri_of(os.path.normpath(os.path.join(self.analyzed.path, path))) if document is None else document.uri

    def code(self, contents: Mapping[str, bytes], path: str) -> CodeMap:
        """Return the map of a file whose analyzed content is in `contents`, or whose content is the current one."""
        content = contents.get(path)
        key = (path, id(content))
        if key not in self._maps:
            self._maps[key] = self._code(content, path)
        return self._maps[key]

    def location(self, workflow: LiveWorkflow, span: Span) -> Location | None:
        """Return a location in the code of a workflow, or None if its lines have changed."""
        current = self.code(workflow.contents, span.path).range(span)
        return None if current is None else Location(self.uri_of(span.path), current)

    def _document_at(self, path: str) -> Document | None:
        """Return the document with a path as in spans, or None if it is not open."""
        folders = dict.fromkeys((self.analyzed.real_path or self.analyzed.path, self.analyzed.path))
        documents = (self.documents.at(os.path.normpath(os.path.join(folder, path))) for folder in folders)
        return next(filter(None, documents), None)

    def _code(self, content: bytes | None, path: str) -> CodeMap:
        document = self._document_at(path)
        text = None if content is None else readable_text(content)
        if document is not None and text in (None, document.text.removeprefix("\ufeff")):
            analyzed = document.lines
        else:
            analyzed = TextLines.of(text or "", self.documents.encoding)
        current = analyzed if document is None else document.lines
        return CodeMap(analyzed, current, LineShift.between(analyzed.lines, current.lines))


class DocumentView(Struct, frozen=True):
    """The result of the last analysis in a document."""

    folder: FolderView
    document: Document
    """The current document."""
    path: str
    """The path of the document as in spans: relative to the directory."""

    def workflows(self) -> Iterator[LiveWorkflow]:
        """Yield the workflows whose analysis has read the file, in the order of the project."""
        return (each for each in self.folder.state.workflows if self.path in each.inputs.files)

    def code(self, workflow: LiveWorkflow) -> CodeMap:
        """Return the map of the document in the state of a workflow."""
        return self.folder.code(workflow.contents, self.path)
