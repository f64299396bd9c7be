"""A configuration file as plain data, and where in the file each part of it stands."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

# Names of fields and indices of elements, from the top.
Path: TypeAlias = tuple[str | int, ...]
# Line and column, from 1.
Position: TypeAlias = tuple[int, int]


_LINE_END: Final = re.compile("\n")

# What is nested more deeply, by brackets or by the parts of a dotted name, is refused before it is read: nobody writes
# that, and readers take the square of the depth for it.
DEEPEST: Final = 100
TOO_DEEP: Final = "nested too deeply"

# Of a number with more digits than Python reads: its own message speaks of Python.
TOO_MANY_DIGITS: Final = "a number in it has too many digits"


class MalformedError(Exception):
    """Text that is not of the format it claims: the message, and where."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Document(Protocol):
    """The contents of a file: `data` as Python's own types, and `repeated` fields, which no two readers take alike."""

    data: Mapping[str, object]
    repeated: tuple[tuple[Path, Position], ...]

    def position(self, path: Path) -> Position:
        """Return where a part stands, or the innermost part around it that is there."""


def position_at(text: str, offset: int) -> Position:
    """Return the line and column of an offset in text."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class Lines:
    """Where the lines of a text begin, for many offsets in it."""

    def __init__(self, text: str) -> None:
        self._ends = [-1, *(match.start() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset."""
        line = bisect_left(self._ends, offset)
        return line, offset - self._ends[line - 1]


def innermost(values: Mapping[Path, int], path: Path) -> int:
    """Return the offset of a part, or of the innermost part around it that is there; 0 for the whole."""
    return next((values[path[:length]] for length in range(len(path), 0, -1) if path[:length] in values), 0)
