"""A session without a server process, driven step by step, and what its editor shows."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

from lsprotocol import types
from msgspec import Struct, field

from stepgraph.cli.live_projects import open_live_project
from stepgraph.cli.main import main
from stepgraph.lsp.protocol.documents import path_of, uri_of
from stepgraph.lsp.sessions.session import Session
from stepgraph.lsp.sessions.views import FolderView
from stepgraph.project.class_names import BASE_CLASS
from stepgraph.project.reading import unsaved_files

Findings = dict[str, list[object]]
"""The findings of each file that has some, by path, as in the JSON of the check."""


class FakeEditor(Struct):
    """Records what the session sends."""

    diagnostics: dict[str, tuple[int | None, Sequence[types.Diagnostic]]] = field(default_factory=dict)
    """The version and the diagnostics of each file, by URI."""
    problems: list[str] = field(default_factory=list)
    refreshes: int = 0
    progress: list[str] = field(default_factory=list)
    log_lines: list[str] = field(default_factory=list)

    def publish(self, uri: str, version: int | None, diagnostics: Sequence[types.Diagnostic]) -> None:
        self.diagnostics[uri] = version, diagnostics

    def show_problem(self, message: str) -> None:
        self.problems.append(message)

    def refresh(self) -> None:
        self.refreshes += 1

    def show_progress(self, message: str) -> None:
        self.progress.append(message)

    def end_progress(self) -> None:
        self.progress.append("")

    def log(self, message: str) -> None:
        self.log_lines.append(message)


class OpenSession:
    """A session with one directory of the workspace. Paths are relative to it."""

    def __init__(self, folder: Path, encoding: types.PositionEncodingKind = types.PositionEncodingKind.Utf16) -> None:
        """Open a directory, and analyze it."""
        self.folder = folder
        self.editor = FakeEditor()
        self.loop = asyncio.new_event_loop()
        self.session = Session(self.editor, open_live_project)
        self.session.documents.encoding = encoding
        self._version = 0
        self._task = self.loop.create_task(self.session.run())
        self.session.workspace.add(str(folder))
        self.session.change()
        self.settle()

    def settle(self) -> None:
        """Wait until the current texts and files are analyzed.

        The analysis runs in another thread, which uses the working directory and the unsaved files of the process.
        """
        self.loop.run_until_complete(self.session.finish_analysis())

    def uri(self, path: str) -> str:
        return uri_of(os.path.normpath(self.folder / path))

    def open(self, path: str, text: str) -> None:
        self._version += 1
        item = types.TextDocumentItem(self.uri(path), types.LanguageKind.Python, self._version, text)
        self.session.documents.open(item)
        self.session.change()

    def change(self, path: str, *changes: types.TextDocumentContentChangeEvent) -> None:
        self._version += 1
        identifier = types.VersionedTextDocumentIdentifier(self._version, self.uri(path))
        assert self.session.documents.change(identifier, changes)
        self.session.change()

    def close(self, path: str) -> None:
        assert self.session.documents.close(self.uri(path))
        self.session.change_files()

    def text(self, path: str) -> str | None:
        """Return the text of an open document."""
        document = self.session.documents.get(self.uri(path))
        return None if document is None else document.text

    def shown(self) -> Findings:
        """Return the findings that the editor shows."""
        return {
            os.path.relpath(path_of(uri) or "", self.folder): [each.data for each in diagnostics]
            for uri, (_, diagnostics) in self.editor.diagnostics.items()
            if diagnostics
        }

    def codes(self) -> dict[str, list[str]]:
        """Return the codes of the diagnostics of each file that has some, for the current texts and files."""
        self.settle()
        return {
            os.path.relpath(path_of(uri) or "", self.folder): [str(each.code) for each in diagnostics]
            for uri, (_, diagnostics) in sorted(self.editor.diagnostics.items())
            if diagnostics
        }

    def views(self) -> list[FolderView]:
        """Return the views of all directories, for the current texts and files."""
        self.settle()
        return self.loop.run_until_complete(self.session.folder_views())

    def checked(self, report: Path) -> Findings | None:
        """Check the current texts, and return the findings of the report at a path, or None without a report."""
        documents = tuple(self.session.documents)
        named = [os.path.relpath(each.path, self.folder) for each in documents if BASE_CLASS in each.content]
        report.unlink(missing_ok=True)
        with chdir(self.folder), unsaved_files({each.path: each.content for each in documents}):
            main(["check", "--no-cache", "-f", "json", "-o", str(report), ".", *named])
        if not report.exists():
            return None
        findings: Findings = {}
        for finding in json.loads(report.read_bytes())["findings"]:
            findings.setdefault(finding["path"], []).append(finding)
        return findings

    def stop(self) -> None:
        """End the session."""
        self._task.cancel()
        self.loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))
        self.loop.close()
