"""Heap cells, and the values of lists, sets, tuples and dictionaries."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.nodes import IterationCount
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import ABSENT, UNKNOWN, Absent, AttributeName, Constant, Template, Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place


class HeapCell(dict[str, Any]):
    """The slots of a scope, an object or a collection.

    A collection has one slot, `items`.
    """

    __slots__ = (
        "_changed",
        "_unordered",
        "budget",
        "created_empty",
        "read_as_empty",
        "reopened",
        "reordered",
        "revised",
        "serial",
        "shows_constants",
    )

    def __init__(
        self,
        serial: int,
        budget: Budget,
        slots: dict[str, Any] | None = None,
        reordered: list[int] | None = None,
        reopened: list[int] | None = None,
        revised: list[int] | None = None,
    ) -> None:
        super().__init__(slots or {})
        self.serial = serial
        """Number of the cell in the order of creation."""
        self.budget = budget
        """Counts accesses to elements, because shared collections can be exponentially large as a tree."""
        self.created_empty = False
        """Whether the collection was created empty, as by `[]`, and no code may have added elements."""
        self.read_as_empty = False
        """Whether a loop over it was omitted because it is empty."""
        self.shows_constants = False
        """Whether the graph may show constants in the collection."""
        self.reordered = [] if reordered is None else reordered
        """The serials of all cells that became unordered, in that order."""
        self.reopened = [] if reopened is None else reopened
        """The serials of all cells that were read as empty and may have elements now."""
        self.revised = [] if revised is None else revised
        """The serials of all cells that were changed after the graph may have shown their constants."""
        self._changed = False
        self._unordered = False

    def __hash__(self) -> int:  # type: ignore[override] # a cell is hashed by identity
        return id(self)

    @property
    def changed(self) -> bool:
        """Whether the collection was written to after its creation."""
        return self._changed

    @changed.setter
    def changed(self, value: bool) -> None:
        if value and not self._changed and self.shows_constants:
            self.revised.append(self.serial)
            self.reordered.append(self.serial)
        self._changed = value
        if value:
            self.open()

    def open(self) -> None:
        """Record that code may have added elements, also on a path that is rolled back."""
        if self.created_empty and self.read_as_empty:
            self.reopened.append(self.serial)
            self.reordered.append(self.serial)
        self.created_empty = False

    @property
    def unordered(self) -> bool:
        """Whether the elements of the collection and their order are uncertain."""
        return self._unordered

    @unordered.setter
    def unordered(self, value: bool) -> None:
        if value and not self._unordered:
            self.reordered.append(self.serial)
        self._unordered = value

    @property
    def size(self) -> int:
        """The number of elements of a collection."""
        return len(self["items"])

    @property
    def contents(self) -> tuple[Any, ...]:
        """The elements of a collection, to test whether it is empty or was replaced. Traversals use `elements`."""
        contents: tuple[Any, ...] = self["items"]
        return contents

    def elements(self) -> tuple[Any, ...]:
        """Return the elements of a collection. Raises LimitExceededError above the budget."""
        elements: tuple[Any, ...] = self["items"]
        self.budget.spend(Limit.ELEMENTS, len(elements))
        return elements


class Declarations(HeapCell):
    """The steps declared on the step object, by name."""

    __slots__ = ("looked_up", "version")

    def __init__(self) -> None:
        # With the largest serial, a declaration in a function does not invalidate the function's summary.
        super().__init__(sys.maxsize, Budget())
        self.looked_up: set[str] = set()
        """The names that code has looked up."""
        self.version = 0
        """Number of declarations since the start that changed the result of an earlier lookup."""

    def look_up(self, name: str) -> Value | None:
        """Return the current step of a name, a `Union` if it depends on the path, or None."""
        self.looked_up.add(name)
        step: Value | None = self.get(name)
        return step

    def __setitem__(self, name: str, value: Value) -> None:
        self.version += name in self.looked_up
        super().__setitem__(name, value)

    def pop(self, name: str, *default: Any) -> Any:  # noqa: ANN401 - the signature of dict.pop
        """Remove a declaration, for a rollback."""
        self.version += name in self.looked_up
        return super().pop(name, *default)


class Element(Struct, frozen=True):
    """An element of a collection."""

    value: Value
    place: Place
    many: bool = False
    """Whether it represents any number of such elements."""
    may_be_missing: bool = False
    """Whether it may be missing."""
    condition: str | None = None
    """Source of the condition under which it is present, or None if unknown."""
    passes: IterationCount | None = None
    """The number of such elements, as the passes of a loop. None if unknown."""


class LazyElements(Struct, frozen=True, eq=False):
    """The elements of an iterator or a view, which are computed when they are used."""

    compute: Callable[[Any, LazyElements], Collection]
    """Returns the current elements."""
    operands: tuple[Value, ...]
    """The iterables, and a function that is called with their elements."""
    place: Place
    """The call that creates the iterator or view."""
    initial: tuple[Any, ...]
    """The slot `items` before the first use: of the iterator, or of the dictionary of a view."""
    is_view: bool = False
    """Whether it is a view of a dictionary, which can be used any number of times."""
    has_rows: bool = False
    """Whether it yields the elements of the elements of its operands."""
    exhausts: bool = False
    """Whether the current use takes all elements."""


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
        """Whether it must be empty."""
        return self.state.created_empty and not self.state.contents

    def read_as_empty(self) -> bool:
        """Return whether it must be empty, and record that code relies on this."""
        self.state.read_as_empty = self.state.read_as_empty or self.is_empty
        return self.is_empty

    @property
    def shows_constants(self) -> bool:
        """Whether the graph may show constants in it. Later changes are recorded as `HeapCell.revised`."""
        if self.hidden or self.state.changed:
            return False
        self.state.shows_constants = True
        return True


class Collection(Container, Struct, eq=False):
    """A list, tuple, set, deque or frozenset with all its elements; also an iterator or a view of a dictionary."""

    kind: CollectionKind
    state: HeapCell
    loop_depth: int
    """Number of loops around the expression that created it."""
    hidden: bool = False
    """Whether it was reached through a non-constant, such as a parameter or a call."""
    is_argument: bool = False
    """Whether it was reached through a parameter. Its elements then have no constants, which differ between calls."""
    has_names: bool = False
    """Whether its strings may be names of attributes, which each call keeps in its arguments."""
    parameter: Place | None = None
    """The parameter, if its calls differ in elements that cannot lead to a step, else None."""
    max_size: int | None = None
    """The `maxlen` of a deque, 0 if it is not constant."""
    lazy: LazyElements | None = None
    """The source of the elements of an iterator or a view."""

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
        """Whether iteration order is arbitrary."""
        return self.kind in ("set", "frozenset")

    @property
    def has_definite_order(self) -> bool:
        """Whether the position of each element is statically certain."""
        ordered = not self.is_set and not self.state.unordered
        return ordered and not any(item.many or item.may_be_missing for item in self.items)

    def index_of(self, key: Value) -> int | None:
        """Return the index of the element at a key, or None unless both the key and the positions are certain."""
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
    key_place: Place
    place: Place
    """The place of the value."""
    many: bool = False
    """Whether it represents any number of such entries."""
    may_be_missing: bool = False
    """Whether it may be missing."""
    has_distinct_keys: bool = False
    """Whether the entries that it represents have different keys, although the keys are not constant."""


class Mapping(Container, Struct, eq=False):
    """A dictionary."""

    state: HeapCell
    loop_depth: int
    """Number of loops around the expression that created it."""
    hidden: bool = False
    """Whether it was reached through a non-constant, such as a parameter or a call."""
    is_argument: bool = False
    """Whether it was reached through a parameter. Its elements then have no constants, which differ between calls."""
    has_names: bool = False
    """Whether its strings may be names of attributes, which each call keeps in its arguments."""
    parameter: Place | None = None
    """The parameter, if its calls differ in elements that cannot lead to a step, else None."""
    partial: bool = False
    """Whether it also has unknown entries, as in `{**unknown}`."""
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
    """`contextvars.ContextVar(...)`."""

    state: HeapCell
    """Its slot `items` has an element for each value that it may have, none if it is not set."""
    default: Value | None = None
    """The argument `default`."""


class SpreadArguments(Value, Struct, frozen=True):
    """The spread positional arguments of a partial function: `partial(f, *values)`."""

    collection: Collection
    """The spread collection."""


def hide_constants(value: Value) -> Value:
    """Return a value as read through a non-constant, which hides constants, including constants in collections."""
    if isinstance(value, Collection | Mapping):
        return value if value.hidden else replace(value, hidden=True)
    return without_constants(value)


def as_argument(value: Value, *, has_names: bool = False, parameter: Place | None = None) -> Value:
    """Return a value as read through a parameter: a function has one graph for all constants it is called with.

    With `has_names`, strings in collections remain as names of attributes. With `parameter`, the graph also represents
    calls with other numbers of elements and other keys.
    """
    if isinstance(value, Collection | Mapping):
        if value.is_argument and parameter is None:
            return value
        argument = replace(value, hidden=True, is_argument=True, has_names=has_names, parameter=parameter)
        if isinstance(argument, Mapping) or argument.lazy is None:
            return argument
        operands = (as_argument(o, has_names=has_names, parameter=parameter) for o in argument.lazy.operands)
        return replace(argument, lazy=replace(argument.lazy, operands=tuple(operands)))
    return without_constants(value)


def _argument_elements(elements: tuple[ElementT, ...], owner: Collection | Mapping) -> tuple[ElementT, ...]:
    """Return the elements or entries of a collection that was reached through a parameter."""
    return tuple(_argument_element(element, owner) for element in elements)


def _argument_element(element: ElementT, owner: Collection | Mapping) -> ElementT:
    match element.value:
        case Constant(value=str(name)) if owner.has_names:
            value: Value = AttributeName(name)
        case _:
            value = as_argument(element.value, has_names=owner.has_names, parameter=owner.parameter)
    return element if value is element.value else replace(element, value=value)


def without_constants(value: Value) -> Value:
    """Return a value with constants replaced by UNKNOWN, and None by ABSENT."""
    if value.relevant or value.tainted or isinstance(value, Absent):
        return value
    if value == Constant(None):
        return ABSENT
    return value.nondeterministic if isinstance(value, Template) and value.nondeterministic is not None else UNKNOWN


DEEPEST: Final = 4
"""Maximum nesting depth of collections in a walk."""


class Visits(Struct):
    """The heap cells that a walk has entered.

    Entering a cell again only at a smaller depth makes the walk linear in the number of elements, while the tree may be
    exponentially large.
    """

    _depths: dict[int, int] = field(default_factory=dict)
    """The smallest depth at which each cell was entered, by serial."""

    def enter(self, cell: HeapCell, depth: int) -> bool:
        """Record a cell at a nesting depth, and return whether the walk must enter it."""
        if depth >= min(DEEPEST, self._depths.get(cell.serial, DEEPEST)):
            return False
        self._depths[cell.serial] = depth
        return True


def key_texts(entries: Sequence[MappingEntry]) -> dict[int, str]:
    """Return the text of each key by the `id` of its entry: its source, if no other key has the same source.

    For a constant key without such a source, as in `dict(x=a)` or `table[key] = fn` in a function, it is the constant.
    """
    keys: dict[int, Value] = {}
    shared: set[int] = set()
    for entry in entries:
        node = id(entry.key_place.node)
        if keys.setdefault(node, entry.key) != entry.key or entry.key_place.node is entry.place.node:
            shared.add(node)
    return {
        id(entry): _constant_text(entry.key)
        if isinstance(entry.key, Constant) and id(entry.key_place.node) in shared
        else entry.key_place.text
        for entry in entries
    }


def _constant_text(key: Constant) -> str:
    return json.dumps(key.value, ensure_ascii=False) if isinstance(key.value, str) else repr(key.value)
