"""The diagnostics that the editor shows, and their updates after each analysis."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Final, Protocol, TypeAlias

from lsprotocol.types import Diagnostic, DiagnosticSeverity, Position, Range
from msgspec import Struct

from stepgraph.escaping.plain_text import visible
from stepgraph.lsp.protocol.documents import Document, Documents, path_of
from stepgraph.lsp.protocol.text_lines import LineShift
from stepgraph.lsp.sessions.diagnostics import SOURCE, diagnostics_of
from stepgraph.lsp.sessions.folder import is_inside
from stepgraph.lsp.sessions.views import FolderView
from stepgraph.model.note import Problem

Diagnostics: TypeAlias = Mapping[str, Sequence[Diagnostic]]
"""The diagnostics of each file that has some, by URI."""

_FAILURE_END: Final = "No findings are shown until this is fixed."


class DiagnosticsClient(Protocol):
    """The interface to an editor for problems."""

    def publish(self, uri: str, version: int | None, diagnostics: Sequence[Diagnostic]) -> None:
        """Show the diagnostics of a file."""

    def show_problem(self, message: str) -> None:
        """Show a problem that has no location."""


class Published(Struct, frozen=True):
    """The diagnostics of a file that the editor shows."""

    version: int | None = None
    """The version of the open document, or None for a closed one."""
    diagnostics: Sequence[Diagnostic] = ()


_NOTHING: Final = Published()


class Publisher:
    """Publishes the diagnostics that differ from those published before."""

    def __init__(self, client: DiagnosticsClient) -> None:
        self._client = client
        self._published: Mapping[str, Published] = {}
        """The diagnostics of files, by URI."""
        self._failures: frozenset[str] = frozenset()
        """The failures that have been shown as messages."""

    def publish(self, views: Sequence[FolderView], documents: Documents) -> frozenset[str]:
        """Publish the diagnostics of all directories, and return the URIs of changed ones.

        Each version of each open document is published, even without diagnostics, so that an editor knows that it was
        analyzed.
        """
        current = {uri: Published(None, diagnostics) for uri, diagnostics in _merged(views).items() if diagnostics}
        for document in documents:
            current[document.uri] = _of_document(document, views, current.get(document.uri, _NOTHING))
        # An editor may treat two URIs as one file, so diagnostics are removed before others are added.
        uris = sorted(dict.fromkeys([*self._published, *current]), key=lambda uri: uri in current)
        changed: list[str] = []
        for uri in uris:
            old, new = self._published.get(uri, _NOTHING), current.get(uri, _NOTHING)
            is_changed = old.diagnostics != new.diagnostics
            if is_changed or old.version != new.version:
                self._client.publish(uri, new.version, new.diagnostics)
            if is_changed:
                changed.append(uri)
        self._published = current
        self._show_failures(views, documents)
        return frozenset(changed)

    def _show_failures(self, views: Iterable[FolderView], documents: Documents) -> None:
        """Show the failures that no open document shows, each once."""
        failures = {
            f"{failure} {_FAILURE_END}"
            for view in views
            if (failure := view.state.failure) is not None
            and (view.analyzed.failure_path is None or documents.get(view.uri_of(view.analyzed.failure_path)) is None)
        }
        for message in sorted(failures - self._failures):
            self._client.show_problem(visible(message))
        self._failures = frozenset(failures)


def _of_document(document: Document, views: Iterable[FolderView], published: Published) -> Published:
    """Return the diagnostics of an open document, in the lines of its current text."""
    diagnostics = published.diagnostics
    analyzed = next((old for view in views if (old := view.analyzed.documents.get(document.uri)) is not None), document)
    if analyzed is not document and diagnostics:
        shift = LineShift.between(analyzed.lines.lines, document.lines.lines)
        diagnostics = [moved for each in diagnostics if (moved := _moved(each, shift)) is not None]
    return Published(document.version, diagnostics)


def _moved(diagnostic: Diagnostic, shift: LineShift) -> Diagnostic | None:
    """Return a diagnostic of an earlier text in the current one, or None if its lines have changed."""
    start, end = diagnostic.range.start, diagnostic.range.end
    line, end_line = shift.line(start.line + 1), shift.line(end.line + 1)
    if line is None or end_line is None:
        return None
    moved = copy(diagnostic)
    moved.range = Range(Position(line - 1, start.character), Position(end_line - 1, end.character))
    return moved


def _merged(views: Sequence[FolderView]) -> dict[str, Sequence[Diagnostic]]:
    """Return the diagnostics of all directories. A file has those of the innermost directory that reads it."""
    merged: dict[str, Sequence[Diagnostic]] = {}
    for view in sorted(views, key=lambda view: len(view.analyzed.path)):
        inner = _of_folder(view)
        for uri in [uri for uri in merged if uri not in inner and _reads(view, uri)]:
            del merged[uri]
        for uri, diagnostics in inner.items():
            outer = () if _reads(view, uri) else merged.get(uri, ())
            merged[uri] = [*diagnostics, *(each for each in outer if each not in diagnostics)] if outer else diagnostics
    return merged


def _reads(view: FolderView, uri: str) -> bool:
    """Return whether a directory contains a file and its analysis has read it."""
    path, folder = path_of(uri) or "", view.analyzed.path
    return is_inside(path, folder) and os.path.relpath(path, folder).replace(os.sep, "/") in view.state.contents


def _of_folder(view: FolderView) -> Diagnostics:
    failure = view.state.failure
    if failure is None:
        return diagnostics_of(view)
    path = view.analyzed.failure_path
    return {} if path is None else {view.uri_of(path): [_failure_diagnostic(failure)]}


def _failure_diagnostic(failure: Problem) -> Diagnostic:
    position = Position(max(0, (failure.line or 1) - 1), max(0, (failure.column or 1) - 1))
    message = "\n".join(map(visible, filter(None, (failure.message, failure.advice, _FAILURE_END))))
    return Diagnostic(Range(position, position), message, severity=DiagnosticSeverity.Error, source=SOURCE)
