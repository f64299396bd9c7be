"""The program of a workflow class, and traversals of the operations in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.ir.await_groups import TaskId, task_ids_of
from stepgraph.ir.facts import Fact
from stepgraph.ir.nodes import (
    Activity,
    Await,
    Call,
    Choice,
    Dependency,
    EventWait,
    Function,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    PartialOrder,
    PayloadShape,
    Run,
    Scope,
    Series,
    Sleep,
    SleepUntil,
    StartOperation,
    StepChoice,
    StepDefinition,
    StepRun,
    TryOperation,
    child_blocks,
    operations_in,
)
from stepgraph.model.note import Note
from stepgraph.project.configuration.compatibility import DependencyMode
from stepgraph.syntax.module import SourcePlace


def child_blocks_outside_loop(operation: Operation) -> Iterable[OperationBlock]:
    """Return the direct child blocks whose `break` and `continue` belong to a loop around the operation."""
    return (operation.orelse,) if isinstance(operation, LoopOperation) else child_blocks(operation)


def map_blocks(operation: Operation, change: Callable[[OperationBlock], OperationBlock]) -> Operation:
    """Return a copy of an operation with `change` applied to each direct child block."""
    match operation:
        case Choice(branches=branches):
            return replace(operation, branches=tuple(replace(b, block=change(b.block)) for b in branches))
        case LoopOperation(body=body, orelse=orelse):
            return replace(operation, body=change(body), orelse=change(orelse))
        case TryOperation(body=body, handlers=handlers, finalbody=finalbody):
            new_handlers = tuple(replace(h, block=change(h.block)) for h in handlers)
            return replace(operation, body=change(body), handlers=new_handlers, finalbody=change(finalbody))
        case Scope(block=block):
            return replace(operation, block=change(block))
        case PartialOrder(members=members):
            return replace(operation, members=tuple(change(member) for member in members))
        case _:
            return operation


def tasks_started_in(block: OperationBlock) -> Iterator[TaskId]:
    """Yield the tasks that a block or its nested blocks start, in order."""
    starts = (operation for operation in operations_in(block) if isinstance(operation, StartOperation))
    return (task_id for start in starts for task_id in start.task_ids)


def tasks_started_by(operation: Operation) -> Iterator[TaskId]:
    """Yield the tasks that an operation or its nested blocks start, in order."""
    return tasks_started_in(OperationBlock((operation,)))


def task_references(block: OperationBlock) -> Iterator[TaskId]:
    """Yield the tasks that each operation of a block starts or awaits. Several operations may yield the same task."""
    for operation in operations_in(block):
        match operation:
            case StartOperation():
                yield from operation.task_ids
            case _:
                yield from awaited_tasks(operation)


def awaited_tasks(operation: Operation) -> Iterator[TaskId]:
    """Yield the tasks that an operation awaits itself, or that the function which it calls awaits."""
    match operation:
        case Await(group=group):
            yield from task_ids_of(group)
        case Run(completed_tasks=completes):
            yield from (awaited.task_id for awaited in completes)


class VisitedOperation(Struct, frozen=True):
    """An operation of a program, with the step around it."""

    operation: Operation
    in_step: StepRun | None
    """The outermost step whose body contains the operation."""


def walk_operations(block: OperationBlock) -> Iterator[VisitedOperation]:
    """Yield all operations reachable from a block, in pre-order.

    Each function and step body is visited at most twice: once outside of steps and once inside.
    """
    visited: _Visited = set()
    # An explicit stack, because call chains can exceed Python's recursion limit.
    pending: list[_Visit] = [(block, None)]
    while pending:
        node, in_step = pending.pop()
        expand = _EXPANSIONS.get(type(node))
        if type(node) not in _INNER_TYPES:
            yield VisitedOperation(node, in_step)  # type: ignore[arg-type] # all other nodes are operations
            if expand is None:
                pending += [(block, in_step) for block in reversed([*child_blocks(node)])]  # type: ignore[arg-type]
        if expand is not None:
            pending += reversed(expand(node, in_step, visited))


def activities_in(block: OperationBlock) -> Iterator[Activity]:
    """Yield the activities of a block and of the functions it calls, without the bodies of steps."""
    for visit in walk_operations(block):
        if visit.in_step is None and isinstance(visit.operation, Run | StartOperation):
            yield visit.operation.activity


def parts_of_activity(activity: Activity | Dependency) -> Iterator[OperationBlock | Dependency]:
    """Yield the blocks and the dependencies that an activity or a dependency runs."""
    match activity:
        case StepRun(body=body):
            yield body
            yield from inner_dependencies(activity)
        case StepChoice():
            yield from inner_dependencies(activity)
        case Call(function=function):
            yield function.body
        case Series(block=block):
            yield block
        case Sleep() | SleepUntil() | EventWait():
            pass
        case _ as never:
            assert_never(never)


def transitive_dependencies(run: StepRun) -> Iterator[StepDefinition]:
    """Yield the steps that a step depends on, directly or through other steps."""
    return (each.definition for each in runs_in(reversed(run.dependencies)))


def runs_in(dependencies: Iterable[Dependency]) -> Iterator[StepRun]:
    """Yield the runs in dependencies, and the runs that these depend on, each once."""
    visited: set[int] = set()
    for root in dependencies:
        pending = [root]
        while pending:
            dependency = pending.pop()
            if id(dependency) in visited:
                continue
            visited.add(id(dependency))
            if isinstance(dependency, StepRun):
                yield dependency
            pending += inner_dependencies(dependency)


def inner_dependencies(dependency: Dependency) -> tuple[Dependency, ...]:
    """Return the dependencies of a run, or the cases of a choice."""
    return (
        dependency.dependencies if isinstance(dependency, StepRun) else tuple([c.dependency for c in dependency.cases])
    )


def candidate_steps(dependency: Dependency) -> tuple[StepDefinition, ...]:
    """Return the step of a dependency, or the candidates of a choice, without their own dependencies."""
    if isinstance(dependency, StepRun):
        return (dependency.definition,)
    return tuple(step for case in dependency.cases for step in candidate_steps(case.dependency))


def activities_of(activity: Activity) -> Iterator[Activity]:
    """Yield an activity and the activities inside it: the members of a series, or the body of a called function."""
    yield activity
    match activity:
        case Series(block=block):
            yield from activities_in(block)
        case Call(function=function):
            yield from activities_in(function.body)
        case StepRun() | Sleep() | SleepUntil() | EventWait():
            pass
        case _ as never:
            assert_never(never)


def name_of(activity: Activity) -> str:
    """Return the name of the step, sleep, wait or function; for a series, the name of its last activity."""
    match activity:
        case StepRun(definition=definition):
            return definition.name
        case Call(function=function):
            return function.names[0]
        case Sleep(name=name) | SleepUntil(name=name) | EventWait(name=name):
            return name
        case Series(block=block):
            return next(map(name_of, reversed(list(activities_in(block)))), "")


_Node: TypeAlias = OperationBlock | Operation | Activity | Dependency
_Visit: TypeAlias = tuple[_Node, StepRun | None]
_Visited: TypeAlias = set[tuple[int, bool]]


def _expand_step(run: StepRun, in_step: StepRun | None, visited: _Visited) -> list[_Visit]:
    """Return the body of a step and its dependencies, unless they have been visited."""
    if not _mark_visited(run, in_step, visited):
        return []
    inside = in_step is not None
    dependencies: list[_Visit] = [(each, in_step) for each in run.dependencies if (id(each), inside) not in visited]
    return [(run.body, in_step or run), *dependencies]


# The nodes to visit after a node, in order. A table, because `match` is slow for most nodes. Each function accepts only
# nodes of its own type, hence `Any`.
_EXPANSIONS: Final[dict[type[_Node], Callable[[Any, StepRun | None, _Visited], list[_Visit]]]] = {
    OperationBlock: lambda block, in_step, _: [(operation, in_step) for operation in block.operations],
    Run: lambda run, in_step, _: [(run.activity, in_step)],
    StartOperation: lambda start, in_step, _: [(start.activity, in_step)],
    Series: lambda series, in_step, _: [(series.block, in_step)],
    StepChoice: lambda choice, in_step, _: [(case.dependency, in_step) for case in choice.cases],
    Call: lambda call, in_step, visited: (
        [(call.function.body, in_step)] if _mark_visited(call.function, in_step, visited) else []
    ),
    StepRun: _expand_step,
}
_INNER_TYPES: Final = frozenset([OperationBlock, Call, EventWait, Series, Sleep, SleepUntil, StepChoice, StepRun])
"""The types of nodes that are not operations."""


def _mark_visited(target: Function | StepRun, in_step: StepRun | None, visited: _Visited) -> bool:
    """Mark a body as visited and return whether this is the first visit."""
    key = (id(target), in_step is not None)
    is_first = key not in visited
    visited.add(key)
    return is_first


def may_run_steps(block: OperationBlock) -> bool:
    """Return whether a block may run or start a step, a sleep or a wait."""
    for operation in operations_in(block):
        if isinstance(operation, (Run, StartOperation)) and _has_steps(operation.activity):
            return True
    return False


def contains_raise(block: OperationBlock) -> bool:
    """Return whether a block contains a `raise` statement."""
    return any(isinstance(each, Jump) and each.kind is JumpKind.RAISE for each in operations_in(block))


def may_await(block: OperationBlock) -> bool:
    """Return whether a block awaits tasks or runs an activity. Calls count because the callee may await."""
    return not _AWAITING_TYPES.isdisjoint(map(type, operations_in(block)))


_AWAITING_TYPES: Final[frozenset[type[Operation]]] = frozenset([Await, Run])


def _has_steps(activity: Activity) -> bool:
    return not isinstance(activity, Call) or activity.function.may_run_steps


class Program(Struct, frozen=True):
    """The body of a workflow class as intermediate representation, with its metadata and facts."""

    class_name: str
    body: OperationBlock
    """The body of `run`."""
    operations: tuple[VisitedOperation, ...]
    """All operations that the program may execute, in pre-order."""
    payload: PayloadShape
    """The keys that the program reads from the payload of the event."""
    notes: tuple[Note, ...]
    place: SourcePlace
    """The location of the class."""
    mode: DependencyMode
    facts: tuple[Fact, ...]
    name_place: SourcePlace
    """The location of the class name."""
    may_be_base: bool
    """Whether the class runs no step and looks like a base class of other workflows."""
    run: SourcePlace
    """The location of the function that the engine calls."""
    unordered: frozenset[TaskId]
    """The tasks that may begin in any order, such as the members of `asyncio.as_completed`."""


class ExpandedProgram(Struct, frozen=True):
    """A program with explicit runs in place of dependencies."""

    body: OperationBlock
    """The body of `run`."""
    bodies: dict[int, OperationBlock] = field(default_factory=dict)
    """The expanded bodies of functions, by `id` of the function; empty if the program has no dependencies."""
    notes: tuple[Note, ...] = ()
    """Notes about differences between the graph and the engine."""

    def body_of(self, function: Function) -> OperationBlock:
        """Return the body of a function, expanded unless the program has no dependencies."""
        return self.bodies.get(id(function), function.body)
