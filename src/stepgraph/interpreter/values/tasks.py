"""Started tasks, and futures and queues, through which values flow from code to other code."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.interpreter.values.containers import Collection, HeapCell
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import UNKNOWN, Unresolved, Value, count_with_children
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place


class WaitForCall(Value, Struct, frozen=True):
    """The coroutine of `asyncio.wait_for`."""

    inner: Value
    """The wrapped awaitable. A coroutine starts when the wrapper is awaited."""
    place: Place
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        force_setattr(self, "parts", count_with_children((self.inner,)))


class Task(Value, Struct, frozen=True):
    """A started task."""

    task_id: TaskId
    result: Value = UNKNOWN
    """The value of an await of the task."""
    all_runs: bool = False
    """Whether it represents all tasks started at this place, instead of the last one."""
    on_every_path: bool = True
    """Whether the value is this task on every path, so awaiting the value must await the task."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        if self.result is not UNKNOWN:
            force_setattr(self, "parts", count_with_children((self.result,)))


class Gathering(Value, Struct, frozen=True):
    """A future of several awaitables, as returned by `asyncio.gather`. Without members, its work is finished."""

    kind: ParallelKind
    members: tuple[Value, ...]
    """Tasks and nested gatherings."""
    until_done: bool = True
    """Whether an await lasts until its members finish. A timeout may end it earlier."""
    result: Value = UNKNOWN
    """The value of an await of the future."""
    one_per_iteration: bool = False
    """Whether it is one member, and a different member at each pass of a loop."""
    started_tasks: frozenset[TaskId] = frozenset()
    """The tasks started for it."""
    loop_depth: int = 0
    """Number of loops of the function around its creation."""
    in_completion_order: bool = False
    """Whether its members are awaited in the order of completion, as by `asyncio.as_completed`."""
    until_error: bool = False
    """Whether the first error of a member also ends an await, without raising it."""
    awaits_work_without_steps: bool = False
    """Whether it also awaits work without steps, whose errors leave the members running."""
    parts: int = 1
    """The number of values in this tree, computed from the fields."""

    def __post_init__(self) -> None:
        force_setattr(self, "parts", count_with_children((*self.members, self.result)))

    @property
    def _key(self) -> tuple[object, ...]:
        """The fields that are compared. Futures of the same tasks have the same result."""
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
            self.awaits_work_without_steps,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Gathering) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Queue(Value, Struct, eq=False):
    """A queue of `asyncio` or of the module `queue`."""

    contents: Collection
    """All values that were put into it, in any order. They stay when `get` returns them."""
    is_async: bool
    """Whether `get` returns an awaitable."""


class Future(Value, Struct, eq=False):
    """An `asyncio.Future`, or a pending `get` of a queue."""

    contents: Collection
    """The values that it may have."""
    place: Place


def result_of(future: Value) -> Value:
    """Return the value of an await of a started task or future, or UNKNOWN for any other value."""
    if isinstance(future, WaitForCall):
        return result_of(future.inner)
    if isinstance(future, Future):
        return Unresolved("it comes from a queue or future", future.place)
    return future.result if isinstance(future, Task | Gathering) else UNKNOWN


class TaskGroup(Value, Struct, eq=False):
    """`asyncio.TaskGroup()`."""

    state: HeapCell
    """Its slot `items` has the ids of its tasks."""
