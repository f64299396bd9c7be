"""What is known of a value: a picture of it at one time, whatever the program does to it later."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.nodes import StepDefinition
from stepgraph.syntax.module import Place

Scalar: TypeAlias = str | bytes | int | float | complex | None
CollectionKind: TypeAlias = Literal["list", "tuple", "set", "deque", "frozenset"]


class StaticValue:
    """Anything that can be known of a value."""

    __slots__ = ()


class StaticUnknown(StaticValue, Struct, frozen=True):
    """Nothing is known of it."""


STATIC_UNKNOWN = StaticUnknown()


class StaticConstant(StaticValue, Struct, frozen=True):
    """A constant."""

    value: Scalar


class StaticNondeterministic(StaticValue, Struct, frozen=True):
    """It is another one when the code runs again: it comes from a call of what bears the dotted `name` at `made`."""

    name: str
    made: Place


class StaticTemplate(StaticValue, Struct, frozen=True):
    """Text of which only parts are known; the others stand in it as source in braces. One of them may be `nondeterministic`."""

    text: str
    nondeterministic: StaticNondeterministic | None = None


class StaticMoment(StaticValue, Struct, frozen=True):
    """A constant `datetime(...)`, as ISO 8601."""

    text: str


class StaticDuration(StaticValue, Struct, frozen=True):
    """A constant `timedelta(...)`, in milliseconds."""

    milliseconds: float


class StaticElement(StaticValue, Struct, frozen=True):
    """An element of a collection, or the value at a key, and its place."""

    value: StaticValue
    place: Place


class StaticCollection(StaticValue, Struct, frozen=True):
    """A list, tuple or set, or the like. It is `whole` if these are all its elements, each there, in this order.

    It was `rewritten` if other elements may have been put in the place of these.
    """

    kind: CollectionKind
    elements: tuple[StaticElement, ...]
    whole: bool
    rewritten: bool = False


class StaticEntry(StaticValue, Struct, frozen=True):
    """A key and its value in a dictionary, with their places."""

    key: StaticValue
    key_place: Place
    value: StaticValue
    place: Place


class StaticMapping(StaticValue, Struct, frozen=True):
    """A dictionary. It is `whole` if these are all its entries, and each is there.

    It was `rewritten` if other values may have been put in the place of these.
    """

    entries: tuple[StaticEntry, ...]
    whole: bool
    rewritten: bool = False


class StaticStep(StaticValue, Struct, frozen=True):
    """A declared step."""

    definition: StepDefinition


class StaticFunction(StaticValue, Struct, frozen=True):
    """A function, method or lambda of the project, by its name.

    It is `may_be_replaced` where a decorator that is not known may have made something else of it.
    """

    name: str
    place: Place
    may_be_replaced: bool = False


class StaticClass(StaticValue, Struct, frozen=True):
    """A class of the project, by its name."""

    name: str


class StaticObject(StaticValue, Struct, frozen=True):
    """An object of a class of the project, members of enumerations included.

    `kinds` are the dotted names of the classes and decorators from outside that make it what it is: `enum.Enum`,
    `dataclasses.dataclass`, `typing.NamedTuple`; `?` stands for what is not known. Names without a dot are members of
    its own that do so: `__new__`.
    """

    class_name: str
    kinds: tuple[str, ...]


class StaticImport(StaticValue, Struct, frozen=True):
    """Something from outside the project, by its dotted name: `datetime.timedelta`, `builtins.print`."""

    name: str


class StaticResult(StaticValue, Struct, frozen=True):
    """What a call of something outside the project gives, by the dotted name of that: `datetime.timedelta`.

    It may be `nondeterministic`.
    """

    name: str
    nondeterministic: StaticNondeterministic | None = None


class StaticAwaitable(StaticValue, Struct, frozen=True):
    """A coroutine, task or future; what it is of is not said."""


class StaticGenerator(StaticValue, Struct, frozen=True):
    """A generator of the project, or a generator expression."""


class StaticUnion(StaticValue, Struct, frozen=True):
    """One of several, depending on the path."""

    cases: tuple[StaticValue, ...]


def cases_of(known: StaticValue) -> tuple[StaticValue, ...]:
    """Return what a value may be: one thing, or one of several."""
    return known.cases if isinstance(known, StaticUnion) else (known,)
