"""Search many files for words that indicate workflow classes, before any file is parsed.

A large search runs in a child process, while this process imports LibCST for the first matches. Then the child process
also searches for uses of the workflow classes, while this process analyzes them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct, field

from stepgraph.limits import MEGABYTE, SCANNED_BYTES, SCANNED_BYTES_IN_ALL
from stepgraph.model.note import InputError
from stepgraph.project.candidate_files import CandidateFiles, content_or_empty
from stepgraph.project.class_names import BASE_CLASS, COMMON, STAR_IMPORT, DerivedNames, NameSearch
from stepgraph.project.forked import ForkedProcess, may_fork
from stepgraph.project.reading import read_chunks, read_search_result
from stepgraph.project.root import Root

# Forking takes about as long as searching 100 files.
_MIN_FILES_FOR_PROCESS: Final = 2_000
_BATCH_SIZE: Final = 100
_MAX_NAMES: Final = 1_000
"""The maximum number of names whose uses are searched for in advance."""
_KEPT_BYTES: Final = 64 * MEGABYTE
"""The maximum size of the contents that the child process keeps between its two searches. It reads the rest twice."""


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


_BY_VALUE: Final = tuple(Words)
"""The members by value. Calling the enumeration takes ten times as long as an index."""


def scan(paths: Sequence[str], root: Root, candidates: CandidateFiles | None = None) -> Iterator[Words]:
    """Yield the words that each file inside a root contains, in the order of the paths.

    If a child process searches the files, it also searches for uses of their workflow classes, for `candidates`.
    """
    finished = 0
    if len(paths) >= _MIN_FILES_FOR_PROCESS and may_fork():
        for words in _scan_in_child(paths, root, candidates):
            finished += 1
            yield words
    # This searches all files, or the rest if the child process died.
    scanner = _FileScanner(root)
    for path in paths[finished:]:
        yield scanner.search(path)[0]


class _FileScanner(Struct):
    """Searches files inside a root for the words of `Words`."""

    root: Root
    names: DerivedNames | None = None
    """Collects the names that may refer to workflow classes, if their uses are searched for."""
    remaining_bytes: int = SCANNED_BYTES_IN_ALL
    """The number of bytes that may still be searched in files over the size limit."""

    def search(self, path: str) -> tuple[Words, bytes]:
        """Return the words in a file and its content, which is empty for a file over the size limit."""
        try:
            content = read_search_result(path, self.root)
        except InputError:
            return self._words_in_chunks(path), b""
        if COMMON not in content:
            return Words.NEITHER, content
        if BASE_CLASS not in content:
            return Words.COMMON, content
        if self.names is not None:
            self.names.add(content)
        return Words.BASE_CLASS, content

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


def _scan_in_child(paths: Sequence[str], root: Root, candidates: CandidateFiles | None) -> Iterator[Words]:
    scanner = _FileScanner(root, None if candidates is None else DerivedNames())
    try:
        process = ForkedProcess(partial(_write, paths, scanner))
    except OSError:
        return
    uses = _UsesInChild(process, paths)
    count = 0
    try:
        while count < len(paths) and (chunk := os.read(process.read_end, min(_BATCH_SIZE, len(paths) - count))):
            count += len(chunk)
            yield from map(_BY_VALUE.__getitem__, chunk)
    finally:
        if count < len(paths) or candidates is None:
            uses.discard()
        else:
            candidates.by_name = uses


class _UsesInChild(Struct):
    """The files that contain the names of workflow classes, which a child process searches for."""

    process: ForkedProcess | None
    paths: Sequence[str]
    """All paths that the child process searches, to which the indexes in its result refer."""
    paths_by_name: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def get(self) -> Mapping[str, Sequence[str]]:
        """Return the result, after waiting for it. It is empty if the child process failed."""
        if self.process is not None:
            try:
                content = self.process.read_all()
                indexes = msgspec.msgpack.decode(content, type=dict[str, tuple[int, ...]])
                self.paths_by_name = {
                    name: [self.paths[index] for index in numbers] for name, numbers in indexes.items()
                }
            except (OSError, msgspec.MsgspecError, IndexError):
                self.paths_by_name = {}
            self.process = None
        return self.paths_by_name

    def discard(self) -> None:
        """Kill the child process."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def __del__(self) -> None:
        self.discard()


class _Batch(Struct):
    """Files without the name of the SDK's base class, which may use workflow classes."""

    indexes: list[int]
    """The indexes of the files."""
    contents: list[bytes] | None
    """Their contents, or None if the files have to be read again."""

    def read(self, paths: Sequence[str], root: Root) -> list[bytes]:
        """Return the contents of the files. A file that was deleted since the first search is empty."""
        if self.contents is not None:
            return self.contents
        return [content_or_empty(paths[index], root) for index in self.indexes]


def _write(paths: Sequence[str], scanner: _FileScanner, write_end: int) -> None:
    """Scan files and write the `Words` of each to a pipe, as one byte, and then the files that name their classes."""
    batches: list[_Batch] = []
    kept_bytes = 0
    for first in range(0, len(paths), _BATCH_SIZE):
        results = list(map(scanner.search, paths[first : first + _BATCH_SIZE]))
        os.write(write_end, bytes([words for words, _ in results]))
        unmarked = [index for index, (words, _) in enumerate(results) if words < Words.BASE_CLASS]
        contents = [results[index][1] for index in unmarked]
        kept_bytes += sum(map(len, contents))
        batches.append(_Batch([first + index for index in unmarked], contents if kept_bytes <= _KEPT_BYTES else None))
    names = () if scanner.names is None else scanner.names.of(BASE_CLASS.decode())
    uses = _uses(names, batches, paths, scanner.root) if len(names) <= _MAX_NAMES else {}
    with os.fdopen(write_end, "wb") as file:
        file.write(msgspec.msgpack.encode(uses))


def _uses(names: Sequence[str], batches: Sequence[_Batch], paths: Sequence[str], root: Root) -> dict[str, list[int]]:
    """Return the indexes of the files that contain each of the names, and of those with a star import."""
    uses: dict[str, list[int]] = {name: [] for name in (*names, STAR_IMPORT)}
    search = NameSearch(names)
    for batch in batches if names else ():
        contents = batch.read(paths, root)
        # One search of many files is faster than many searches, and most files contain none of the names.
        if not search.names_or_star_in(b"\n".join(contents)):
            continue
        for index, content in zip(batch.indexes, contents, strict=True):
            for name in search.names_or_star_in(content):
                uses[name].append(index)
    return uses
