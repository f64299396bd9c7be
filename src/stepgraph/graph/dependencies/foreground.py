"""Work that is awaited on the spot, and awaits of work started before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from stepgraph.graph.dependencies.background import begin_out_of_order, begin_waiting, enter, note_beside, waiting_roots
from stepgraph.graph.dependencies.drawing import Operations, operations_of
from stepgraph.graph.dependencies.history import NOTHING, has_run, joined
from stepgraph.graph.dependencies.reading import Reading
from stepgraph.graph.dependencies.schedule import HasRun, Root, Schedule, Task, definitions_of, schedule
from stepgraph.ir.nodes import (
    Await,
    Call,
    Function,
    Run,
    Start,
    StepDefinition,
    StepRun,
    TaskId,
    over_with,
    task_ids_of,
)
from stepgraph.limits import Limit
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place


def run(reading: Reading, operation: Run) -> Operations:
    """Return work that is awaited on the spot; a step is preceded by those it needs."""
    activity = operation.activity
    if isinstance(activity, StepRun):
        return _run_step(reading, activity, operation.place)
    if isinstance(activity, Call):
        _call(reading, activity.function)
    else:
        begin_waiting(reading)
    return [operation]


def gather(reading: Reading, starts: Sequence[Start], join: Await) -> Operations:
    """Return steps that are started and awaited together, with those they need. What waits begins before them."""
    in_order = sorted(starts, key=lambda start: start.task_id)
    roots = [Root(start.activity) for start in in_order if isinstance(start.activity, StepRun)]
    waiting = waiting_roots(reading)
    found = _together(reading, [*waiting, *roots], join.group.kind, join.place)
    if join.group.kind != "all":
        for root in roots:
            reading.lapse(reading.survey.closure(root.run))
    return found


def join(reading: Reading, operation: Await) -> Operations:
    """Return an await of work started before: it is over now, unless the await ends before.

    What is over already, or is nothing at all, is not waited for: then nothing begins here.
    """
    others = reading.history.waiting.keys() - task_ids_of(operation.group)
    if not others or _surely_waits(reading, operation):
        begin_waiting(reading)
        _joined(reading, operation)
        return [operation]
    before = reading.history.copy()
    before.waiting = {task_id: start for task_id, start in before.waiting.items() if task_id in others}
    begin_waiting(reading)
    _joined(reading, operation)
    after, reading.history = reading.history, before
    _joined(reading, operation)
    reading.history = joined([after, reading.history]) or after
    return [operation]


def _surely_waits(reading: Reading, operation: Await) -> bool:
    """Whether an await is one of work that has yet to begin, on each path there."""
    history = reading.history
    task_ids = task_ids_of(operation.group)
    return any(
        task_id in history.started and task_id not in history.apart for task_id in task_ids & history.waiting.keys()
    )


def _joined(reading: Reading, operation: Await) -> None:
    if not operation.each:
        awaited = [one for one in over_with(operation.group) if one.on_every_path]
        over(reading, sorted(one.task_id for one in awaited))
        repeats = reading.usage.repeats
        reading.history.going -= {one.task_id for one in awaited if one.every or one.task_id not in repeats}
    if operation.group.kind != "all":
        for task_id in sorted(task_ids_of(operation.group)):
            reading.lapse(reading.steps_of(task_id))


def over(reading: Reading, task_ids: Iterable[TaskId]) -> None:
    """Note that background work is over."""
    for task_id in task_ids:
        activity = reading.usage.activities.get(task_id)
        surely = task_id in reading.history.started
        if isinstance(activity, StepRun):
            reading.begun(reading.survey.closure(activity), surely=surely)
        elif isinstance(activity, Call):
            reading.survey.budget.spend(Limit.PAIRS, len(reading.survey.touched(activity.function)))
            reading.history.apply(reading.knowledge.effects.get(id(activity.function), {}), surely=surely)
        running = reading.history.running
        for step in [step for step, other in running.items() if other == task_id]:
            del running[step]


def _run_step(reading: Reading, run: StepRun, place: Place) -> Operations:
    """Return a step that is awaited on the spot, after those it needs. What waits begins when these wait."""
    return _together(reading, [Root(run, awaited=True), *waiting_roots(reading)], "all", place)


def _together(reading: Reading, roots: Sequence[Root], kind: ParallelKind, place: Place) -> Operations:
    """Return steps that begin at one await, as far as they are not in the background, and note what has run then."""
    begin_out_of_order(reading)
    memory = reading.memory()
    planned = schedule(roots, memory)
    first = frozenset(_begun_at_once(reading, planned, roots)) if reading.at_entry else reading.history.first
    reading.awaits(step for key, tasks in planned.begun.items() if _may_begin_at_once(tasks) for step in key)
    reading.report_twice(planned)
    found = operations_of(reading, planned, memory, place, kind)
    note_beside(reading, roots)
    begin_waiting(reading, planned, roots)
    reading.history.first = first
    _note_begun(reading, planned)
    over(reading, sorted({task_id for task_ids in planned.after for task_id in task_ids}))
    return found


def _begun_at_once(reading: Reading, planned: Schedule, roots: Sequence[Root]) -> Iterator[StepDefinition]:
    """Yield what has begun as soon as these wait for something, or has run before. What are tasks begins later."""
    closures: dict[StepDefinition, None] = {}
    for root in roots:
        closures |= reading.survey.closure(root.run)
    reading.survey.budget.spend(Limit.PAIRS, len(closures))
    for step in closures:
        tasks = planned.begun.get((step,), ())
        now = any(task.begins_at_once and task.begun_by is not None and task.begun_by.awaited for task in tasks)
        if now or has_run(reading.past(step)) is HasRun.ALWAYS:
            yield step


def _may_begin_at_once(tasks: Iterable[Task]) -> bool:
    return not all(task.asked_by for task in tasks)


def _note_begun(reading: Reading, planned: Schedule) -> None:
    for task in planned.tasks:
        definitions = definitions_of(task.run)
        if task.conditional or len(definitions) > 1:
            reading.begun(reading.survey.closure(task.run), surely=False)
        if len(definitions) == 1:
            reading.begun(definitions)
        for definition in definitions:
            reading.history.running.pop(definition, None)


def _note_call(reading: Reading, function: Function) -> None:
    """Note what may run while a function does: what goes on beside its caller, and the other way round."""
    beside = sorted(reading.history.going | reading.history.waiting.keys())
    steps = [step for task_id in beside for step in reading.steps_of(task_id)]
    reading.knowledge.runs_beside(function, [*steps, *reading.meanwhile()])
    for task_id in beside:
        activity = reading.usage.activities.get(task_id)
        if isinstance(activity, Call):
            reading.knowledge.runs_beside(activity.function, reading.survey.touched(function))


def _call(reading: Reading, function: Function) -> None:
    """Note a call. Waiting work begins when the function awaits first, so before or after what that runs."""
    may_run = reading.survey.touched(function)
    opening = reading.knowledge.opening(function)
    first = opening.surely if reading.at_entry else reading.history.first
    reading.awaits(opening.maybe)
    _note_call(reading, function)
    enter(reading, function)
    if reading.history.waiting:
        begin_waiting(reading, meanwhile=may_run)
        enter(reading, function)
    reading.history.first = first
    reading.history.apply(reading.knowledge.effects.get(id(function), dict.fromkeys(may_run, NOTHING)))
