"""Steps and waits that the engine continues after a timeout or cancellation."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.tasks import Task
from stepgraph.ir.await_groups import TaskId, awaited_tasks_of
from stepgraph.ir.facts import FutureAsTask, TimeoutFunction, WorkUnderTimeout
from stepgraph.ir.nodes import Activity, Await, OperationBlock, begins_at_call, work_kind
from stepgraph.ir.walk import activities_in, activities_of, name_of, walk_operations
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.step_methods import WorkKind


def report_timeout(interpreter: Interpreter, place: SourcePlace, by: TimeoutFunction, block: OperationBlock) -> None:
    """Report that the engine does not stop the work awaited in a block when the block's timeout expires."""
    task_ids = _awaited_tasks(block)
    started = [interpreter.work.activities[task_id] for task_id in task_ids if task_id in interpreter.work.activities]
    work = [*activities_in(block), *(part for activity in started for part in activities_of(activity))]
    kinds = set(map(work_kind, work))
    if "step" in kinds:
        report_cancelled_step(interpreter, place, "the timeout here")
    elif "wait" in kinds:
        _report_wait(interpreter, place)
    if not (task_ids and interpreter.work.shielded.issuperset(task_ids)):
        _observe(interpreter, place, by, work)


def report_cancelled_step(interpreter: Interpreter, place: SourcePlace, by: str) -> None:
    """Report that canceling a coroutine does not stop its step, because the engine continues the step."""
    _report_cancelled(interpreter, place, by, "The graph shows it as finished.")


def report_cancelled_task(interpreter: Interpreter, place: SourcePlace) -> None:
    """Report that canceling a task does not stop its step."""
    _report_cancelled(interpreter, place, "canceling its task here", "The graph does not show when it finishes.")


def _report_cancelled(interpreter: Interpreter, place: SourcePlace, by: str, shown: str) -> None:
    interpreter.note(
        "cancelled-step",
        place,
        f"{by} does not stop the step: it continues in the background, and another call runs it a second time.",
        f"{shown} To stop the step itself, set a `timeout` in its config.",
        incomplete=False,
    )


def _report_wait(interpreter: Interpreter, place: SourcePlace) -> None:
    interpreter.note(
        "cancelled-step",
        place,
        "the timeout here does not end the `wait_for_event`: it continues in the background.",
        "The graph shows it as finished. To end the wait itself, set its `timeout`.",
        incomplete=False,
    )


def _observe(interpreter: Interpreter, place: SourcePlace, by: TimeoutFunction, work: Sequence[Activity]) -> None:
    names: dict[WorkKind, dict[str, None]] = {}
    for part in work:
        if (kind := work_kind(part)) is not None:
            names.setdefault(kind, {})[name_of(part)] = None
    if names:
        most_significant = min(names, key=_rank)
        interpreter.observe(WorkUnderTimeout(by, most_significant, tuple(names[most_significant]), place))


def _rank(kind: WorkKind) -> int:
    """Return the rank of work by the effect of its continuation after a timeout, 0 for the most significant."""
    match kind:
        case "step":
            return 0
        case "wait":
            return 1
        case "sleep":
            return 2


def _awaited_tasks(block: OperationBlock) -> list[TaskId]:
    awaits = [visit.operation for visit in walk_operations(block) if isinstance(visit.operation, Await)]
    return [awaited.task_id for await_ in awaits for awaited in awaited_tasks_of(await_.group)]


def observe_future_as_task(interpreter: Interpreter, argument: Argument, place: SourcePlace) -> None:
    """Record a fact for an `asyncio.create_task` whose argument is the future of a sleep rather than a coroutine."""
    activity = interpreter.work.activities.get(argument.value.task_id) if isinstance(argument.value, Task) else None
    kind = None if activity is None else work_kind(activity)
    if activity is not None and kind is not None and begins_at_call(activity):
        callee = place.node.func if isinstance(place.node, cst.Call) else place.node
        interpreter.observe(FutureAsTask(kind, argument.place, SourcePlace(place.module, callee)))
