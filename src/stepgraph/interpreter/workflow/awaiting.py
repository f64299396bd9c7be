"""Starting and awaiting coroutines, tasks and other awaitables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name
from stepgraph.interpreter.library.side_effects import awaited_result
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.task_runs import record_inline_run, record_run
from stepgraph.interpreter.values.calls import (
    Arguments,
    Coroutine,
    FunctionCoroutine,
    GeneratorExpression,
    PreparedCall,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.values.containers import Collection, hide_constants
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import Event, StepFunction
from stepgraph.interpreter.values.tasks import Future, Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union, on_some_paths
from stepgraph.interpreter.workflow.await_exits import with_exits
from stepgraph.interpreter.workflow.dependencies import StepBody, step_run
from stepgraph.interpreter.workflow.early_raises import (
    begin_tasks,
    exclude_tasks_of_callers,
    record_immediate_tasks,
    record_queued_task,
    report_await,
    set_queued_tasks,
)
from stepgraph.interpreter.workflow.invalid_awaits import (
    is_function,
    report_await_of_collection,
    report_await_without_call,
    report_repeated_await,
    report_unresolved_await,
)
from stepgraph.interpreter.workflow.resuming import (
    InFlightTask,
    RecordedReads,
    can_reevaluate,
    concurrent_completions,
    defer_notes,
    reevaluate,
    resume_tasks,
)
from stepgraph.interpreter.workflow.work import TaskStart, await_group, await_members, awaited_tasks
from stepgraph.ir.await_groups import AwaitGroup, TaskId
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Activity,
    Await,
    Call,
    OperationBlock,
    Run,
    StartOperation,
    Suspension,
    begins_at_call,
)
from stepgraph.ir.values import ABSENT, UNKNOWN, ExternalResult, Resource, Unresolved, Value, origin_name
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.ir.parameter_tests import DecidingArgument

COROUTINES: Final = (StepCall, WaitCall, FunctionCoroutine, PreparedCall)
AWAITABLES: Final = (*COROUTINES, Task, Gathering, WaitForCall, Future)


def is_awaitable(value: Value) -> bool:
    """Return whether a value may be an awaitable that can run steps."""
    if isinstance(value, Union):
        return any(is_awaitable(case.value) for case in value.cases)
    return isinstance(value, AWAITABLES)


def await_value(
    interpreter: Interpreter, value: Value, place: SourcePlace, first_operation: int | None = None
) -> Value:
    """Emit the await of a value and return its result.

    `first_operation` is the index of the first operation emitted by the awaited expression.
    """
    _resume_tasks_at_await(interpreter, value, first_operation)
    match value:
        case StepFunction() | FunctionValue() | Union() if report_await_without_call(interpreter, value, place):
            return UNKNOWN
        case StepCall() | WaitCall() | FunctionCoroutine() | PreparedCall():
            report_repeated_await(interpreter, value, place)
            return _await_coroutine(interpreter, value)
        case Task():
            return _await_task(interpreter, value, place)
        case Gathering():
            return _await_gathering(interpreter, value, place)
        case WaitForCall():
            return _await_with_timeout(interpreter, value, place, first_operation)
        case Future(contents=contents):
            interpreter.record_suspension(Suspension.MAYBE)
            return value_of(interpreter, contents, place)
        case Union():
            # Imported here because few workflows await one of several values.
            from stepgraph.interpreter.workflow.union_awaits import await_union

            return await_union(interpreter, value, place, first_operation)
        case ExternalResult(name="asyncio.sleep"):
            interpreter.record_suspension(Suspension.ALWAYS)
            return UNKNOWN
    interpreter.record_suspension(Suspension.MAYBE)
    match value:
        case Resource():
            interpreter.tracer.on_access(value, place)
            return awaited_result(value)
        case ExternalResult():
            return awaited_result(value)
        case ProjectObject() if (coroutine := _await_method_call(interpreter, value, place)) is not None:
            return await_value(interpreter, coroutine, place, first_operation)
        case Collection() | GeneratorExpression() if report_await_of_collection(interpreter, value, place):
            return UNKNOWN
    report_unresolved_await(interpreter, value, place)
    return UNKNOWN


def _resume_tasks_at_await(interpreter: Interpreter, value: Value, first_operation: int | None) -> None:
    """Resume the tasks in flight where the code awaits a value."""
    begins = not isinstance(value, FunctionCoroutine)  # in the code of a function, tasks begin at its first await
    if not begins:
        exclude_tasks_of_callers(interpreter)
    elif first_operation is not None:
        record_immediate_tasks(interpreter, first_operation)
    resume_tasks(interpreter, begins=begins)


def _await_coroutine(interpreter: Interpreter, coroutine: Coroutine) -> Value:
    """Emit the run of a coroutine and return its result."""
    run = _run_returned if interpreter.frame.is_returning else run_coroutine
    activity, result = run(interpreter, coroutine)
    if activity is not None:
        interpreter.emit(Run(activity, coroutine.place))
    return result


def _await_task(interpreter: Interpreter, task: Task, place: SourcePlace) -> Value:
    if not _run_inline(interpreter, task.task_id):
        group = AwaitGroup("all", await_members(task))
        emit_await(interpreter, Await(with_exits(interpreter, group), place))
    return current_result(interpreter, task, place)


def _await_gathering(interpreter: Interpreter, gathering: Gathering, place: SourcePlace) -> Value:
    if gathering.members:
        group = with_exits(interpreter, await_group(gathering))
        emit_await(interpreter, Await(group, place, gathering.one_per_iteration))
    else:
        interpreter.record_suspension(gathering.suspension)
    return current_result(interpreter, gathering, place)


def _await_with_timeout(
    interpreter: Interpreter, call: WaitForCall, place: SourcePlace, first_operation: int | None
) -> Value:
    """Emit the await of an `asyncio.wait_for` and return its result. Report a timeout of steps."""
    last_operation, count = interpreter.operations[-1:], len(interpreter.operations)
    result = await_value(interpreter, call.inner, place, first_operation)
    if interpreter.operations[-1:] != last_operation:
        from stepgraph.interpreter.workflow.timeouts import report_timeout

        awaited = OperationBlock(tuple(interpreter.operations[count:] or interpreter.operations[-1:]))
        report_timeout(interpreter, call.place, "asyncio.wait_for", awaited)
    return result


def current_result(interpreter: Interpreter, future: Task | Gathering, place: SourcePlace) -> Value:
    """Return the result of a task or future. A future's result is unresolved if the result of a task in it changed."""
    changed = interpreter.work.task_results
    if isinstance(future, Task):
        return changed.get(future.task_id, future.result)
    if any(awaited.task_id in changed for awaited in awaited_tasks(future)):
        return Unresolved("a task returns a variable that other code changes", place)
    return future.result


def value_of(interpreter: Interpreter, contents: Collection, place: SourcePlace) -> Value:
    """Return a union of the values in a queue or future. An await of the union does not guarantee finished tasks."""
    interpreter.store.record_outer_read(contents.state, "items")
    if not contents.items:
        interpreter.work.empty_reads[id(place.node)] = contents, place
        return UNKNOWN
    interpreter.work.empty_reads.pop(id(place.node), None)
    values = [_item_value(item.value) for item in contents.items]
    names = [callable_name(value) or item.place.case_text for value, item in zip(values, contents.items, strict=True)]
    return union_of_values(values, names, place.text, place)


def _item_value(value: Value) -> Value:
    """Return the value of a queue item. A sentinel such as `object()` becomes ABSENT, because calling it raises."""
    return ABSENT if origin_name(value) == "builtins.object" else hide_constants(on_some_paths(value))


def emit_await(interpreter: Interpreter, await_: Await) -> None:
    """Emit an await of tasks. The work of tasks that may be canceled can outlast the await."""
    report_await(interpreter, await_)
    if interpreter.work.cancelled:
        from stepgraph.interpreter.workflow.work import without_cancelled

        await_ = replace(await_, group=without_cancelled(interpreter, await_.group))
    interpreter.emit(await_)


def start(interpreter: Interpreter, value: Value, place: SourcePlace) -> Value:
    """Emit the start of a coroutine and return its task. Tasks and futures are returned unchanged."""
    match value:
        case StepFunction() | FunctionValue() | Union() if report_await_without_call(interpreter, value, place):
            return UNKNOWN
        case StepCall() | WaitCall() | FunctionCoroutine():
            report_repeated_await(interpreter, value, place)
            return _start_coroutine(interpreter, value)
        case PreparedCall():
            from stepgraph.interpreter.workflow.returned_awaitables import start_prepared

            return start_prepared(interpreter, value)
        case Resource():
            interpreter.tracer.on_access(value, place)
            return UNKNOWN
        case WaitForCall(inner=inner):
            return _start_with_timeout(interpreter, value, start(interpreter, inner, place))
        case Union():
            return interpreter.apply_to_cases(
                value, lambda chosen: UNKNOWN if is_function(chosen) else start(interpreter, chosen, place)
            )
        case Task() | Gathering() | Future():
            return value
        case ProjectObject() if (coroutine := _await_method_call(interpreter, value, place)) is not None:
            return start(interpreter, coroutine, place)
    report_unresolved_await(interpreter, value, place)
    return UNKNOWN


def _start_with_timeout(interpreter: Interpreter, wrapped: WaitForCall, started: Value) -> Value:
    """Report that the engine continues work in an `asyncio.wait_for` after the timeout. Return the `started` work."""
    from stepgraph.interpreter.workflow.timeouts import report_timeout

    task_ids = [awaited.task_id for awaited in awaited_tasks(started)]
    if task_ids:
        interpreter.work.timed_tasks.update(task_ids)
        block = OperationBlock((Await(AwaitGroup("all", await_members(started)), wrapped.place),))
        report_timeout(interpreter, wrapped.place, "asyncio.wait_for", block)
    return started


def _start_coroutine(interpreter: Interpreter, coroutine: Coroutine) -> Value:
    """Start a coroutine as a task. Its writes may take effect at any time until it is awaited."""
    newest, risk_count = interpreter.store.serial, interpreter.work.risk_count
    queued: tuple[TaskId, ...] = interpreter.work.queued["items"]
    note_count, empty_reads = len(interpreter.notes), dict(interpreter.work.empty_reads)
    interpreter.work.starting += 1
    set_queued_tasks(interpreter, ())
    with (
        RecordedReads(interpreter.store) as reads,
        interpreter.tracer.task_body(),
        concurrent_completions(interpreter),
        interpreter.store.logged(newest) as log,
    ):
        activity, result = run_coroutine(interpreter, coroutine, is_started=True)
    interpreter.work.starting -= 1
    interpreter.work.risk_count = risk_count  # the code of the coroutine runs when it begins, not now
    if activity is None:
        set_queued_tasks(interpreter, queued)
        return Gathering("all", (), result=result) if result.relevant or interpreter.work.raised else UNKNOWN
    task = start_activity(interpreter, activity, coroutine.place, result)
    record_queued_task(interpreter, task.task_id, queued)
    may_reevaluate = can_reevaluate(coroutine, activity)
    awaited_reads = interpreter.work.empty_reads.keys() - empty_reads.keys()
    if may_reevaluate and awaited_reads:
        defer_notes(interpreter, task.task_id, note_count, awaited_reads)
    state = in_flight_task(interpreter, task, coroutine, activity, newest)
    state.reads = reads.slots if may_reevaluate else frozenset()
    interpreter.store.start_task(state, log)
    if state.observed:
        reevaluate(interpreter, state)
    return task


def in_flight_task(
    interpreter: Interpreter, task: Task, coroutine: Coroutine, activity: Activity, newest: int
) -> InFlightTask:
    """Return the state of a new task. `newest` is the serial of the newest cell before its start."""
    return InFlightTask(
        task.task_id,
        coroutine.place,
        interpreter.loop_depth,
        interpreter.repeated_passes,
        coroutine=coroutine,
        activity=activity,
        evaluate_body=_step_body,
        result=task.result,
        await_count=interpreter.work.await_count,
        branch_depth=interpreter.branch_depth,
        newest=newest,
    )


def _run_returned(interpreter: Interpreter, coroutine: Coroutine) -> tuple[Activity | None, Value]:
    # Imported here because few functions return awaitables.
    from stepgraph.interpreter.workflow.returned_awaitables import run_returned

    return run_returned(interpreter, coroutine)


def _await_method_call(interpreter: Interpreter, value: ProjectObject, place: SourcePlace) -> FunctionCoroutine | None:
    """Return the call of an instance's `__await__`. Return None if that method is not a project function."""
    method = interpreter.attribute(value, "__await__", place)
    if isinstance(method, FunctionValue) and isinstance(method.node, cst.FunctionDef):
        return FunctionCoroutine(method, Arguments(), place)
    report_unresolved_await(interpreter, method, place)
    return None


def start_activity(interpreter: Interpreter, activity: Activity, place: SourcePlace, result: Value = UNKNOWN) -> Task:
    """Emit the start of an activity and return its task."""
    task_id = interpreter.work.new_task_id()
    work, frame = interpreter.work, interpreter.frame
    work.activities[task_id] = activity
    work.starts[task_id] = TaskStart(
        call=frame.body_scope.names.serial,
        await_count=work.await_count,
        risk_count=work.risk_count,
        loop_depth=interpreter.loop_depth,
    )
    frame.has_started_tasks = True
    if not interpreter.in_step and not begins_at_call(activity):  # most sleeps are awaited in place
        in_loop, branch_depth = interpreter.local_loop_depth > 0, interpreter.branch_depth
        record_run(interpreter.store, task_id, place.node, in_loop=in_loop, branch_depth=branch_depth)
    interpreter.emit(StartOperation(task_id, activity, begins_at_call(activity), place))
    return Task(task_id, result)


def run_coroutine(
    interpreter: Interpreter, coroutine: Coroutine, *, is_started: bool = False
) -> tuple[Activity | None, Value]:
    """Interpret the body of a coroutine, and return its work and its result.

    The work is None if the coroutine runs no steps and awaits nothing.

    With `is_started`, a function that reads or writes outer variables counts as work: a step may be assigned to such a
    variable later, and concurrent code may read what the function writes.
    """
    interpreter.work.begun.add(id(coroutine.place.node))
    match coroutine:
        case StepCall(step=step):
            interpreter.frame.called |= interpreter.work.bit_of(step.definition)
            run = step_run(interpreter, step, _step_body)
            interpreter.steps.ran.add(step.definition)
            return run, UNKNOWN
        case WaitCall(activity=activity):
            return activity, Event(activity.payload)
        case PreparedCall(result=result):
            from stepgraph.interpreter.workflow.returned_awaitables import begin_prepared

            return begin_prepared(interpreter, coroutine), result
        case FunctionCoroutine(function=function_value, arguments=arguments, place=place):
            summary = summarize_call(interpreter, function_value, arguments, place)
            if not is_started and summary.function.suspension is not Suspension.NEVER:
                begin_tasks(interpreter)
            if summary.function.may_run_steps:
                interpreter.frame.called |= interpreter.work.bit_of(function_value.node)
            may_work = (
                summary.function.may_run_steps
                or summary.may_await
                or (is_started and (bool(summary.reads) or not summary.reusable))
            )
            if not may_work:
                if not is_started:
                    interpreter.record_suspension(summary.function.suspension)
                return None, summary.result
            return Call(summary.function, deciding_arguments(interpreter, coroutine)), summary.result


def deciding_arguments(
    interpreter: Interpreter, coroutine: FunctionCoroutine | PreparedCall
) -> tuple[DecidingArgument, ...]:
    """Return the deciding arguments of a coroutine that begins now.

    If one start represents the coroutines of several nested loops, an iteration of the inner loop is not a single run.
    """
    if coroutine.loop_depth <= interpreter.local_loop_depth:
        return coroutine.deciding
    from stepgraph.ir.parameter_tests import ParameterArgument  # only tasks of nested loops need it

    return tuple(each for each in coroutine.deciding if isinstance(each, ParameterArgument) or each.loop is None)


def _step_body(interpreter: Interpreter, step: StepFunction) -> StepBody:
    """Return the body of a step. The parameters are unknown, because they are results of other steps."""
    frame = interpreter.frame
    outer, frame.started_bindings = frame.started_bindings, {}
    if step.definition.settings.limit == 0:
        block = _step_block(interpreter, step)
    else:
        block = _attempts_block(interpreter, step)
    started, frame.started_bindings = frame.started_bindings, outer
    return StepBody(block, tuple(started))


def _attempts_block(interpreter: Interpreter, step: StepFunction) -> OperationBlock:
    """Return the block of the last attempt of a step, which starts with the state that earlier attempts left."""
    store = interpreter.store
    checkpoint, newest, last_task_id = store.checkpoint(), store.serial, interpreter.work.last_task_id
    with RecordedReads(store) as reads, store.logged(newest) as log:
        block = _step_block(interpreter, step)
    if store.checkpoint() == checkpoint and not log.slots:
        return block  # most steps write nothing
    is_unchanged = all(change.container.serial > newest for change in store.changes(checkpoint).values())
    if is_unchanged and not any(logged.affects_steps for logged in log):
        return block
    # Imported here because few steps change the state of other code.
    from stepgraph.interpreter.workflow.attempts import FirstAttempt, repeat_attempt

    first = FirstAttempt(block, checkpoint, newest, last_task_id, reads.slots, log)
    return repeat_attempt(interpreter, first, lambda: _step_block(interpreter, step), step.definition.place)


def _step_block(interpreter: Interpreter, step: StepFunction) -> OperationBlock:
    function = step.function
    if isinstance(function, FunctionValue) and isinstance(function.node, cst.FunctionDef):
        if function.defaults:
            # Imported here because few step functions have defaults.
            from stepgraph.interpreter.workflow.data_calls import without_data_defaults

            function = without_data_defaults(function)
        with interpreter.step_body(step.definition.place.node):
            step_function = summarize_call(interpreter, function, Arguments()).function
        if step_function.may_run_steps:
            interpreter.frame.called |= interpreter.work.bit_of(function.node)
        if step_function.may_run_steps and step_function in interpreter.recursions:
            return OperationBlock((Run(Call(step_function), step.definition.place),))  # its body is still unknown
        return step_function.body if step_function.may_run_steps else EMPTY_BLOCK
    if not function.relevant:
        return EMPTY_BLOCK
    place = step.definition.place
    with interpreter.step_body(place.node):
        return interpreter.block_of(
            lambda: await_value(interpreter, interpreter.call(function, Arguments(), place), place)
        )


def _run_inline(interpreter: Interpreter, task_id: TaskId) -> bool:
    """Replace the last operation with a `Run` if it is the eager start of the awaited task: `await step.sleep(...)`.

    Return whether it was replaced. The start by `create_task` remains, because tasks started earlier begin before it.
    """
    start_operation = interpreter.operations[-1] if interpreter.operations else None
    if (
        not isinstance(start_operation, StartOperation)
        or not start_operation.eager
        or start_operation.task_id != task_id
    ):
        return False
    interpreter.operations[-1] = Run(start_operation.activity, start_operation.place)
    record_inline_run(interpreter.store, task_id)
    interpreter.tracer.on_completion()
    return True
