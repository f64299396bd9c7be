"""What is known of a value: a picture of it at one time, whatever the program does to it later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from stepgraph.program.ir import StepDefinition
from stepgraph.syntax.module import Place

Scalar: TypeAlias = str | bytes | int | float | complex | None
CollectionKind: TypeAlias = Literal["list", "tuple", "set", "deque", "frozenset"]


class Known:
    """Anything that can be known of a value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class NotKnown(Known):
    """Nothing is known of it."""


NOT_KNOWN = NotKnown()


@dataclass(frozen=True, slots=True)
class KnownConstant(Known):
    """A constant."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Varying(Known):
    """It is another one when the code runs again: it comes from a call of what bears the dotted `name` at `made`."""

    name: str
    made: Place


@dataclass(frozen=True, slots=True)
class PartlyKnownText(Known):
    """Text of which only parts are known; the others stand in it as source in braces. One of them may be `varying`."""

    text: str
    varying: Varying | None = None


@dataclass(frozen=True, slots=True)
class KnownMoment(Known):
    """A constant `datetime(...)`, as ISO 8601."""

    text: str


@dataclass(frozen=True, slots=True)
class KnownDuration(Known):
    """A constant `timedelta(...)`, in milliseconds."""

    milliseconds: float


@dataclass(frozen=True, slots=True)
class Element(Known):
    """An element of a collection, or the value at a key, and its place."""

    value: Known
    place: Place


@dataclass(frozen=True, slots=True)
class Elements(Known):
    """A list, tuple or set, or the like. It is `whole` if these are all its elements, each there, in this order.

    It was `rewritten` if other elements may have been put in the place of these.
    """

    kind: CollectionKind
    elements: tuple[Element, ...]
    whole: bool
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class KeyedElement(Known):
    """A key and its value in a dictionary, with their places."""

    key: Known
    key_place: Place
    value: Known
    place: Place


@dataclass(frozen=True, slots=True)
class Keyed(Known):
    """A dictionary. It is `whole` if these are all its entries, and each is there.

    It was `rewritten` if other values may have been put in the place of these.
    """

    entries: tuple[KeyedElement, ...]
    whole: bool
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class KnownStep(Known):
    """A declared step."""

    definition: StepDefinition


@dataclass(frozen=True, slots=True)
class KnownFunction(Known):
    """A function, method or lambda of the project, by its name.

    It is `doubtful` where a decorator that is not known may have made something else of it.
    """

    name: str
    place: Place
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class KnownClass(Known):
    """A class of the project, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class KnownObject(Known):
    """An object of a class of the project, members of enumerations included.

    `kinds` are the dotted names of the classes and decorators from outside that make it what it is: `enum.Enum`,
    `dataclasses.dataclass`, `typing.NamedTuple`; `?` stands for what is not known. Names without a dot are members of
    its own that do so: `__new__`.
    """

    class_name: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported(Known):
    """Something from outside the project, by its dotted name: `datetime.timedelta`, `builtins.print`."""

    name: str


@dataclass(frozen=True, slots=True)
class Made(Known):
    """What a call of something outside the project gives, by the dotted name of that: `datetime.timedelta`.

    It may be `varying`.
    """

    name: str
    varying: Varying | None = None


@dataclass(frozen=True, slots=True)
class Awaitable(Known):
    """A coroutine, task or future; what it is of is not said."""


@dataclass(frozen=True, slots=True)
class Generator(Known):
    """A generator of the project, or a generator expression."""


@dataclass(frozen=True, slots=True)
class OneOf(Known):
    """One of several, depending on the path."""

    options: tuple[Known, ...]


def possibilities(known: Known) -> tuple[Known, ...]:
    """Return what a value may be: one thing, or one of several."""
    return known.options if isinstance(known, OneOf) else (known,)
