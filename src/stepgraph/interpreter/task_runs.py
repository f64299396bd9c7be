"""The tasks of the current function that may be pending on each path, and the tasks that values hold there.

A variable or list may lack a task on some paths because these paths have already awaited it:

    tasks = []
    for row in rows:
        tasks.append(asyncio.create_task(load()))
        if len(tasks) == 10:
            await asyncio.gather(*tasks)
            tasks.clear()
    await asyncio.gather(*tasks)  # awaits all tasks that are still pending
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as AnyMapping
from collections.abc import Set as AbstractSet
from operator import is_
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst
from msgspec import Struct, field

from stepgraph.interpreter.equivalence import MISSING, Slot
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import MAX_SERIAL, HeapCell, state_cell
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.work import awaited_tasks
from stepgraph.interpreter.write_log import SlotId
from stepgraph.ir.await_groups import AwaitedTask, TaskId

if TYPE_CHECKING:
    from stepgraph.interpreter.interpreter import Interpreter
    from stepgraph.interpreter.store import Store
    from stepgraph.interpreter.write_log import Changes, SlotChange
    from stepgraph.ir.values import Value

STARTING_FUNCTIONS: Final = ("create_task", "ensure_future")
"""The functions of `asyncio` that start a task."""

_WITH_TASKS: Final = (Task, Gathering, WaitForCall, Union)

StartSite: TypeAlias = tuple[int, int]
"""The serial of the function that starts a task, and the `id` of the node that starts it."""


class TaskRuns(Struct):
    """The runs of the tasks that functions start themselves, outside of steps."""

    pending: HeapCell = field(default_factory=state_cell)
    """By task: the id of the task in a tuple while a run of it may be pending, or else an empty tuple.

    These states are in cells so that a join of paths joins them, too.
    """
    uncovered: HeapCell = field(default_factory=state_cell)
    """The same for the tasks that start in a loop, until an await covers all runs in a collection."""
    grouped: HeapCell = field(default_factory=state_cell)
    """By serial of a collection: its elements when an await was last created for them."""
    sites: dict[TaskId, StartSite] = field(default_factory=dict)
    by_site: dict[StartSite, list[TaskId]] = field(default_factory=dict)
    """The tasks that each site starts, one in each evaluation of its code."""
    repeated: set[TaskId] = field(default_factory=set)
    """The tasks that start in a loop, so that several runs may be pending."""
    attached: dict[SlotId, set[TaskId]] = field(default_factory=dict)
    """The tasks that a variable or collection holds from their start on, as by `task = asyncio.create_task(...)`.

    A value of the slot without such a task is older than the task. Tasks that some path removes are omitted.
    """
    last_start: tuple[TaskId, int] | None = None
    """The task that was started last, and the number of branches around its start."""
    start_calls: dict[TaskId, int] = field(default_factory=dict)
    """By task: the `id` of the call that has started it, as `asyncio.create_task(work)` starts a coroutine variable."""
    emptied: list[int] = field(default_factory=list)
    """The serials of the collections from which code in a loop has removed elements, which may be pending tasks."""

    def attached_to(self, container: HeapCell, key: str) -> AbstractSet[TaskId]:
        """Return the tasks that a slot holds from their start on."""
        return self.attached.get((container.serial, key), frozenset())

    def may_be_pending(self, task_id: TaskId) -> bool:
        """Return whether a run of a task, or of the same task in another pass, may be pending on the current path."""
        site = self.sites.get(task_id)
        return site is None or any(self.pending.get(str(same), ()) != () for same in self.by_site[site])

    def is_awaited(self, task_id: TaskId) -> bool:
        """Return whether an await has covered all runs of a task that a collection holds."""
        return bool(self.uncovered.get(str(task_id), (task_id,)) == ())


def record_run(store: Store, task_id: TaskId, node: cst.CSTNode, *, in_loop: bool, branch_depth: int) -> None:
    """Record that the current function starts a task."""
    runs = store.runs
    runs.last_start = task_id, branch_depth
    site = store.events.function_serial, id(node)
    runs.sites[task_id] = site
    runs.by_site.setdefault(site, []).append(task_id)
    store.put(runs.pending, str(task_id), (task_id,))
    if in_loop:
        runs.repeated.add(task_id)
        store.put(runs.uncovered, str(task_id), (task_id,))


def record_await(store: Store, awaited: Iterable[AwaitedTask]) -> None:
    """Record that the current function has awaited tasks until they were done."""
    for task in awaited:
        if task.on_every_path and _is_own(store, task.task_id):
            if task.task_id not in store.runs.repeated:
                store.put(store.runs.pending, str(task.task_id), ())
            elif task.all_runs:
                store.put(store.runs.uncovered, str(task.task_id), ())


def record_inline_run(store: Store, task_id: TaskId) -> None:
    """Record that the current function has awaited a task in the expression that starts it."""
    if task_id in store.runs.sites:
        store.put(store.runs.pending, str(task_id), ())
    if task_id in store.runs.repeated:
        store.put(store.runs.uncovered, str(task_id), ())


def attach(store: Store, container: HeapCell, key: str, task: Task, node: cst.CSTNode, *, branch_depth: int) -> None:
    """Record that a slot holds a task if the call at `node` has just started it, as `create_task` does.

    At another branch depth than the start, only one of several possible collections holds the task.
    """
    runs = store.runs
    is_last = runs.last_start == (task.task_id, branch_depth)
    if is_last and (runs.start_calls.get(task.task_id) == id(node) or _starts_work_at(node, runs.sites[task.task_id])):
        runs.attached.setdefault((container.serial, key), set()).add(task.task_id)


def _starts_work_at(node: cst.CSTNode, site: StartSite) -> bool:
    match node:
        case cst.Call(
            func=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)), args=[cst.Arg(value=work), *_]
        ):
            return name in STARTING_FUNCTIONS and site[1] == id(work)
        case _:
            return False


def detach_removed(runs: TaskRuns, slot: SlotId, value: Slot) -> None:
    """Record a write to a slot with attached tasks. The tasks that the new value lacks are no longer attached."""
    parts = value if isinstance(value, tuple) else (value,)
    values = [part.value if isinstance(part, Element | MappingEntry) else part for part in parts]
    reachable = {task.task_id for each in values if isinstance(each, _WITH_TASKS) for task in awaited_tasks(each)}
    runs.attached[slot] &= reachable


def record_group(store: Store, collection: Collection) -> None:
    """Record that the current function creates an await of all elements of a collection."""
    if store.runs.repeated:
        store.put(store.runs.grouped, str(collection.state.serial), collection.state.elements())


def record_removal(store: Store, owner: Collection | Mapping, *, in_loop: bool, is_outside_loops: bool) -> None:
    """Record the removal of all elements of a collection.

    If the function has created the collection outside of its loops and has just awaited all elements, their tasks are
    done. In a loop, otherwise, an await of the collection does not cover all runs of the tasks added later.
    """
    runs, elements = store.runs, owner.state.elements()
    tasks = [task for element in elements for task in awaited_tasks(element.value)]
    are_awaited = is_outside_loops and runs.grouped.get(str(owner.state.serial)) is elements
    if tasks and are_awaited and all(task.on_every_path and runs.is_awaited(task.task_id) for task in tasks):
        same_sites = (same for task in tasks for same in runs.by_site[runs.sites[task.task_id]])
        for task_id in dict.fromkeys(same_sites):
            store.put(runs.pending, str(task_id), ())
    elif in_loop:
        record_loss(store, owner)


def record_loss(store: Store, owner: Collection | Mapping) -> None:
    """Record that code in a loop removes elements of a collection, whose tasks may be pending."""
    runs = store.runs
    runs.emptied.append(owner.state.serial)
    tasks = (task for element in owner.state.elements() for task in awaited_tasks(element.value))
    if any(runs.may_be_pending(task.task_id) for task in tasks):
        owner.state.drops_tasks = True


def is_refilled(emptied: AbstractSet[int], head: Changes, end: Changes) -> bool:
    """Return whether a pass of a loop has added the first tasks to a collection that it also empties.

    Each of the following passes removes these tasks.
    """
    return any(
        _held_tasks(change.value) and not _held_tasks(head[key].value if key in head else ())
        for key, change in end.items()
        if change.container.serial in emptied
    )


def _is_own(store: Store, task_id: TaskId) -> bool:
    """Return whether the current function has started a task."""
    return store.runs.sites.get(task_id, (None,))[0] == store.events.function_serial


class PathTasks:
    """The tasks that may be pending at the ends of several paths, whose changes are relative to the store."""

    def __init__(self, store: Store, paths: Sequence[Changes]) -> None:
        self.store = store
        self.count = len(paths)
        self._pending: dict[TaskId, list[bool]] = {}
        """Whether each task that some path has started or awaited may be pending at the end of each path."""
        self.changes = self._changes(paths)
        """A change of each slot that a path writes, except the states of tasks that no path starts and leaves pending.

        With these states, the join of many branches that each await a step would take quadratic time.
        """
        pending = store.runs.pending
        for key, change in self.changes.items():
            if change.container is pending:
                present = pending.get(change.key, MISSING)
                values = [path[key].value if key in path else present for path in paths]
                self._pending[int(change.key)] = [value is not MISSING and value != () for value in values]

    def _changes(self, paths: Sequence[Changes]) -> Changes:
        changes = {key: change for path in paths for key, change in path.items()}
        if not self.store.runs.sites:
            return changes
        cell = self.store.runs.pending
        written = [(key, change) for path in paths for key, change in path.items() if change.container is cell]
        pending = {key for key, change in written if change.value != () or cell.get(change.key, ()) != ()}
        for key, _ in written:
            if key not in pending:
                changes.pop(key, None)
        return changes

    def covered(self, change: SlotChange, values: Sequence[Slot]) -> AbstractSet[TaskId]:
        """Return the tasks that the value of a changed slot holds on each path on which they may be pending.

        `values` contains the value at the end of each path.
        """
        runs = self.store.runs
        if not runs.sites or change.container.serial == MAX_SERIAL or all(value is values[0] for value in values):
            return frozenset()
        tasks_by_path = [_held_tasks(value) for value in _without_shared(values)]
        tasks = dict.fromkeys(task_id for each in tasks_by_path for task_id in each)
        covered = {task_id for task_id in tasks if self._is_covered(task_id, tasks_by_path)}
        return covered | runs.attached_to(change.container, change.key)

    def _is_covered(self, task_id: TaskId, tasks_by_path: Sequence[AnyMapping[TaskId, bool]]) -> bool:
        if not _is_own(self.store, task_id) or len({each[task_id] for each in tasks_by_path if task_id in each}) > 1:
            return False
        runs = self.store.runs
        same_site = runs.by_site[runs.sites[task_id]]
        return all(
            task_id in each or not any(self._is_pending(task, path) for task in same_site)
            for path, each in enumerate(tasks_by_path)
        )

    def _is_pending(self, task_id: TaskId, path: int) -> bool:
        pending = self._pending.get(task_id)
        if pending is not None:
            return pending[path]
        return bool(self.store.runs.pending.get(str(task_id)))


def _without_shared(values: Sequence[Slot]) -> Sequence[Slot]:
    """Return the contents of a collection on several paths without the elements at the start that all share."""
    first = values[0]
    if not first or not all(isinstance(value, tuple) for value in values):
        return values
    shared = min([*map(is_, first, value), False].index(False) for value in values)
    return [value[shared:] for value in values]


def _held_tasks(slot: Slot) -> dict[TaskId, bool]:
    """Return the tasks that a value holds on every path, and whether it holds all their runs."""
    if isinstance(slot, tuple):
        return {
            task.task_id: element.many or task.all_runs
            for element in slot
            if isinstance(element, Element | MappingEntry)
            for task in _certain_tasks(element.value)
        }
    return {} if slot is MISSING else {task.task_id: task.all_runs for task in _certain_tasks(slot)}


def _certain_tasks(value: Slot) -> Iterator[AwaitedTask]:
    if isinstance(value, _WITH_TASKS):
        yield from (task for task in awaited_tasks(value) if task.on_every_path)


def emptied_collection(interpreter: Interpreter, name: str, value: Value) -> Collection | Mapping | None:
    """Return the collection of tasks from outside of the loop that a variable holds if `value` empties the variable.

    The variable must hold the only reference to its collection.
    """
    match interpreter.frame.scope.names.get(name), value:
        case (Collection() as present, Collection()) if present.kind == value.kind:
            collection: Collection | Mapping = present
        case (Mapping() as present, Mapping()):
            collection = present
        case _:
            return None
    is_older = collection.loop_depth < interpreter.loop_depth and not collection.is_argument
    if not is_older or not value.is_empty or not _may_hold_only_tasks(interpreter, collection):
        return None
    return collection


def is_only_name(interpreter: Interpreter, target: cst.BaseExpression) -> bool:
    """Return whether a target is a local variable whose collections no other name refers to."""
    # Imported here because few workflows change collections in place.
    from stepgraph.syntax.mutation.single_names import names_without_aliases

    frame = interpreter.frame
    if frame.function is None or frame.scope.kind != "function" or not isinstance(target, cst.Name):
        return False
    return target.value in names_without_aliases(frame.function, interpreter.module)


def older_set_of_tasks(interpreter: Interpreter, name: str) -> Collection | None:
    """Return the set of tasks from outside of the loop that a variable holds, or None for other values."""
    present = interpreter.frame.scope.names.get(name)
    if not isinstance(present, Collection) or present.kind != "set" or present.is_argument:
        return None
    is_older = present.loop_depth < interpreter.loop_depth
    return present if is_older and _may_hold_only_tasks(interpreter, present) else None


def _may_hold_only_tasks(interpreter: Interpreter, collection: Collection | Mapping) -> bool:
    """Return whether a collection holds only tasks. An empty one may hold those of other passes."""
    elements = collection.state.elements()
    if not elements:
        return any(interpreter.module.mentions(name.encode()) for name in STARTING_FUNCTIONS)
    return all(isinstance(leaf, Task) for element in elements for leaf in union_values(element.value))
