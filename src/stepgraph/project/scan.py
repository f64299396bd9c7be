"""Searching many files for workflow classes by their words, before any file is parsed.

A large search runs in a child process, while this process imports LibCST for the first matches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from msgspec import Struct, field

from stepgraph.limits import SCANNED_BYTES, SCANNED_BYTES_IN_ALL
from stepgraph.model.note import InputError
from stepgraph.project.forked import forked, may_fork
from stepgraph.project.reading import pieces_of, read_found
from stepgraph.project.root import Root

# Forking takes about as long as searching 100 files.
_WORTH_A_PROCESS: Final = 2_000
_AT_ONCE: Final = 500


class Holds(IntEnum):
    """The words that a file contains."""

    NEITHER = 0
    COMMON = 1
    """A word that most names of workflow classes contain."""
    MARK = 2
    """The name of the SDK's base class, which contains the common word."""
    UNREADABLE = 3


# A module without this word cannot derive a class from the SDK's base class, and is not parsed.
_MARK: Final = b"WorkflowEntrypoint"
COMMON: Final = b"orkflow"


def scan(paths: Sequence[str], root: Root) -> Iterator[Holds]:
    """Yield the words that each file inside a root contains, in the order of the paths."""
    done = 0
    if len(paths) >= _WORTH_A_PROCESS and may_fork():
        for holds in _scan_in_child(paths, root):
            done += 1
            yield holds
    # All files, or the rest if the child process died.
    scanner = _FileScanner(root)
    for path in paths[done:]:
        yield scanner.holds(path)


class _FileScanner(Struct):
    """Searches files inside a root."""

    root: Root
    large: int = SCANNED_BYTES_IN_ALL
    """The number of bytes that may still be searched in files over the size limit."""

    def holds(self, path: str) -> Holds:
        try:
            content = read_found(path, self.root)
        except InputError:
            return self._holds_in_pieces(path)
        if COMMON not in content:
            return Holds.NEITHER
        return Holds.MARK if _MARK in content else Holds.COMMON

    def _holds_in_pieces(self, path: str) -> Holds:
        """Search a file that is too large to be analyzed, to report it if it has a workflow class."""
        end = b""
        try:
            for piece in pieces_of(path, min(SCANNED_BYTES, self.large)):
                self.large -= len(piece)
                if _MARK in piece or _MARK in end + piece[: len(_MARK)]:
                    return Holds.UNREADABLE
                end = piece[-len(_MARK) :]
        except (InputError, OSError):
            return Holds.UNREADABLE
        return Holds.NEITHER


def _scan_in_child(paths: Sequence[str], root: Root) -> Iterator[Holds]:
    with forked(lambda writing: _write(paths, root, writing)) as reading:
        while reading is not None and (chunk := os.read(reading, _AT_ONCE)):
            yield from map(Holds, chunk)


def _write(paths: Sequence[str], root: Root, writing: int) -> None:
    """Write the result of each file as one byte."""
    scanner = _FileScanner(root)
    for first in range(0, len(paths), _AT_ONCE):
        os.write(writing, bytes(map(scanner.holds, paths[first : first + _AT_ONCE])))


# Up to these numbers of names and queries, all files are searched again. Beyond, an index pays.
_FEW_NAMES: Final = 16
_FEW_QUERIES: Final = 2


class Unmarked(Struct):
    """Files inside a root that do not name the SDK's base class, but may derive from a project's own base class."""

    root: Root
    likely: list[str] = field(default_factory=list)
    """Files that contain the word `COMMON`."""
    others: list[str] = field(default_factory=list)
    """Files that do not contain it."""
    _queries: int = 0
    _index: dict[str, list[str]] | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether an index exists, which makes queries cheap."""
        return self._index is not None

    def copied(self) -> Unmarked:
        """Return a copy from which files can be taken independently."""
        return Unmarked(self.root, list(self.likely), list(self.others))

    def take(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Remove and return the files, with contents, that derive a class from one of these names or rename it."""
        if not names:
            return []
        self._queries += 1
        if self._queries > _FEW_QUERIES or len(names) > _FEW_NAMES:
            files = self._indexed(names)
        else:
            rare = [name for name in names if COMMON.decode() not in name]
            files = _deriving(self.root, self.likely, names) + (_deriving(self.root, self.others, rare) if rare else [])
        paths = {path for path, _ in files}
        self.likely = [path for path in self.likely if path not in paths]
        self.others = [path for path in self.others if path not in paths]
        return sorted(files)

    def _indexed(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        if self._index is None:
            self._index = {}
            for path in (*self.likely, *self.others):
                for name in dict.fromkeys(_names_used(_text(_content(path, self.root)))):
                    self._index.setdefault(name, []).append(path)
        remaining = {*self.likely, *self.others}
        paths = dict.fromkeys(path for name in names for path in self._index.pop(name, ()) if path in remaining)
        return [(path, _content(path, self.root)) for path in paths]


def _deriving(root: Root, paths: Sequence[str], names: Sequence[str]) -> list[tuple[str, bytes]]:
    encoded = [name.encode() for name in names]
    name_set = frozenset(names)
    contents = ((path, _content(path, root)) for path in paths)
    likely = ((path, content) for path, content in contents if any(name in content for name in encoded))
    return [(path, content) for path, content in likely if not name_set.isdisjoint(_names_used(_text(content)))]


def _content(path: str, root: Root) -> bytes:
    try:
        return read_found(path, root)
    except InputError:
        return b""  # the scan has already reported it


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


_CLASS: Final = re.compile(r"\bclass\s++\w++\s*+")
_RENAMED: Final = re.compile(r"\b(\w++)\s++as\s++\w")
_ASSIGNED: Final = re.compile(r"=\s*+(?:\w++\.)*+(\w++)[^\S\n]*+(?:#|$)", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_SPACE: Final = re.compile(r"\s*+")
# Limits on the length of type parameters and bases, since the text need not be valid Python.
_TYPE_PARAMETERS: Final = 300
_BASES: Final = 600


def _names_used(text: str) -> Iterator[str]:
    """Yield the names that are bases of classes, are imported under another name, or are assigned to variables."""
    for match in _CLASS.finditer(text):
        yield from _WORD.findall(_bases(text, match.end()))
    yield from _RENAMED.findall(text)
    yield from _ASSIGNED.findall(text)


def _bases(text: str, start: int) -> str:
    """Return the text between the parentheses of a class statement, after its optional type parameters."""
    if text.startswith("[", start):
        after = _SPACE.match(text, text.find("]", start, start + _TYPE_PARAMETERS) + 1)
        start = start if after is None else after.end()
    if not text.startswith("(", start):
        return ""
    end = text.find(")", start, start + _BASES)
    return text[start : end if end >= 0 else start + _BASES]
