"""Looking through many files for words: in a process of its own where there are so many that it takes a while.

What comes after the first find, importing LibCST, is then done at the same time.
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


# So many names, and so many questions, are answered by looking for the names in all files again; more by an index.
_FEW_NAMES: Final = 16
_FEW_QUESTIONS: Final = 2


class Unmarked(Struct):
    """Files inside of a root that do not name the SDK's class: those that hold `COMMON`, as most names do, or not."""

    root: Root
    likely: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    _questions: int = 0
    _index: dict[str, list[str]] | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether names are looked up, so that a question costs little."""
        return self._index is not None

    def copied(self) -> Unmarked:
        """Return the same files, of which others may be taken."""
        return Unmarked(self.root, list(self.likely), list(self.others))

    def take(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return, with their contents, the files that derive a class from one of that name, or rename it; only once."""
        if not names:
            return []
        self._questions += 1
        if self._questions > _FEW_QUESTIONS or len(names) > _FEW_NAMES:
            found = self._indexed(names)
        else:
            rare = [name for name in names if COMMON.decode() not in name]
            found = _deriving(self.root, self.likely, names) + (_deriving(self.root, self.others, rare) if rare else [])
        taken = {path for path, _ in found}
        self.likely = [path for path in self.likely if path not in taken]
        self.others = [path for path in self.others if path not in taken]
        return sorted(found)

    def _indexed(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        if self._index is None:
            self._index = {}
            for path in (*self.likely, *self.others):
                for name in dict.fromkeys(_names_used(_text(_content(path, self.root)))):
                    self._index.setdefault(name, []).append(path)
        left = {*self.likely, *self.others}
        paths = dict.fromkeys(path for name in names for path in self._index.pop(name, ()) if path in left)
        return [(path, _content(path, self.root)) for path in paths]


def _deriving(root: Root, paths: Sequence[str], names: Sequence[str]) -> list[tuple[str, bytes]]:
    wanted = [name.encode() for name in names]
    known = frozenset(names)
    contents = ((path, _content(path, root)) for path in paths)
    likely = ((path, content) for path, content in contents if any(name in content for name in wanted))
    return [(path, content) for path, content in likely if not known.isdisjoint(_names_used(_text(content)))]


def _content(path: str, root: Root) -> bytes:
    try:
        return read_found(path, root)
    except InputError:
        return b""  # it could be read a moment ago, and was reported then if not


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


_CLASS: Final = re.compile(r"\bclass\s++\w++\s*+")
_RENAMED: Final = re.compile(r"\b(\w++)\s++as\s++\w")
_ASSIGNED: Final = re.compile(r"=\s*+(?:\w++\.)*+(\w++)[^\S\n]*+(?:#|$)", re.MULTILINE)
_WORD: Final = re.compile(r"\w+")
_SPACE: Final = re.compile(r"\s*+")
# Bounded, for a text can be anything: type parameters and bases of a class are rarely as long.
_TYPE_PARAMETERS: Final = 300
_BASES: Final = 600


def _names_used(text: str) -> Iterator[str]:
    """Yield the names in a text that classes may be derived from, that are renamed, or assigned to other names."""
    for found in _CLASS.finditer(text):
        yield from _WORD.findall(_bases(text, found.end()))
    yield from _RENAMED.findall(text)
    yield from _ASSIGNED.findall(text)


def _bases(text: str, start: int) -> str:
    """Return what is between the parentheses of a class, which begin there or after type parameters."""
    if text.startswith("[", start):
        after = _SPACE.match(text, text.find("]", start, start + _TYPE_PARAMETERS) + 1)
        start = start if after is None else after.end()
    if not text.startswith("(", start):
        return ""
    end = text.find(")", start, start + _BASES)
    return text[start : end if end >= 0 else start + _BASES]
