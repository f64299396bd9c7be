"""Looking through many files for words: in a process of its own where there are so many that it takes a while.

What comes after the first find, importing LibCST, is then done at the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from msgspec import Struct

from stepgraph.limits import SCANNED_BYTES, SCANNED_BYTES_IN_ALL
from stepgraph.model.note import InputError
from stepgraph.project.forked import forked, may_fork
from stepgraph.project.reading import pieces_of, read_found
from stepgraph.project.root import Root

# Making a process takes about as long as looking through 100 files.
_WORTH_A_PROCESS: Final = 2_000
_AT_ONCE: Final = 500


class Holds(IntEnum):
    """What a file holds."""

    NEITHER = 0
    COMMON = 1
    """The part that most names of workflow classes have in common."""
    MARK = 2
    """The name of the SDK's class, of which that is a part."""
    UNREADABLE = 3


# A module that does not hold this word derives no class from the SDK's, and is not worth parsing for that.
_MARK: Final = b"WorkflowEntrypoint"
COMMON: Final = b"orkflow"


def scan(paths: Sequence[str], root: Root) -> Iterator[Holds]:
    """Yield what each of some files inside of a root holds, in their order."""
    found = 0
    if len(paths) >= _WORTH_A_PROCESS and may_fork():
        for holds in _scanned_elsewhere(paths, root):
            found += 1
            yield holds
    # All of them, or those that a process which ended early has left.
    scanner = _Scanner(root)
    for path in paths[found:]:
        yield scanner.holds(path)


class _Scanner(Struct):
    """Looks through files inside of a root. `large` is how much of files that are too large may yet be searched."""

    root: Root
    large: int = SCANNED_BYTES_IN_ALL

    def holds(self, path: str) -> Holds:
        try:
            content = read_found(path, self.root)
        except InputError:
            return self._holds_in_pieces(path)
        if COMMON not in content:
            return Holds.NEITHER
        return Holds.MARK if _MARK in content else Holds.COMMON

    def _holds_in_pieces(self, path: str) -> Holds:
        """Return what a file holds that is too large to be analyzed: data, or a workflow that has to be refused."""
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


def _scanned_elsewhere(paths: Sequence[str], root: Root) -> Iterator[Holds]:
    with forked(lambda writing: _write(paths, root, writing)) as reading:
        while reading is not None and (chunk := os.read(reading, _AT_ONCE)):
            yield from map(Holds, chunk)


def _write(paths: Sequence[str], root: Root, writing: int) -> None:
    """Write a byte for each file."""
    scanner = _Scanner(root)
    for first in range(0, len(paths), _AT_ONCE):
        os.write(writing, bytes(map(scanner.holds, paths[first : first + _AT_ONCE])))
