"""Calls of functions that only start tasks, which other code awaits.

For example, a method stores a task in an attribute, and another method awaits it:

    def begin(self):
        self.task = asyncio.create_task(load())

    async def finish(self):
        await self.task

The task outlasts its function, so no group in the function can show its end. Instead, the call of `begin` is pending
until the await of the task, like the call of a function that returns a coroutine. The body of `begin` then ends with
the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.calls import functions_called_in, reachable
from stepgraph.graph.completed_tasks import summarize_calls
from stepgraph.graph.control import structure_control_flow
from stepgraph.graph.liveness import liveness
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, TaskId
from stepgraph.ir.nodes import (
    Await,
    Call,
    Choice,
    Function,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Scope,
    Series,
    StartOperation,
    StepRun,
    child_blocks,
    operations_in,
)
from stepgraph.ir.walk import ExpandedProgram, map_blocks, task_references, tasks_started_in
from stepgraph.limits import Budget
from stepgraph.syntax.module import SourcePlace


def with_starting_calls(program: ExpandedProgram) -> ExpandedProgram:
    """Return a program in which calls that only start tasks are tasks themselves, if awaits complete these."""
    functions = reachable(program.body, program.body_of)
    if not functions:
        return program
    bodies = {id(function): program.body_of(function) for function in functions}
    awaited = {task_id for body in (program.body, *bodies.values()) for task_id in _foreign_tasks(body)}
    if not awaited:
        return program
    places = {id(function): function.place for function in functions}
    starters = _with_same_definition(_tasks_by_starter(program.body, bodies), awaited, places)
    aliases = {task: call for task, call in _returned_tasks(program.body, bodies).items() if task in awaited}
    if not starters and not aliases:
        return program
    rewritten = _rewritten_program(program, bodies, starters, aliases, places)
    completed = _completed_tasks(rewritten, bodies, starters) if starters else set()
    remaining = _with_same_definition(starters, completed, places)
    return (
        rewritten
        if len(remaining) == len(starters)
        else _rewritten_program(program, bodies, remaining, aliases, places)
    )


def _with_same_definition(
    starters: Mapping[int, dict[TaskId, bool]], tasks: set[TaskId], places: Mapping[int, SourcePlace]
) -> dict[int, dict[TaskId, bool]]:
    """Return the functions that start some of the tasks, and the functions with the same definition.

    Functions with the same definition and equal bodies are merged, so the same decision applies to all of them.
    """
    definitions = {places[key].node for key, started in starters.items() if not tasks.isdisjoint(started)}
    return {key: started for key, started in starters.items() if places[key].node in definitions}


def _rewritten_program(
    program: ExpandedProgram,
    bodies: Mapping[int, OperationBlock],
    starters: Mapping[int, dict[TaskId, bool]],
    aliases: Mapping[TaskId, TaskId],
    places: Mapping[int, SourcePlace],
) -> ExpandedProgram:
    changed = {
        key: _with_final_await(_rewritten(body, starters, aliases), starters[key], places[key])
        if key in starters
        else _rewritten(body, starters, _without_own(aliases, body))
        for key, body in bodies.items()
    }
    return replace(program, body=_rewritten(program.body, starters, aliases), bodies=program.bodies | changed)


def _completed_tasks(
    program: ExpandedProgram, keys: Iterable[int], starters: Mapping[int, dict[TaskId, bool]]
) -> set[TaskId]:
    """Return the tasks of starters that some function completes. A group without completed tasks stays in the starter.

    The final await of a starter does not count.
    """
    calls = summarize_calls(program.body, program.body_of, Budget())
    completed: set[TaskId] = set()
    bodies = [(program.body, True), *((program.bodies[key], False) for key in keys if key not in starters)]
    for body, is_run in bodies:
        starts = [tasks for operation in operations_in(body) if (tasks := _tasks_of_call(operation, starters))]
        if starts:
            escaping = liveness(structure_control_flow(body, calls, is_run=is_run), is_run=is_run).escaping
            completed.update(task_id for tasks in starts if escaping.isdisjoint(tasks) for task_id in tasks)
    return completed


def _tasks_of_call(operation: Operation, starters: Mapping[int, dict[TaskId, bool]]) -> tuple[TaskId, ...]:
    match operation:
        case StartOperation(activity=Call(function=function)) if id(function) in starters:
            return operation.task_ids
        case _:
            return ()


def _foreign_tasks(body: OperationBlock) -> Iterator[TaskId]:
    """Yield the tasks that a body awaits but does not start."""
    started = set(tasks_started_in(body))
    return (task_id for task_id in task_references(body) if task_id not in started)


# Functions that only start tasks


class _StartedWork(Struct):
    """The tasks that a function starts, and the functions that it calls, if it does nothing else."""

    tasks: dict[TaskId, bool] = field(default_factory=dict)
    """Each task, with whether one call may start several runs of it."""
    callees: list[tuple[int, bool]] = field(default_factory=list)
    """The called functions by `id`, with whether one call may call them several times."""


def _tasks_by_starter(run: OperationBlock, bodies: Mapping[int, OperationBlock]) -> dict[int, dict[TaskId, bool]]:
    """Return, for each function that only starts tasks, its tasks and whether a call may start several runs of each.

    Functions that are called in steps, or as tasks, have no such call in the graph.
    """
    excluded = {id(function) for body in (run, *bodies.values()) for function in _called_otherwise(body)}
    work = {key: _started_work(body) for key, body in bodies.items() if key not in excluded}
    starters: dict[int, dict[TaskId, bool]] = {}
    callers: dict[int, list[int]] = {}
    undecided: dict[int, int] = {}
    for key, started in work.items():
        if started is not None:
            undecided[key] = len(started.callees)
            for callee, _ in started.callees:
                callers.setdefault(callee, []).append(key)
    ready = [key for key, count in undecided.items() if not count]
    while ready:
        key = ready.pop()
        starters[key] = _all_tasks(work[key] or _StartedWork(), starters)
        for caller in callers.get(key, ()):
            undecided[caller] -= 1
            if not undecided[caller]:
                ready.append(caller)
    return {key: tasks for key, tasks in starters.items() if tasks}


def _all_tasks(work: _StartedWork, starters: Mapping[int, dict[TaskId, bool]]) -> dict[TaskId, bool]:
    tasks = dict(work.tasks)
    for callee, repeats in work.callees:
        for task_id, several in starters[callee].items():
            tasks[task_id] = task_id in tasks or several or repeats
    return tasks


def _called_otherwise(body: OperationBlock) -> Iterator[Function]:
    """Yield the functions that a body calls in a step, in a task, or together with dependencies."""
    for operation in operations_in(body):
        match operation:
            case StartOperation(activity=Call(function=function)):
                yield function
            case Run(activity=StepRun(body=inner)) | StartOperation(activity=StepRun(body=inner)):
                yield from functions_called_in(inner)
            case Run(activity=Series(block=inner)) | StartOperation(activity=Series(block=inner)):
                yield from functions_called_in(inner)
            case PartialOrder(members=members):
                for member in members:
                    yield from functions_called_in(member)


def _started_work(body: OperationBlock) -> _StartedWork | None:
    """Return the work that a function starts. Return None if it also runs or awaits work, or raises an exception."""
    work = _StartedWork()
    pending = [(body, False)]
    while pending:
        block, in_loop = pending.pop()
        for operation in block.operations:
            match operation:
                case StartOperation(task_id=task_id):
                    work.tasks[task_id] = in_loop or task_id in work.tasks
                case Run(activity=Call(function=function), is_limited=False):
                    work.callees.append((id(function), in_loop))
                case Choice() | Scope() | LoopOperation():
                    repeats = in_loop or isinstance(operation, LoopOperation)
                    pending += ((inner, repeats) for inner in child_blocks(operation))
                case Pause():
                    pass
                case Jump(kind=kind) if kind is not JumpKind.RAISE:
                    pass
                case _:
                    return None
    return work


# Functions that return the task that they start


def _returned_tasks(run: OperationBlock, bodies: Mapping[int, OperationBlock]) -> dict[TaskId, TaskId]:
    """Return the tasks that functions start and also return, with the task of the only call of the function."""
    calls: dict[int, list[TaskId | None]] = {}
    for body in (run, *bodies.values()):
        for operation in operations_in(body):
            match operation:
                case StartOperation(activity=Call(function=function), task_id=task_id):
                    calls.setdefault(id(function), []).append(task_id)
                case Run(activity=Call(function=function)):
                    calls.setdefault(id(function), []).append(None)
    returned: dict[TaskId, TaskId] = {}
    for key, call_ids in calls.items():
        started = _only_task(bodies[key])
        call_id = call_ids[0] if len(call_ids) == 1 else None
        if started is not None and call_id is not None:
            returned[started] = call_id
    return returned


def _only_task(body: OperationBlock) -> TaskId | None:
    """Return the task of a function that starts a single task and awaits it at its end."""
    operations = [each for each in body.operations if not isinstance(each, Pause)]
    if operations and isinstance(operations[-1], Jump):
        operations.pop()
    match operations:
        case [StartOperation(task_id=task_id), Await(group=AwaitGroup(members=[AwaitedTask(task_id=same)]))] if (
            task_id == same
        ):
            return task_id
        case _:
            return None


def _without_own(aliases: Mapping[TaskId, TaskId], body: OperationBlock) -> Mapping[TaskId, TaskId]:
    """Return the aliases of the tasks that a body does not start."""
    own = set(tasks_started_in(body))
    return {task: call for task, call in aliases.items() if task not in own} if own else aliases


# Rewriting


def _rewritten(
    block: OperationBlock, starters: Mapping[int, dict[TaskId, bool]], aliases: Mapping[TaskId, TaskId]
) -> OperationBlock:
    """Return a block in which calls of starters are tasks, and awaits refer to tasks by their aliases."""
    operations = [_rewritten_operation(operation, starters, aliases) for operation in block.operations]
    return OperationBlock(tuple(operations))


def _rewritten_operation(
    operation: Operation, starters: Mapping[int, dict[TaskId, bool]], aliases: Mapping[TaskId, TaskId]
) -> Operation:
    match operation:
        case Run(activity=Call(function=function) as call, place=place) if id(function) in starters:
            tasks = starters[id(function)]
            first, *further = tasks
            return StartOperation(
                first, call, eager=False, place=place, further_tasks=tuple(further), repeats=any(tasks.values())
            )
        case Await(group=group) if aliases:
            return replace(operation, group=_renamed(group, aliases))
        case Choice(absent_tasks=absent) if aliases and absent:
            operation = replace(operation, absent_tasks=tuple(tuple(_named(tasks, aliases)) for tasks in absent))
    return map_blocks(operation, lambda inner: _rewritten(inner, starters, aliases))


def _renamed(group: AwaitGroup, aliases: Mapping[TaskId, TaskId]) -> AwaitGroup:
    members = tuple(
        _renamed(member, aliases)
        if isinstance(member, AwaitGroup)
        else replace(member, task_id=aliases.get(member.task_id, member.task_id))
        for member in group.members
    )
    started = frozenset(aliases.get(task_id, task_id) for task_id in group.started_tasks)
    return replace(group, members=members, started_tasks=started)


def _named(tasks: Iterable[AwaitedTask], aliases: Mapping[TaskId, TaskId]) -> Iterator[AwaitedTask]:
    return (replace(task, task_id=aliases.get(task.task_id, task.task_id)) for task in tasks)


def _with_final_await(body: OperationBlock, tasks: Iterable[TaskId], place: SourcePlace) -> OperationBlock:
    """Return the body of a function that awaits the tasks before each exit."""
    members = tuple(AwaitedTask(task_id, all_runs=True) for task_id in tasks)
    final_await = Await(AwaitGroup("all", members), place)
    with_returns = _with_awaits_before_returns(body, final_await)
    return OperationBlock((*with_returns.operations, *_unless_jump(with_returns.operations, final_await)))


def _with_awaits_before_returns(block: OperationBlock, final_await: Await) -> OperationBlock:
    operations: list[Operation] = []
    for operation in block.operations:
        if isinstance(operation, Jump) and operation.kind is JumpKind.RETURN:
            operations.append(final_await)
        operations.append(map_blocks(operation, lambda inner: _with_awaits_before_returns(inner, final_await)))
    return OperationBlock(tuple(operations))


def _unless_jump(operations: Sequence[Operation], final_await: Await) -> tuple[Await, ...]:
    return () if operations and isinstance(operations[-1], Jump) else (final_await,)
