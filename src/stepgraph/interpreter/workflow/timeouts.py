"""Work that is awaited up to a timeout only, or cancelled: the engine goes on with it."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import Argument, Task
from stepgraph.ir.facts import CutShort, CutShortBy, SleepAsTask
from stepgraph.ir.nodes import Activity, Await, Block, EventWait, Sleep, SleepUntil, StepRun, TaskId, awaited_in
from stepgraph.ir.walk import activities_in, parts_of, reached
from stepgraph.syntax.module import Place


def report_timeout(interpreter: Interpreter, place: Place, by: CutShortBy, block: Block) -> None:
    """Say of what is awaited in a block that the engine does not stop it, however the wait for it ends."""
    task_ids = _joined_in(block)
    started = [interpreter.work.activities[task_id] for task_id in task_ids if task_id in interpreter.work.activities]
    work = [*activities_in(block), *(part for activity in started for part in parts_of(activity))]
    if any(isinstance(part, EventWait) for part in work) and not any(isinstance(part, StepRun) for part in work):
        _note_wait(interpreter, place)
    else:
        note_cut_short(interpreter, place, "the timeout")
    if not (task_ids and interpreter.work.shielded.issuperset(task_ids)):
        _observe(interpreter, place, by, work)


def note_cut_short(interpreter: Interpreter, place: Place, by: str) -> None:
    """Say that cancelling a coroutine of the SDK does not stop the engine (`_do_call` runs in a task of its own)."""
    interpreter.note(
        "cancelled-step",
        place,
        f"a step that is cut short by {by} here goes on in the background, and calling it again runs it again.",
        "The graph shows it as over; to stop the step itself, give it a `timeout` in its config.",
        incomplete=False,
    )


def _note_wait(interpreter: Interpreter, place: Place) -> None:
    interpreter.note(
        "cancelled-step",
        place,
        "a `wait_for_event` that is cut short by the timeout here goes on in the background.",
        "The graph shows it as over; to end the wait itself, give it a `timeout`.",
        incomplete=False,
    )


def _observe(interpreter: Interpreter, place: Place, by: CutShortBy, work: Sequence[Activity]) -> None:
    steps = [part.definition.name for part in work if isinstance(part, StepRun)]
    waits = [part.name for part in work if isinstance(part, EventWait)]
    sleeps = [part.name for part in work if isinstance(part, Sleep | SleepUntil)]
    if steps:
        interpreter.observe(CutShort(by, "step", tuple(dict.fromkeys(steps)), place))
    elif waits:
        interpreter.observe(CutShort(by, "wait", tuple(dict.fromkeys(waits)), place))
    elif sleeps:
        interpreter.observe(CutShort(by, "sleep", tuple(dict.fromkeys(sleeps)), place))


def _joined_in(block: Block) -> list[TaskId]:
    joins = [met.operation for met in reached(block) if isinstance(met.operation, Await)]
    return [awaited.task_id for join in joins for awaited in awaited_in(join.group)]


def observe_sleep_as_task(interpreter: Interpreter, given: Argument, place: Place) -> None:
    """Observe what is given to a call that makes a task, if it is the future of a sleep, and no coroutine."""
    activity = interpreter.work.activities.get(given.value.task_id) if isinstance(given.value, Task) else None
    if isinstance(activity, Sleep | SleepUntil):
        called = place.node.func if isinstance(place.node, cst.Call) else place.node
        interpreter.observe(SleepAsTask(activity.name, given.place, Place(place.module, called)))
