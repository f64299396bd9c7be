"""Starting work and waiting for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import force_setattr, replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Arguments,
    Collection,
    Coroutine,
    Event,
    FunctionCall,
    FunctionValue,
    Gathering,
    GeneratorCall,
    Instance,
    Mapping,
    PreparedCall,
    Resource,
    StepCall,
    StepDecorator,
    StepFunction,
    StepMethod,
    Task,
    Union,
    Unresolved,
    Value,
    WaitCall,
    Wrapped,
)
from stepgraph.interpreter.replay.resources import reach_out
from stepgraph.interpreter.store import Rewrite, TaskState
from stepgraph.interpreter.summaries import read_function
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
    awaited_in,
    started_in,
    waits,
)
from stepgraph.syntax.module import Place

COROUTINES: Final = (StepCall, WaitCall, FunctionCall, PreparedCall)
AWAITABLES: Final = (*COROUTINES, Task, Gathering, Wrapped)


def is_awaitable(value: Value) -> bool:
    """Whether a value is, or may be, work to wait for."""
    if isinstance(value, Union):
        return any(is_awaitable(case.value) for case in value.cases)
    return isinstance(value, AWAITABLES)


def await_value(interpreter: Interpreter, value: Value, place: Place, first: int | None = None) -> Value:
    """Return what awaiting a value gives, having emitted what runs or is waited for.

    The operations from `first` on are those of evaluating the expression that is awaited.
    """
    resume_tasks(interpreter)
    match value:
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall():
            activity, result = _activity(interpreter, value)
            if activity is not None:
                interpreter.emit(Run(activity, value.place))
            return result
        case Task(task_id=task_id, result=result):
            if not _ran_on_the_spot(interpreter, task_id):
                interpreter.emit(Await(AwaitGroup("all", members_of(value)), place))
            return result
        case Gathering(result=result):
            if value.members:
                interpreter.emit(Await(joined(value), place, value.each))
            return result
        case Wrapped(inner=inner):
            last, before = interpreter.operations[-1:], len(interpreter.operations)
            result = await_value(interpreter, inner, place, first)
            if interpreter.operations[-1:] != last:
                awaited = Block(tuple(interpreter.operations[before:] or interpreter.operations[-1:]))
                report_timeout(interpreter, value.place, "asyncio.wait_for", awaited)
            return result
        case Union():
            return _await_one(interpreter, value, place, first)
        case Resource():
            reach_out(interpreter, value)
            return UNKNOWN
        case Instance() if (coroutine := _coroutine_of(interpreter, value, place)) is not None:
            return await_value(interpreter, coroutine, place, first)
    _report_unresolved(interpreter, value, place)
    return UNKNOWN


def _await_one(interpreter: Interpreter, value: Union, place: Place, first: int | None) -> Value:
    """Wait for whichever of several values it is; for work that is only there if it is that value, without a choice."""
    if first is not None and first < len(interpreter.operations) and _chosen_on_the_spot(interpreter, value, place):
        return UNKNOWN
    started = [o.value for o in value.cases if isinstance(o.value, Task | Gathering)]
    others = [o.value for o in value.cases if is_awaitable(o.value) and o.value not in started]
    members = tuple(member for one in started for member in members_of(one))
    if started and (not others or all(awaited.on_every_path for one in started for awaited in awaited_of(one))):
        interpreter.emit(
            Await(AwaitGroup("all", members), place, any(isinstance(v, Gathering) and v.each for v in started))
        )
        if not others:
            return UNKNOWN
        rest = (replace(o, value=UNKNOWN if o.value in started else o.value) for o in value.cases)
        value = Union(tuple(rest), value.discriminant, value.place)
    return interpreter.choose(value, lambda chosen: await_value(interpreter, chosen, place))


def start(interpreter: Interpreter, value: Value, place: Place) -> Value:
    """Return the task that a coroutine becomes, having emitted its start; other awaitables are what they are."""
    match value:
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall():
            return _started(interpreter, value)
        case Resource():
            reach_out(interpreter, value)
            return UNKNOWN
        case Wrapped(inner=inner):
            return _started_up_to_a_timeout(interpreter, value, start(interpreter, inner, place))
        case Union():
            return interpreter.choose(value, lambda chosen: start(interpreter, chosen, place))
        case Task() | Gathering():
            return value
        case Instance() if (coroutine := _coroutine_of(interpreter, value, place)) is not None:
            return start(interpreter, coroutine, place)
    _report_unresolved(interpreter, value, place)
    return UNKNOWN


def _started_up_to_a_timeout(interpreter: Interpreter, wrapped: Wrapped, started: Value) -> Value:
    """Return the task that `wait_for` becomes, having reported that the engine goes on with what is in it."""
    task_ids = [awaited.task_id for awaited in awaited_of(started)]
    if task_ids:
        interpreter.work.limited.update(task_ids)
        block = Block((Await(AwaitGroup("all", members_of(started)), wrapped.place),))
        report_timeout(interpreter, wrapped.place, "asyncio.wait_for", block)
    return started


def _started(interpreter: Interpreter, coroutine: Coroutine) -> Value:
    """Return the task that a coroutine becomes; what it writes to names and attributes may be written any time."""
    last_step, checkpoint, newest = (
        interpreter.replay.last_step,
        interpreter.store.checkpoint(),
        interpreter.store.serial,
    )
    outer, interpreter.store.reads = interpreter.store.reads, set()
    activity, result = _activity(interpreter, coroutine, is_started=True)
    reads = frozenset(slot for slot in interpreter.store.reads if slot[0] <= newest)
    interpreter.store.reads = outer | reads
    interpreter.replay.last_step = last_step  # what is started goes on beside what follows
    if activity is None:
        return UNKNOWN
    task = start_activity(interpreter, activity, coroutine.place, result)
    is_read_again = isinstance(coroutine, FunctionCall) and isinstance(activity, Call)
    state = InFlight(
        task.task_id,
        coroutine.place,
        interpreter.loop_depth,
        interpreter.passes,
        reads if is_read_again else frozenset(),
        coroutine=coroutine,
        activity=activity,
        awaits=interpreter.work.awaits,
    )
    interpreter.store.start_task(state, checkpoint, newest)
    return task


class InFlight(TaskState, kw_only=True):
    """A task in flight that can be read again."""

    coroutine: Coroutine
    activity: Activity
    awaits: int
    """The number of awaits before its start."""


def resume_tasks(interpreter: Interpreter) -> None:
    """Read again the tasks whose variables other code has written to: at an await, they may read the new values.

    A task that has begun may have read the old values instead.
    """
    interpreter.work.awaits += 1
    rewrites = interpreter.store.rewrites
    if not rewrites or interpreter.work.resuming:
        return
    interpreter.work.resuming = True
    slots = {rewrite.slot for rewrite in rewrites}
    tasks = [task for task in interpreter.store.tasks() if not slots.isdisjoint(task.reads)]
    for task in tasks:
        if isinstance(task, InFlight):
            _read_again(interpreter, task, [rewrite for rewrite in rewrites if rewrite.slot in task.reads])
    interpreter.store.rewrites.clear()
    interpreter.work.resuming = False


def _read_again(interpreter: Interpreter, task: InFlight, rewrites: Sequence[Rewrite]) -> None:
    if not isinstance(task.coroutine, FunctionCall) or not isinstance(task.activity, Call):
        return
    coroutine = task.coroutine
    checkpoint, newest = interpreter.store.checkpoint(), interpreter.store.serial
    if task.awaits + 1 < interpreter.work.awaits:
        for rewrite in rewrites:
            interpreter.store.write_also(rewrite.container, rewrite.key, rewrite.before, task.place)
    read = read_function(interpreter, coroutine.function, coroutine.arguments).function
    rebound = {rewrite.slot for rewrite in rewrites}
    written = [
        change
        for change in interpreter.store.written(checkpoint, newest)
        if (change[0].serial, change[1]) not in rebound
    ]
    interpreter.store.rollback(checkpoint)
    interpreter.store.extend_writes(task, written)
    if read.works or task.activity.function.works:
        force_setattr(task.activity, "function", read)  # the start of the task is in the graph already


def _coroutine_of(interpreter: Interpreter, value: Instance, place: Place) -> FunctionCall | None:
    """Return what runs when an object of the project is awaited: its `__await__`, which is a plain function."""
    method = interpreter.attribute(value, "__await__", place)
    if isinstance(method, FunctionValue) and isinstance(method.node, cst.FunctionDef):
        return FunctionCall(method, Arguments(), place)
    _report_unresolved(interpreter, method, place)
    return None


def start_activity(
    interpreter: Interpreter, activity: Activity, place: Place, result: Value = UNKNOWN, *, eager: bool = False
) -> Task:
    """Return a task for work, having emitted its start."""
    task_id = interpreter.work.new_task_id()
    interpreter.work.activities[task_id] = activity
    interpreter.frame.has_started = True
    interpreter.emit(Start(task_id, activity, eager, place))
    return Task(task_id, result)


def members_of(value: Value) -> tuple[AwaitMember, ...]:
    """Return what a join of a value waits for."""
    match value:
        case Task(task_id=task_id, every=every, on_every_path=on_every_path):
            return (AwaitedTask(task_id, every, on_every_path),)
        case Gathering(members=members):
            return tuple(member for inner in members for member in _member(inner, value.own))
        case Wrapped(inner=inner):
            return members_of(inner)
        case Union(cases=cases):
            return tuple(member for case in cases for member in members_of(case.value))
        case _:
            return ()


def awaited_of(value: Value) -> Iterator[AwaitedTask]:
    """Yield all the work that a join of a value waits for."""
    return awaited_in(AwaitGroup("all", members_of(value)))


def joined(value: Gathering) -> AwaitGroup:
    """Return a gathering as what a join waits for."""
    return AwaitGroup(
        value.kind, members_of(value), value.own, loops=value.loops, until_done=value.until_done, in_turn=value.in_turn
    )


def _member(value: Value, own: frozenset[TaskId]) -> tuple[AwaitMember, ...]:
    """A gathering written inside another, or of another kind, is a group of its own."""
    if not isinstance(value, Gathering):
        return members_of(value)
    group = joined(value)
    nested = bool(group.own) and group.own <= own
    if not group.members or (not nested and group.kind == "all" and group.until_done):
        return group.members
    return (replace(group, nested=nested),)


def _activity(interpreter: Interpreter, value: Coroutine, *, is_started: bool = False) -> tuple[Activity | None, Value]:
    """Return what runs when a coroutine begins, and what it gives. None where there are no steps in it.

    What is started may run steps that it is given later.
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
            summary = read_function(interpreter, function_value, arguments)
            if summary.function.works:
                interpreter.frame.called |= interpreter.work.bit_of(function_value.node)
            may_work = summary.function.works or waits(summary.function.body) or (is_started and bool(summary.reads))
            return Call(summary.function) if may_work else None, summary.result


def _step_body(interpreter: Interpreter, step: StepFunction) -> Block:
    """Return what the body of a step does; its parameters are results of other steps, and not known."""
    function = step.function
    if isinstance(function, FunctionValue) and isinstance(function.node, cst.FunctionDef):
        with interpreter.step_body(step.definition.place.node):
            read = read_function(interpreter, _filled(function), Arguments()).function
        if read.works:
            interpreter.frame.called |= interpreter.work.bit_of(function.node)
        return read.body if read.works else EMPTY
    if not function.relevant:
        return EMPTY
    place = step.definition.place
    with interpreter.step_body(place.node):
        return interpreter.block_of(
            lambda: await_value(interpreter, interpreter.call(function, Arguments(), place), place)
        )


def _filled(function: FunctionValue) -> FunctionValue:
    """Return a step's function without the defaults that no step comes from: the SDK fills each parameter."""
    kept = tuple((name, value) for name, value in function.defaults if not _is_mere_data(value))
    return function if len(kept) == len(function.defaults) else replace(function, defaults=kept)


def _is_mere_data(value: Value) -> bool:
    match value:
        case Collection():
            return not any(item.value.relevant for item in value.items)
        case Mapping():
            return not any(entry.value.relevant for entry in value.entries)
        case _:
            return not value.relevant


def _ran_on_the_spot(interpreter: Interpreter, task_id: TaskId) -> bool:
    """`await step.sleep(...)`: what was started by the last operation and is awaited now simply runs.

    A task does not: others that wait begin before it.
    """
    last = interpreter.operations[-1] if interpreter.operations else None
    if not isinstance(last, Start) or not last.eager or last.task_id != task_id:
        return False
    interpreter.operations[-1] = Run(last.activity, last.place)
    interpreter.replay.check()
    return True


def _chosen_on_the_spot(interpreter: Interpreter, value: Union, place: Place) -> bool:
    """`await (gather(a(), b()) if c else d())`: each branch of the choice that was just made ends in its await."""
    last = interpreter.operations[-1]
    if not isinstance(last, Choice) or len(last.branches) != len(value.cases):
        return False
    pairs = list(zip(last.branches, value.cases, strict=True))
    tasks = [(branch, case.value) for branch, case in pairs if isinstance(case.value, Task | Gathering)]
    if not tasks or not all(_starts(branch, task) for branch, task in tasks):
        return False
    interpreter.operations[-1] = replace(
        last, branches=tuple(_awaited(interpreter, b, o.value, place) for b, o in pairs)
    )
    return True


def _starts(branch: Branch, task: Value) -> bool:
    started = {task_id for operation in branch.block.operations for task_id in started_in(operation)}
    return started >= {awaited.task_id for awaited in awaited_of(task)}


def _awaited(interpreter: Interpreter, branch: Branch, value: Value, place: Place) -> Branch:
    """A branch that ends in what it started, awaited; a coroutine begins only there."""
    with interpreter.nested() as operations:
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
