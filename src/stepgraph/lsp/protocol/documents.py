"""The documents that are open in the editor, with their unsaved texts, and the URIs that identify them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

from lsprotocol.types import (
    PositionEncodingKind,
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
    TextDocumentItem,
    VersionedTextDocumentIdentifier,
)
from msgspec import Struct

from stepgraph.lsp.protocol.text_lines import EditedText, TextLines
from stepgraph.model.note import InputError
from stepgraph.project.encoding import encode_text
from stepgraph.project.folders import real_path

_IS_WINDOWS: Final = os.name == "nt"
_LOCAL_HOSTS: Final = frozenset({"", "localhost"})


def path_of(uri: str) -> str | None:
    """Return the normalized absolute path of a file, or None if the URI does not name a file on this machine."""
    try:
        parts = urlsplit(uri)
        path = os.fsdecode(unquote_to_bytes(parts.path))
    except ValueError:  # a lone surrogate, which JSON can express, has no bytes
        return None
    if parts.scheme != "file" or not path.startswith("/") or "\0" in path:
        return None
    if _IS_WINDOWS:
        return os.path.normpath(_windows_path(parts.netloc, path))
    # Two slashes at the start have a meaning of their own in POSIX, so `normpath` keeps them.
    return os.path.normpath("/" + path.lstrip("/")) if parts.netloc in _LOCAL_HOSTS else None


def uri_of(path: str) -> str:
    """Return the URI of a file with an absolute path."""
    if _IS_WINDOWS:
        path = path.replace("\\", "/")
        if path.startswith("//"):
            return "file:" + quote_from_bytes(os.fsencode(path), safe="/$")
        path = "/" + path
    return "file://" + quote_from_bytes(os.fsencode(path), safe="/")


def _windows_path(host: str, path: str) -> str:
    """Return a path with a drive letter, which editors write in both cases, or the path of a file on a host."""
    if host not in _LOCAL_HOSTS:
        return f"//{host}{path}"
    return path[1].lower() + path[2:] if path[2:3] == ":" else path


class Document(Struct, frozen=True):
    """A state of an open document."""

    uri: str
    """The URI, as the editor writes it."""
    path: str
    """The absolute path of its file."""
    version: int
    text: str
    lines: TextLines
    real_path: str = ""
    """The path after resolving symbolic links."""

    @property
    def content(self) -> bytes:
        """The content of the file, if it were saved now."""
        try:
            return encode_text(self.text, self.path)
        except InputError:
            return self.text.encode("utf-8", "surrogatepass")  # the analysis reports the wrong encoding


class _OpenDocument(Struct):
    """An open document. Its state is computed when it is needed, because an editor may send many changes at once."""

    uri: str
    path: str
    real_path: str
    version: int
    text: EditedText
    _state: Document | None = None

    def change(self, version: int, changes: Sequence[TextDocumentContentChangeEvent]) -> None:
        """Apply changes of ranges or of the whole text, in order."""
        for change in changes:
            if isinstance(change, TextDocumentContentChangePartial):
                self.text.replace(change.range.start, change.range.end, change.text)
            else:
                self.text = EditedText(change.text, self.text.encoding)
        self.version = version
        self._state = None

    def resolve_links(self) -> None:
        """Resolve the symbolic links in the path again."""
        real = real_path(self.path)
        if real != self.real_path:
            self.real_path = real
            self._state = None

    @property
    def state(self) -> Document:
        """The document as it is now."""
        if self._state is None:
            text = self.text.text
            lines = TextLines.of(text, self.text.encoding)
            self._state = Document(self.uri, self.path, self.version, text, lines, self.real_path)
        return self._state


class Documents:
    """The open documents. A document without a file, such as a new one without a name, is not among them.

    Documents are identified by their paths, because editors write the URI of a file in several ways.
    """

    def __init__(self) -> None:
        self.encoding = PositionEncodingKind.Utf16
        """The unit of columns in the protocol. It must not change while documents are open."""
        self._by_path: dict[str, _OpenDocument] = {}
        self._by_real_path: dict[str, _OpenDocument] = {}

    def __iter__(self) -> Iterator[Document]:
        return iter([document.state for document in self._by_path.values()])

    def get(self, uri: str) -> Document | None:
        """Return the current state of a document, or None if it is not open."""
        path = path_of(uri)
        document = None if path is None else self._by_path.get(os.path.normcase(path))
        return None if document is None else document.state

    def at(self, path: str) -> Document | None:
        """Return the document with an absolute path, possibly by a symbolic link, or None if it is not open.

        If several documents are links to the same file, return the one opened last.
        """
        document = self._by_real_path.get(path) or self._by_path.get(os.path.normcase(path))
        return None if document is None else document.state

    def open(self, item: TextDocumentItem) -> Document | None:
        """Add a document, and return it unless it has no file."""
        path = path_of(item.uri)
        if path is None:
            return None
        text = EditedText(item.text, self.encoding)
        document = _OpenDocument(item.uri, path, real_path(path), item.version, text)
        self._by_path.pop(os.path.normcase(path), None)
        self._by_path[os.path.normcase(path)] = document
        self._by_real_path[document.real_path] = document
        return document.state

    def change(
        self, identifier: VersionedTextDocumentIdentifier, changes: Sequence[TextDocumentContentChangeEvent]
    ) -> bool:
        """Apply changes to a document in order, and return whether it is open."""
        path = path_of(identifier.uri)
        document = None if path is None else self._by_path.get(os.path.normcase(path))
        if document is None:
            return False
        document.change(identifier.version, changes)
        return True

    def close(self, uri: str) -> Document | None:
        """Remove a document, and return it if it was open."""
        path = path_of(uri)
        document = None if path is None else self._by_path.pop(os.path.normcase(path), None)
        if document is None:
            return None
        self._by_real_path = {each.real_path: each for each in self._by_path.values()}
        return document.state

    def resolve_links(self) -> None:
        """Resolve the symbolic links in all paths again, because files have changed on the disk."""
        for document in self._by_path.values():
            document.resolve_links()
        self._by_real_path = {each.real_path: each for each in self._by_path.values()}
