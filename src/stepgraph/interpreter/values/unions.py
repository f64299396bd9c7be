"""Values that depend on the execution path."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.values.containers import ElementT
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import (
    Value,
    count_with_children,
)
from stepgraph.syntax.module import SourcePlace


class Case(Struct, frozen=True):
    """One of the possible values of an expression."""

    condition: str | None
    """The source of the condition; None for the default case."""
    value: Value


class Union(Value, Struct, eq=False):
    """A value that is exactly one of several values."""

    cases: tuple[Case, ...]
    discriminant: str | None
    """The source of the expression that a `switch` compares; None for an `if`."""
    place: SourcePlace
    since: TaskId | None = None
    """Tasks with higher ids were started on the path of the case that holds them; None if unknown."""
    size: int = 0
    """The number of cases with nested unions flattened, computed from the fields."""
    parts: int = 1
    """The number of values in the tree of this value, computed from the fields."""
    has_awaitables: bool = False
    """Whether a case, or a case of a nested union, is a task or a future of awaitables, computed from the fields."""

    def __post_init__(self) -> None:
        values = [case.value for case in self.cases]
        self.size = sum([value.size if isinstance(value, Union) else 1 for value in values])
        self.parts = count_with_children(values)
        self.has_awaitables = any(map(_has_awaitables, values))


def _has_awaitables(value: Value) -> bool:
    return value.has_awaitables if isinstance(value, Union) else isinstance(value, Task | Gathering | WaitForCall)


def map_tasks(value: Value, change: Callable[[Task], Task]) -> Value:
    """Return a value with a change applied to each of its tasks, including nested tasks."""
    match value:
        case Task():
            return change(value)
        case Gathering(members=members):
            return replace(value, members=tuple(map_tasks(member, change) for member in members))
        case WaitForCall(inner=inner):
            return replace(value, inner=map_tasks(inner, change))
        case Union(has_awaitables=True):
            return map_cases(value, lambda case: map_tasks(case, change))
        case _:
            return value


def with_all_runs(value: Value) -> Value:
    """Return a value whose tasks represent all tasks started at the same places."""
    return map_tasks(value, lambda task: replace(task, all_runs=True))


def on_some_paths(value: Value) -> Value:
    """Return a value whose tasks exist on some paths only, so awaiting it does not prove that they are finished."""
    return map_tasks(value, lambda task: replace(task, on_every_path=False))


def as_optional(item: ElementT) -> ElementT:
    """Return an element or entry that may be missing."""
    return replace(item, value=on_some_paths(item.value), may_be_missing=True)


def map_cases(union: Union, transform: Callable[[Value], Value]) -> Union:
    """Return a union with a function applied to the value of each case."""
    cases = tuple(replace(case, value=transform(case.value)) for case in union.cases)
    return Union(cases, union.discriminant, union.place, union.since)
