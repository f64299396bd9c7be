"""Looking through many files for words: in a process of its own where there are so many that it takes a while.

What comes after the first find, importing LibCST, is then done at the same time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final

from stepgraph.model.note import InputError
from stepgraph.project.forked import forked, may_fork
from stepgraph.project.reading import read_found

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


def scan(paths: Sequence[str]) -> Iterator[Holds]:
    """Yield what each of some files holds, in their order."""
    found = 0
    if len(paths) >= _WORTH_A_PROCESS and may_fork():
        for holds in _scanned_elsewhere(paths):
            found += 1
            yield holds
    # All of them, or those that a process which ended early has left.
    for path in paths[found:]:
        yield _holds(path)


def _holds(path: str) -> Holds:
    try:
        content = read_found(path)
    except InputError:
        return Holds.UNREADABLE
    if COMMON not in content:
        return Holds.NEITHER
    return Holds.MARK if _MARK in content else Holds.COMMON


def _scanned_elsewhere(paths: Sequence[str]) -> Iterator[Holds]:
    with forked(lambda writing: _write(paths, writing)) as reading:
        while reading is not None and (chunk := os.read(reading, _AT_ONCE)):
            yield from map(Holds, chunk)


def _write(paths: Sequence[str], writing: int) -> None:
    """Write a byte for each file."""
    for first in range(0, len(paths), _AT_ONCE):
        os.write(writing, bytes(map(_holds, paths[first : first + _AT_ONCE])))
