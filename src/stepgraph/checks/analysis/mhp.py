"""May-happen-in-parallel (MHP) analysis of steps and event waits with equal names.

The state is a bit set of pending starts. The analysis indexes starts by the names of their steps, and compares only
starts with a common name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct, field

from stepgraph.checks.analysis.concurrent_names import NamedActivities, NamedActivity, StartedActivity
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup, TaskId, awaited_tasks_of
from stepgraph.ir.dataflow import Domain, Leaf, solve
from stepgraph.ir.nodes import (
    Await,
    Call,
    Choice,
    LoopOperation,
    Operation,
    OperationBlock,
    Run,
    StartOperation,
    StepRun,
    TryOperation,
    child_blocks,
    operations_in,
)
from stepgraph.ir.walk import awaited_tasks
from stepgraph.limits import Budget, Limit

if TYPE_CHECKING:
    from stepgraph.checks.subject import WorkflowSubject

_Name: TypeAlias = tuple[str, str]
"""The kind and the name of a step or event wait."""


class NameClash(Struct, frozen=True):
    """Two steps, or two event waits, with the same name that may happen in parallel."""

    first: NamedActivity
    """The activity that begins first."""
    second: NamedActivity
    """The activity that begins while the first activity may be pending."""
    depends_on_timing: bool
    """Whether the order in which the activities begin depends on the duration of earlier work."""


def find_name_clashes(subject: WorkflowSubject, budget: Budget) -> Iterator[NameClash]:
    """Yield a clash for each step or event wait that may run in parallel with an earlier one of the same name.

    Clashes that depend on timing come first. In all other clashes, the program itself starts both activities, which
    have different declarations. Raises LimitExceededError.
    """
    body, operations = subject.program.body, [visit.operation for visit in subject.program.operations]
    if StartOperation not in set(map(type, operations)):
        return  # without tasks, nothing is pending
    awaited = frozenset(chain.from_iterable(map(awaited_tasks, operations)))
    domain = _PendingTasksDomain(budget, awaited, NamedActivities(budget))
    for block in _callees_first({id(block): block for block in (body, *_called_bodies(operations))}):
        exits = solve(block, 0, domain, budget=budget)
        domain.pending_after[id(block)] = (exits.end or 0) | (exits.returns or 0)
    yield from domain.timing_clashes.values()
    yield from (clash for node, clash in domain.declaration_clashes.items() if node not in domain.timing_clashes)


def _callees_first(bodies: dict[int, OperationBlock]) -> list[OperationBlock]:
    """Return bodies, by `id`, in an order in which a body comes after those that it calls, except in cycles."""
    ordered: dict[int, OperationBlock] = {}
    visited: set[int] = set()
    pending = [(body, False) for body in bodies.values()]
    while pending:
        body, is_complete = pending.pop()
        if is_complete:
            ordered[id(body)] = body
        elif id(body) not in visited:
            visited.add(id(body))
            pending.append((body, True))
            pending += ((callee, False) for callee in _called_bodies(operations_in(body)) if id(callee) in bodies)
    return list(ordered.values())


def _has_several_tasks(group: AwaitGroup) -> bool:
    awaited = list(awaited_tasks_of(group))
    return len(awaited) > 1 or any(each.all_runs for each in awaited)


def _begins_with_await(block: OperationBlock) -> bool:
    """Return whether an await, also as the first operation of a loop, comes before all other operations of a block."""
    while block.operations and isinstance(block.operations[0], LoopOperation):
        block = block.operations[0].body
    return bool(block.operations) and isinstance(block.operations[0], Await)


def _called_bodies(operations: Iterable[Operation]) -> Iterator[OperationBlock]:
    """Yield the bodies of the functions and steps that operations run or start."""
    for operation in operations:
        match operation:
            case Run(activity=Call(function=function)) | StartOperation(activity=Call(function=function)):
                yield function.body
            case Run(activity=StepRun(body=inner)) | StartOperation(activity=StepRun(body=inner)):
                yield inner


class _StartsOfName(Struct):
    """The starts that contain a step or event wait with one name, as bit sets."""

    late: int = 0
    """The starts in which the activity begins after an await."""
    late_inside: int = 0
    """The starts in which the activity begins after an await, inside a called function."""
    direct: int = 0
    """The starts of the activity itself, excluding functions that contain it."""
    direct_at: dict[int, int] = field(default_factory=dict)
    """The direct starts, by the `id` of the node that names the activity."""

    def add(self, named: NamedActivity, start: int) -> None:
        """Add a start that contains an activity. The start is the bit set of its numbers."""
        if named.after_await:
            self.late |= start
            self.late_inside |= 0 if named.direct else start
        if named.direct:
            node = id(named.place.node)
            self.direct |= start
            self.direct_at[node] = self.direct_at.get(node, 0) | start

    def timing_dependent(self, second: NamedActivity) -> int:
        """Return the starts whose order with an activity of this name depends on timing."""
        if not second.after_await:
            return 0
        return self.late_inside if second.direct else self.late

    def other_declarations(self, second: NamedActivity) -> int:
        """Return the direct starts of other declarations with this name, if the activity is itself started directly."""
        return self.direct & ~self.direct_at.get(id(second.place.node), 0) if second.direct else 0


_Clashes: TypeAlias = dict[int, NameClash]
"""Clashes by the `id` of the node that names the second activity."""


class _PendingTasksDomain(Domain[int]):
    """The tasks that may be pending at a program point, as a bit set of their starts.

    The analysis covers only tasks that the program awaits, because the lifetime of any other task is unknown.
    """

    def __init__(self, budget: Budget, awaited: frozenset[TaskId], named_activities: NamedActivities) -> None:
        self.budget = budget
        self.awaited = awaited
        self.named_activities = named_activities
        self.work_by_number: list[StartedActivity] = []
        """The work of each start, by start number."""
        self.numbers: dict[int, int] = {}
        """The start numbers, by the `id` of the start."""
        self.earlier: dict[int, int] = {}
        """The number for the work that earlier executions of the loop around a start began, by the start's number.

        Only starts of work with different arguments in each iteration have such a number.
        """
        self.starts_in: dict[int, Sequence[int]] = {}
        """The starts in the body of a loop, but in no inner loop, as `id`s, by the `id` of the loop."""
        self.starts_by_task: dict[TaskId, int] = {}
        """The starts of each task, as a bit set."""
        self.starts_by_name: dict[_Name, _StartsOfName] = {}
        """The starts that contain each name."""
        self.timing_clashes: _Clashes = {}
        """The clashes that depend on timing."""
        self.declaration_clashes: _Clashes = {}
        """The clashes of different declarations that are started directly."""
        self.pending_after: dict[int, int] = {}
        """The tasks of a function that may be pending when it returns, by the `id` of its body."""
        self.in_turn: dict[int, Sequence[AwaitedTask]] = {}
        """See `awaited_in_turn`, by the `id` of the loop."""
        self.candidates: dict[Hashable, Sequence[NamedActivity]] = {}
        """The activities that may still be the second activity of a new clash, by the key of the work."""

    def enter_branch(self, choice: Choice, index: int, state: int) -> int:
        """Remove the tasks that do not exist in the branch, because their collection is empty."""
        return self.complete(state, choice.tasks_absent_in(index))

    def transfer(self, operation: Leaf, state: int) -> int:
        match operation:
            case StartOperation(task_id=task_id, activity=activity, place=place):
                work = StartedActivity(activity, place)
                self.record_clashes(work, state, self.numbers.get(id(operation)))
                return state | self.start_bit(operation, work) if task_id in self.awaited else state
            case Run(activity=activity, place=place, completed_tasks=completes):
                self.record_clashes(StartedActivity(activity, place), state)
                after = self.complete(state, completes)
                return (
                    after | self.pending_after.get(id(activity.function.body), 0)
                    if isinstance(activity, Call)
                    else after
                )
            case Await(one_per_iteration=True, group=group) if _has_several_tasks(group):
                return state
            case Await(group=group):
                return self.complete(state, awaited_tasks_of(group))
            case _:
                return state

    def may_raise(self, operation: Leaf | TryOperation, before: int, after: int | None) -> int | None:
        """Return the state after an operation. A `try` that begins with an await raises only from its operations."""
        if isinstance(operation, TryOperation):
            return None if _begins_with_await(operation.body) else before
        return after

    def after_iterations(self, loop: LoopOperation, head: int, end: int | None) -> int | None:
        """Complete the tasks that a loop awaits one by one. They stay pending in the loop, and after a `break`."""
        exhausted = end if loop.at_least_once else head
        return self.complete(exhausted, self.awaited_in_turn(loop)) if exhausted else exhausted

    def after_loop(self, loop: LoopOperation, head: int, after: int | None) -> int | None:
        """Treat the pending work of a loop as that of an earlier execution: the next one passes the same arguments."""
        del head
        if not after or not self.earlier:
            return after
        for start in self.starts_directly_in(loop):
            number = self.numbers.get(start)
            if number in self.earlier and after >> number & 1:
                after = after & ~(1 << number) | 1 << self.earlier[number]
        return after

    def starts_directly_in(self, loop: LoopOperation) -> Sequence[int]:
        """Return the starts in the body of a loop, but in no inner loop, as `id`s."""
        starts = self.starts_in.get(id(loop))
        if starts is None:
            direct_starts: list[int] = []
            pending = [loop.body]
            while pending:
                for operation in pending.pop().operations:
                    if isinstance(operation, StartOperation):
                        direct_starts.append(id(operation))
                    elif not isinstance(operation, LoopOperation):
                        pending += child_blocks(operation)
            starts = self.starts_in[id(loop)] = direct_starts
        return starts

    def awaited_in_turn(self, loop: LoopOperation) -> Sequence[AwaitedTask]:
        """Return the tasks that a loop awaits one by one."""
        awaited = self.in_turn.get(id(loop))
        if awaited is None:
            awaits = (each for each in operations_in(loop.body) if isinstance(each, Await) and each.one_per_iteration)
            awaited = self.in_turn[id(loop)] = [task for each in awaits for task in awaited_tasks_of(each.group)]
        return awaited

    def join(self, first: int, second: int) -> int:
        return first | second

    def start_bit(self, start: StartOperation, work: StartedActivity) -> int:
        """Return the bit set that contains only this start. The first call for a start indexes its activities."""
        number = self.numbers.get(id(start))
        if number is not None:
            return 1 << number
        number = self.numbers[id(start)] = len(self.work_by_number)
        self.work_by_number.append(work)
        numbers = 1 << number
        activities = self.named_activities.of(work)
        if any(activity.in_one_run for activity in activities):
            self.earlier[number] = len(self.work_by_number)
            self.work_by_number.append(work)
            numbers |= 1 << self.earlier[number]
        self.starts_by_task[start.task_id] = self.starts_by_task.get(start.task_id, 0) | numbers
        self.budget.spend(Limit.PAIRS, len(activities))
        for activity in activities:
            self.starts_by_name.setdefault((activity.kind, activity.name), _StartsOfName()).add(activity, numbers)
        return 1 << number

    def complete(self, pending: int, completed: Iterable[AwaitedTask]) -> int:
        """Return the pending starts after some tasks complete."""
        if pending:
            for awaited in completed:
                pending &= ~self.starts_by_task.get(awaited.task_id, 0)
        return pending

    def record_clashes(self, work: StartedActivity, pending: int, number: int | None = None) -> None:
        """Record the clashes between work that begins now and pending work. `number` is that of its earlier starts."""
        if not pending:
            return
        key = self.named_activities.key_of(work)
        activities = self.candidates.get(key)
        if activities is None:
            activities = [activity for activity in self.named_activities.of(work) if "{" not in activity.name]
        self.budget.spend(Limit.PAIRS, len(activities))
        self.candidates[key] = [activity for activity in activities if self.may_add_clash(activity)]
        for clashes, starts_of in (
            (self.timing_clashes, _StartsOfName.timing_dependent),
            (self.declaration_clashes, _StartsOfName.other_declarations),
        ):
            self.record_earliest(clashes, starts_of, self.candidates[key], pending, number)

    def may_add_clash(self, second: NamedActivity) -> bool:
        """Return whether an activity can add a clash. After a clash that depends on timing, it adds no other clash."""
        node = id(second.place.node)
        if node in self.timing_clashes:
            return False
        return second.after_await or (second.direct and node not in self.declaration_clashes)

    def record_earliest(
        self,
        clashes: _Clashes,
        starts_of: Callable[[_StartsOfName, NamedActivity], int],
        candidates: Sequence[NamedActivity],
        pending: int,
        own_number: int | None,
    ) -> None:
        """Record the clash of each activity with the earliest pending one, ordered by start and position."""
        earliest: dict[int, tuple[tuple[int, int], NameClash]] = {}
        for second in candidates:
            starts_of_name = self.starts_by_name.get((second.kind, second.name))
            starts = 0 if starts_of_name is None else pending & starts_of(starts_of_name, second)
            if second.in_one_run and own_number is not None:
                starts &= ~(1 << own_number)
            if not starts:
                continue
            number = (starts & -starts).bit_length() - 1
            position, clash = self.clash_with(number, second, depends_on_timing=clashes is self.timing_clashes)
            node = id(second.place.node)
            if node not in earliest or (number, position) < earliest[node][0]:
                earliest[node] = (number, position), clash
        for node, (_, clash) in earliest.items():
            clashes.setdefault(node, clash)

    def clash_with(self, number: int, second: NamedActivity, *, depends_on_timing: bool) -> tuple[int, NameClash]:
        """Return the clash of `second` with an activity of a start, preceded by the position of the activity."""
        for position, first in enumerate(self.named_activities.of(self.work_by_number[number])):
            if (first.kind, first.name) == (second.kind, second.name) and (
                first.after_await and not (first.direct and second.direct) if depends_on_timing else first.direct
            ):
                return position, NameClash(first, second, depends_on_timing)
        raise AssertionError(second)
