"""Joins of paths: the contents of the store at a point where several paths end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING, Slot, ValueSet, is_equivalent
from stepgraph.interpreter.joining import (
    ExclusiveTasks,
    is_relevant,
    join_slot,
    join_slot_values,
    requires_new_pass,
    union_values,
    visit_cost,
)
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.task_runs import PathTasks
from stepgraph.interpreter.values.containers import Container
from stepgraph.interpreter.values.heap_cells import MAX_SERIAL
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.write_log import Changes, SlotChange, SlotId, SlotKey
from stepgraph.ir.await_groups import TaskId
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace


class ExposedValues(Struct):
    """Values that an exception may expose to the handler or `finally` that it reaches, without duplicates."""

    changes: list[Changes] = field(default_factory=list)
    """The exposed values, as changes of one slot each."""
    _values: dict[SlotId, ValueSet] = field(default_factory=dict)
    _collections: set[tuple[SlotId, int]] = field(default_factory=set)
    """The slot and `id` of each collection. `changes` keeps the collections alive."""

    def add(self, changes: Iterable[Changes]) -> None:
        """Add the relevant values in `changes`."""
        for change in (change for slots in changes for change in slots.values() if is_relevant(change.value)):
            slot = change.container.serial, change.key
            if isinstance(change.value, tuple):
                is_new = (slot, id(change.value)) not in self._collections
                self._collections.add((slot, id(change.value)))
            else:
                is_new = self._values.setdefault(slot, ValueSet()).add(change.value)
            if is_new:
                self.changes.append({(id(change.container), change.key): change})


class PathChanges(Struct, frozen=True):
    """A path that leads to a join, with its changes."""

    condition: str | None
    """The source of the path's condition; None for an `else` or if the path has no condition."""
    changes: Changes


def join_paths(
    store: Store,
    paths: Sequence[PathChanges],
    discriminant: str | None,
    place: SourcePlace,
    since: TaskId | None = None,
) -> None:
    """Set the store to the join of alternative paths. The changes of the paths are relative to the current state.

    A task with an id above `since` was started on only one of the paths.
    """
    if len(paths) == 1:
        apply(store, paths[0].changes)
        return
    tasks = PathTasks(store, [path.changes for path in paths])
    for key, change in tasks.changes.items():
        present = change.container.get(change.key, MISSING)
        values = [(p.condition, p.changes[key].value if key in p.changes else present) for p in paths]
        store.budget.spend(Limit.JOINED, sum(visit_cost(value) for _, value in values))
        covered = tasks.covered(change, [value for _, value in values])
        started = None if _fills_other_collections(paths, [value for _, value in values]) else since
        joined = join_slot(store.budget, values, discriminant, place, ExclusiveTasks(started, covered))
        store.put(change.container, change.key, joined)


def _fills_other_collections(paths: Sequence[PathChanges], values: Sequence[Slot]) -> bool:
    """Return whether a path changes a collection that the slot holds on another path only.

    A task in the collection may then have been started on a path on which the slot does not hold it.
    """
    if not any(isinstance(value, Container | Union) for value in values):
        return False
    cells_by_path = [
        {id(leaf.state) for leaf in union_values(value) if isinstance(leaf, Container)} for value in values
    ]
    cells = set().union(*cells_by_path)
    return any(
        (cell, "items") in path.changes
        for path, path_cells in zip(paths, cells_by_path, strict=True)
        for cell in cells - path_cells
    )


def join_ends(store: Store, ends: Sequence[PathChanges], place: SourcePlace, since: TaskId) -> None:
    """Set the store to the join of all paths out of some code. The changes of `ends` are relative to the current state.

    The conditions are used if they are distinct and each path except the last has one.
    """
    conditions = [end.condition for end in ends]
    if None not in conditions[:-1] and len(set(conditions)) == len(conditions):
        join_paths(store, ends, None, place, since)
        return
    tasks = PathTasks(store, [end.changes for end in ends])
    for key, change in tasks.changes.items():
        present = change.container.get(change.key, MISSING)
        values = [end.changes[key].value if key in end.changes else present for end in ends]
        store.budget.spend(Limit.JOINED, len(ends) + sum(map(visit_cost, values)))
        exclusive = ExclusiveTasks(since, tasks.covered(change, values))
        joined = join_slot_values(store.budget, change.key, values, place, exclusive)
        store.put(change.container, change.key, joined)


def apply(store: Store, changes: Changes) -> None:
    """Apply changes that were rolled back."""
    for change in changes.values():
        store.put(change.container, change.key, change.value)


def present_value(change: SlotChange) -> SlotChange:
    """Return a change of the same slot to its current value."""
    return replace(change, value=change.container.get(change.key, MISSING))


def join_any(store: Store, paths: Sequence[Changes], place: SourcePlace, since: TaskId | None = None) -> Changes:
    """Return the join of the current state and of paths that start from it, without conditions.

    A task with an id above `since` was started on only one of the paths.
    """
    values_by_key: dict[SlotKey, tuple[SlotChange, list[Slot]]] = {}
    for path in paths:
        for key, change in path.items():
            values_by_key.setdefault(key, (change, []))[1].append(change.value)
    joined: Changes = {}
    for key, (change, written) in values_by_key.items():
        values = [change.container.get(change.key, MISSING), *written]
        store.budget.spend(Limit.JOINED, 1 + sum(map(visit_cost, values)))
        attached = store.runs.attached_to(change.container, change.key)
        value = join_slot_values(store.budget, change.key, values, place, ExclusiveTasks(since, attached))
        joined[key] = SlotChange(change.container, change.key, value)
    return joined


def join_passes(store: Store, ends: Sequence[Changes], place: SourcePlace, since: TaskId) -> Changes:
    """Return the join of the current state, at the head of a loop, and of the states in which a pass ends."""
    joined = join_any(store, ends, place, since)
    tasks = PathTasks(store, [{}, *ends])
    for key, change in joined.items():
        present = change.container.get(change.key, MISSING)
        values = [present, *(end[key].value if key in end else present for end in ends)]
        covered = tasks.covered(change, values)
        if covered:
            value = join_slot_values(store.budget, change.key, values, place, ExclusiveTasks(since, covered))
            joined[key] = replace(change, value=value)
    return joined


def unstable_changes(head: Changes, end: Changes, newest: int, unset_reads: AbstractSet[SlotId]) -> Changes:
    """Return the changes at the end of a loop body that require another pass, because `head` does not cover them.

    Slots that only the body binds are omitted unless they are in `unset_reads`: it binds the others before each use.
    Cells newer than the serial `newest` are omitted, because each pass allocates them.
    """
    changed: Changes = {}
    for key, change in end.items():
        if newest < change.container.serial < MAX_SERIAL:
            continue
        before = value_before(key, head, change)
        if before is MISSING:
            is_unstable = (change.container.serial, change.key) in unset_reads and is_relevant(change.value)
        else:
            is_unstable = not is_equivalent(before, change.value) and requires_new_pass(before, change.value)
        if is_unstable:
            changed[key] = change
    return changed


def value_before(key: SlotKey, head: Changes, change: SlotChange) -> Slot:
    """Return the value that the slot of a change in a loop body has at the head of the loop."""
    return head[key].value if key in head else change.container.get(change.key, MISSING)
