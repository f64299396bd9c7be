"""Values that represent started tasks, and the futures and queues through which values flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Suspension
from stepgraph.ir.values import UNKNOWN, Unresolved, Value, count_with_children
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import ParallelKind


class WaitForCall(Value, Struct, frozen=True):
    """The coroutine of `asyncio.wait_for`."""

    inner: Value
    """The wrapped awaitable. A wrapped coroutine starts when the wrapper is awaited."""
    place: SourcePlace
    parts: int = 1
    """The number of values in the tree of this value, computed from the fields."""

    def __post_init__(self) -> None:
        force_setattr(self, "parts", count_with_children((self.inner,)))


class Task(Value, Struct, frozen=True):
    """A started task."""

    task_id: TaskId
    result: Value = UNKNOWN
    """The result of awaiting the task."""
    all_runs: bool = False
    """Whether the value represents all tasks started at this place, instead of only the last one."""
    on_every_path: bool = True
    """Whether the value is this task on every path, so that awaiting the value must await the task."""
    parts: int = 1
    """The number of values in the tree of this value, computed from the fields."""

    def __post_init__(self) -> None:
        if self.result is not UNKNOWN:
            force_setattr(self, "parts", count_with_children((self.result,)))


class Gathering(Value, Struct, frozen=True):
    """A future of several awaitables, as `asyncio.gather` returns. Without members, its work is finished."""

    kind: ParallelKind
    members: tuple[Value, ...]
    """The tasks and nested gatherings."""
    until_done: bool = True
    """Whether awaiting the future lasts until all members finish. False if a timeout may end the await earlier."""
    result: Value = UNKNOWN
    """The result of awaiting the future."""
    one_per_iteration: bool = False
    """Whether the value is a single member, a different one in each pass of a loop."""
    started_tasks: frozenset[TaskId] = frozenset()
    """The tasks that were started for this future."""
    loop_depth: int = 0
    """The number of loops in the function that enclose the creation of the future."""
    in_completion_order: bool = False
    """Whether the members are awaited in order of completion, as by `asyncio.as_completed`."""
    until_error: bool = False
    """Whether the first error of a member also ends the await, without being raised."""
    awaits_work_without_steps: bool = False
    """Whether the future also awaits work without steps. An error in that work leaves the members running."""
    suspension: Suspension = Suspension.NEVER
    """Whether awaiting the future suspends if it has no members."""
    parts: int = 1
    """The number of values in the tree of this value, computed from the fields."""

    def __post_init__(self) -> None:
        force_setattr(self, "parts", count_with_children((*self.members, self.result)))

    @property
    def _key(self) -> tuple[object, ...]:
        """The fields that decide equality. Members determine the result, so it counts only without members."""
        return (
            None if self.members else self.result,
            self.kind,
            self.members,
            self.until_done,
            self.one_per_iteration,
            self.started_tasks,
            self.loop_depth,
            self.in_completion_order,
            self.until_error,
            self.suspension,
            self.awaits_work_without_steps,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gathering) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Queue(Value, Struct, eq=False):
    """A queue of `asyncio` or of the module `queue`."""

    contents: Collection
    """All values added to the queue so far, in any order, including those that `get` has returned."""
    is_async: bool
    """Whether `get` returns an awaitable."""


class Future(Value, Struct, eq=False):
    """An `asyncio.Future` or a pending `get` of a queue."""

    contents: Collection
    """The values that the future may have."""
    place: SourcePlace


def result_of(future: Value) -> Value:
    """Return the result of awaiting a started task or future, or UNKNOWN for other values."""
    if isinstance(future, WaitForCall):
        return result_of(future.inner)
    if isinstance(future, Future):
        return Unresolved("it comes from a queue or future", future.place)
    return future.result if isinstance(future, Task | Gathering) else UNKNOWN


class TaskGroup(Value, Struct, eq=False):
    """A task group, as from `asyncio.TaskGroup()`."""

    state: HeapCell
    """A cell whose slot `items` has the ids of the group's tasks."""


def iterated_tasks(value: Value) -> tuple[Value, ...]:
    """Return the tasks that a loop variable has as values, one in each pass. Return any other value by itself."""
    match value:
        case Gathering(one_per_iteration=True, members=[_, *_] as tasks) if all(isinstance(e, Task) for e in tasks):
            return tuple(tasks)
        case _:
            return (value,)
