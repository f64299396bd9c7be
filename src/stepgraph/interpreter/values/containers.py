"""Heap cells, and values that represent lists, sets, tuples and dictionaries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.nodes import IterationCount
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import ABSENT, UNKNOWN, Absent, Constant, NameArgument, Template, Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.objects.containers.entries import EntryTable


class CellEvents(Struct):
    """The reads and changes of the cells of a store, by serial of the cell."""

    reordered: list[int] = field(default_factory=list)
    """The collections that became unordered, and those in `reopened` and `revised`, in order of these events.

    A loop around such an event needs another pass.
    """
    reopened: list[int] = field(default_factory=list)
    """The collections that were read as empty and may have elements now."""
    shuffled: list[int] = field(default_factory=list)
    """The collections with relevant elements that a method, such as `sort`, may have reordered."""
    read: set[int] = field(default_factory=set)
    """The collections created before the call of a function that has read their elements."""
    written: set[tuple[int, str]] = field(default_factory=set)
    """The slots, by serial and key, that were written in a way that may affect steps."""
    is_stale: bool = False
    """Whether the epoch must advance, because a function has read the elements of a collection in `written`."""
    function_serial: int = 0
    """The serial of the cell with the names of the function being interpreted; 0 in `run`."""
    in_step: bool = False
    """Whether the body of a step is being interpreted."""
    uses_escaped: bool = False
    """Whether code outside of steps has read or changed an object that skipped code may hold."""

    def record_use(self, cell: HeapCell) -> None:
        """Record a read or a change of an object in `uses_escaped`."""
        if cell.is_escaped and not self.in_step:
            self.uses_escaped = True

    revised: list[int] = field(default_factory=list)
    """The collections that changed after the graph may have shown their constants."""


class WeakNames(Struct, frozen=True):
    """The variables of a cell that represents several scopes. A write to one scope keeps the values of the others."""

    names: frozenset[str]
    place: SourcePlace
    """The location of the function that has these scopes."""


class HeapCell(dict[str, Any]):
    """The slots of a scope, an object or a collection.

    A collection has a single slot, `items`.
    """

    __slots__ = (
        "_changed",
        "_unordered",
        "budget",
        "constants",
        "created_empty",
        "events",
        "has_followed_changes",
        "is_escaped",
        "is_shared",
        "read_as_empty",
        "repeated_at",
        "serial",
        "shows_constants",
        "table",
        "weak_names",
    )

    def __init__(
        self,
        serial: int,
        budget: Budget,
        slots: dict[str, Any] | None = None,
        events: CellEvents | None = None,
    ) -> None:
        super().__init__(slots or {})
        self.events = CellEvents() if events is None else events
        """The events of all cells of the store."""
        self.serial = serial
        """The number of the cell in the order of creation."""
        self.budget = budget
        """The budget for accesses to elements. A tree of collections that share parts can be exponentially large."""
        self.constants: dict[str, Value | None] | None = None
        """The constants that code at import assigns to attributes of an object; None for attributes with others."""
        self.created_empty = False
        """Whether the collection was created empty, as by `[]`, and no code can have added elements."""
        self.has_followed_changes = True
        """Whether the elements reflect all changes of the collection, so that no other code can have replaced them."""
        self.is_escaped = False
        """Whether skipped code may hold the object."""
        self.is_shared = False
        """Whether the cell holds the names of a module or class, or belongs to an object that these may hold."""
        self.read_as_empty = False
        """Whether the analysis has relied on the collection being empty, as by omitting a loop over it."""
        self.repeated_at: SourcePlace | None = None
        """The loop in which each pass creates such an object and stores it, if the cell represents all these objects.

        A write changes only one of them.
        """
        self.shows_constants = False
        """Whether the graph may show constants in the collection."""
        self.table: EntryTable | None = None
        """The table of the latest known entries of a dictionary, which other code may have changed since."""
        self.weak_names: WeakNames | None = None
        """The variables for which the cell represents all levels of a recursion, if it does."""
        self._changed = False
        self._unordered = False

    def __hash__(self) -> int:  # type: ignore[override] # a cell is hashed by identity
        return id(self)

    @property
    def changed(self) -> bool:
        """Whether the collection may have been changed after its creation."""
        return self._changed

    @changed.setter
    def changed(self, value: bool) -> None:
        if value and not self._changed and self.shows_constants:
            self.events.revised.append(self.serial)
            self.events.reordered.append(self.serial)
        self._changed = value
        if value:
            self.has_followed_changes = False
            self.open()

    def record_followed_change(self) -> None:
        """Record a change of the collection after which its elements are still exact."""
        has_followed_changes = self.has_followed_changes
        self.changed = True
        self.has_followed_changes = has_followed_changes

    def open(self) -> None:
        """Record that code may have added elements. A rollback does not undo this."""
        if self.created_empty and self.read_as_empty:
            self.events.reopened.append(self.serial)
            self.events.reordered.append(self.serial)
        self.created_empty = False

    @property
    def unordered(self) -> bool:
        """Whether the elements of the collection or their order are uncertain."""
        return self._unordered

    @unordered.setter
    def unordered(self, value: bool) -> None:
        if value and not self._unordered:
            self.events.reordered.append(self.serial)
        self._unordered = value

    @property
    def size(self) -> int:
        """The number of elements of a collection."""
        return len(self["items"])

    @property
    def contents(self) -> tuple[Any, ...]:
        """The elements of a collection, for checks of emptiness and identity. Traversals use `elements`."""
        contents: tuple[Any, ...] = self["items"]
        return contents

    def elements(self) -> tuple[Any, ...]:
        """Return the elements of a collection. Raises LimitExceededError if they exceed the budget."""
        elements: tuple[Any, ...] = self["items"]
        self.budget.spend(Limit.ELEMENTS, len(elements))
        self.record_read()
        return elements

    def record_read(self) -> None:
        """Record a read of the elements of a collection."""
        if self.serial < self.events.function_serial and self.serial not in self.events.read:
            self.events.read.add(self.serial)
            self.events.is_stale = self.events.is_stale or (self.serial, "items") in self.events.written
        self.events.record_use(self)


class Declarations(HeapCell):
    """The steps declared on the step object, by name."""

    __slots__ = ("changes", "looked_up", "version")

    def __init__(self) -> None:
        # Because of the largest serial, a declaration in a function does not invalidate the function's summary.
        super().__init__(sys.maxsize, Budget())
        self.looked_up: set[str] = set()
        """The names that code has looked up."""
        self.version = 0
        """The number of changes so far that may have changed the result of an earlier lookup."""
        self.changes = 0
        """The number of replaced and removed declarations so far."""

    def look_up(self, name: str) -> Value | None:
        """Return the current step with a name, or a `Union` if the step depends on the path.

        Return None if no step has the name.
        """
        self.looked_up.add(name)
        step: Value | None = self.get(name)
        return step

    def __setitem__(self, name: str, value: Value) -> None:
        self.version += name in self.looked_up
        self.changes += name in self
        super().__setitem__(name, value)

    def pop(self, name: str, *default: Any) -> Any:  # noqa: ANN401 - the signature of dict.pop
        """Remove a declaration, as part of a rollback."""
        self.version += name in self.looked_up
        self.changes += 1
        return super().pop(name, *default)


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
    variables: dict[str, Value] | None = None
    """The values of `locals()` by name, each of which may be missing. The entries represent values at other keys."""

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


def hide_alternatives(value: Value) -> Value:
    """Return a value as `hide_constants` does, but with the types of the values in a collection.

    For a value that the code creates on some path, such as the result of a call.
    """
    if isinstance(value, (Collection, Mapping)):
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
    return without_constants(value)


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
    """Return a relevant or tainted value itself, ABSENT for None, the taint of a template, and UNKNOWN for others."""
    if value.relevant or value.tainted or isinstance(value, Absent):
        return value
    if value == Constant(None):
        return ABSENT
    return value.nondeterministic if isinstance(value, Template) and value.nondeterministic is not None else UNKNOWN


DEEPEST: Final = 4
"""The maximum nesting depth of collections in a traversal."""


class Visits(Struct):
    """The heap cells that a traversal has entered.

    A cell is entered again only at a smaller depth. The traversal is thus linear in the number of elements, although
    the tree may be exponentially large.
    """

    _depths: dict[int, int] = field(default_factory=dict)
    """The smallest depth at which each cell was entered, by serial of the cell."""

    def enter(self, cell: HeapCell, depth: int) -> bool:
        """Record a cell at a nesting depth, and return whether the traversal must enter the cell."""
        if depth >= min(DEEPEST, self._depths.get(cell.serial, DEEPEST)):
            return False
        self._depths[cell.serial] = depth
        return True
