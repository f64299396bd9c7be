"""Immutable descriptions of values for rules: a snapshot at one point of the program, unaffected by later changes."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.nodes import StepDefinition
from stepgraph.syntax.module import Place

Scalar: TypeAlias = str | bytes | int | float | complex | None
CollectionKind: TypeAlias = Literal["list", "tuple", "set", "deque", "frozenset"]


class StaticValue:
    """Base class of the descriptions of values."""

    __slots__ = ()


class StaticUnknown(StaticValue, Struct, frozen=True):
    """A value that cannot be determined."""


STATIC_UNKNOWN = StaticUnknown()


class StaticConstant(StaticValue, Struct, frozen=True):
    """A constant of a scalar type."""

    value: Scalar


class StaticNondeterministic(StaticValue, Struct, frozen=True):
    """A value that differs at replay, such as the result of `time.time()`."""

    name: str
    """The dotted name of the function or class whose call produces the value."""
    produced_at: Place
    """The location of that call."""


class StaticTemplate(StaticValue, Struct, frozen=True):
    """A partially known string, such as an f-string."""

    text: str
    """The string, with the source of each unknown part in braces."""
    nondeterministic: StaticNondeterministic | None = None
    """A nondeterministic part of the string, if any."""


class StaticDatetime(StaticValue, Struct, frozen=True):
    """A constant `datetime(...)`."""

    text: str
    """In ISO 8601 format."""


class StaticDuration(StaticValue, Struct, frozen=True):
    """A constant `timedelta(...)`."""

    milliseconds: float


class StaticElement(StaticValue, Struct, frozen=True):
    """An element of a collection."""

    value: StaticValue
    place: Place


class StaticCollection(StaticValue, Struct, frozen=True):
    """A list, tuple, set, deque or frozenset."""

    kind: CollectionKind
    elements: tuple[StaticElement, ...]
    is_complete: bool
    """Whether `elements` is the exact content: complete, in order, with no optional element."""
    may_be_overwritten: bool = False
    """Whether other elements may have replaced the listed ones."""


class StaticEntry(StaticValue, Struct, frozen=True):
    """A key and its value in a dictionary."""

    key: StaticValue
    key_place: Place
    value: StaticValue
    place: Place
    """The location of the value."""


class StaticMapping(StaticValue, Struct, frozen=True):
    """A dictionary."""

    entries: tuple[StaticEntry, ...]
    is_complete: bool
    """Whether `entries` is the exact content: complete, with no optional entry."""
    may_be_overwritten: bool = False
    """Whether other values may have replaced the listed ones."""


class StaticStep(StaticValue, Struct, frozen=True):
    """A declared step."""

    definition: StepDefinition


class StaticFunction(StaticValue, Struct, frozen=True):
    """A function, method or lambda of the project."""

    name: str
    place: Place
    may_be_replaced: bool = False
    """Whether an unresolved decorator may return a different object."""


class StaticClass(StaticValue, Struct, frozen=True):
    """A class of the project."""

    name: str


class StaticObject(StaticValue, Struct, frozen=True):
    """An instance of a class of the project, including members of enumerations."""

    class_name: str
    kinds: tuple[str, ...]
    """The origins of its behavior.

    Dotted names are base classes and decorators from outside the project: `enum.Enum`, `dataclasses.dataclass`,
    `typing.NamedTuple`. Plain names are special methods of the class: `__new__`. An unresolved one is `?`.
    """


class StaticImport(StaticValue, Struct, frozen=True):
    """An object from outside the project, such as an imported class or a built-in function."""

    name: str
    """Its dotted name: `datetime.timedelta`, `builtins.print`."""


class StaticResult(StaticValue, Struct, frozen=True):
    """The result of a call of a function or class from outside the project."""

    name: str
    """The dotted name of the function or class: `datetime.timedelta`."""
    nondeterministic: StaticNondeterministic | None = None
    """The nondeterministic value that taints the result, if any."""


class StaticAwaitable(StaticValue, Struct, frozen=True):
    """A coroutine, task or future, without its result."""


class StaticGenerator(StaticValue, Struct, frozen=True):
    """A generator of the project, including a generator expression."""


class StaticUnion(StaticValue, Struct, frozen=True):
    """One of several values, depending on the path."""

    cases: tuple[StaticValue, ...]


def cases_of(value: StaticValue) -> tuple[StaticValue, ...]:
    """Return the cases of a union, or a tuple of the single value."""
    return value.cases if isinstance(value, StaticUnion) else (value,)
