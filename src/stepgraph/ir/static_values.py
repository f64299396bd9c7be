"""Immutable descriptions of arguments, and of values that may change or that lead to code, for the rules.

Each description is a snapshot at one point of the program. Rules read all other values directly.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.values import Constant, Nondeterministic, Value
from stepgraph.model.span import Span
from stepgraph.syntax.module import SourcePlace

CollectionKind: TypeAlias = Literal["list", "tuple", "set", "deque", "frozenset"]


class StaticElement(Struct, frozen=True):
    """An element of a collection."""

    value: Value
    place: SourcePlace


class StaticCollection(Value, Struct, frozen=True):
    """A list, tuple, set, deque or frozenset."""

    kind: CollectionKind
    elements: tuple[StaticElement, ...]
    is_complete: bool
    """Whether `elements` is the exact content: complete, in order, with no optional element."""
    may_be_overwritten: bool
    """Whether other elements may have replaced the listed ones."""
    is_view: bool = False
    """Whether this is a view of a dictionary, such as `d.keys()`."""


class StaticEntry(Struct, frozen=True):
    """A key and its value in a dictionary."""

    key: Value
    key_place: SourcePlace
    value: Value
    place: SourcePlace
    """The location of the value."""


class StaticMapping(Value, Struct, frozen=True):
    """A dictionary."""

    entries: tuple[StaticEntry, ...]
    is_complete: bool
    """Whether `entries` is the exact content: complete, with no optional entry."""
    may_be_overwritten: bool
    """Whether other values may have replaced the listed ones."""


class StaticStep(Value, Struct, frozen=True):
    """A declared step."""

    definition: StepDefinition


class Arity(Struct, frozen=True):
    """The numbers of positional arguments that a function accepts."""

    minimum: int
    maximum: int | None
    """None for any number."""

    def accepts(self, count: int) -> bool:
        """Return whether the function accepts a number of positional arguments."""
        return self.minimum <= count and (self.maximum is None or count <= self.maximum)


class StaticFunction(Value, Struct, frozen=True):
    """A function, method or lambda of the project."""

    name: str
    place: SourcePlace
    may_be_replaced: bool
    """Whether an unresolved decorator may return a different object."""
    arity: Arity | None = None
    """None if the function is decorated, partially applied, or has required keyword arguments."""


class StaticClass(Value, Struct, frozen=True):
    """A class of the project."""

    name: str


class StaticObject(Value, Struct, frozen=True):
    """An instance of a class of the project, including members of enumerations."""

    class_name: str
    kinds: tuple[str, ...]
    """The parts of the class definition that may change the behavior of its instances.

    Dotted names are base classes and decorators from outside the project: `enum.Enum`, `dataclasses.dataclass`,
    `typing.NamedTuple`. Plain names are members that replace instances: `__new__`. A `?` stands for an unknown part.
    """


class StaticAwaitable(Value, Struct, frozen=True):
    """A coroutine, task or future, without its result."""


class StaticGenerator(Value, Struct, frozen=True):
    """A generator, a generator expression or another lazy iterator, such as the result of `map`."""


class StaticUnion(Value, Struct, frozen=True):
    """One of several values, depending on the path."""

    cases: tuple[Value, ...]
    is_exhaustive: bool = True
    """Whether the value is always one of the cases. `x or charge()` has only the case of the right operand."""


def cases_of(value: Value) -> tuple[Value, ...]:
    """Return the cases of a union, or a tuple of the single value."""
    return value.cases if type(value) is StaticUnion else (value,)


def constant_key_entries(value: Value) -> list[tuple[str, StaticEntry]]:
    """Return the entries with constant string keys of all dictionaries among the cases of a value."""
    return [
        (entry.key.value, entry)
        for dictionary in cases_of(value)
        if type(dictionary) is StaticMapping
        for entry in dictionary.entries
        if type(entry.key) is Constant and type(entry.key.value) is str
    ]


class StaticArgument(Struct, frozen=True):
    """An argument of a call."""

    value: Value
    place: SourcePlace
    keyword: str | None
    star: str
    """`"*"` or `"**"` for a starred argument with unresolved content, and empty for other arguments."""
    nondeterministic: Nondeterministic | None
    """The first nondeterministic value in the argument, except in the elements of collections."""

    @property
    def name_span(self) -> Span:
        """The location of the keyword, or of the value of an argument without a keyword in the source."""
        # Imported here because it loads LibCST, which a run without findings does not need.
        from stepgraph.syntax.places import keyword_of_argument

        return self.place.span if self.keyword is None else keyword_of_argument(self.place).span


class StaticArguments(Struct, frozen=True, cache_hash=True):
    """The arguments of a call, in order, with resolved `*` and `**` arguments expanded."""

    items: tuple[StaticArgument, ...] = ()

    @property
    def positional(self) -> tuple[StaticArgument, ...]:
        """The positional arguments, without unresolved `*` arguments."""
        return tuple([argument for argument in self.items if argument.keyword is None and not argument.star])

    @property
    def whole(self) -> bool:
        """Whether all arguments are resolved, with no `*` or `**` left."""
        return not [argument for argument in self.items if argument.star]

    def find(self, index: int | None, keyword: str) -> StaticArgument | None:
        """Return an argument by its 0-based position or its keyword. Return None if it is missing."""
        match: StaticArgument | None = None
        position = 0
        for argument in self.items:
            if argument.keyword is not None:
                if match is None and argument.keyword == keyword:
                    match = argument
            elif not argument.star:
                if position == index:
                    return argument
                position += 1
        return match


NO_ARGUMENTS: Final = StaticArguments()
