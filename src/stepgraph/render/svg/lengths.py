"""Symbolic lengths. In a page, folding a frame changes its size and moves the figures below it and beside it.

Outside of pages, all lengths are plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

BEGIN: Final = "\x02"
END: Final = "\x03"

Definition: TypeAlias = tuple[str | int, ...]


class LengthVariables(Struct, eq=False):
    """The symbolic lengths of a drawing, each defined by earlier ones. Equal definitions share a variable.

    Variables are numbered from 1, and 0 is the length 0. A negative number subtracts the variable. Definitions are:

    - `("sum", variable, variable)`
    - `("max", variable, number, variable, number, ...)`: the maximum of sums of a variable and a number
    - `("half", variable, number)`: half of the sum, rounded down
    - `("fold", frame, variable, number)`: the number while the frame is folded, otherwise the variable
    """

    definitions: list[Definition] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    """The identities of foldable frames, to which definitions refer by index."""

    _lengths: dict[Definition, SymbolicLength] = field(default_factory=dict)
    """The variable of each definition."""

    _frame_indexes: dict[str, int] = field(default_factory=dict)

    def fold(self, frame: str, open_length: Length, folded_length: int) -> Length:
        """Return a length that is `open_length` while the frame is open, and `folded_length` otherwise."""
        if open_length == folded_length:
            return open_length
        if frame not in self._frame_indexes:
            self._frame_indexes[frame] = len(self.frames)
            self.frames.append(frame)
        variable, number = _term(open_length)
        folded = folded_length - number
        bounds = (min(low_of(open_length) - number, folded), max(high_of(open_length) - number, folded))
        definition: Definition = ("fold", self._frame_indexes[frame], variable, folded)
        return self._define(definition, value_of(open_length) - number, *bounds) + number

    def sum(self, first: SymbolicLength, second: SymbolicLength) -> Length:
        """Return the sum of two lengths."""
        number = first.number + second.number
        if first.variable == -second.variable:
            return number
        if first.variable + second.variable < 0:
            return -self.sum(-first, -second)
        low, high = first.low + second.low - number, first.high + second.high - number
        variables = sorted((first.variable, second.variable))
        return self._define(("sum", *variables), first.value + second.value - number, low, high) + number

    def longest(self, lengths: Iterable[Length]) -> Length:
        """Return the maximum of lengths. Lengths that are never the only maximum are omitted."""
        numbers: dict[int, Length] = {}
        for length in lengths:
            variable, number = _term(length)
            if variable not in numbers or number > _term(numbers[variable])[1]:
                numbers[variable] = length
        low = max(map(low_of, numbers.values()))
        terms = [numbers[variable] for variable in sorted(numbers) if high_of(numbers[variable]) > low]
        if all(low_of(length) < low for length in terms):
            terms.insert(0, low)
        if len(terms) == 1:
            return terms[0]
        by = _term(terms[-1])[1]
        parts = [part for length in terms for part in _term(length - by)]
        value, high = max(map(value_of, terms)) - by, max(map(high_of, terms)) - by
        return self._define(("max", *parts), value, low - by, high) + by

    def half(self, length: SymbolicLength) -> Length:
        """Return half of a length, rounded down."""
        if length.variable < 0:
            return -self.half(1 - length)
        odd = length.number % 2
        by = (length.number - odd) // 2
        bounds = (length.low // 2 - by, length.high // 2 - by)
        return self._define(("half", length.variable, odd), length.value // 2 - by, *bounds) + by

    def _define(self, definition: Definition, value: int, low: int, high: int) -> SymbolicLength:
        length = self._lengths.get(definition)
        if length is None:
            self.definitions.append(definition)
            length = SymbolicLength(self, len(self.definitions), 0, value, low, high)
            self._lengths[definition] = length
        return length


class SymbolicLength(Struct, frozen=True, eq=False):
    """A variable, or its negative, plus a number. Its text is a marker that the page replaces."""

    variables: LengthVariables
    variable: int
    number: int
    value: int
    """The value while everything is open."""

    low: int
    """A lower bound of the value, whichever frames are folded."""

    high: int
    """An upper bound of the value, whichever frames are folded."""

    def __add__(self, other: Length) -> Length:
        if isinstance(other, int):
            return self._plus(other)
        return self.variables.sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: Length) -> Length:
        return self + -other

    def __rsub__(self, other: int) -> SymbolicLength:
        return (-self)._plus(other)

    def __neg__(self) -> SymbolicLength:
        return SymbolicLength(self.variables, -self.variable, -self.number, -self.value, -self.high, -self.low)

    def __str__(self) -> str:
        return f"{BEGIN}{self.variable}:{self.number}:{self.value}{END}"

    def _plus(self, other: int) -> SymbolicLength:
        return SymbolicLength(
            self.variables,
            self.variable,
            self.number + other,
            self.value + other,
            self.low + other,
            self.high + other,
        )


Length: TypeAlias = int | SymbolicLength


def longest(lengths: Sequence[Length]) -> Length:
    """Return the maximum of lengths, or 0 if there are none."""
    if SymbolicLength in map(type, lengths):
        variables = next(length.variables for length in lengths if isinstance(length, SymbolicLength))
        return variables.longest(lengths)
    return max(lengths, default=0)  # type: ignore[type-var] # numbers


def shortest(lengths: Sequence[Length]) -> Length:
    """Return the minimum of lengths, or 0 if there are none."""
    if SymbolicLength in map(type, lengths):
        return -longest([-length for length in lengths])
    return min(lengths, default=0)  # type: ignore[type-var] # numbers


_Extreme: TypeAlias = Callable[[list[Length]], Length]


def extremes_of(lengths: Iterable[Length]) -> tuple[_Extreme, _Extreme]:
    """Return `longest` and `shortest` or, if all lengths are numbers, the equivalent built-in functions."""
    if SymbolicLength in map(type, lengths):
        return longest, shortest
    return max, min  # type: ignore[return-value]


def half(length: Length) -> Length:
    """Return half of a length, rounded down."""
    return length // 2 if isinstance(length, int) else length.variables.half(length)


def value_of(length: Length) -> int:
    """Return the value of a length while everything is open."""
    return length if isinstance(length, int) else length.value


def low_of(length: Length) -> int:
    """Return a lower bound of a length, whichever frames are folded."""
    return length if isinstance(length, int) else length.low


def high_of(length: Length) -> int:
    """Return an upper bound of a length, whichever frames are folded."""
    return length if isinstance(length, int) else length.high


def _term(length: Length) -> tuple[int, int]:
    """Return the variable of a length and the number added to it."""
    return (0, length) if isinstance(length, int) else (length.variable, length.number)
