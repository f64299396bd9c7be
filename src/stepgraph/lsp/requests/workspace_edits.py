"""Changes of files as edits of the protocol: only the changed text, in positions of the current texts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from lsprotocol.types import (
    ClientCapabilities,
    OptionalVersionedTextDocumentIdentifier,
    Position,
    Range,
    TextDocumentEdit,
    TextEdit,
    WorkspaceEdit,
)

from stepgraph.diff.sequences import changed_lines
from stepgraph.fixing import FixedFile
from stepgraph.lsp.protocol.text_lines import TextLines
from stepgraph.lsp.sessions.views import FolderView
from stepgraph.project.encoding import readable_text

_BYTE_ORDER_MARK: Final = "\ufeff"
_WORD: Final = re.compile(r"\r\n|\w+|\s|.")

EditsByPath: TypeAlias = Mapping[str, Sequence[TextEdit]]
"""The edits of each file, by its path as in spans."""


def accepts_versions(capabilities: ClientCapabilities) -> bool:
    """Return whether a client accepts edits with the versions of documents."""
    edits = None if capabilities.workspace is None else capabilities.workspace.workspace_edit
    return edits is not None and bool(edits.document_changes)


def workspace_edit(view: FolderView, edits: EditsByPath, *, with_versions: bool) -> WorkspaceEdit:
    """Return edits of files as one change. With versions, the client refuses it if a document has changed meanwhile."""
    if not with_versions:
        return WorkspaceEdit(changes={view.uri_of(path): of_file for path, of_file in edits.items()})
    return WorkspaceEdit(
        document_changes=[TextDocumentEdit(_identifier(view, path), of_file) for path, of_file in edits.items()]
    )


def edits_of_fixes(view: FolderView, files: Iterable[FixedFile]) -> dict[str, list[TextEdit]] | None:
    """Return the edits of fixed files, or None if the text of one has changed since its analysis."""
    edits: dict[str, list[TextEdit]] = {}
    for file in files:
        code = view.code({file.path: file.before}, file.path)
        if not code.is_current:
            return None
        mark = byte_order_mark(code.current)
        before, after = (f"{mark}{readable_text(content)}" for content in (file.before, file.after))
        edits[file.path] = list(text_edits(code.current, before, after))
    return edits


def byte_order_mark(lines: TextLines) -> str:
    """Return the byte order mark at the start of a text, which an editor may send and spans do not count."""
    return _BYTE_ORDER_MARK if lines.lines[0].startswith(_BYTE_ORDER_MARK) else ""


def text_edits(lines: TextLines, before: str, after: str) -> Iterator[TextEdit]:
    """Yield the edits that change a text, whose lines are `lines`, to another one. They do not overlap."""
    old_lines = _with_line_ends(lines, before)
    new_lines = _with_line_ends(TextLines.of(after, lines.encoding), after)
    for old, new in changed_lines(old_lines, new_lines):
        offset = lines.starts[old.start] if old.start < len(lines.starts) else len(before)
        if len(old) != len(new):
            yield _edit(lines, offset, _joined(old_lines, old), _joined(new_lines, new))
            continue
        for old_index, new_index in zip(old, new, strict=True):
            yield from _edits_in_line(lines, lines.starts[old_index], old_lines[old_index], new_lines[new_index])


def _edits_in_line(lines: TextLines, offset: int, old: str, new: str) -> Iterator[TextEdit]:
    """Yield the edits of a line at an offset, which replace words."""
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    ends = [offset, *(offset + length for length in accumulate(map(len, old_words)))]
    for replaced, words in changed_lines(old_words, new_words):
        yield _edit(lines, ends[replaced.start], _joined(old_words, replaced), _joined(new_words, words))


def _joined(parts: Sequence[str], indices: range) -> str:
    return "".join(parts[indices.start : indices.stop])


def _identifier(view: FolderView, path: str) -> OptionalVersionedTextDocumentIdentifier:
    uri = view.uri_of(path)
    document = view.documents.get(uri)
    return OptionalVersionedTextDocumentIdentifier(uri, None if document is None else document.version)


def _with_line_ends(lines: TextLines, text: str) -> list[str]:
    """Return the lines of a text with their line ends, without an empty last line."""
    ends = [*lines.starts[1:], len(text)]
    result = [text[start:end] for start, end in zip(lines.starts, ends, strict=True)]
    return result if result[-1] else result[:-1]


def _edit(lines: TextLines, offset: int, old: str, new: str) -> TextEdit:
    """Return the edit that replaces text at an offset, without the common prefix and suffix."""
    start = _equal_start(old, new)
    old, new = old[start:], new[start:]
    equal_end = _equal_end(old, new)
    first = offset + start
    replaced = Range(_position(lines, first), _position(lines, first + len(old) - equal_end))
    return TextEdit(replaced, new[: len(new) - equal_end])


def _equal_start(old: str, new: str) -> int:
    """Return the number of equal characters at the start of two texts. No line break is split."""
    length = _common_length(old, new)
    splits = old[:length].endswith("\r") and (old.startswith("\n", length) or new.startswith("\n", length))
    return length - splits


def _equal_end(old: str, new: str) -> int:
    """Return the number of equal characters at the end of two texts. No line break is split."""
    length = _common_length(old[::-1], new[::-1])
    old_start, new_start = old[: len(old) - length], new[: len(new) - length]
    splits = old.startswith("\n", len(old_start)) and (old_start.endswith("\r") or new_start.endswith("\r"))
    return length - splits


def _common_length(first: str, second: str) -> int:
    """Return the length of the common prefix of two texts."""
    shorter = min(len(first), len(second))
    return next((index for index in range(shorter) if first[index] != second[index]), shorter)


def _position(lines: TextLines, offset: int) -> Position:
    line = bisect_right(lines.starts, offset)
    return lines.position(line, offset - lines.starts[line - 1] + 1)
