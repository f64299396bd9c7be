"""Search many files for words that indicate workflow classes, before any file is parsed.

A large search runs in a child process, while this process imports LibCST for the first matches.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.limits import SCANNED_BYTES, SCANNED_BYTES_IN_ALL
from stepgraph.model.note import InputError
from stepgraph.project.forked import forked, may_fork
from stepgraph.project.reading import read_chunks, read_search_result
from stepgraph.project.root import Root

# Forking takes about as long as searching 100 files.
_MIN_FILES_FOR_PROCESS: Final = 2_000
_BATCH_SIZE: Final = 500


class Words(IntEnum):
    """The words that a file contains."""

    NEITHER = 0
    """Neither word."""
    COMMON = 1
    """A word that most names of workflow classes contain."""
    BASE_CLASS = 2
    """The name of the SDK's base class, which contains the common word."""
    UNREADABLE = 3
    """The name of the base class in a file over the size limit, or a file that cannot be searched."""


# A module without this word cannot derive a class directly from the SDK's base class.
BASE_CLASS: Final = b"WorkflowEntrypoint"
COMMON: Final = b"orkflow"


def scan(paths: Sequence[str], root: Root) -> Iterator[Words]:
    """Yield the words that each file inside a root contains, in the order of the paths."""
    finished = 0
    if len(paths) >= _MIN_FILES_FOR_PROCESS and may_fork():
        for words in _scan_in_child(paths, root):
            finished += 1
            yield words
    # This searches all files, or the rest if the child process died.
    scanner = _FileScanner(root)
    for path in paths[finished:]:
        yield scanner.words(path)


class _FileScanner(Struct):
    """Searches files inside a root for the words of `Words`."""

    root: Root
    remaining_bytes: int = SCANNED_BYTES_IN_ALL
    """The number of bytes that may still be searched in files over the size limit."""

    def words(self, path: str) -> Words:
        try:
            content = read_search_result(path, self.root)
        except InputError:
            return self._words_in_chunks(path)
        if COMMON not in content:
            return Words.NEITHER
        return Words.BASE_CLASS if BASE_CLASS in content else Words.COMMON

    def _words_in_chunks(self, path: str) -> Words:
        """Search a large file. Return `UNREADABLE` if it names the base class or cannot be searched, else `NEITHER`."""
        last_bytes = b""
        try:
            for chunk in read_chunks(path, min(SCANNED_BYTES, self.remaining_bytes)):
                self.remaining_bytes -= len(chunk)
                if BASE_CLASS in chunk or BASE_CLASS in last_bytes + chunk[: len(BASE_CLASS)]:
                    return Words.UNREADABLE
                last_bytes = chunk[-len(BASE_CLASS) :]
        except (InputError, OSError):
            return Words.UNREADABLE
        return Words.NEITHER


def _scan_in_child(paths: Sequence[str], root: Root) -> Iterator[Words]:
    with forked(lambda write_end: _write(paths, root, write_end)) as read_end:
        while read_end is not None and (chunk := os.read(read_end, _BATCH_SIZE)):
            yield from map(Words, chunk)


def _write(paths: Sequence[str], root: Root, write_end: int) -> None:
    """Scan files and write the `Words` of each to a pipe, as one byte."""
    scanner = _FileScanner(root)
    for first in range(0, len(paths), _BATCH_SIZE):
        os.write(write_end, bytes(map(scanner.words, paths[first : first + _BATCH_SIZE])))


# Up to these numbers of names and searches, all files are read again. Above them, an index is faster.
_MAX_SEARCHED_NAMES: Final = 16
_MAX_SEARCHES: Final = 2


class CandidateFiles(Struct):
    """Files inside a root that do not name the SDK's base class, but may use a class derived from it as a base."""

    root: Root
    likely: list[str] = field(default_factory=list)
    """Files that contain the common word, as in `Words.COMMON`."""
    others: list[str] = field(default_factory=list)
    """Files that contain neither word."""
    may_index: bool = True
    """Whether many queries are answered from an index, which lasts as long as the object."""
    _queries: int = 0
    _index: dict[str, list[str]] | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether an index exists, which makes queries cheap."""
        return self._index is not None

    @property
    def paths(self) -> tuple[str, ...]:
        """All files, with the likely ones first."""
        return (*self.likely, *self.others)

    def content(self, path: str) -> bytes:
        """Return the content of one of the files, or empty bytes if it is unreadable."""
        return _content(path, self.root)

    def copied(self) -> CandidateFiles:
        """Return an independent copy without the index."""
        return replace(self, likely=list(self.likely), others=list(self.others), _queries=0, _index=None)

    def take(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Remove and return the files, with contents, that derive a class from a class in `names` or rename it."""
        if not names:
            return []
        self._queries += 1
        if self.may_index and (self._queries > _MAX_SEARCHES or len(names) > _MAX_SEARCHED_NAMES):
            files = self._take_indexed(names)
        else:
            rare = [name for name in names if COMMON.decode() not in name]
            files = self.files_using(self.likely, names)
            files += self.files_using(self.others, rare) if rare else []
        paths = {path for path, _ in files}
        self.likely = [path for path in self.likely if path not in paths]
        self.others = [path for path in self.others if path not in paths]
        return sorted(files)

    def files_using(self, paths: Sequence[str], names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return the files, with contents, that use one of the names as `_names_used` finds them."""
        encoded = [name.encode() for name in names]
        name_set = frozenset(names)
        contents = ((path, _content(path, self.root)) for path in paths)
        likely = ((path, content) for path, content in contents if any(name in content for name in encoded))
        return [(path, content) for path, content in likely if not name_set.isdisjoint(_names_used(_text(content)))]

    def _take_indexed(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        if self._index is None:
            self._index = {}
            for path in (*self.likely, *self.others):
                for name in dict.fromkeys(_names_used(_text(_content(path, self.root)))):
                    self._index.setdefault(name, []).append(path)
        remaining = {*self.likely, *self.others}
        paths = dict.fromkeys(path for name in names for path in self._index.pop(name, ()) if path in remaining)
        return [(path, _content(path, self.root)) for path in paths]


def _content(path: str, root: Root) -> bytes:
    try:
        return read_search_result(path, root)
    except InputError:
        return b""  # the scan has already reported it


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


_CLASS: Final = re.compile(r"\bclass\s++\w++\s*+")
_IMPORT_ALIAS: Final = re.compile(r"\b(\w++)\s++as\s++\w")
_ASSIGNMENT: Final = re.compile(r"=\s*+(?:\w++\.)*+(\w++)[^\S\n]*+(?:#|$)", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_SPACE: Final = re.compile(r"\s*+")
# Limits on the length of type parameters and bases, because the text need not be valid Python.
_MAX_TYPE_PARAMETERS_LENGTH: Final = 300
_MAX_BASES_LENGTH: Final = 600


def _names_used(text: str) -> Iterator[str]:
    """Yield the names that are bases of classes, are imported under another name, or are assigned to variables."""
    for match in _CLASS.finditer(text):
        yield from _WORD.findall(_bases(text, match.end()))
    yield from _IMPORT_ALIAS.findall(text)
    yield from _ASSIGNMENT.findall(text)


def _bases(text: str, start: int) -> str:
    """Return the text between the parentheses of a class statement, after its optional type parameters."""
    if text.startswith("[", start):
        after = _SPACE.match(text, text.find("]", start, start + _MAX_TYPE_PARAMETERS_LENGTH) + 1)
        start = start if after is None else after.end()
    if not text.startswith("(", start):
        return ""
    end = text.find(")", start, start + _MAX_BASES_LENGTH)
    return text[start : end if end >= 0 else start + _MAX_BASES_LENGTH]
