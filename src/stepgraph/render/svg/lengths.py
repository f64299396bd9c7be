"""Symbolic heights. In a page, folding a frame changes its height and moves the figures below it.

Widths never change and are plain numbers, as are all heights outside of pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

BEGIN: Final = "\x02"
END: Final = "\x03"


class Variables(Struct):
    """The symbolic lengths of a drawing, each defined by earlier ones.

    A definition is `["sum", term, term]`, `["max", term, ...]`, or `["fold", name, open, folded]`. A term is a number,
    or `[variable, number]` for their sum.
    """

    definitions: list[list[object]] = field(default_factory=list)

    def sum(self, first: SymbolicLength, second: SymbolicLength) -> SymbolicLength:
        """Return the sum of two lengths."""
        return self._define(["sum", first.term, second.term], first.value + second.value)

    def longest(self, lengths: Sequence[Length]) -> SymbolicLength:
        """Return the maximum of lengths."""
        return self._define(["max", *map(_term, lengths)], max(map(value_of, lengths)))

    def fold(self, name: str, open_length: Length, folded_length: int) -> SymbolicLength:
        """Return a length that is `open_length` while the frame `name` is open, and `folded_length` otherwise."""
        return self._define(["fold", name, _term(open_length), folded_length], value_of(open_length))

    def _define(self, definition: list[object], value: int) -> SymbolicLength:
        self.definitions.append(definition)
        return SymbolicLength(self, len(self.definitions) - 1, 0, value)


class SymbolicLength(Struct, frozen=True):
    """A variable plus a number. Its text is a marker that the page replaces."""

    variables: Variables
    index: int
    offset: int
    value: int
    """The value while everything is open."""

    @property
    def term(self) -> object:
        """The term for this length in definitions."""
        return [self.index, self.offset]

    def __add__(self, other: Length) -> SymbolicLength:
        if isinstance(other, int):
            return SymbolicLength(self.variables, self.index, self.offset + other, self.value + other)
        return self.variables.sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: int) -> SymbolicLength:
        return self + -other

    def __str__(self) -> str:
        return f"{BEGIN}{self.index}:{self.offset}:{self.value}{END}"


Length: TypeAlias = int | SymbolicLength


def longest(lengths: Sequence[Length]) -> Length:
    """Return the maximum of lengths, or 0 if there are none."""
    if varying := next((length for length in lengths if isinstance(length, SymbolicLength)), None):
        return varying.variables.longest(lengths)
    return max((length for length in lengths if isinstance(length, int)), default=0)


def value_of(length: Length) -> int:
    """Return the value of a length while everything is open."""
    return length if isinstance(length, int) else length.value


def _term(length: Length) -> object:
    return length if isinstance(length, int) else length.term
