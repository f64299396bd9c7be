"""Starting and awaiting coroutines, tasks and other awaitables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import force_setattr, replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.replay.resources import observe_resource_access
from stepgraph.interpreter.store import Rewrite, TaskState
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.values.calls import (
    Arguments,
    Coroutine,
    FunctionCall,
    GeneratorCall,
    PreparedCall,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import FunctionValue, Instance
from stepgraph.interpreter.values.steps import Event, StepDecorator, StepFunction, StepMethod
from stepgraph.interpreter.values.tasks import Gathering, Task, WaitForCall
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.dependencies import dependencies_of
from stepgraph.interpreter.workflow.timeouts import report_timeout
from stepgraph.ir.nodes import (
    EMPTY,
    Activity,
    Await,
    AwaitedTask,
    AwaitGroup,
    AwaitMember,
    Block,
    Branch,
    Call,
    Choice,
    Run,
    Start,
    StepRun,
    TaskId,
    awaited_tasks_of,
    may_await,
    tasks_started_in,
)
from stepgraph.ir.values import UNKNOWN, Resource, Unresolved, Value
from stepgraph.syntax.module import Place

COROUTINES: Final = (StepCall, WaitCall, FunctionCall, PreparedCall)
AWAITABLES: Final = (*COROUTINES, Task, Gathering, WaitForCall)


def is_awaitable(value: Value) -> bool:
    """Whether a value is, or may be, an awaitable that can run steps."""
    if isinstance(value, Union):
        return any(is_awaitable(case.value) for case in value.cases)
    return isinstance(value, AWAITABLES)


def await_value(interpreter: Interpreter, value: Value, place: Place, first: int | None = None) -> Value:
    """Emit the await of a value and return its result.

    `first` is the index of the first operation emitted by the awaited expression.
    """
    resume_tasks(interpreter)
    match value:
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall():
            activity, result = _activity(interpreter, value)
            if activity is not None:
                interpreter.emit(Run(activity, value.place))
            return result
        case Task(task_id=task_id, result=result):
            if not _run_inline(interpreter, task_id):
                interpreter.emit(Await(AwaitGroup("all", await_members(value)), place))
            return result
        case Gathering(result=result):
            if value.members:
                interpreter.emit(Await(await_group(value), place, value.one_per_iteration))
            return result
        case WaitForCall(inner=inner):
            last_operation, count = interpreter.operations[-1:], len(interpreter.operations)
            result = await_value(interpreter, inner, place, first)
            if interpreter.operations[-1:] != last_operation:
                awaited = Block(tuple(interpreter.operations[count:] or interpreter.operations[-1:]))
                report_timeout(interpreter, value.place, "asyncio.wait_for", awaited)
            return result
        case Union():
            return _await_union(interpreter, value, place, first)
        case Resource():
            observe_resource_access(interpreter, value)
            return UNKNOWN
        case Instance() if (coroutine := _await_method_call(interpreter, value, place)) is not None:
            return await_value(interpreter, coroutine, place, first)
    _report_unresolved(interpreter, value, place)
    return UNKNOWN


def _await_union(interpreter: Interpreter, value: Union, place: Place, first: int | None) -> Value:
    """Await whichever case of a union is the value. Tasks that only exist in their case need no choice."""
    if first is not None and first < len(interpreter.operations) and _await_in_branches(interpreter, value, place):
        return UNKNOWN
    tasks = [case.value for case in value.cases if isinstance(case.value, Task | Gathering)]
    unstarted = [case.value for case in value.cases if is_awaitable(case.value) and case.value not in tasks]
    members = tuple(member for task in tasks for member in await_members(task))
    if tasks and (not unstarted or all(awaited.on_every_path for task in tasks for awaited in awaited_tasks(task))):
        interpreter.emit(
            Await(
                AwaitGroup("all", members), place, any(isinstance(v, Gathering) and v.one_per_iteration for v in tasks)
            )
        )
        if not unstarted:
            return UNKNOWN
        rest = (replace(case, value=UNKNOWN if case.value in tasks else case.value) for case in value.cases)
        value = Union(tuple(rest), value.discriminant, value.place)
    return interpreter.apply_to_cases(value, lambda chosen: await_value(interpreter, chosen, place))


def start(interpreter: Interpreter, value: Value, place: Place) -> Value:
    """Emit the start of a coroutine and return its task. Other awaitables are returned unchanged."""
    match value:
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall():
            return _start_coroutine(interpreter, value)
        case Resource():
            observe_resource_access(interpreter, value)
            return UNKNOWN
        case WaitForCall(inner=inner):
            return _start_with_timeout(interpreter, value, start(interpreter, inner, place))
        case Union():
            return interpreter.apply_to_cases(value, lambda chosen: start(interpreter, chosen, place))
        case Task() | Gathering():
            return value
        case Instance() if (coroutine := _await_method_call(interpreter, value, place)) is not None:
            return start(interpreter, coroutine, place)
    _report_unresolved(interpreter, value, place)
    return UNKNOWN


def _start_with_timeout(interpreter: Interpreter, wrapped: WaitForCall, started: Value) -> Value:
    """Report that the engine continues the work of an `asyncio.wait_for` after its timeout."""
    task_ids = [awaited.task_id for awaited in awaited_tasks(started)]
    if task_ids:
        interpreter.work.timed_tasks.update(task_ids)
        block = Block((Await(AwaitGroup("all", await_members(started)), wrapped.place),))
        report_timeout(interpreter, wrapped.place, "asyncio.wait_for", block)
    return started


def _start_coroutine(interpreter: Interpreter, coroutine: Coroutine) -> Value:
    """Start a coroutine as a task whose writes may take effect at any time until it is awaited."""
    last_step, checkpoint, newest = (
        interpreter.replay.last_step,
        interpreter.store.checkpoint(),
        interpreter.store.serial,
    )
    outer_reads, interpreter.store.reads = interpreter.store.reads, set()
    activity, result = _activity(interpreter, coroutine, is_started=True)
    reads = frozenset(slot for slot in interpreter.store.reads if slot[0] <= newest)
    interpreter.store.reads = outer_reads | reads
    interpreter.replay.last_step = last_step  # the task runs concurrently with the code after its start
    if activity is None:
        return UNKNOWN
    task = start_activity(interpreter, activity, coroutine.place, result)
    may_reevaluate = isinstance(coroutine, FunctionCall) and isinstance(activity, Call)
    state = InFlightTask(
        task.task_id,
        coroutine.place,
        interpreter.loop_depth,
        interpreter.repeated_passes,
        reads if may_reevaluate else frozenset(),
        coroutine=coroutine,
        activity=activity,
        await_count=interpreter.work.await_count,
    )
    interpreter.store.start_task(state, checkpoint, newest)
    return task


class InFlightTask(TaskState, kw_only=True):
    """A task in flight that can be evaluated again."""

    coroutine: Coroutine
    activity: Activity
    await_count: int
    """The number of awaits evaluated before its start."""


def resume_tasks(interpreter: Interpreter) -> None:
    """Evaluate tasks in flight again if other code has written to variables that they read.

    At an await they may read the new values. A task that has begun may have read the old ones.
    """
    interpreter.work.await_count += 1
    rewrites = interpreter.store.rewrites
    if not rewrites or interpreter.work.resuming:
        return
    interpreter.work.resuming = True
    slots = {rewrite.slot for rewrite in rewrites}
    tasks = [task for task in interpreter.store.tasks() if not slots.isdisjoint(task.reads)]
    for task in tasks:
        if isinstance(task, InFlightTask):
            _reevaluate(interpreter, task, [rewrite for rewrite in rewrites if rewrite.slot in task.reads])
    interpreter.store.rewrites.clear()
    interpreter.work.resuming = False


def _reevaluate(interpreter: Interpreter, task: InFlightTask, rewrites: Sequence[Rewrite]) -> None:
    if not isinstance(task.coroutine, FunctionCall) or not isinstance(task.activity, Call):
        return
    coroutine = task.coroutine
    checkpoint, newest = interpreter.store.checkpoint(), interpreter.store.serial
    if task.await_count + 1 < interpreter.work.await_count:
        for rewrite in rewrites:
            interpreter.store.weak_update(rewrite.container, rewrite.key, rewrite.before, task.place)
    function = summarize_call(interpreter, coroutine.function, coroutine.arguments).function
    rewritten = {rewrite.slot for rewrite in rewrites}
    written = [
        change
        for change in interpreter.store.write_histories(checkpoint, newest)
        if (change[0].serial, change[1]) not in rewritten
    ]
    interpreter.store.rollback(checkpoint)
    interpreter.store.extend_writes(task, written)
    if function.may_run_steps or task.activity.function.may_run_steps:
        force_setattr(task.activity, "function", function)  # the emitted `Start` holds this call


def _await_method_call(interpreter: Interpreter, value: Instance, place: Place) -> FunctionCall | None:
    """Return the call of an instance's `__await__`, None if that is not a plain function of the project."""
    method = interpreter.attribute(value, "__await__", place)
    if isinstance(method, FunctionValue) and isinstance(method.node, cst.FunctionDef):
        return FunctionCall(method, Arguments(), place)
    _report_unresolved(interpreter, method, place)
    return None


def start_activity(
    interpreter: Interpreter, activity: Activity, place: Place, result: Value = UNKNOWN, *, eager: bool = False
) -> Task:
    """Emit the start of an activity and return its task."""
    task_id = interpreter.work.new_task_id()
    interpreter.work.activities[task_id] = activity
    interpreter.frame.has_started_tasks = True
    interpreter.emit(Start(task_id, activity, eager, place))
    return Task(task_id, result)


def await_members(value: Value) -> tuple[AwaitMember, ...]:
    """Return the members of the await group of a value."""
    match value:
        case Task(task_id=task_id, all_runs=every, on_every_path=on_every_path):
            return (AwaitedTask(task_id, every, on_every_path),)
        case Gathering(members=members):
            return tuple(member for inner in members for member in _group_member(inner, value.started_tasks))
        case WaitForCall(inner=inner):
            return await_members(inner)
        case Union(cases=cases):
            return tuple(member for case in cases for member in await_members(case.value))
        case _:
            return ()


def awaited_tasks(value: Value) -> Iterator[AwaitedTask]:
    """Yield the tasks that an await of a value waits for."""
    return awaited_tasks_of(AwaitGroup("all", await_members(value)))


def await_group(value: Gathering) -> AwaitGroup:
    """Return the await group of a gathering."""
    return AwaitGroup(
        value.kind,
        await_members(value),
        value.started_tasks,
        loop_depth=value.loop_depth,
        until_done=value.until_done,
        in_completion_order=value.in_completion_order,
    )


def _group_member(value: Value, outer_tasks: frozenset[TaskId]) -> tuple[AwaitMember, ...]:
    """Return a nested gathering as a group unless its members can join the outer group."""
    if not isinstance(value, Gathering):
        return await_members(value)
    group = await_group(value)
    nested = bool(group.started_tasks) and group.started_tasks <= outer_tasks
    if not group.members or (not nested and group.kind == "all" and group.until_done):
        return group.members
    return (replace(group, nested=nested),)


def _activity(interpreter: Interpreter, value: Coroutine, *, is_started: bool = False) -> tuple[Activity | None, Value]:
    """Return the work and the result of a coroutine. The work is None if it runs no steps.

    With `is_started`, a function that reads outer variables counts as work: it may run steps assigned to them later.
    """
    match value:
        case StepCall(step=step, place=place):
            interpreter.work.begun.add(id(place.node))
            interpreter.frame.called |= interpreter.work.bit_of(step.definition)
            body = _step_body(interpreter, step)
            run = StepRun(step.definition, body, dependencies_of(interpreter, step, _step_body))
            interpreter.steps.ran.add(step.definition)
            return run, UNKNOWN
        case WaitCall(activity=activity, place=place):
            interpreter.work.begun.add(id(place.node))
            return activity, Event(activity.payload)
        case PreparedCall(function=function, result=result, place=place):
            interpreter.work.begun.add(id(place.node))
            interpreter.frame.called |= interpreter.work.bit_of(function)
            return Call(function), result
        case FunctionCall(function=function_value, arguments=arguments, place=place):
            interpreter.work.begun.add(id(place.node))
            summary = summarize_call(interpreter, function_value, arguments)
            if summary.function.may_run_steps:
                interpreter.frame.called |= interpreter.work.bit_of(function_value.node)
            may_work = (
                summary.function.may_run_steps
                or may_await(summary.function.body)
                or (is_started and bool(summary.reads))
            )
            return Call(summary.function) if may_work else None, summary.result


def _step_body(interpreter: Interpreter, step: StepFunction) -> Block:
    """Return the body of a step, evaluated with unknown parameters: they are results of other steps."""
    function = step.function
    if isinstance(function, FunctionValue) and isinstance(function.node, cst.FunctionDef):
        with interpreter.step_body(step.definition.place.node):
            step_function = summarize_call(interpreter, _without_data_defaults(function), Arguments()).function
        if step_function.may_run_steps:
            interpreter.frame.called |= interpreter.work.bit_of(function.node)
        return step_function.body if step_function.may_run_steps else EMPTY
    if not function.relevant:
        return EMPTY
    place = step.definition.place
    with interpreter.step_body(place.node):
        return interpreter.block_of(
            lambda: await_value(interpreter, interpreter.call(function, Arguments(), place), place)
        )


def _without_data_defaults(function: FunctionValue) -> FunctionValue:
    """Remove the defaults of a step's function that lead to no step: the SDK fills each parameter."""
    defaults = tuple((name, value) for name, value in function.defaults if not _is_irrelevant(value))
    return function if len(defaults) == len(function.defaults) else replace(function, defaults=defaults)


def _is_irrelevant(value: Value) -> bool:
    match value:
        case Collection():
            return not any(item.value.relevant for item in value.items)
        case Mapping():
            return not any(entry.value.relevant for entry in value.entries)
        case _:
            return not value.relevant


def _run_inline(interpreter: Interpreter, task_id: TaskId) -> bool:
    """Replace the last operation by a `Run` if it is the eager start of the awaited task: `await step.sleep(...)`.

    A task created by `create_task` stays a `Start`: waiting tasks begin before it.
    """
    start_operation = interpreter.operations[-1] if interpreter.operations else None
    if not isinstance(start_operation, Start) or not start_operation.eager or start_operation.task_id != task_id:
        return False
    interpreter.operations[-1] = Run(start_operation.activity, start_operation.place)
    interpreter.replay.complete_step()
    return True


def _await_in_branches(interpreter: Interpreter, value: Union, place: Place) -> bool:
    """Move the await into the branches of the choice just emitted: `await (gather(a(), b()) if c else d())`."""
    choice = interpreter.operations[-1]
    if not isinstance(choice, Choice) or len(choice.branches) != len(value.cases):
        return False
    pairs = list(zip(choice.branches, value.cases, strict=True))
    tasks = [(branch, case.value) for branch, case in pairs if isinstance(case.value, Task | Gathering)]
    if not tasks or not all(_starts_tasks_of(branch, task) for branch, task in tasks):
        return False
    interpreter.operations[-1] = replace(
        choice, branches=tuple(_with_await(interpreter, branch, case.value, place) for branch, case in pairs)
    )
    return True


def _starts_tasks_of(branch: Branch, task: Value) -> bool:
    started = {task_id for operation in branch.block.operations for task_id in tasks_started_in(operation)}
    return started >= {awaited.task_id for awaited in awaited_tasks(task)}


def _with_await(interpreter: Interpreter, branch: Branch, value: Value, place: Place) -> Branch:
    """Return a branch that ends with the await of its value. A coroutine begins at the await."""
    with interpreter.collect_operations() as operations:
        operations.extend(branch.block.operations)
        await_value(interpreter, value, place)
    return replace(branch, block=Block(tuple(operations)))


def _report_unresolved(interpreter: Interpreter, value: Value, place: Place) -> None:
    match value:
        case Unresolved(reason=reason, place=origin):
            interpreter.note(
                "unresolved-await",
                place,
                f"what is awaited here (`{origin.text}`) cannot be followed: {reason}.",
                "Steps that it runs are missing from the graph; call them by name.",
            )
        case StepDecorator() | StepMethod():
            interpreter.note(
                "decorator-awaited",
                place,
                "`step.do(...)` makes a decorator, so awaiting it runs no step and fails.",
                "Decorate an async function with it, then await a call of that function.",
                incomplete=False,
            )
        case GeneratorCall(function=function):
            interpreter.note(
                "generator",
                place,
                f"`{function.name}` is a generator, which stepgraph does not follow here.",
                "Steps that it runs are missing from the graph.",
            )
