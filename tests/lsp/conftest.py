"""The language server in a process of its own, which all tests share, and a project for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lsp.editor import Editor, OpenProject


@pytest.fixture(scope="session")
def editor() -> Iterator[Editor]:
    """Return an editor without workspace folders, whose server process all tests share."""
    editor = Editor()
    yield editor
    assert editor.stop() == 0


@pytest.fixture
def project(editor: Editor, tmp_path: Path) -> Iterator[OpenProject]:
    """Return a new, empty directory as a workspace folder. It and its documents are closed after the test."""
    project = OpenProject(editor, tmp_path)
    yield project
    project.stop()
