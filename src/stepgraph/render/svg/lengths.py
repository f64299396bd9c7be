"""Heights that may change later: in a page, what is folded up takes less room, and all below it moves.

Widths never change, so they are plain numbers. In a drawing by itself heights are plain numbers too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

BEGIN: Final = "\x02"
END: Final = "\x03"


class Variables(Struct):
    """All lengths of a drawing that may change, each with how it follows from others that come before it.

    A definition is a list: `["sum", ...]` or `["max", ...]` of terms, or `["fold", name, open, folded]`. A term is a
    number, or `[variable, number]` for a variable plus a number.
    """

    definitions: list[list[object]] = field(default_factory=list)

    def sum(self, first: SymbolicLength, second: SymbolicLength) -> SymbolicLength:
        """Return what both are together."""
        return self._define(["sum", first.term, second.term], first.value + second.value)

    def longest(self, lengths: Sequence[Length]) -> SymbolicLength:
        """Return a length as long as the longest of these."""
        return self._define(["max", *map(_term, lengths)], max(map(value_of, lengths)))

    def fold(self, name: str, open_length: Length, folded_length: int) -> SymbolicLength:
        """Return `open_length` for as long as what bears this name is open."""
        return self._define(["fold", name, _term(open_length), folded_length], value_of(open_length))

    def _define(self, definition: list[object], value: int) -> SymbolicLength:
        self.definitions.append(definition)
        return SymbolicLength(self, len(self.definitions) - 1, 0, value)


class SymbolicLength(Struct, frozen=True):
    """A variable plus a number. Written into an attribute, it is a mark that stands for its value."""

    variables: Variables
    index: int
    offset: int
    value: int

    @property
    def term(self) -> object:
        """Return it as it stands in a definition."""
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
    """Return the longest of these, 0 if there are none."""
    if varying := next((length for length in lengths if isinstance(length, SymbolicLength)), None):
        return varying.variables.longest(lengths)
    return max((length for length in lengths if isinstance(length, int)), default=0)


def value_of(length: Length) -> int:
    """Return a length as it is while nothing is folded."""
    return length if isinstance(length, int) else length.value


def _term(length: Length) -> object:
    return length if isinstance(length, int) else length.term
