"""Texts after the edits of a server."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol.types import PositionEncodingKind, TextDocumentEdit, TextEdit, WorkspaceEdit

from stepgraph.lsp.protocol.text_lines import TextLines


def applied(text: str, edits: Iterable[TextEdit]) -> str:
    """Return a text after edits in any order, whose columns count UTF-16 units."""
    lines = TextLines.of(text, PositionEncodingKind.Utf16)
    for edit in sorted(edits, key=lambda edit: edit.range.start, reverse=True):
        text = text[: lines.offset(edit.range.start)] + edit.new_text + text[lines.offset(edit.range.end) :]
    return text


def edits_by_uri(edit: WorkspaceEdit | None) -> dict[str, list[TextEdit]]:
    """Return the edits of each file in a change with the versions of documents."""
    assert edit is not None
    changes = [each for each in edit.document_changes or () if isinstance(each, TextDocumentEdit)]
    return {
        each.text_document.uri: [of_file for of_file in each.edits if isinstance(of_file, TextEdit)] for each in changes
    }
