"""Expansion of work that is awaited at once, and of awaits of started tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from stepgraph.graph.dependencies.background import (
    begin_queued_tasks,
    queued_calls,
    record_concurrent_steps,
    record_function_entry,
    record_unordered_begins,
)
from stepgraph.graph.dependencies.drawing import OperationList, operations_of
from stepgraph.graph.dependencies.history import NO_PATH, has_run, join_states
from stepgraph.graph.dependencies.reading import BodyAnalysis
from stepgraph.graph.dependencies.schedule import DirectCall, HasRun, Schedule, ScheduledRun, definitions_of, schedule
from stepgraph.ir.nodes import (
    Await,
    Call,
    Function,
    Run,
    Start,
    StepDefinition,
    StepRun,
    TaskId,
    task_ids_of,
    tasks_done_after,
)
from stepgraph.limits import Limit
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place


def expand_run(analysis: BodyAnalysis, operation: Run) -> OperationList:
    """Return work that is awaited at once, with the dependencies of a step before it."""
    activity = operation.activity
    if isinstance(activity, StepRun):
        return _expand_step(analysis, activity, operation.place)
    if isinstance(activity, Call):
        _apply_call(analysis, activity.function)
    else:
        begin_queued_tasks(analysis)
    return [operation]


def expand_gather(analysis: BodyAnalysis, starts: Sequence[Start], await_: Await) -> OperationList:
    """Return steps that are started and awaited together, with their dependencies.

    Queued tasks begin before these steps.
    """
    in_order = sorted(starts, key=lambda start: start.task_id)
    roots = [DirectCall(start.activity) for start in in_order if isinstance(start.activity, StepRun)]
    queued = queued_calls(analysis)
    operations = _expand_at_await(analysis, [*queued, *roots], await_.group.kind, await_.place)
    if await_.group.kind != "all":
        for root in roots:
            analysis.lapse(analysis.survey.closure(root.run))
    return operations


def expand_await(analysis: BodyAnalysis, operation: Await) -> OperationList:
    """Return an await of started tasks, and record that they are over unless the await may end earlier.

    If all awaited tasks may be over already, the await may not suspend, and then queued tasks do not begin.
    """
    other_tasks = analysis.history.waiting.keys() - task_ids_of(operation.group)
    if not other_tasks or _must_suspend(analysis, operation):
        begin_queued_tasks(analysis)
        _record_await(analysis, operation)
        return [operation]
    before = analysis.history.copy()
    before.waiting = {task_id: start for task_id, start in before.waiting.items() if task_id in other_tasks}
    begin_queued_tasks(analysis)
    _record_await(analysis, operation)
    after, analysis.history = analysis.history, before
    _record_await(analysis, operation)
    analysis.history = join_states([after, analysis.history]) or after
    return [operation]


def _must_suspend(analysis: BodyAnalysis, operation: Await) -> bool:
    """Whether an await includes a task that is queued on every path to it."""
    state = analysis.history
    task_ids = task_ids_of(operation.group)
    return any(task_id in state.started and task_id not in state.apart for task_id in task_ids & state.waiting.keys())


def _record_await(analysis: BodyAnalysis, operation: Await) -> None:
    if not operation.each:
        awaited = [awaited_task for awaited_task in tasks_done_after(operation.group) if awaited_task.on_every_path]
        record_finished_tasks(analysis, sorted(awaited_task.task_id for awaited_task in awaited))
        repeats = analysis.usage.repeats
        analysis.history.going -= {
            awaited_task.task_id
            for awaited_task in awaited
            if awaited_task.every or awaited_task.task_id not in repeats
        }
    if operation.group.kind != "all":
        for task_id in sorted(task_ids_of(operation.group)):
            analysis.lapse(analysis.steps_of(task_id))


def record_finished_tasks(analysis: BodyAnalysis, task_ids: Iterable[TaskId]) -> None:
    """Record that background tasks are over."""
    for task_id in task_ids:
        activity = analysis.usage.activities.get(task_id)
        on_every_path = task_id in analysis.history.started
        if isinstance(activity, StepRun):
            analysis.begun(analysis.survey.closure(activity), on_every_path=on_every_path)
        elif isinstance(activity, Call):
            analysis.survey.budget.spend(Limit.PAIRS, len(analysis.survey.touched(activity.function)))
            analysis.history.apply(
                analysis.knowledge.effects.get(id(activity.function), {}), on_every_path=on_every_path
            )
        running = analysis.history.running
        for step in [step for step, running_task in running.items() if running_task == task_id]:
            del running[step]


def _expand_step(analysis: BodyAnalysis, run: StepRun, place: Place) -> OperationList:
    """Return a step that is awaited at once, after its dependencies. Queued tasks begin when one of these suspends."""
    return _expand_at_await(analysis, [DirectCall(run, awaited=True), *queued_calls(analysis)], "all", place)


def _expand_at_await(
    analysis: BodyAnalysis, roots: Sequence[DirectCall], kind: ParallelKind, place: Place
) -> OperationList:
    """Return the steps that begin at one await, except for steps of background tasks, and record their run states."""
    record_unordered_begins(analysis)
    context = analysis.memory()
    planned = schedule(roots, context)
    begun_by_first_await = (
        frozenset(_steps_begun_at_once(analysis, planned, roots)) if analysis.at_entry else analysis.history.first
    )
    analysis.awaits(step for key, tasks in planned.begun.items() if _may_begin_at_once(tasks) for step in key)
    analysis.report_twice(planned)
    operations = operations_of(analysis, planned, context, place, kind)
    record_concurrent_steps(analysis, roots)
    begin_queued_tasks(analysis, planned, roots)
    analysis.history.first = begun_by_first_await
    _record_runs(analysis, planned)
    record_finished_tasks(analysis, sorted({task_id for task_ids in planned.after for task_id in task_ids}))
    return operations


def _steps_begun_at_once(
    analysis: BodyAnalysis, planned: Schedule, roots: Sequence[DirectCall]
) -> Iterator[StepDefinition]:
    """Yield the steps that have run before, or have begun by the time the direct calls first wait.

    Dependencies that are separate tasks begin later.
    """
    closures: dict[StepDefinition, None] = {}
    for root in roots:
        closures |= analysis.survey.closure(root.run)
    analysis.survey.budget.spend(Limit.PAIRS, len(closures))
    for step in closures:
        tasks = planned.begun.get((step,), ())
        begins_now = any(task.begins_at_once and task.begun_by is not None and task.begun_by.awaited for task in tasks)
        if begins_now or has_run(analysis.past(step)) is HasRun.ALWAYS:
            yield step


def _may_begin_at_once(tasks: Iterable[ScheduledRun]) -> bool:
    return not all(task.asked_by for task in tasks)


def _record_runs(analysis: BodyAnalysis, planned: Schedule) -> None:
    for task in planned.tasks:
        definitions = definitions_of(task.run)
        if task.conditional or len(definitions) > 1:
            analysis.begun(analysis.survey.closure(task.run), on_every_path=False)
        if len(definitions) == 1:
            analysis.begun(definitions)
        for definition in definitions:
            analysis.history.running.pop(definition, None)


def _record_call(analysis: BodyAnalysis, function: Function) -> None:
    """Record the steps that may run concurrently with a called function, and with background tasks during the call."""
    task_ids = sorted(analysis.history.going | analysis.history.waiting.keys())
    steps = [step for task_id in task_ids for step in analysis.steps_of(task_id)]
    analysis.knowledge.runs_beside(function, [*steps, *analysis.meanwhile()])
    for task_id in task_ids:
        activity = analysis.usage.activities.get(task_id)
        if isinstance(activity, Call):
            analysis.knowledge.runs_beside(activity.function, analysis.survey.touched(function))


def _apply_call(analysis: BodyAnalysis, function: Function) -> None:
    """Apply a call to the state.

    Queued tasks begin at the first await of the callee, before or after any of its steps.
    """
    may_run = analysis.survey.touched(function)
    opening = analysis.knowledge.opening(function)
    begun_by_first_await = opening.surely if analysis.at_entry else analysis.history.first
    analysis.awaits(opening.maybe)
    _record_call(analysis, function)
    record_function_entry(analysis, function)
    if analysis.history.waiting:
        begin_queued_tasks(analysis, concurrent_steps=may_run)
        record_function_entry(analysis, function)
    analysis.history.first = begun_by_first_await
    analysis.history.apply(analysis.knowledge.effects.get(id(function), dict.fromkeys(may_run, NO_PATH)))
