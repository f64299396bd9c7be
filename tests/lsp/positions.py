"""Views of documents and positions in them, from source texts with a caret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lsprotocol.types import Position, Range

from stepgraph.lsp.sessions.views import DocumentView
from tests.cli.sources import IMPORT, write
from tests.lsp.views import Workspace

CARET = "^"
"""Marks the position in a source text."""


def program(body: str, imports: str = "") -> str:
    """Return a module with a workflow `W` from the body of its `run`."""
    lines = "".join(f"        {line}\n" if line else "\n" for line in body.strip("\n").splitlines())
    return f"{IMPORT}{imports}class W(WorkflowEntrypoint):\n    async def run(self, event, step):\n{lines}"


def view_at_caret(files: Mapping[str, str]) -> tuple[DocumentView, Position]:
    """Write files, and return the view of the open document with the caret, and its position."""
    for name, text in files.items():
        write(name, text.replace(CARET, ""))
    ((name, text),) = ((name, text) for name, text in files.items() if CARET in text)
    before, after = text.split(CARET)
    line = before.rpartition("\n")[2]
    return Workspace(Path.cwd()).open(name, before + after), Position(before.count("\n"), len(line))


def text_at(text: str, current: Range) -> str:
    """Return the text of a range on one line."""
    return text.split("\n")[current.start.line][current.start.character : current.end.character]
