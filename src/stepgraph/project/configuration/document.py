"""Configuration files as plain data, with the position of each value."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, Protocol, TypeAlias

# Field names and list indices, from the top level.
Path: TypeAlias = tuple[str | int, ...]
# Line and column, from 1.
Position: TypeAlias = tuple[int, int]


_LINE_END: Final = re.compile("\n")

# The nesting limit of brackets and dotted names, checked before parsing: the parsers take quadratic time in the depth.
MAX_DEPTH: Final = 100
TOO_DEEP: Final = "nested too deeply"

# Replaces Python's message about its limit on the digits of an integer.
TOO_MANY_DIGITS: Final = "a number in it has too many digits"


class MalformedError(Exception):
    """A syntax error in a configuration file."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Document(Protocol):
    """The parsed content of a configuration file."""

    data: Mapping[str, object]
    """The content as built-in types."""
    duplicates: tuple[tuple[Path, Position], ...]
    """Duplicate fields, which parsers treat differently."""

    def position(self, path: Path) -> Position:
        """Return the position of the value at a path, or of the innermost enclosing value if it is missing."""


def position_at(text: str, offset: int) -> Position:
    """Return the line and column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class LineIndex:
    """An index of line starts, to convert many offsets of a text."""

    def __init__(self, text: str) -> None:
        self._ends = [-1, *(match.start() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset."""
        line = bisect_left(self._ends, offset)
        return line, offset - self._ends[line - 1]


def innermost_offset(values: Mapping[Path, int], path: Path) -> int:
    """Return the offset of the value at a path, or of the innermost enclosing value; 0 for the whole document."""
    return next((values[path[:length]] for length in range(len(path), 0, -1) if path[:length] in values), 0)
