"""The abstract store: the values of names, attributes and collections, and a trail of all writes.

The trail is an undo log. Rolling back and joining a branch takes time in proportion to its writes, not to the size of
the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.equivalence import MISSING, Slot
from stepgraph.interpreter.joining import (
    Prefix,
    covers,
    join_slot_values,
    visit_cost,
)
from stepgraph.interpreter.task_runs import TaskRuns, detach_removed
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.data import data_objects
from stepgraph.interpreter.values.heap_cells import MAX_SERIAL, CellEvents, Declarations, HeapCell, state_cell
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.write_log import (
    ALL_KEYS,
    Changes,
    Rewrite,
    SlotChange,
    SlotId,
    TaskState,
    TaskWrite,
    WriteLog,
    affects_steps,
    append_affects_steps,
    are_constants,
    is_read,
)
from stepgraph.ir.await_groups import AwaitedTask
from stepgraph.ir.nodes import StepDefinition
from stepgraph.ir.values import Value
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import SourcePlace

# The types of values that may hold steps, which a write may make unused.
_REPLACEABLE: Final = (StepFunction, Collection, Mapping)
# Number of slots that one unit of the budget merges from a log into the enclosing log.
_SLOTS_MERGED_PER_UNIT: Final = 8


class FunctionReads(Struct, frozen=True):
    """The slots that a function has read so far, and the serial of the cell with its names."""

    slots: set[SlotId]
    serial: int


class _Logged:
    """The context of `Store.logged`."""

    __slots__ = ("isolated", "log", "outer", "store")

    def __init__(self, store: Store, log: WriteLog, *, isolated: bool) -> None:
        self.store = store
        self.log = log
        self.isolated = isolated

    def __enter__(self) -> WriteLog:
        self.outer, self.store.log = self.store.log, self.log
        return self.log

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.store.log = self.outer
        count = len(self.log.slots)
        if not count:
            return
        try:
            if error is None and count >= _SLOTS_MERGED_PER_UNIT:
                self.store.budget.spend(Limit.JOINED, count // _SLOTS_MERGED_PER_UNIT)
        finally:
            if self.outer is not None and not self.isolated:
                self.outer.merge(self.log)


class Store(Struct):
    """All heap cells, and the trail of all writes to them."""

    budget: Budget
    """The budget for joins, recorded changes and accesses to elements."""
    epoch: int = 0
    """The version of all slots that functions read from outside their own scope.

    The epoch changes when a write to one of these slots may affect steps. Summaries of earlier epochs are then stale.
    """
    reads: set[SlotId] = field(default_factory=set)
    """The slots outside the function being interpreted that the function has read so far."""
    unset_reads: set[SlotId] = field(default_factory=set)
    """The slots of local variables that some code has read before a path bound them."""
    events: CellEvents = field(default_factory=CellEvents)
    """The reads and changes of the cells."""
    creates_shared: bool = False
    """Whether the body of a module, or of a class outside of functions, is being interpreted.

    The body has no step object, and the cells that it creates are shared.
    """
    is_importing: bool = False
    """Whether code that runs at the import of a module is being interpreted.

    Its cells are older than those of the workflow, although their code is interpreted when the workflow first needs it.
    """
    shares_steps: bool = False
    """Whether code may have stored a step in an object of a module or class."""
    in_flight: HeapCell = field(default_factory=state_cell)
    """For each task id, the states of its work while the task may be in flight, or else an empty tuple."""
    runs: TaskRuns = field(default_factory=TaskRuns)
    """The runs of tasks that may be pending on the current path."""
    completions: list[tuple[TaskState, ...]] | None = None
    """The tasks that the concurrent code being interpreted has awaited; None outside concurrent code."""
    replaced: set[StepDefinition] = field(default_factory=set)
    """The steps that were overwritten, removed, or left out by an exact lookup. They are not reported as unused."""
    rewrites: list[Rewrite] = field(default_factory=list)
    """The writes since the last await to slots that tasks in flight read."""
    _writer: TaskState | None = None
    """The task in flight whose writes are being joined, if any."""
    log: WriteLog | None = None
    """The log of the innermost function or task being interpreted."""
    _task_writes: set[SlotId] = field(default_factory=set)
    """The slots that some task may write."""
    _task_reads: set[SlotId] = field(default_factory=set)
    """The slots that some task reads."""
    _selections: set[tuple[int, int]] = field(default_factory=set)
    """The collections from which a step was selected, by serial and size."""
    _trail: list[tuple[HeapCell, str, Slot, int]] = field(default_factory=list)
    """The undo log: the cell and key of each write, and the value and epoch before the write."""
    _constants: dict[SlotId, tuple[Any, ...]] = field(default_factory=dict)
    """The elements of collections of constants after the latest append."""
    _outer_reads: set[tuple[int, str]] = field(default_factory=set)
    """The slots that some function has read from outside its own scope."""
    _serial: int = 0
    _serial_at_import: int = -MAX_SERIAL
    _epoch_count: int = 0
    """The number of epochs so far. A rollback restores `epoch`, but not this count."""

    @property
    def serial(self) -> int:
        """The serial of the newest cell, among those of imports while a module is imported."""
        return self._serial_at_import if self.is_importing else self._serial

    def new(
        self, slots: dict[str, Slot] | None = None, *, is_shared: bool = False, at_import: bool = False
    ) -> HeapCell:
        """Return a new heap cell, shared if it holds the names of a module or class, or if their body creates it.

        With `at_import`, the cell is as old as those of imports.
        """
        if at_import or self.is_importing:
            self._serial_at_import += 1
            serial = self._serial_at_import
        else:
            self._serial += 1
            serial = self._serial
        cell = HeapCell(serial, self.budget, slots, self.events)
        cell.is_shared = is_shared or self.creates_shared
        return cell

    def record_outer_read(self, container: HeapCell, key: str) -> None:
        """Record that a function reads a slot outside its own scope."""
        slot = container.serial, key
        self.events.record_use(container)
        if slot not in self._outer_reads:
            self._outer_reads.add(slot)
            if slot in self.events.written:  # a rollback of this write must not restore the epoch of the current state
                self._advance_epoch()
        self.reads.add(slot)

    def record_read_of_names(self, container: HeapCell) -> None:
        """Record that a function reads which slots a cell has, so a write to any slot may matter."""
        self.events.record_use(container)
        slot = container.serial, ALL_KEYS
        if slot not in self._outer_reads:
            self._outer_reads.add(slot)
            self._advance_epoch()  # a rollback of an earlier write must not restore the epoch of the current state
        self.reads.add(slot)

    def enter_function(self, serial: int) -> FunctionReads:
        """Start to record the reads of a function whose names are in the cell `serial`. Return the caller's record."""
        caller = FunctionReads(self.reads, self.events.function_serial)
        self.reads, self.events.function_serial = set(), serial
        return caller

    def leave_function(self, caller: FunctionReads) -> frozenset[SlotId]:
        """Return the outer slots that a function has read, and add them to the reads of its caller."""
        reads = frozenset(slot for slot in self.reads if slot[0] < self.events.function_serial)
        caller.slots.update(reads)  # a new set would take linear time at each call
        self.reads, self.events.function_serial = caller.slots, caller.serial
        return reads

    def logged(self, newest: int, *, isolated: bool = False) -> AbstractContextManager[WriteLog]:
        """Log the writes in this context to cells up to the serial `newest` and to shared cells.

        The enclosing log also includes the writes, unless this context is `isolated`.
        """
        return _Logged(self, WriteLog(newest), isolated=isolated)

    @contextmanager
    def unlogged(self) -> Iterator[None]:
        """Do not log the writes in this context."""
        outer, self.log = self.log, None
        try:
            yield
        finally:
            self.log = outer

    def log_changes(self, changes: Changes) -> None:
        """Log values that further passes of the current loop or recursion may write."""
        for change in changes.values():
            self._log(change.container, change.key, change.value)

    def _log(self, container: HeapCell, key: str, value: Slot) -> None:
        slot = None if self.log is None else self.log.slot(container, key, container.get(key, MISSING))
        if slot is not None:
            slot.add(value)

    def write(self, container: HeapCell, key: str, value: Slot) -> None:
        """Set a slot to a value that the program writes, and log the write."""
        self.events.record_use(container)
        if container.repeated_at is not None:
            values = [container.get(key, MISSING), value]
            value = join_slot_values(self.budget, key, values, container.repeated_at)
        self._log(container, key, value)
        slot = (container.serial, key)
        if slot in self._task_writes:
            for task in self.tasks():
                if slot in task.writes:
                    task.contested.add(slot)
        self.put(container, key, value)

    def items_may_change_in_task(self, container: HeapCell) -> bool:
        """Return whether some task may write the items of a collection."""
        return (container.serial, "items") in self._task_writes

    def put(self, container: HeapCell, key: str, value: Slot) -> None:
        """Set a slot to a value without logging a write. The change is recorded for a rollback."""
        old = container.get(key, MISSING)
        if old is not value:
            weak = container.weak_names
            if weak is not None and key in weak.names:
                value = join_slot_values(self.budget, key, [old, value], weak.place)
            if self._task_writes and (container.serial, key) in self._task_writes:
                value = self._join_task_writes(container, key, value)
            self._write(container, key, old, old, value)

    def extend(self, container: HeapCell, value: tuple[Any, ...]) -> None:
        """Append to a collection. `value` contains all its elements, starting with the existing elements."""
        if container.repeated_at is not None:
            self.write(container, "items", value)
            return
        self.events.record_use(container)
        old = container["items"]
        slot = None if self.log is None else self.log.slot(container, "items", old)
        if slot is not None:
            slot.extend(old, value)
        self._write(container, "items", old, Prefix(len(old)), value)

    def _write(self, container: HeapCell, key: str, old: Slot, logged: Slot, value: Slot) -> None:
        if container.is_shared and not self.shares_steps and not self.creates_shared:
            appended = isinstance(logged, Prefix)
            self._share(() if appended else old, value[logged.length :] if appended else value)
        self._trail.append((container, key, logged, self.epoch))
        container[key] = value
        if isinstance(old, _REPLACEABLE) and not isinstance(value, Union) and value.relevant:
            self._record_replaced(container, old)
        slot = container.serial, key
        if slot in self.runs.attached and not isinstance(logged, Prefix):
            detach_removed(self.runs, slot, value)
        if self._task_reads and is_read(slot, self._task_reads):
            self.rewrites.append(Rewrite(container, key, old, self._writer))
        is_outer_read = is_read(slot, self._outer_reads) or (key == "items" and container.serial in self.events.read)
        if (is_outer_read or slot not in self.events.written) and self._affects_steps(slot, old, logged, value):
            self.events.written.add(slot)
            if is_outer_read:
                self._advance_epoch()

    def _affects_steps(self, slot: SlotId, old: Slot, logged: Slot, value: Slot) -> bool:
        """Return whether `affects_steps(old, value)` holds. An append to constants visits only the new elements."""
        if not isinstance(logged, Prefix) or not logged.length:
            return affects_steps(old, value)
        added = value[logged.length :]
        if self._constants.get(slot) is old and are_constants(added):
            self._constants[slot] = value
            return False
        affects = append_affects_steps(old, added)
        if not affects and are_constants(value):
            self._constants[slot] = value
        return affects

    def current_epoch(self) -> int:
        """Return the epoch of the current state."""
        if self.events.is_stale:
            self.events.is_stale = False
            self._advance_epoch()
        return self.epoch

    def _advance_epoch(self) -> None:
        self._epoch_count += 1
        self.epoch = self._epoch_count

    def _share(self, old: Slot, value: Slot) -> None:
        """Mark the objects in the new contents of a shared cell as shared. Record if the contents may include steps."""
        before = set(map(id, old)) if isinstance(old, tuple) else ()
        added = [element for element in value if id(element) not in before] if isinstance(value, tuple) else [value]
        objects = data_objects(*added)
        if objects is None:
            self.shares_steps = True
        for shared in objects or ():
            shared.state.is_shared = shared.state.is_escaped = True

    def _record_replaced(self, container: HeapCell, old: StepFunction | Collection | Mapping) -> None:
        if isinstance(old, StepFunction) and not isinstance(container, Declarations):
            self.replaced.add(old.definition)
        elif isinstance(old, Collection | Mapping):
            self.record_unselected(old.state.elements())

    def record_selection(self, owner: Collection | Mapping, selected: Value) -> None:
        """Record that code selects one step from a collection and leaves the other steps unused."""
        key = owner.state.serial, owner.state.size
        if isinstance(selected, StepFunction) and key not in self._selections:
            self._selections.add(key)
            self.record_unselected(element for element in owner.state.elements() if element.value is not selected)

    def record_unselected(self, elements: Iterable[Element | MappingEntry]) -> None:
        """Record elements of a collection that are removed, or that an exact lookup does not select."""
        self.record_dropped(element.value for element in elements)

    def record_dropped(self, values: Iterable[Value | None]) -> None:
        """Record that the program no longer uses the steps among some values."""
        self.replaced.update(value.definition for value in values if isinstance(value, StepFunction))

    def tasks(self) -> list[TaskState]:
        """Return the tasks that may be in flight."""
        return [task for states in self.in_flight.values() for task in states]

    def conflicting_tasks(self, log: WriteLog, changes: Changes) -> set[cst.CSTNode]:
        """Return the call expressions of the tasks in flight after `changes` that read or write a logged slot."""
        slots = {(logged.container.serial, key) for logged in log for key in (logged.key, ALL_KEYS)}
        tasks = [task for change in changes.values() if change.container is self.in_flight for task in change.value]
        self.budget.spend(Limit.JOINED, len(tasks))
        return {
            task.place.node for task in tasks if not slots.isdisjoint(task.reads) or not slots.isdisjoint(task.writes)
        }

    def weak_update(self, container: HeapCell, key: str, value: Slot, place: SourcePlace) -> None:
        """Update a slot weakly, so its value is either the current value or the new value."""
        self._log(container, key, value)
        self.put(container, key, join_slot_values(self.budget, key, [container.get(key, MISSING), value], place))

    def start_task(self, task: TaskState, log: WriteLog) -> None:
        """Record the start of a task and its writes, which may now happen at any time."""
        for logged in log:
            if not logged.is_relevant:
                continue
            container, key, slot = logged.container, logged.key, (logged.container.serial, logged.key)
            final_value = logged.present
            values = [logged.initial, *logged.values, final_value]
            self.budget.spend(Limit.JOINED, sum(map(visit_cost, values)))
            is_exclusive = not any(slot in concurrent.writes for concurrent in self.tasks())
            pending_value = join_slot_values(self.budget, key, values, task.place)
            self.put(container, key, pending_value)
            task.add_writes((logged,))
            if is_exclusive and final_value is not MISSING:
                task.exclusive_writes.append(TaskWrite(container, key, pending_value, final_value))
        self._merge_earlier_passes(task)
        self._task_writes |= task.writes.keys()
        self._task_reads |= task.reads
        if task.writes or task.reads:
            key = str(task.task_id)
            self.put(self.in_flight, key, (*self.in_flight.get(key, ()), task))

    def _merge_earlier_passes(self, task: TaskState) -> None:
        """Merge the tasks that earlier loop passes have started at the same place into this task."""
        for earlier in self.tasks() if task.loop_depth else ():
            if earlier.place.node is task.place.node and earlier.loop_pass != task.loop_pass:
                self.put(self.in_flight, str(earlier.task_id), ())
                for slot in earlier.observed.values():
                    for value in slot.values:
                        task.see(slot.container, slot.key, value)
                self.budget.spend(Limit.JOINED, sum(len(logged.values) for logged in earlier.writes.values()))
                task.add_writes(earlier.writes.values())

    def extend_task(self, task: TaskState, reads: frozenset[SlotId], log: WriteLog) -> None:
        """Add reads and writes to those of a task in flight, and join the written values with the current values."""
        task.reads |= reads
        self._task_reads |= reads
        task.add_writes(logged for logged in log if logged.is_relevant)
        self._task_writes |= task.writes.keys()
        self.join_writes(task)

    def join_writes(self, task: TaskState) -> None:
        """Join all values that a task in flight may write with the current values, which may be from another path."""
        self._writer = task
        for logged in task.writes.values():
            values = [logged.present, *logged.values]
            self.budget.spend(Limit.JOINED, sum(map(visit_cost, values)))
            joined = join_slot_values(self.budget, logged.key, values, task.place)
            for value in logged.values:
                self._log(logged.container, logged.key, value)
            if not covers(logged.present, joined):
                self.put(logged.container, logged.key, joined)
        self._writer = None

    def finish_task(self, awaited: AwaitedTask, loop_depth: int, *, may_have_failed: bool) -> None:
        """Record the end of a task. Slots that only this task has written get their final values.

        If the task may have failed before its last write, or writes a slot only on paths that raise, the slots keep the
        join of all values that it writes. If each pass of a loop starts the task and only the last run is awaited, the
        task may still be in flight.
        """
        task_id = awaited.task_id
        tasks: tuple[TaskState, ...] = self.in_flight.get(str(task_id), ())
        for task in tasks:
            if not awaited.on_every_path or not (awaited.all_runs or loop_depth >= task.loop_depth):
                continue
            self.put(self.in_flight, str(task_id), ())
            if self.completions is not None:
                self.completions.append(tasks)
            for write in () if may_have_failed else task.exclusive_writes:
                is_contested = (write.container.serial, write.key) in task.contested
                if not is_contested and write.container.get(write.key) is write.pending_value:
                    self.put(write.container, write.key, write.final_value)

    def _join_task_writes(self, container: HeapCell, key: str, value: Slot) -> Slot:
        """Return the join of a value written to a slot and the values that tasks in flight may write to it."""
        slot = (container.serial, key)
        tasks = [task for task in self.tasks() if slot in task.writes]
        self.budget.spend(Limit.JOINED, len(self.in_flight))
        if not tasks:
            return value
        values = [value, *(task_value for task in tasks for task_value in task.writes[slot].values)]
        self.budget.spend(Limit.JOINED, sum(map(visit_cost, values)))
        return join_slot_values(self.budget, key, values, tasks[0].place)

    def checkpoint(self) -> int:
        """Return the current position in the trail, for `changes` and `rollback`."""
        return len(self._trail)

    def changes(self, checkpoint: int) -> Changes:
        """Return the slots written since `checkpoint`, with their current values."""
        self.budget.spend(Limit.JOINED, len(self._trail) - checkpoint)
        changes: Changes = {}
        for container, key, *_ in self._trail[checkpoint:]:
            changes[id(container), key] = SlotChange(container, key, container.get(key, MISSING))
        return changes

    def overwritten(self, checkpoint: int) -> list[Changes]:
        """Return the values written since `checkpoint` and later overwritten, which an exception may expose.

        The earlier values of a list with only appends are omitted, because its current value includes their elements.
        """
        written: set[tuple[int, str]] = set()
        overwritten: list[Changes] = []
        for container, key, old, _ in self._trail[checkpoint:]:
            if (id(container), key) in written and old is not MISSING and not isinstance(old, Prefix):
                overwritten.append({(id(container), key): SlotChange(container, key, old)})
            written.add((id(container), key))
        return overwritten

    def commit(self, checkpoint: int) -> None:
        """Make the writes since `checkpoint` permanent, so no rollback undoes them."""
        del self._trail[checkpoint:]

    def rollback(self, checkpoint: int) -> Changes:
        """Undo all writes since `checkpoint`, and return the resulting changes."""
        changes = self.changes(checkpoint)
        while len(self._trail) > checkpoint:
            container, key, old, self.epoch = self._trail.pop()
            if old is MISSING:
                container.pop(key, None)
            elif isinstance(old, Prefix):
                container[key] = container[key][: old.length]
            else:
                container[key] = old
        return changes
