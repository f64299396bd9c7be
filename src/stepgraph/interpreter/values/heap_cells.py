"""The cells of the abstract heap, which hold the state of containers, objects and classes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from stepgraph.ir.values import Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.objects.containers.entries import EntryTable

MAX_SERIAL: Final = sys.maxsize
"""The serial of the cells with the state of the analysis, so that no function treats them as older than itself."""


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

    revised: list[int] = field(default_factory=list)
    """The collections that changed after the graph may have shown their constants."""

    def record_use(self, cell: HeapCell) -> None:
        """Record a read or a change of an object in `uses_escaped`."""
        if cell.is_escaped and not self.in_step:
            self.uses_escaped = True


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
        "drops_tasks",
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
        self.drops_tasks = False
        """Whether each pass of a loop removes tasks from the collection that may be pending."""
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


def state_cell() -> HeapCell:
    """Return a cell with state of the analysis, which rollbacks and joins of paths treat like the values of others."""
    return HeapCell(MAX_SERIAL, Budget())


class Declarations(HeapCell):
    """The steps declared on the step object, by name."""

    __slots__ = ("changes", "looked_up", "version")

    def __init__(self) -> None:
        # Because of the largest serial, a declaration in a function does not invalidate the function's summary.
        super().__init__(MAX_SERIAL, Budget())
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


DEEPEST: Final = 4
"""The maximum nesting depth of collections in a traversal."""


class Visits(Struct):
    """The heap cells that a traversal has entered.

    A cell is entered again only at a smaller depth. The traversal is thus linear in the number of elements, although
    the tree may be exponentially large.
    """

    deepest: int = DEEPEST
    """The nesting depth from which no cell is entered."""
    _depths: dict[int, int] = field(default_factory=dict)
    """The smallest depth at which each cell was entered, by serial of the cell."""

    def enter(self, cell: HeapCell, depth: int) -> bool:
        """Record a cell at a nesting depth, and return whether the traversal must enter the cell."""
        if depth >= min(self.deepest, self._depths.get(cell.serial, self.deepest)):
            return False
        self._depths[cell.serial] = depth
        return True
