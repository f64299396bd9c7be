"""Starting work and waiting for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import force_setattr, replace

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Alternatives,
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
    Awaited,
    Block,
    Branch,
    Call,
    Choice,
    Handle,
    Join,
    Joined,
    JoinMember,
    Run,
    Start,
    StepRun,
    awaited_in,
    started_in,
    waits,
)
from stepgraph.syntax.module import Place

COROUTINES: Final = (StepCall, WaitCall, FunctionCall, PreparedCall)
AWAITABLES: Final = (*COROUTINES, Task, Gathering, Wrapped)


def is_awaitable(value: Value) -> bool:
    """Whether a value is, or may be, work to wait for."""
    if isinstance(value, Alternatives):
        return any(is_awaitable(option.value) for option in value.options)
    return isinstance(value, AWAITABLES)


def await_value(machine: Machine, value: Value, place: Place, first: int | None = None) -> Value:
    """Return what awaiting a value gives, having emitted what runs or is waited for.

    The operations from `first` on are those of evaluating the expression that is awaited.
    """
    resume_tasks(machine)
    match value:
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall():
            activity, result = _activity(machine, value)
            if activity is not None:
                machine.emit(Run(activity, value.place))
            return result
        case Task(handle=handle, result=result):
            if not _ran_on_the_spot(machine, handle):
                machine.emit(Join(Joined("all", members_of(value)), place))
            return result
        case Gathering(result=result):
            if value.members:
                machine.emit(Join(joined(value), place, value.each))
            return result
        case Wrapped(inner=inner):
            last, before = machine.operations[-1:], len(machine.operations)
            result = await_value(machine, inner, place, first)
            if machine.operations[-1:] != last:
                awaited = Block(tuple(machine.operations[before:] or machine.operations[-1:]))
                report_timeout(machine, value.place, "asyncio.wait_for", awaited)
            return result
        case Alternatives():
            return _await_one(machine, value, place, first)
        case Resource():
            reach_out(machine, value)
            return UNKNOWN
        case Instance() if (coroutine := _coroutine_of(machine, value, place)) is not None:
            return await_value(machine, coroutine, place, first)
    _report_unresolved(machine, value, place)
    return UNKNOWN


def _await_one(machine: Machine, value: Alternatives, place: Place, first: int | None) -> Value:
    """Wait for whichever of several values it is; for work that is only there if it is that value, without a choice."""
    if first is not None and first < len(machine.operations) and _chosen_on_the_spot(machine, value, place):
        return UNKNOWN
    started = [o.value for o in value.options if isinstance(o.value, Task | Gathering)]
    others = [o.value for o in value.options if is_awaitable(o.value) and o.value not in started]
    members = tuple(member for one in started for member in members_of(one))
    if started and (not others or all(awaited.sure for one in started for awaited in awaited_of(one))):
        machine.emit(Join(Joined("all", members), place, any(isinstance(v, Gathering) and v.each for v in started)))
        if not others:
            return UNKNOWN
        rest = (replace(o, value=UNKNOWN if o.value in started else o.value) for o in value.options)
        value = Alternatives(tuple(rest), value.discriminant, value.place)
    return machine.choose(value, lambda chosen: await_value(machine, chosen, place))


def start(machine: Machine, value: Value, place: Place) -> Value:
    """Return the task that a coroutine becomes, having emitted its start; other awaitables are what they are."""
    match value:
        case StepCall() | WaitCall() | FunctionCall() | PreparedCall():
            return _started(machine, value)
        case Resource():
            reach_out(machine, value)
            return UNKNOWN
        case Wrapped(inner=inner):
            return _started_up_to_a_timeout(machine, value, start(machine, inner, place))
        case Alternatives():
            return machine.choose(value, lambda chosen: start(machine, chosen, place))
        case Task() | Gathering():
            return value
        case Instance() if (coroutine := _coroutine_of(machine, value, place)) is not None:
            return start(machine, coroutine, place)
    _report_unresolved(machine, value, place)
    return UNKNOWN


def _started_up_to_a_timeout(machine: Machine, wrapped: Wrapped, started: Value) -> Value:
    """Return the task that `wait_for` becomes, having reported that the engine goes on with what is in it."""
    handles = [awaited.handle for awaited in awaited_of(started)]
    if handles:
        machine.work.limited.update(handles)
        block = Block((Join(Joined("all", members_of(started)), wrapped.place),))
        report_timeout(machine, wrapped.place, "asyncio.wait_for", block)
    return started


def _started(machine: Machine, coroutine: Coroutine) -> Value:
    """Return the task that a coroutine becomes; what it writes to names and attributes may be written any time."""
    checkpoint, mark, newest = machine.replay.checkpoint, machine.store.mark(), machine.store.serial
    outer, machine.store.reads = machine.store.reads, set()
    activity, result = _activity(machine, coroutine, is_started=True)
    reads = frozenset(slot for slot in machine.store.reads if slot[0] <= newest)
    machine.store.reads = outer | reads
    machine.replay.checkpoint = checkpoint  # what is started goes on beside what follows
    if activity is None:
        return UNKNOWN
    task = start_activity(machine, activity, coroutine.place, result)
    is_read_again = isinstance(coroutine, FunctionCall) and isinstance(activity, Call)
    state = InFlight(
        task.handle,
        coroutine.place,
        machine.loop_depth,
        machine.passes,
        reads if is_read_again else frozenset(),
        coroutine=coroutine,
        activity=activity,
        awaits=machine.work.awaits,
    )
    machine.store.launch(state, mark, newest)
    return task


class InFlight(TaskState, kw_only=True):
    """A task in flight that can be read again."""

    coroutine: Coroutine
    activity: Activity
    awaits: int
    """The number of awaits before its start."""


def resume_tasks(machine: Machine) -> None:
    """Read again the tasks whose variables other code has written to: at an await, they may read the new values.

    A task that has begun may have read the old values instead.
    """
    machine.work.awaits += 1
    rewrites = machine.store.rewrites
    if not rewrites or machine.work.resuming:
        return
    machine.work.resuming = True
    slots = {rewrite.slot for rewrite in rewrites}
    tasks = [task for task in machine.store.tasks() if not slots.isdisjoint(task.reads)]
    for task in tasks:
        if isinstance(task, InFlight):
            _read_again(machine, task, [rewrite for rewrite in rewrites if rewrite.slot in task.reads])
    machine.store.rewrites.clear()
    machine.work.resuming = False


def _read_again(machine: Machine, task: InFlight, rewrites: Sequence[Rewrite]) -> None:
    if not isinstance(task.coroutine, FunctionCall) or not isinstance(task.activity, Call):
        return
    coroutine = task.coroutine
    mark, newest = machine.store.mark(), machine.store.serial
    if task.awaits + 1 < machine.work.awaits:
        for rewrite in rewrites:
            machine.store.write_also(rewrite.container, rewrite.key, rewrite.before, task.place)
    read = read_function(machine, coroutine.function, coroutine.arguments).function
    rebound = {rewrite.slot for rewrite in rewrites}
    written = [change for change in machine.store.written(mark, newest) if (change[0].serial, change[1]) not in rebound]
    machine.store.rewind(mark)
    machine.store.extend_writes(task, written)
    if read.works or task.activity.function.works:
        force_setattr(task.activity, "function", read)  # the start of the task is in the graph already


def _coroutine_of(machine: Machine, value: Instance, place: Place) -> FunctionCall | None:
    """Return what runs when an object of the project is awaited: its `__await__`, which is a plain function."""
    method = machine.attribute(value, "__await__", place)
    if isinstance(method, FunctionValue) and isinstance(method.node, cst.FunctionDef):
        return FunctionCall(method, Arguments(), place)
    _report_unresolved(machine, method, place)
    return None


def start_activity(
    machine: Machine, activity: Activity, place: Place, result: Value = UNKNOWN, *, eager: bool = False
) -> Task:
    """Return a task for work, having emitted its start."""
    handle = machine.work.new_handle()
    machine.work.activities[handle] = activity
    machine.frame.has_started = True
    machine.emit(Start(handle, activity, eager, place))
    return Task(handle, result)


def members_of(value: Value) -> tuple[JoinMember, ...]:
    """Return what a join of a value waits for."""
    match value:
        case Task(handle=handle, every=every, sure=sure):
            return (Awaited(handle, every, sure),)
        case Gathering(members=members):
            return tuple(member for inner in members for member in _member(inner, value.own))
        case Wrapped(inner=inner):
            return members_of(inner)
        case Alternatives(options=options):
            return tuple(member for option in options for member in members_of(option.value))
        case _:
            return ()


def awaited_of(value: Value) -> Iterator[Awaited]:
    """Yield all the work that a join of a value waits for."""
    return awaited_in(Joined("all", members_of(value)))


def joined(value: Gathering) -> Joined:
    """Return a gathering as what a join waits for."""
    return Joined(
        value.kind, members_of(value), value.own, loops=value.loops, certain=value.certain, in_turn=value.in_turn
    )


def _member(value: Value, own: frozenset[Handle]) -> tuple[JoinMember, ...]:
    """A gathering written inside another, or of another kind, is a group of its own."""
    if not isinstance(value, Gathering):
        return members_of(value)
    group = joined(value)
    nested = bool(group.own) and group.own <= own
    if not group.members or (not nested and group.kind == "all" and group.certain):
        return group.members
    return (replace(group, nested=nested),)


def _activity(machine: Machine, value: Coroutine, *, is_started: bool = False) -> tuple[Activity | None, Value]:
    """Return what runs when a coroutine begins, and what it gives. None where there are no steps in it.

    What is started may run steps that it is given later.
    """
    match value:
        case StepCall(step=step, place=place):
            machine.work.begun.add(id(place.node))
            machine.frame.called |= machine.work.bit_of(step.definition)
            body = _step_body(machine, step)
            run = StepRun(step.definition, body, dependencies_of(machine, step, _step_body))
            machine.steps.ran.add(step.definition)
            return run, UNKNOWN
        case WaitCall(activity=activity, place=place):
            machine.work.begun.add(id(place.node))
            return activity, Event(activity.payload)
        case PreparedCall(function=function, result=result, place=place):
            machine.work.begun.add(id(place.node))
            machine.frame.called |= machine.work.bit_of(function)
            return Call(function), result
        case FunctionCall(function=function_value, arguments=arguments, place=place):
            machine.work.begun.add(id(place.node))
            summary = read_function(machine, function_value, arguments)
            if summary.function.works:
                machine.frame.called |= machine.work.bit_of(function_value.node)
            may_work = summary.function.works or waits(summary.function.body) or (is_started and bool(summary.reads))
            return Call(summary.function) if may_work else None, summary.result


def _step_body(machine: Machine, step: StepFunction) -> Block:
    """Return what the body of a step does; its parameters are results of other steps, and not known."""
    function = step.function
    if isinstance(function, FunctionValue) and isinstance(function.node, cst.FunctionDef):
        with machine.step_body(step.definition.place.node):
            read = read_function(machine, _filled(function), Arguments()).function
        if read.works:
            machine.frame.called |= machine.work.bit_of(function.node)
        return read.body if read.works else EMPTY
    if not function.relevant:
        return EMPTY
    place = step.definition.place
    with machine.step_body(place.node):
        return machine.block_of(lambda: await_value(machine, machine.call(function, Arguments(), place), place))


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


def _ran_on_the_spot(machine: Machine, handle: Handle) -> bool:
    """`await step.sleep(...)`: what was started by the last operation and is awaited now simply runs.

    A task does not: others that wait begin before it.
    """
    last = machine.operations[-1] if machine.operations else None
    if not isinstance(last, Start) or not last.eager or last.handle != handle:
        return False
    machine.operations[-1] = Run(last.activity, last.place)
    machine.replay.check()
    return True


def _chosen_on_the_spot(machine: Machine, value: Alternatives, place: Place) -> bool:
    """`await (gather(a(), b()) if c else d())`: each branch of the choice that was just made ends in its await."""
    last = machine.operations[-1]
    if not isinstance(last, Choice) or len(last.branches) != len(value.options):
        return False
    pairs = list(zip(last.branches, value.options, strict=True))
    tasks = [(branch, option.value) for branch, option in pairs if isinstance(option.value, Task | Gathering)]
    if not tasks or not all(_starts(branch, task) for branch, task in tasks):
        return False
    machine.operations[-1] = replace(last, branches=tuple(_awaited(machine, b, o.value, place) for b, o in pairs))
    return True


def _starts(branch: Branch, task: Value) -> bool:
    started = {handle for operation in branch.block.operations for handle in started_in(operation)}
    return started >= {awaited.handle for awaited in awaited_of(task)}


def _awaited(machine: Machine, branch: Branch, value: Value, place: Place) -> Branch:
    """A branch that ends in what it started, awaited; a coroutine begins only there."""
    with machine.nested() as operations:
        operations.extend(branch.block.operations)
        await_value(machine, value, place)
    return replace(branch, block=Block(tuple(operations)))


def _report_unresolved(machine: Machine, value: Value, place: Place) -> None:
    match value:
        case Unresolved(reason=reason, place=origin):
            machine.note(
                "unresolved-await",
                place,
                f"what is awaited here (`{origin.text}`) cannot be followed: {reason}.",
                "Steps that it runs are missing from the graph; call them by name.",
            )
        case StepDecorator() | StepMethod():
            machine.note(
                "decorator-awaited",
                place,
                "`step.do(...)` makes a decorator, so awaiting it runs no step and fails.",
                "Decorate an async function with it, then await a call of that function.",
                incomplete=False,
            )
        case GeneratorCall(function=function):
            machine.note(
                "generator",
                place,
                f"`{function.name}` is a generator, which stepgraph does not follow here.",
                "Steps that it runs are missing from the graph.",
            )
