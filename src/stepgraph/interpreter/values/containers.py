"""Values that represent lists, sets, tuples and dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.ir.nodes import IterationCount
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    Absent,
    Constant,
    External,
    ExternalResult,
    NameArgument,
    Template,
    Value,
    affects_tasks,
)
from stepgraph.syntax.module import SourcePlace


class Element(Struct, frozen=True):
    """An element of a collection."""

    value: Value
    place: SourcePlace
    many: bool = False
    """Whether this element represents any number of elements."""
    may_be_missing: bool = False
    """Whether the element is absent on some paths."""
    condition: str | None = None
    """The source of the condition under which the element is present; None if unknown."""
    passes: IterationCount | None = None
    """The number of represented elements, as the number of passes of a loop; None if unknown."""


class LazyElements(Struct, frozen=True, eq=False):
    """The elements of an iterator or a view, which are computed when they are used."""

    compute: Callable[[Any, LazyElements], Collection]
    """The function that returns the current elements."""
    operands: tuple[Value, ...]
    """The iterables, and the function that is called with their elements, if any."""
    place: SourcePlace
    """The call that creates the iterator or view."""
    initial: tuple[Any, ...]
    """The initial value of the slot `items`: of the iterator, or of the dictionary when the view is created."""
    is_view: bool = False
    """Whether this is a view of a dictionary, which can be used any number of times."""
    has_rows: bool = False
    """Whether the iterator yields elements of the elements of its operands."""
    exhausts: bool = False
    """Whether the current use consumes all elements."""


class Container(Value):
    """The base class of collections and dictionaries. Containers are equal if they share their heap cell."""

    __slots__ = ()
    state: HeapCell
    hidden: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Container) and self.state is other.state

    def __hash__(self) -> int:
        return id(self.state)

    @property
    def is_empty(self) -> bool:
        """Whether the container must be empty."""
        return self.state.created_empty and not self.state.contents

    def read_as_empty(self) -> bool:
        """Return whether the container must be empty, and record that the analysis relies on this."""
        self.state.read_as_empty = self.state.read_as_empty or self.is_empty
        return self.is_empty

    @property
    def shows_constants(self) -> bool:
        """Whether the graph may show constants in the container. Later changes are recorded in `CellEvents.revised`."""
        return not self.hidden and self.relies_on_constants()

    def relies_on_constants(self) -> bool:
        """Return whether the constants in the container are known, and record that the analysis relies on them."""
        if self.state.changed:
            return False
        self.state.shows_constants = True
        return True


class Collection(Container, Struct, eq=False):
    """A list, tuple, set, deque or frozenset with all its elements, or an iterator, or a view of a dictionary."""

    kind: CollectionKind
    state: HeapCell
    loop_depth: int
    """The number of loops around the expression that created the collection."""
    hidden: bool = False
    """Whether constants in the collection are unknown, for example because it comes from a parameter."""
    shows_kinds: bool = False
    """Whether the types of hidden values are known nevertheless, as in the result of a call."""
    is_argument: bool = False
    """Whether the collection was reached through a parameter. Its constants are unknown, since calls differ in them."""
    has_names: bool = False
    """Whether strings in the collection are read as `NameArgument`, because a function may use them for attributes."""
    parameter: SourcePlace | None = None
    """The parameter, if the value also represents arguments with other sizes and keys; None for other values."""
    max_size: int | None = None
    """The `maxlen` of a deque, or 0 if it is not constant; None for an unlimited collection."""
    lazy: LazyElements | None = None
    """The source of the elements, for an iterator or a view."""

    @property
    def items(self) -> tuple[Element, ...]:
        """The current elements."""
        items: tuple[Element, ...] = self.state.elements()
        if self.parameter is not None:
            relevant = tuple(item for item in items if item.value.relevant)
            items = (Element(UNKNOWN, self.parameter, many=True), *relevant)
        return _argument_elements(items, self) if self.is_argument else items

    @property
    def is_set(self) -> bool:
        """Whether the collection is a set, whose iteration order is arbitrary."""
        return self.kind in ("set", "frozenset")

    @property
    def has_definite_order(self) -> bool:
        """Whether the position of each element is statically certain."""
        ordered = not self.is_set and not self.state.unordered
        return ordered and not any(item.many or item.may_be_missing for item in self.items)

    def index_of(self, key: Value) -> int | None:
        """Return the index of the element at a key.

        Return None if the key is not a valid constant index, or if the order of the elements is uncertain.
        """
        match key:
            case Constant(value=int(index)) if self.has_definite_order and -self.state.size <= index < self.state.size:
                return index
            case _:
                return None


class MappingEntry(Struct, frozen=True):
    """A key of a mapping and its value."""

    key: Value
    """The key, or UNKNOWN if it is not constant."""
    value: Value
    key_place: SourcePlace
    place: SourcePlace
    """The location of the value."""
    many: bool = False
    """Whether this entry represents any number of entries."""
    may_be_missing: bool = False
    """Whether the entry is absent on some paths."""
    has_distinct_keys: bool = False
    """Whether the represented entries have different keys, although the keys are not constant."""
    is_unseen: bool = False
    """Whether this entry represents the entries of an unknown dictionary."""


class Mapping(Container, Struct, eq=False):
    """A dictionary."""

    state: HeapCell
    loop_depth: int
    """The number of loops around the expression that created the dictionary."""
    hidden: bool = False
    """Whether constants in the dictionary are unknown, for example because it comes from a parameter."""
    shows_kinds: bool = False
    """Whether the types of hidden values are known nevertheless, as in the result of a call."""
    is_argument: bool = False
    """Whether the dictionary was reached through a parameter. Its constants are unknown, since calls differ in them."""
    has_names: bool = False
    """Whether strings in the dictionary are read as `NameArgument`, because a function may use them for attributes."""
    parameter: SourcePlace | None = None
    """The parameter, if the value also represents arguments with other sizes and keys; None for other values."""
    partial: bool = False
    """Whether the dictionary also has unknown entries, as in `{**unknown}`."""
    default_factory: Value | None = None
    """The default factory of a `defaultdict`."""

    @property
    def entries(self) -> tuple[MappingEntry, ...]:
        """The current entries."""
        entries: tuple[MappingEntry, ...] = self.state.elements()
        if self.parameter is not None:
            relevant = tuple(entry for entry in entries if entry.key.relevant or entry.value.relevant)
            entries = (MappingEntry(UNKNOWN, UNKNOWN, self.parameter, self.parameter, many=True), *relevant)
        return _argument_elements(entries, self) if self.is_argument else entries


ElementT = TypeVar("ElementT", Element, MappingEntry)


class ContextVariable(Value, Struct, eq=False):
    """A context variable, as from `contextvars.ContextVar(...)`."""

    state: HeapCell
    """A cell whose slot `items` has an element for each value that the variable may have."""
    default: Value | None = None
    """The default value, if any."""


class SpreadArguments(Value, Struct, frozen=True):
    """Unpacked positional arguments of a partial function, as in `partial(f, *values)`."""

    collection: Collection
    """The unpacked collection."""


def hide_constants(value: Value) -> Value:
    """Return a value with unknown values in place of its constants, including those in collections."""
    if isinstance(value, (Collection, Mapping)):
        return value if value.hidden and not value.shows_kinds else replace(value, hidden=True, shows_kinds=False)
    return without_constants(value)


def as_attribute(value: Value) -> Value:
    """Return a value as an attribute holds it: without constants, but with functions such as `asyncio.gather`."""
    return value if isinstance(value, External) else hide_constants(value)


def hide_alternatives(value: Value) -> Value:
    """Return a value as `hide_constants` does, but with the types of the values in a collection.

    For a value that the code creates on some path, such as the result of a call.
    """
    if type(value) is Collection or type(value) is Mapping:
        return value if value.hidden else replace(value, hidden=True, shows_kinds=True)
    return without_constants(value)


def as_argument(value: Value, *, has_names: bool = False, parameter: SourcePlace | None = None) -> Value:
    """Return a value as read through a parameter. Constants are unknown: a function has one graph for all constants.

    With `has_names`, strings in collections remain as attribute names. With `parameter`, the value also represents
    arguments with other numbers of elements and other keys.
    """
    if isinstance(value, (Collection, Mapping)):
        if value.is_argument and parameter is None:
            return value
        argument = replace(value, hidden=True, is_argument=True, has_names=has_names, parameter=parameter)
        if isinstance(argument, Mapping) or argument.lazy is None:
            return argument
        operands = (as_argument(o, has_names=has_names, parameter=parameter) for o in argument.lazy.operands)
        return replace(argument, lazy=replace(argument.lazy, operands=tuple(operands)))
    return value if affects_tasks(value) else without_constants(value)


def _argument_elements(elements: tuple[ElementT, ...], owner: Collection | Mapping) -> tuple[ElementT, ...]:
    """Return the elements or entries of a collection as read through a parameter."""
    return tuple(_argument_element(element, owner) for element in elements)


def _argument_element(element: ElementT, owner: Collection | Mapping) -> ElementT:
    match element.value:
        case Constant(value=str(name)) if owner.has_names:
            value: Value = NameArgument(name)
        case _:
            value = as_argument(element.value, has_names=owner.has_names, parameter=owner.parameter)
    return element if value is element.value else replace(element, value=value)


def without_constants(value: Value) -> Value:
    """Return a lock and a relevant or tainted value itself, ABSENT for None, the taint of a template, and UNKNOWN."""
    if value.relevant or value.tainted or isinstance(value, Absent):
        return value
    if isinstance(value, ExternalResult) and value.limits_tasks:
        return value
    if value == Constant(None):
        return ABSENT
    return value.nondeterministic if isinstance(value, Template) and value.nondeterministic is not None else UNKNOWN
