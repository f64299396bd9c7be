"""Expansion of background tasks: each begins at the next await, with the dependencies of its step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import takewhile
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.bit_sets import restrict
from stepgraph.graph.dependencies.body_analysis import BodyAnalysis
from stepgraph.graph.dependencies.history import (
    NO_PATH,
    NOT_RUN,
    RUN,
    PathSplit,
    RunState,
    RunStates,
    has_run,
    join_states,
)
from stepgraph.graph.dependencies.schedule import Schedule, schedule
from stepgraph.graph.dependencies.scheduled_operations import OperationList, operations_of
from stepgraph.graph.dependencies.scheduled_runs import (
    DirectCall,
    HasRun,
    SchedulingContext,
    direct_calls_of,
)
from stepgraph.graph.partial_order import components, series_parts
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import (
    Activity,
    Call,
    Function,
    Operation,
    OperationBlock,
    Run,
    Series,
    StartOperation,
    StepDefinition,
    StepRun,
    Suspension,
)
from stepgraph.ir.walk import candidate_steps
from stepgraph.limits import Limit

_PAIRS_OF_BEGIN: Final = 2
"""The number of compared pairs that a step of a task counts as, at each await at which the task may begin."""


def expand_start(analysis: BodyAnalysis, operation: StartOperation) -> OperationList:
    """Return the start of an activity that has no dependencies. In the body of its step, dependencies are expanded."""
    activity = operation.activity
    if not isinstance(activity, StepRun | Call):
        return [operation]
    analysis.state.add_started_task(operation)
    if isinstance(activity, StepRun):
        shared_steps = analysis.program_usage.steps_shared_by_body(activity)
        return [replace(operation, activity=analysis.run_with_expanded_body(activity, may_have_run=shared_steps))]
    return [operation]


def expand_starts(analysis: BodyAnalysis, starts: Sequence[StartOperation]) -> OperationList:
    """Return the starts of steps that start together, with their dependencies.

    Steps that share dependencies become one piece of work.
    """
    group = _start_group(analysis, starts)
    return [_merge_starts(analysis, group, part) for part in _parts_with_starts(group.planned)]


def _parts_with_starts(planned: Schedule) -> list[list[int]]:
    """Return the connected parts of a schedule. A part without a direct call joins the part that may begin it."""
    parts = [list(part) for part in components(planned.predecessors)]
    tasks = planned.tasks
    by_root = {tasks[index].root: part for part in parts for index in part if tasks[index].root is not None}
    for part in parts:
        if all(tasks[index].root is None for index in part):
            by_root[next(root for index in part for root in direct_calls_of(tasks[index]))].extend(part)
    return [sorted(part) for part in {id(part): part for part in by_root.values()}.values()]


def expand_starts_before_await(
    analysis: BodyAnalysis, starts: Sequence[StartOperation], *, discards_errors: bool
) -> OperationList | None:
    """Return the starts of steps before an await of one or several of them, with their common dependencies drawn first.

    Returns None if no common dependencies can be drawn first, or if the steps share further dependencies.
    """
    group = _schedule_group(analysis, starts)
    tasks = group.planned.tasks
    parts = takewhile(lambda part: all(tasks[i].root is None for i in part), series_parts(group.planned.predecessors))
    shared = [index for part in parts for index in part]
    other_tasks = [index for index in range(len(tasks)) if index not in shared]
    pieces = [
        [other_tasks[i] for i in piece] for piece in components(restrict(group.planned.predecessors, other_tasks))
    ]
    if not shared or any(sum(tasks[i].root is not None for i in piece) != 1 for piece in pieces):
        return None
    if discards_errors:
        analysis.report_discarded_failures(step for index in shared for step in candidate_steps(tasks[index].run))
    group = _start_group(analysis, starts)
    operations = operations_of(analysis, group.planned.restricted_to(shared), group.context, starts[0].place)
    return [*operations, *(_merge_starts(analysis, group, piece) for piece in pieces)]


class _StartGroup(Struct, frozen=True):
    """Steps that start together."""

    by_root: dict[DirectCall, StartOperation]
    """The start of each called step."""
    context: SchedulingContext
    """The facts at the point where the steps begin."""
    planned: Schedule
    """The schedule of the steps."""


def _start_group(analysis: BodyAnalysis, starts: Sequence[StartOperation]) -> _StartGroup:
    task_ids = frozenset(operation.task_id for operation in starts)
    for operation in starts:
        analysis.state.add_started_task(operation)
        analysis.facts.started_together[operation.task_id] = task_ids
    return _schedule_group(analysis, starts)


def _schedule_group(analysis: BodyAnalysis, starts: Sequence[StartOperation]) -> _StartGroup:
    context = _context_of_group(analysis, starts)
    by_root = {
        DirectCall(start.activity, start.place): start
        for start in sorted(starts, key=lambda start: start.task_id)
        if isinstance(start.activity, StepRun)
    }
    return _StartGroup(by_root, context, schedule(list(by_root), context))


def _context_of_group(analysis: BodyAnalysis, starts: Sequence[StartOperation]) -> SchedulingContext:
    """Return the facts at the later await where the steps begin, as the analysis of that await recorded them."""
    run_states: RunStates = {}
    for operation in starts:
        for step, run_state in analysis.facts.task_entry_run_states.get(operation.task_id, {}).items():
            run_states[step] = run_states.get(step, NO_PATH) | run_state

    def step_has_run(step: StepDefinition) -> HasRun:
        return has_run(run_states.get(step, NOT_RUN))

    begun_steps = {
        step for operation in starts for step in analysis.facts.begun_at_same_await.get(operation.task_id, ())
    }
    program_usage = analysis.program_usage
    return SchedulingContext(
        step_has_run,
        lambda _: None,
        program_usage.steps_used_in_body,
        program_usage.closure,
        program_usage.is_declared_with,
        has_begun_at_same_await=lambda steps: not begun_steps.isdisjoint(steps),
        may_begin_beside=program_usage.steps_shared_by_body,
        budget=program_usage.budget,
    )


def _merge_starts(analysis: BodyAnalysis, group: _StartGroup, part: Sequence[int]) -> Operation:
    """Return one start, under the lowest task id, for a piece of work of one or several tasks.

    The graph awaits several tasks only together.
    """
    piece = group.planned.restricted_to(part)
    direct_starts = [group.by_root[task.root] for task in piece.tasks if task.root is not None]
    first = min(direct_starts, key=lambda start: start.task_id)
    if len(direct_starts) > 1:
        analysis.facts.drawn_with_others.update(start.task_id for start in direct_starts)
    operations = operations_of(analysis, piece, group.context, first.place)
    activity: Activity = Series(OperationBlock(tuple(operations)))
    if len(operations) == 1 and isinstance(operations[0], Run):
        activity = operations[0].activity
    return StartOperation(first.task_id, activity, first.eager, first.place)


def queued_calls(analysis: BodyAnalysis) -> list[DirectCall]:
    """Return the calls of the queued tasks that run a step, in the order of their starts."""
    return [
        DirectCall(
            start.activity,
            start.place,
            start.task_id,
            must_begin=analysis.must_begin_in_order(start.task_id),
            has_run=has_run_where_queued(analysis, start.task_id),
        )
        for start in _by_task_id(analysis.state.queued_tasks)
        if isinstance(start.activity, StepRun)
    ]


def has_run_where_queued(analysis: BodyAnalysis, task_id: TaskId) -> Callable[[StepDefinition], HasRun] | None:
    """Return the function `has_run` of a queued task, or None if the one of other code applies."""
    split = analysis.state.path_splits.get(task_id)
    if split is None and not analysis.program_usage.overlapping_declarations:
        return None
    return partial(analysis.has_run_in_task, run_states=None if split is None else split.queued_tasks)


def _by_task_id(queued: Mapping[TaskId, StartOperation]) -> list[StartOperation]:
    return [queued[task_id] for task_id in sorted(queued)]


def begin_queued_tasks(
    analysis: BodyAnalysis,
    planned: Schedule | None = None,
    roots: Sequence[DirectCall] = (),
    concurrent_steps: Iterable[StepDefinition] = (),
) -> None:
    """Begin the queued tasks at an await, in a schedule with other steps or alone.

    The `concurrent_steps` may begin at the same time.
    """
    analysis.record_await(())
    step_count = sum(len(analysis.steps_of(task_id)) for task_id in analysis.state.queued_tasks)
    analysis.program_usage.budget.spend(Limit.PAIRS, _PAIRS_OF_BEGIN * step_count)
    if planned is None:
        record_unordered_begins(analysis)
        roots = queued_calls(analysis)
        planned = schedule(roots, analysis.scheduling_context())
        analysis.report_repeated(planned.repeated_steps)
    queued, analysis.state.queued_tasks = _by_task_id(analysis.state.queued_tasks), {}
    splits, analysis.state.path_splits = analysis.state.path_splits, {}
    calls = [start.activity.function for start in queued if isinstance(start.activity, Call)]
    await_point = _AwaitPoint(
        planned,
        {root.task_id: root for root in roots if root.task_id is not None},
        set(concurrent_steps),
        {step for function in calls for step in analysis.program_usage.steps_used_by(function)},
        splits,
    )
    record_concurrent_steps(analysis, roots, [start.task_id for start in queued])
    analysis.report_steps_of_others(roots)
    _record_entries(analysis, queued, await_point)
    for root in roots:
        if root.awaited:
            _record_awaited_root(analysis, root, planned)
    for start in queued:
        if isinstance(start.activity, Call):
            record_function_entry(analysis, start.activity.function, start.task_id)
            _record_first_await(analysis, start.activity.function, start.task_id, splits)
        elif start.task_id in await_point.roots:
            _begin_step(analysis, await_point.roots[start.task_id], await_point)
    for function in calls:
        analysis.state.apply_effects(analysis.facts.effects.get(id(function), {}), on_every_path=False)
    if analysis.must_precede_first_await:
        analysis.state.begun_by_first_await = frozenset()


def _record_entries(analysis: BodyAnalysis, queued: Sequence[StartOperation], await_point: _AwaitPoint) -> None:
    """Record the steps that queued calls begin by their first await, and the run states in which queued steps begin."""
    for start in queued:
        if isinstance(start.activity, Call):
            is_early = analysis.must_begin_in_order(start.task_id)
            begun_steps = await_point.early if is_early else await_point.concurrent
            begun_steps.update(_steps_begun_by_first_await(analysis, start.activity.function))
        elif start.task_id in await_point.roots:
            _record_task_entry(analysis, start.task_id, await_point)


def pass_pause(analysis: BodyAnalysis, suspension: Suspension) -> None:
    """Begin the queued tasks at an await of anything other than tasks, if it suspends."""
    if suspension is Suspension.NEVER:
        return
    before = analysis.state.copy() if suspension is Suspension.MAYBE else None
    begin_queued_tasks(analysis)
    analysis.state = join_states([analysis.state, before]) or analysis.state


def record_unordered_begins(analysis: BodyAnalysis) -> None:
    """Record the steps that unordered tasks may begin before other tasks need them.

    The SDK may repeat a step that several tasks need while the step waits for its own dependencies.
    """
    queued = analysis.state.queued_tasks
    unordered = sorted(queued.keys() & analysis.program_usage.unordered)
    if not unordered:
        return
    users = Counter(step for task_id in queued for step in analysis.steps_of(task_id))
    shared_steps = [step for step, count in users.items() if count > 1]
    analysis.report_repeated(analysis.may_wait(shared_steps, analysis.may_be_running()))
    for task_id in unordered:
        activity = queued[task_id].activity
        steps = [activity.definition] if isinstance(activity, StepRun) else analysis.steps_of(task_id)
        analysis.begun([step for step in steps if users[step] > 1], on_every_path=False)


def _record_awaited_root(analysis: BodyAnalysis, root: DirectCall, planned: Schedule) -> None:
    """Record that a directly awaited step and the dependencies that it begins at once have begun."""
    for tasks in planned.begun_runs.values():
        for task in tasks:
            if task.begun_by is root and not task.later_requests:
                on_every_path = task.must_begin_at_once and not task.conditional
                analysis.begun(
                    candidate_steps(task.run), on_every_path=on_every_path and len(candidate_steps(task.run)) == 1
                )


class _AwaitPoint(Struct):
    """The work that begins at one await."""

    planned: Schedule
    """The schedule of the steps."""
    roots: dict[TaskId, DirectCall]
    """The direct call of each task that runs a step."""
    concurrent: set[StepDefinition]
    """The steps that other code may begin at the same time."""
    later: set[StepDefinition]
    """The steps that functions in the background may begin."""
    splits: Mapping[TaskId, PathSplit]
    """The split run states of tasks that are queued on only some paths."""
    early: set[StepDefinition] = field(default_factory=set)
    """The steps that functions in earlier tasks begin at once."""
    recorded: set[TaskId] = field(default_factory=set)
    """The tasks whose run states are recorded."""

    def may_find_begun(self, step: StepDefinition) -> bool:
        """Return whether other code may have begun a step when a task requests it, at once or later."""
        at_once = any(not task.later_requests for task in self.planned.begun_runs.get((step,), ()))
        return step in self.concurrent or (step in self.later and not at_once)


def record_concurrent_steps(
    analysis: BodyAnalysis, roots: Sequence[DirectCall], task_ids: Sequence[TaskId] = ()
) -> None:
    """Record the steps that may begin while each background function runs."""
    state = analysis.state
    state.may_be_running |= set(task_ids)
    if not task_ids and state.may_be_running.isdisjoint(analysis.usage.call_tasks):
        return
    running = analysis.may_be_running() if task_ids or roots else frozenset()
    for task_id in task_ids:
        analysis.facts.add_waiting_in_task(task_id, analysis.may_wait(analysis.steps_of(task_id), running))
    if state.may_be_running.isdisjoint(analysis.usage.call_tasks):
        return
    steps_by_task = {task_id: analysis.steps_begun_by(task_id) for task_id in sorted(state.may_be_running)}
    step_counts = Counter(
        step for root in roots if root.task_id is None for step in analysis.steps_begun_by_run(root.run)
    )
    step_counts.update(step for steps in steps_by_task.values() for step in steps)
    waiting_by_task = {task_id: analysis.facts.waiting_in_task.get(task_id, {}) for task_id in steps_by_task}
    wait_counts = Counter(
        step for root in roots for step in analysis.may_wait(analysis.program_usage.closure(root.run), running)
    )
    wait_counts.update(step for waiting in waiting_by_task.values() for step in waiting)
    for task_id, steps in steps_by_task.items():
        activity = analysis.usage.activities.get(task_id)
        if isinstance(activity, Call):
            concurrent = [step for step, count in step_counts.items() if count > (step in steps)]
            repeated = [step for step in steps if analysis.usage.may_share_step(task_id, step)]
            analysis.facts.add_concurrent_steps(
                activity.function, [*concurrent, *repeated, *analysis.may_begin_during()]
            )
            waits_in_task = waiting_by_task[task_id]
            waiting = [step for step, count in wait_counts.items() if count > (step in waits_in_task)]
            repeated = [step for step in repeated if step in waits_in_task]
            analysis.facts.add_waiting_steps(activity.function, [*waiting, *repeated, *analysis.may_wait_during()])


def record_function_entry(analysis: BodyAnalysis, function: Function, task_id: TaskId | None = None) -> None:
    """Join the current run states into the entry states of a called function.

    A call in a task that a loop starts may find steps that the calls of other iterations have begun.
    """
    entries = analysis.facts.entry_run_states.setdefault(id(function), {})
    analysis.program_usage.budget.spend(Limit.PAIRS, len(analysis.program_usage.steps_used_by(function)) + 1)
    for step in analysis.program_usage.steps_used_by(function):
        is_shared = task_id is not None and analysis.usage.may_share_step(task_id, step)
        analysis.facts.join_run_state(entries, step, analysis.run_state(step) | (RUN if is_shared else NO_PATH))


def record_begun_before(analysis: BodyAnalysis, function: Function, steps: AbstractSet[StepDefinition]) -> None:
    """Record that other code may have begun `steps` before a function in a task begins."""
    entries = analysis.facts.entry_run_states.setdefault(id(function), {})
    for step in analysis.program_usage.steps_used_by(function):
        if step in steps:
            analysis.facts.join_run_state(entries, step, RUN)


def _steps_begun_by_first_await(analysis: BodyAnalysis, function: Function) -> list[StepDefinition]:
    """Return the steps that a function must have begun by its first await."""
    steps = analysis.program_usage.steps_used_by(function)
    must_have_begun = analysis.facts.first_await_steps_of(function).must_have_begun
    return [step for step in steps if step in must_have_begun]


def _record_first_await(
    analysis: BodyAnalysis, function: Function, task_id: TaskId, splits: Mapping[TaskId, PathSplit]
) -> None:
    """Record the steps that a function of a task must or may begin by its first await, before later tasks begin."""
    may_have_begun = analysis.facts.first_await_steps_of(function).may_have_begun
    steps = analysis.program_usage.steps_used_by(function)
    analysis.begun((step for step in steps if step in may_have_begun), on_every_path=False)
    _record_begun(analysis, _steps_begun_by_first_await(analysis, function), task_id, splits)


def _record_task_entry(analysis: BodyAnalysis, task_id: TaskId, await_point: _AwaitPoint) -> None:
    """Record the run states at the beginning of a task and of the tasks started together with it.

    The recorded states include the steps that other code may begin in the meantime.
    """
    if task_id in await_point.recorded:
        return
    together = analysis.facts.started_together.get(task_id, frozenset({task_id}))
    await_point.recorded |= together
    roots = dict.fromkeys(root for other_task, root in await_point.roots.items() if other_task in together)
    users: dict[StepDefinition, list[DirectCall]] = {}
    for root in roots:
        for step in analysis.program_usage.closure(root.run):
            users.setdefault(step, []).append(root)
    # Otherwise, a step has the same state for all roots, and recording it for those that use the step is enough.
    depend_on_root = any(
        root.task_id in await_point.splits or root.task_id in analysis.usage.declared_in_pass for root in roots
    )
    for step, users_of_step in users.items():
        used_by_others = analysis.program_usage.places.get(step, 0) > len(users_of_step)
        begun = await_point.planned.has_begun_for(roots.keys(), step, used_by_others=used_by_others)
        if step in await_point.early:
            begun = HasRun.ALWAYS
        may_be_begun = begun is HasRun.SOMETIMES or (begun is not HasRun.ALWAYS and await_point.may_find_begun(step))
        for root in roots if depend_on_root else users_of_step:
            if root.task_id is None:
                continue
            split = await_point.splits.get(root.task_id)
            before = analysis.run_state(step, None if split is None else split.queued_tasks)
            if step in analysis.program_usage.overlapping_declarations:
                before |= RUN | NOT_RUN  # the task begins after another call may have declared or begun the step
            run_state = RUN if begun is HasRun.ALWAYS else before | (RUN if may_be_begun else NO_PATH)
            _record_entry_state(
                analysis,
                root.task_id,
                step,
                run_state,
                begun_at_same_await=begun is HasRun.ALWAYS and bool(before & NOT_RUN),
            )


def _record_entry_state(
    analysis: BodyAnalysis, task_id: TaskId, step: StepDefinition, run_state: RunState, *, begun_at_same_await: bool
) -> None:
    run_states = analysis.facts.task_entry_run_states.setdefault(task_id, {})
    analysis.facts.join_run_state(
        run_states, step, run_state | (RUN if analysis.usage.may_share_step(task_id, step) else NO_PATH)
    )
    if begun_at_same_await:
        analysis.facts.add_begun_at_same_await(task_id, step)


def _begin_step(analysis: BodyAnalysis, root: DirectCall, await_point: _AwaitPoint) -> None:
    step = root.run.definition
    begun = await_point.planned.begun_runs
    is_first = has_run(analysis.run_state(step)) is HasRun.NEVER and not await_point.may_find_begun(step)
    if is_first and root.must_begin and step in analysis.program_usage.needed and len(begun.get((step,), ())) == 1:
        analysis.state.running_task_by_step[step] = root.task_id or 0
    else:
        analysis.state.running_task_by_step.pop(step, None)
    _record_begun(analysis, [step], root.task_id, await_point.splits)
    for needed in analysis.program_usage.closure(root.run):
        if needed is not step:
            analysis.begun([needed], on_every_path=False)
            runs = begun.get((needed,), ())
            if any(task.begun_by is root and not task.later_requests for task in runs):
                _record_begun(analysis, [needed], root.task_id, await_point.splits)


def _record_begun(
    analysis: BodyAnalysis, steps: Iterable[StepDefinition], task_id: TaskId | None, splits: Mapping[TaskId, PathSplit]
) -> None:
    """Record that steps have begun with a task, on the paths on which the task was queued."""
    split = None if task_id is None else splits.get(task_id)
    if split is None:
        analysis.begun(steps, on_every_path=task_id is None or analysis.must_begin_in_order(task_id))
        return
    for step in steps:
        if step in analysis.program_usage.needed:
            analysis.state.mark_begun_where_queued(step, split)
