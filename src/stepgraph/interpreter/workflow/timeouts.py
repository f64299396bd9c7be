"""Steps and waits that the engine continues after a timeout or cancellation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.values.calls import Argument, PreparedCall
from stepgraph.interpreter.values.tasks import Task
from stepgraph.ir.await_groups import TaskId, awaited_tasks_of
from stepgraph.ir.facts import FutureAsTask, TimeoutFunction, WorkCanceled
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Function,
    Jump,
    JumpKind,
    OperationBlock,
    Run,
    begins_at_call,
    work_kind,
)
from stepgraph.ir.values import Value
from stepgraph.ir.walk import activities_in, activities_of, name_of, walk_operations
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import WorkKind


def report_timeout(interpreter: Interpreter, place: SourcePlace, by: TimeoutFunction, block: OperationBlock) -> None:
    """Report that the engine does not stop the work awaited in a block when the block's timeout expires."""
    task_ids = _awaited_tasks(block)
    work = [*activities_in(block), *_work_of(interpreter, task_ids)]
    if task_ids and interpreter.work.shielded.issuperset(task_ids):
        _report_shielded(interpreter, place, work)
    elif steps := _names(work, "step"):
        _report_canceled_step(interpreter, place, "the timeout here", "The graph shows it as finished.")
        interpreter.observe(WorkCanceled(by, "step", steps, place))
    elif waits := _names(work, "wait"):
        _report_canceled_wait(interpreter, place)
        interpreter.observe(WorkCanceled(by, "wait", waits, place))


def report_canceled_group(interpreter: Interpreter, place: SourcePlace, interrupted: Sequence[OperationBlock]) -> None:
    """Report that steps after the cancellation of a task in a group run while the step of the task continues.

    `interrupted` contains the blocks of the tasks that a cancellation leaves for these steps.
    """
    steps = _names([activity for block in interrupted for activity in activities_in(block)], "step")
    if steps:
        _report_canceled_step(interpreter, place, "the failure of another task here", "The graph shows it as finished.")
        interpreter.observe(WorkCanceled("asyncio.TaskGroup", "step", steps, place))


def report_canceled_tasks(interpreter: Interpreter, place: SourcePlace, task_ids: Iterable[TaskId]) -> None:
    """Report that canceling tasks does not stop their steps."""
    steps = _names(_work_of(interpreter, task_ids), "step")
    if steps:
        _report_canceled_step(
            interpreter, place, "canceling its task here", "The graph does not show when it finishes."
        )
        interpreter.observe(WorkCanceled("cancel", "step", steps, place))


def _report_canceled_step(interpreter: Interpreter, place: SourcePlace, by: str, shown: str) -> None:
    interpreter.note(
        "canceled-step",
        place,
        f"{by} does not stop the step: it continues in the background, and another call runs it a second time.",
        f"{shown} To stop the step itself, set a `timeout` in its config.",
        incomplete=False,
    )


def _report_canceled_wait(interpreter: Interpreter, place: SourcePlace) -> None:
    interpreter.note(
        "canceled-step",
        place,
        "the timeout here does not end the wait: it continues in the background until its own timeout.",
        "The graph shows it as finished. Set the `timeout` of the wait instead.",
        incomplete=False,
    )


def _report_shielded(interpreter: Interpreter, place: SourcePlace, work: Sequence[Activity]) -> None:
    if _names(work, "step") or _names(work, "wait"):
        interpreter.note(
            "shielded-step",
            place,
            "the timeout here ends before the shielded work, which continues in the background.",
            "Unless later code awaits that work, the graph shows it as finished.",
            incomplete=False,
        )


def _work_of(interpreter: Interpreter, task_ids: Iterable[TaskId]) -> list[Activity]:
    """Return the work of tasks, including the work in the functions that they run."""
    activities = interpreter.work.activities
    return [part for task_id in task_ids if task_id in activities for part in activities_of(activities[task_id])]


def _names(work: Iterable[Activity], kind: WorkKind) -> tuple[str, ...]:
    """Return the distinct names of the work of a kind, in order."""
    return tuple(dict.fromkeys(name_of(part) for part in work if work_kind(part) == kind))


def _awaited_tasks(block: OperationBlock) -> list[TaskId]:
    awaits = [visit.operation for visit in walk_operations(block) if isinstance(visit.operation, Await)]
    return [awaited.task_id for await_ in awaits for awaited in awaited_tasks_of(await_.group)]


def observe_future_as_task(interpreter: Interpreter, argument: Argument, place: SourcePlace) -> None:
    """Record a fact for an `asyncio.create_task` whose argument is the future of a sleep rather than a coroutine."""
    for value in union_values(argument.value):
        kind = _kind_of_future(interpreter, value)
        if kind is not None:
            callee = place.node.func if isinstance(place.node, cst.Call) else place.node
            interpreter.observe(FutureAsTask(kind, argument.place, SourcePlace(place.module, callee)))
            return


def _kind_of_future(interpreter: Interpreter, value: Value) -> WorkKind | None:
    """Return the kind of work whose call returns a value that is its future. Return None for other values.

    A plain function may call the work and return the future.
    """
    activity: Activity | None = None
    if isinstance(value, PreparedCall):
        activity = Call(value.function)
    elif isinstance(value, Task):
        activity = interpreter.work.activities.get(value.task_id)
    if isinstance(activity, Call) and _is_plain(activity.function):
        match activity.function.body.operations:
            case [Run(activity=only), Jump(kind=JumpKind.RETURN)]:
                activity = only
    return (
        None if activity is None or isinstance(activity, Call) or not begins_at_call(activity) else work_kind(activity)
    )


def _is_plain(function: Function) -> bool:
    node = function.place.node
    return isinstance(node, cst.FunctionDef) and node.asynchronous is None
