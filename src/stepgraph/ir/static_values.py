"""What is known of a value: a picture of it at one time, whatever the program does to it later."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.nodes import StepDefinition
from stepgraph.syntax.module import Place

Scalar: TypeAlias = str | bytes | int | float | complex | None
CollectionKind: TypeAlias = Literal["list", "tuple", "set", "deque", "frozenset"]


class Known:
    """Anything that can be known of a value."""

    __slots__ = ()


class NotKnown(Known, Struct, frozen=True):
    """Nothing is known of it."""


NOT_KNOWN = NotKnown()


class KnownConstant(Known, Struct, frozen=True):
    """A constant."""

    value: Scalar


class Varying(Known, Struct, frozen=True):
    """It is another one when the code runs again: it comes from a call of what bears the dotted `name` at `made`."""

    name: str
    made: Place


class PartlyKnownText(Known, Struct, frozen=True):
    """Text of which only parts are known; the others stand in it as source in braces. One of them may be `varying`."""

    text: str
    varying: Varying | None = None


class KnownMoment(Known, Struct, frozen=True):
    """A constant `datetime(...)`, as ISO 8601."""

    text: str


class KnownDuration(Known, Struct, frozen=True):
    """A constant `timedelta(...)`, in milliseconds."""

    milliseconds: float


class Element(Known, Struct, frozen=True):
    """An element of a collection, or the value at a key, and its place."""

    value: Known
    place: Place


class Elements(Known, Struct, frozen=True):
    """A list, tuple or set, or the like. It is `whole` if these are all its elements, each there, in this order.

    It was `rewritten` if other elements may have been put in the place of these.
    """

    kind: CollectionKind
    elements: tuple[Element, ...]
    whole: bool
    rewritten: bool = False


class KeyedElement(Known, Struct, frozen=True):
    """A key and its value in a dictionary, with their places."""

    key: Known
    key_place: Place
    value: Known
    place: Place


class Keyed(Known, Struct, frozen=True):
    """A dictionary. It is `whole` if these are all its entries, and each is there.

    It was `rewritten` if other values may have been put in the place of these.
    """

    entries: tuple[KeyedElement, ...]
    whole: bool
    rewritten: bool = False


class KnownStep(Known, Struct, frozen=True):
    """A declared step."""

    definition: StepDefinition


class KnownFunction(Known, Struct, frozen=True):
    """A function, method or lambda of the project, by its name.

    It is `doubtful` where a decorator that is not known may have made something else of it.
    """

    name: str
    place: Place
    doubtful: bool = False


class KnownClass(Known, Struct, frozen=True):
    """A class of the project, by its name."""

    name: str


class KnownObject(Known, Struct, frozen=True):
    """An object of a class of the project, members of enumerations included.

    `kinds` are the dotted names of the classes and decorators from outside that make it what it is: `enum.Enum`,
    `dataclasses.dataclass`, `typing.NamedTuple`; `?` stands for what is not known. Names without a dot are members of
    its own that do so: `__new__`.
    """

    class_name: str
    kinds: tuple[str, ...]


class Imported(Known, Struct, frozen=True):
    """Something from outside the project, by its dotted name: `datetime.timedelta`, `builtins.print`."""

    name: str


class Made(Known, Struct, frozen=True):
    """What a call of something outside the project gives, by the dotted name of that: `datetime.timedelta`.

    It may be `varying`.
    """

    name: str
    varying: Varying | None = None


class Awaitable(Known, Struct, frozen=True):
    """A coroutine, task or future; what it is of is not said."""


class Generator(Known, Struct, frozen=True):
    """A generator of the project, or a generator expression."""


class OneOf(Known, Struct, frozen=True):
    """One of several, depending on the path."""

    options: tuple[Known, ...]


def possibilities(known: Known) -> tuple[Known, ...]:
    """Return what a value may be: one thing, or one of several."""
    return known.options if isinstance(known, OneOf) else (known,)
