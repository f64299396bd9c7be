"""Expansion of immediately awaited work, and of awaits of started tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

from stepgraph.graph.dependencies.background import (
    begin_queued_tasks,
    has_run_where_queued,
    queued_calls,
    record_begun_before,
    record_concurrent_steps,
    record_function_entry,
    record_unordered_begins,
)
from stepgraph.graph.dependencies.body_analysis import BodyAnalysis
from stepgraph.graph.dependencies.history import NO_PATH, has_run, join_states
from stepgraph.graph.dependencies.schedule import Schedule, schedule
from stepgraph.graph.dependencies.scheduled_operations import OperationList, operations_of, steps_before_members
from stepgraph.graph.dependencies.scheduled_runs import DirectCall, HasRun, ScheduledRun
from stepgraph.graph.partial_order import series_parts
from stepgraph.ir.await_groups import TaskId, task_ids_of, tasks_done_after
from stepgraph.ir.nodes import Await, Call, Function, Run, StartOperation, StepDefinition, StepRun, Suspension
from stepgraph.ir.walk import candidate_steps
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.model.payload import ParallelKind


def expand_run(analysis: BodyAnalysis, operation: Run) -> OperationList:
    """Return the operations of work that is awaited at once. A step comes after its dependencies."""
    activity = operation.activity
    if isinstance(activity, StepRun):
        return _expand_step(analysis, activity, operation.place)
    if isinstance(activity, Call):
        _apply_call(analysis, activity.function)
    else:
        begin_queued_tasks(analysis)
    return [operation]


def expand_common_dependencies(analysis: BodyAnalysis, starts: Sequence[StartOperation], run: Run) -> OperationList:
    """Return the dependencies that tasks share with a step which is awaited directly after their starts.

    The tasks begin at this await, when the step has requested its dependencies. The result is empty if some other order
    is possible: a dependency must be over before any of this work begins.
    """
    if not isinstance(run.activity, StepRun) or not _are_independent_of_queued_tasks(analysis, [*starts, run]):
        return []
    calls = [DirectCall(start.activity, start.place) for start in starts if isinstance(start.activity, StepRun)]
    context = analysis.scheduling_context()
    planned = schedule([DirectCall(run.activity, run.place, awaited=True), *calls], context)
    parts = takewhile(lambda part: all(planned.tasks[i].root is None for i in part), series_parts(planned.predecessors))
    indices = [index for part in parts for index in part]
    if not indices:
        return []
    common = planned.restricted_to(indices)
    analysis.report_repeated(planned.repeated_steps)
    if analysis.state.may_precede_first_await:
        analysis.first_await_steps_of.update(
            dict.fromkeys(step for task in common.tasks for step in candidate_steps(task.run))
        )
    operations = operations_of(analysis, common, context, run.place)
    _record_runs(analysis, common)
    return operations


def _are_independent_of_queued_tasks(analysis: BodyAnalysis, operations: Iterable[StartOperation | Run]) -> bool:
    """Return whether the tasks queued before some steps share no step with them."""
    queued = {step for task_id in analysis.state.queued_tasks for step in analysis.steps_of(task_id)}
    return not any(
        step in queued
        for operation in operations
        if isinstance(operation.activity, StepRun)
        for step in analysis.program_usage.closure(operation.activity)
    )


def expand_gather(analysis: BodyAnalysis, starts: Sequence[StartOperation], await_: Await) -> OperationList:
    """Return the operations of steps that are started and awaited together, with their dependencies.

    Queued tasks begin before these steps.
    """
    in_order = sorted(starts, key=lambda start: start.task_id)
    roots = [
        DirectCall(start.activity, start.place, has_run=has_run_where_queued(analysis, start.task_id))
        for start in in_order
        if isinstance(start.activity, StepRun)
    ]
    queued = queued_calls(analysis)
    operations = _expand_at_await(analysis, [*queued, *roots], await_.group.kind, await_.place)
    if await_.group.kind != "all":
        for root in roots:
            analysis.record_possible_failure(analysis.program_usage.closure(root.run))
    return operations


def expand_await(analysis: BodyAnalysis, operation: Await) -> OperationList:
    """Return an await of started tasks, and record that the tasks are over unless the await may end before them.

    If all awaited tasks may be over already, the await may not suspend, and then queued tasks do not begin.
    """
    other_tasks = analysis.state.queued_tasks.keys() - task_ids_of(operation.group)
    if not other_tasks or _must_suspend(analysis, operation):
        begin_queued_tasks(analysis)
        _record_await(analysis, operation)
        return [operation]
    before = analysis.state.copy()
    before.queued_tasks = {task_id: start for task_id, start in before.queued_tasks.items() if task_id in other_tasks}
    begin_queued_tasks(analysis)
    _record_await(analysis, operation)
    after, analysis.state = analysis.state, before
    _record_await(analysis, operation)
    analysis.state = join_states([after, analysis.state]) or after
    return [operation]


def _must_suspend(analysis: BodyAnalysis, operation: Await) -> bool:
    """Return whether an await includes a task that is queued on every path to it."""
    state = analysis.state
    task_ids = task_ids_of(operation.group)
    return any(
        task_id in state.must_have_started and task_id not in state.path_splits
        for task_id in task_ids & state.queued_tasks.keys()
    )


def _record_await(analysis: BodyAnalysis, operation: Await) -> None:
    if not operation.one_per_iteration:
        awaited = [awaited_task for awaited_task in tasks_done_after(operation.group) if awaited_task.on_every_path]
        record_finished_tasks(analysis, sorted(awaited_task.task_id for awaited_task in awaited))
        repeats = analysis.usage.declared_in_pass
        analysis.state.may_be_running -= {
            awaited_task.task_id
            for awaited_task in awaited
            if awaited_task.all_runs or awaited_task.task_id not in repeats
        }
    if operation.group.kind != "all":
        for task_id in sorted(task_ids_of(operation.group)):
            analysis.record_possible_failure(analysis.steps_of(task_id))


def record_finished_tasks(analysis: BodyAnalysis, task_ids: Iterable[TaskId]) -> None:
    """Record that background tasks, and thus their steps, are over."""
    for task_id in task_ids:
        activity = analysis.usage.activities.get(task_id)
        on_every_path = task_id in analysis.state.must_have_started
        if isinstance(activity, StepRun):
            analysis.begun(analysis.program_usage.closure(activity), on_every_path=on_every_path)
        elif isinstance(activity, Call):
            analysis.program_usage.budget.spend(
                Limit.PAIRS, len(analysis.program_usage.steps_used_by(activity.function))
            )
            analysis.state.apply_effects(
                analysis.facts.effects.get(id(activity.function), {}), on_every_path=on_every_path
            )
        running = analysis.state.running_task_by_step
        for step in [step for step, running_task in running.items() if running_task == task_id]:
            del running[step]


def _expand_step(analysis: BodyAnalysis, run: StepRun, place: SourcePlace) -> OperationList:
    """Return a step that is awaited at once, after its dependencies. Queued tasks begin at the first suspension."""
    return _expand_at_await(analysis, [DirectCall(run, place, awaited=True), *queued_calls(analysis)], "all", place)


def _expand_at_await(
    analysis: BodyAnalysis, roots: Sequence[DirectCall], kind: ParallelKind, place: SourcePlace
) -> OperationList:
    """Return the operations of the steps that begin at one await, except background tasks, and record run states."""
    record_unordered_begins(analysis)
    context = analysis.scheduling_context()
    planned = schedule(roots, context)
    begun_by_first_await = (
        frozenset(_steps_begun_at_once(analysis, planned, roots))
        if analysis.must_precede_first_await
        else analysis.state.begun_by_first_await
    )
    analysis.record_await(
        step for key, tasks in planned.begun_runs.items() if _may_begin_at_once(tasks) for step in key
    )
    analysis.report_repeated(planned.repeated_steps)
    if kind != "all":
        analysis.report_discarded_failures(steps_before_members(planned))
    operations = operations_of(analysis, planned, context, place, kind)
    record_concurrent_steps(analysis, roots)
    begin_queued_tasks(analysis, planned, roots)
    analysis.state.begun_by_first_await = begun_by_first_await
    _record_runs(analysis, planned)
    record_finished_tasks(analysis, sorted({task_id for task_ids in planned.awaited_task_ids for task_id in task_ids}))
    return operations


def _steps_begun_at_once(
    analysis: BodyAnalysis, planned: Schedule, roots: Sequence[DirectCall]
) -> Iterator[StepDefinition]:
    """Yield the steps that have run before, or have begun by the time the direct calls first wait.

    Dependencies that are separate tasks begin later.
    """
    closures: dict[StepDefinition, None] = {}
    for root in roots:
        closures |= analysis.program_usage.closure(root.run)
    analysis.program_usage.budget.spend(Limit.PAIRS, len(closures))
    for step in closures:
        tasks = planned.begun_runs.get((step,), ())
        begins_now = any(
            task.must_begin_at_once and task.begun_by is not None and task.begun_by.awaited for task in tasks
        )
        if begins_now or has_run(analysis.run_state(step)) is HasRun.ALWAYS:
            yield step


def _may_begin_at_once(tasks: Iterable[ScheduledRun]) -> bool:
    return not all(task.later_requests for task in tasks)


def _record_runs(analysis: BodyAnalysis, planned: Schedule) -> None:
    for task in planned.tasks:
        definitions = candidate_steps(task.run)
        if task.conditional or len(definitions) > 1:
            analysis.begun(analysis.program_usage.closure(task.run), on_every_path=False)
        if len(definitions) == 1:
            analysis.begun(definitions)
        for definition in definitions:
            analysis.state.running_task_by_step.pop(definition, None)


def _record_call(analysis: BodyAnalysis, function: Function) -> None:
    """Record the steps that may run concurrently with a called function.

    Also record the steps of this function as concurrent with the functions that background tasks call.
    """
    task_ids = sorted(analysis.state.may_be_running | analysis.state.queued_tasks.keys())
    steps = [step for task_id in task_ids for step in analysis.steps_begun_by(task_id)]
    analysis.facts.add_concurrent_steps(function, [*steps, *analysis.may_begin_during()])
    waiting = [step for task_id in task_ids for step in analysis.facts.waiting_in_task.get(task_id, ())]
    analysis.facts.add_waiting_steps(function, [*waiting, *analysis.may_wait_during()])
    running = analysis.may_be_running() if task_ids else frozenset()
    for task_id in task_ids:
        activity = analysis.usage.activities.get(task_id)
        if isinstance(activity, Call):
            analysis.facts.add_concurrent_steps(activity.function, analysis.facts.steps_begun_by_call(function))
            analysis.facts.add_waiting_steps(
                activity.function, analysis.may_wait(analysis.program_usage.steps_used_by(function), running)
            )


def _apply_call(analysis: BodyAnalysis, function: Function) -> None:
    """Apply the effects of a call to the state, and record its entry states.

    If the callee suspends, queued tasks begin at its first suspension, before or after any of its steps.
    """
    effects = analysis.facts.effects.get(id(function)) or dict.fromkeys(
        analysis.program_usage.steps_used_by(function), NO_PATH
    )
    before = None if function.suspension is Suspension.ALWAYS else analysis.state.copy()
    if before is not None:
        _record_call(analysis, function)
        record_function_entry(analysis, function)
        before.apply_effects(effects)
        if function.suspension is Suspension.NEVER:
            analysis.state = before
            return
    _apply_suspended_call(analysis, function)
    analysis.state.apply_effects(effects)
    analysis.state = join_states([analysis.state, before]) or analysis.state


def _apply_suspended_call(analysis: BodyAnalysis, function: Function) -> None:
    """Begin the queued tasks in a call that suspends, and record the entry states of the callee."""
    opening = analysis.facts.first_await_steps_of(function)
    begun_by_first_await = (
        opening.must_have_begun if analysis.must_precede_first_await else analysis.state.begun_by_first_await
    )
    analysis.record_await(opening.may_have_begun)
    _record_call(analysis, function)
    record_function_entry(analysis, function)
    if analysis.state.queued_tasks:
        queued = [start.activity for start in analysis.state.queued_tasks.values()]
        begin_queued_tasks(analysis, concurrent_steps=analysis.program_usage.steps_used_by(function))
        for call in (activity for activity in queued if isinstance(activity, Call)):
            record_begun_before(analysis, call.function, opening.may_have_begun)
        record_function_entry(analysis, function)
    analysis.state.begun_by_first_await = begun_by_first_await
