"""Unspecified values whose behavior is random by seed, but consistent."""

from __future__ import annotations

import asyncio
import dis
import math
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Protocol

from tests.execution.stub_values import StubValue
from tests.execution.values import PyValue
from tests.proof.worlds import lots
from tests.proof.worlds.hints import Constant
from tests.proof.worlds.words import ITEM, LENGTH

_PATIENCE = 20
"""After this number of queries a value becomes inconsistent, so that loops that wait for a change end."""
_SIZES = ((0, 1, 1, 1, 2, 2, 2, 3, 3), (0, 0, 1, 1, 2), (0, 0, 0, 1))
"""Possible sizes of collections by nesting depth."""
_MAX_ITEMS = 3
_SHARE_OF_PRESENT_KEYS = 0.85
_UNPACK = dis.opmap["UNPACK_SEQUENCE"]
_WHOLE_NUMBER_SPECS = tuple("bcdoxXn")
_NUMBER_SPECS = tuple("eEfFgG%")


class Source(Protocol):
    """The interface of a scenario for its values."""

    def value(self, key: int, word: str, depth: int = 0) -> PyValue:
        """Return the value of this word, identified by its key."""

    def hinted(self, word: str) -> tuple[Constant, ...]:
        """Return the constants that the program compares with values of this word."""

    def probability(self, word: str, question: str) -> float:
        """Return the probability that values of this word answer a question with True."""

    def may_have_items(self) -> bool:
        """Return whether collections may have further items."""

    def delay(self, key: int) -> float:
        """Return the seconds until a response. Raise an error if it fails."""


class ScenarioValue(StubValue):
    """A seeded value, whose type and content are determined by its first uses."""

    def __init__(self, source: Source, key: int, word: str, depth: int = 0) -> None:
        super().__init__(word)
        self.__source = source
        self.__key = key
        self.__word = word
        self.__depth = depth
        self.__parts: dict[PyValue, PyValue] = {}
        self.__queries = 0
        self.__calls = 0
        self.__equal: list[PyValue] = []
        self.__different: list[PyValue] = []
        self.__range = [-math.inf, math.inf]

    # Attributes and items

    def __getattr__(self, name: str) -> PyValue:
        if name in ("constructor", "then") or (name.startswith("__") and name.endswith("__")):
            raise AttributeError(name)
        return self if name == "js_object" else self.__part(name)

    def __getitem__(self, key: PyValue) -> PyValue:
        if isinstance(key, slice):
            return list(self)[key]
        return self.__part(str(key) if isinstance(key, StubValue) else key)

    def __setitem__(self, key: PyValue, value: PyValue) -> None:
        self.__parts[key] = value

    def __delitem__(self, key: PyValue) -> None:
        self.__parts.pop(key, None)

    def __part(self, key: PyValue) -> PyValue:
        if key not in self.__parts:
            inside = not isinstance(key, str)
            word = self.__word + ITEM if inside else key
            self.__parts[key] = self._part_value(
                self.__source, lots.number(self.__key, key), word, self.__depth + inside
            )
        return self.__parts[key]

    def _part_value(self, source: Source, key: int, word: str, depth: int) -> PyValue:
        return source.value(key, word, depth)

    def get(self, key: PyValue, default: PyValue = None) -> PyValue:
        is_there = default is None or key in self.__parts or self.__lot("has", key) < _SHARE_OF_PRESENT_KEYS
        return self[key] if is_there else default

    def keys(self) -> list[str]:
        return [f"key{number}" for number in range(self.__size())]

    def values(self) -> list[PyValue]:
        return list(self)

    @property
    def items(self) -> _Pairs:
        return _Pairs(self.__source, lots.number(self.__key, "items"), "items", self.__depth)

    def __iter__(self) -> Iterator[PyValue]:
        unpacked = _unpack_count(sys._getframe(1))  # noqa: SLF001 # only the bytecode has the expected number
        size = min(self.__size(), _MAX_ITEMS) if unpacked is None else unpacked
        return iter([self.__part(number) for number in range(size)])

    def __len__(self) -> int:
        hinted = [each for each in self.__source.hinted(LENGTH + self.__word) if isinstance(each, int) and each >= 0]
        return lots.one_of(hinted, self.__key, "length") if hinted else self.__size()

    def __size(self) -> int:
        sizes = _SIZES[min(self.__depth, len(_SIZES) - 1)] if self.__source.may_have_items() else (0, 0, 1)
        return lots.one_of(sizes, self.__key, "size") if self.__lot("size") < 1 else 0

    # Calls and awaits

    def __call__(self, *_args: PyValue, **_keywords: PyValue) -> ScenarioValue:
        self.__calls += 1
        return ScenarioValue(self.__source, lots.number(self.__key, "call", self.__calls), self.__word)

    def __await__(self) -> Generator[PyValue, None, PyValue]:
        delay = self.__source.delay(self.__key)
        yield from asyncio.sleep(delay).__await__() if delay else ()
        return self.__source.value(lots.number(self.__key, "awaited"), self.__word)

    # Comparisons and conversions

    def __bool__(self) -> bool:
        return bool(self.__equal[0]) if self.__equal else self.__yes("truth")

    def __contains__(self, member: PyValue) -> bool:
        return self.__yes("contains", str(member))

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        if self.__equal:
            return bool(self.__equal[0] == other)
        if isinstance(other, StubValue):
            return self.__yes("same", str(other))
        if other in self.__different and self.__queries < _PATIENCE:
            return False
        compared = [*self.__different, other]
        is_equal = self.__lot("equal", repr(other)) < 1 / (len(compared) + 1)
        (self.__equal if is_equal else self.__different).append(other)
        return is_equal

    def __hash__(self) -> int:
        return hash(self.__equal[0]) if self.__equal else self.__key

    def __below(self, value: PyValue, *, or_equal: bool) -> bool:
        if self.__equal and not isinstance(value, StubValue):
            return bool(self.__equal[0] <= value if or_equal else self.__equal[0] < value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.__yes("below", str(value))
        low, high = self.__range
        if self.__queries < _PATIENCE and (high < value or low >= value):
            return high < value
        is_below = self.__yes("below", value)
        self.__range = [low, min(high, value - 0.5)] if is_below else [max(low, value), high]
        return is_below

    def __lt__(self, other: PyValue) -> bool:
        return self.__below(other, or_equal=False)

    def __le__(self, other: PyValue) -> bool:
        return self.__below(other, or_equal=True)

    def __gt__(self, other: PyValue) -> bool:
        return not self.__below(other, or_equal=True)

    def __ge__(self, other: PyValue) -> bool:
        return not self.__below(other, or_equal=False)

    def __index__(self) -> int:
        return int(self.__number())

    def __int__(self) -> int:
        return int(self.__number())

    def __float__(self) -> float:
        return float(self.__number())

    def __round__(self, _digits: int = 0) -> int:
        return int(self.__number())

    __trunc__ = __floor__ = __ceil__ = __int__

    def __abs__(self) -> PyValue:
        return self._combine("abs")

    def __neg__(self) -> PyValue:
        return self._combine("negative")

    def __number(self) -> float:
        if self.__equal and isinstance(self.__equal[0], int | float):
            return self.__equal[0]
        low, high = self.__range
        if math.isinf(low) and math.isinf(high):
            return lots.one_of((0, 1, 2, 3), self.__key, "number")
        return math.ceil(high - 1) if math.isinf(low) else math.floor(low + 1) if math.isinf(high) else low

    def __str__(self) -> str:
        return str(self.__equal[0]) if self.__equal else f"{self.__word.replace(ITEM, '')}{self.__key % 10}"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        if spec.endswith(_WHOLE_NUMBER_SPECS):
            return format(int(self), spec)
        if spec.endswith(_NUMBER_SPECS):
            return format(float(self), spec)
        return format(str(self), spec)

    # Arithmetic

    def __add__(self, other: PyValue) -> PyValue:
        return self.__joined(other, lambda value: value + other)

    def __radd__(self, other: PyValue) -> PyValue:
        return self.__joined(other, lambda value: other + value)

    def __joined(self, operand: PyValue, join: Callable[[PyValue], PyValue]) -> PyValue:
        match operand:
            case str():
                return join(str(self))
            case list():
                return join(list(self))
            case tuple():
                return join(tuple(self))
        return self._combine(operand)

    def __mul__(self, other: PyValue) -> PyValue:
        return other * int(self) if isinstance(other, str | list | tuple) else self._combine(other)

    def _combine(self, operand: PyValue) -> PyValue:
        return ScenarioValue(self.__source, lots.number(self.__key, "reckoned", str(operand)), self.__word)

    def __rmul__(self, other: PyValue) -> PyValue:
        return self * other

    def __yes(self, question: str, *about: PyValue) -> bool:
        return self.__lot(question, *about) < self.__source.probability(self.__word, question)

    def __lot(self, *question: PyValue) -> float:
        """Return a random number for a query: always the same one until patience is exhausted."""
        self.__queries += 1
        return lots.share(self.__key, *question, max(0, self.__queries - _PATIENCE))


class _Pairs(ScenarioValue):
    """The attribute `items`, which may be a value or a method."""

    def __call__(self, *args: PyValue, **keywords: PyValue) -> PyValue:
        return super().__call__(*args, **keywords) if args or keywords else zip(self.keys(), self, strict=False)


class Service(ScenarioValue):
    """A binding or an imported object, whose calls take time and may fail."""

    def _part_value(self, source: Source, key: int, word: str, depth: int) -> PyValue:
        return Service(source, key, word, depth)

    def get(self, *keys: PyValue, **keywords: PyValue) -> PyValue:
        return self.__getattr__("get")(*keys, **keywords)


Mapping.register(ScenarioValue)


def _unpack_count(frame: PyValue) -> int | None:
    """Return the number of variables into which the caller unpacks a value, or None."""
    code = frame.f_code.co_code
    return code[frame.f_lasti + 1] if code[frame.f_lasti] == _UNPACK else None
