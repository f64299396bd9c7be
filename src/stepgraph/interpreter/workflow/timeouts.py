"""Steps and waits that the engine continues after a timeout or cancellation."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.tasks import Task
from stepgraph.ir.await_groups import TaskId, awaited_tasks_of
from stepgraph.ir.facts import SleepAsTask, TimeoutFunction, WorkUnderTimeout
from stepgraph.ir.nodes import Activity, Await, Block, EventWait, Sleep, SleepUntil, StepRun
from stepgraph.ir.walk import activities_in, activities_of, walk_operations
from stepgraph.syntax.module import Place


def report_timeout(interpreter: Interpreter, place: Place, by: TimeoutFunction, block: Block) -> None:
    """Report that the engine does not stop the work awaited in a block when the block's timeout expires."""
    task_ids = _awaited_tasks(block)
    started = [interpreter.work.activities[task_id] for task_id in task_ids if task_id in interpreter.work.activities]
    work = [*activities_in(block), *(part for activity in started for part in activities_of(activity))]
    if any(isinstance(part, EventWait) for part in work) and not any(isinstance(part, StepRun) for part in work):
        _report_wait(interpreter, place)
    else:
        report_cancelled_step(interpreter, place, "the timeout here")
    if not (task_ids and interpreter.work.shielded.issuperset(task_ids)):
        _observe(interpreter, place, by, work)


def report_cancelled_step(interpreter: Interpreter, place: Place, by: str) -> None:
    """Report that canceling a coroutine does not stop its step (SDK: `_do_call` runs in a separate task)."""
    _report_cancelled(interpreter, place, by, "The graph shows it as finished.")


def report_cancelled_task(interpreter: Interpreter, place: Place) -> None:
    """Report that canceling a task does not stop its step."""
    _report_cancelled(interpreter, place, "canceling its task here", "The graph does not show when it finishes.")


def _report_cancelled(interpreter: Interpreter, place: Place, by: str, shown: str) -> None:
    interpreter.note(
        "cancelled-step",
        place,
        f"{by} does not stop the step: it continues in the background, and another call runs it a second time.",
        f"{shown} To stop the step itself, set a `timeout` in its config.",
        incomplete=False,
    )


def _report_wait(interpreter: Interpreter, place: Place) -> None:
    interpreter.note(
        "cancelled-step",
        place,
        "the timeout here does not end the `wait_for_event`: it continues in the background.",
        "The graph shows it as finished. To end the wait itself, set its `timeout`.",
        incomplete=False,
    )


def _observe(interpreter: Interpreter, place: Place, by: TimeoutFunction, work: Sequence[Activity]) -> None:
    steps = [part.definition.name for part in work if isinstance(part, StepRun)]
    waits = [part.name for part in work if isinstance(part, EventWait)]
    sleeps = [part.name for part in work if isinstance(part, Sleep | SleepUntil)]
    if steps:
        interpreter.observe(WorkUnderTimeout(by, "step", tuple(dict.fromkeys(steps)), place))
    elif waits:
        interpreter.observe(WorkUnderTimeout(by, "wait", tuple(dict.fromkeys(waits)), place))
    elif sleeps:
        interpreter.observe(WorkUnderTimeout(by, "sleep", tuple(dict.fromkeys(sleeps)), place))


def _awaited_tasks(block: Block) -> list[TaskId]:
    awaits = [visit.operation for visit in walk_operations(block) if isinstance(visit.operation, Await)]
    return [awaited.task_id for await_ in awaits for awaited in awaited_tasks_of(await_.group)]


def observe_sleep_as_task(interpreter: Interpreter, argument: Argument, place: Place) -> None:
    """Record a fact for an `asyncio.create_task` whose argument is the future of a sleep instead of a coroutine."""
    activity = interpreter.work.activities.get(argument.value.task_id) if isinstance(argument.value, Task) else None
    if isinstance(activity, Sleep | SleepUntil):
        callee = place.node.func if isinstance(place.node, cst.Call) else place.node
        interpreter.observe(SleepAsTask(activity.name, argument.place, Place(place.module, callee)))
