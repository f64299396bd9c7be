"""Steps and waits with the same name that may happen in parallel (MHP).

Bit sets hold the tasks that may be pending, by the names of their steps: only tasks with the same name are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.checks.analysis.concurrent_names import Named, NamedActivities, Work, identity
from stepgraph.ir.dataflow import solve
from stepgraph.ir.domain import Domain, Leaf
from stepgraph.ir.nodes import (
    Await,
    AwaitedTask,
    Block,
    Call,
    Run,
    Start,
    StepRun,
    TaskId,
    awaited_tasks_of,
    task_ids_of,
)
from stepgraph.ir.walk import walk_operations
from stepgraph.limits import Budget, Limit

_Name: TypeAlias = tuple[str, str]


class Clash(Struct, frozen=True):
    """Two steps or waits of one name that may happen in parallel."""

    first: Named
    """The one that begins first."""
    second: Named
    """The one that begins while the first may be pending."""
    depends_on_timing: bool
    """Whether the order in which they begin depends on how long the work before them takes."""


def clashes(body: Block, budget: Budget) -> Iterator[Clash]:
    """Yield, for each second step or wait of a name, the first in parallel with it; those that depend on timing first.

    Of the others, both are started themselves, and are declared apart. Raises LimitExceededError.
    """
    domain = _PendingStarts(budget, frozenset(_joined(body)), NamedActivities(budget))
    for block in {id(block): block for block in _bodies(body)}.values():
        solve(block, 0, domain, budget=budget)
    yield from domain.timing.values()
    yield from (clash for node, clash in domain.apart.items() if node not in domain.timing)


def _bodies(body: Block) -> Iterator[Block]:
    """Yield a body, and those of the functions and steps that it leads to."""
    yield body
    for found in walk_operations(body):
        match found.operation:
            case Run(activity=Call(function=function)) | Start(activity=Call(function=function)):
                yield function.body
            case Run(activity=StepRun(body=inner)) | Start(activity=StepRun(body=inner)):
                yield inner


def _joined(body: Block) -> Iterator[TaskId]:
    """Yield the handles of what a program waits for. Whether anything waits for the rest, and when, is not known."""
    for met in walk_operations(body):
        match met.operation:
            case Await(group=group):
                yield from task_ids_of(group)
            case Run(completed_tasks=completes):
                yield from (awaited.task_id for awaited in completes)


class _Holders(Struct):
    """The starts, as bit sets, that have a step or wait of a name."""

    late: int = 0
    """Those in which it begins after an await."""
    late_inside: int = 0
    """Those in which it begins after an await in a function."""
    direct: int = 0
    """Those that start it itself."""
    direct_at: dict[int, int] = field(default_factory=dict)
    """Those that start it itself, by the node that names it."""

    def add(self, named: Named, start: int) -> None:
        """Add a start, as a set of one."""
        if named.after_await:
            self.late |= start
            self.late_inside |= 0 if named.direct else start
        if named.direct:
            node = id(named.place.node)
            self.direct |= start
            self.direct_at[node] = self.direct_at.get(node, 0) | start

    def timing(self, second: Named) -> int:
        """Return the starts whose order with a step of this name depends on timing."""
        if not second.after_await:
            return 0
        return self.late_inside if second.direct else self.late

    def apart(self, second: Named) -> int:
        """Return the starts of other steps of this name; none if it is not a step that is started itself."""
        return self.direct & ~self.direct_at.get(id(second.place.node), 0) if second.direct else 0


# Clashes by the node of the second step.
_Clashes: TypeAlias = dict[int, Clash]


class _PendingStarts(Domain[int]):
    """The tasks that may be pending at a point, as a bit set of their starts.

    Only tasks that are awaited somewhere count: of others it is not known when they run.
    """

    def __init__(self, budget: Budget, awaited: frozenset[TaskId], named: NamedActivities) -> None:
        self.budget = budget
        self.awaited = awaited
        self.named = named
        self.works: list[Work] = []
        """What each start starts, by its number."""
        self.numbers: dict[int, int] = {}
        """The numbers of starts, by `id`."""
        self.of_handle: dict[TaskId, int] = {}
        """The starts of each handle."""
        self.holders: dict[_Name, _Holders] = {}
        """The starts of steps of each name."""
        self.timing: _Clashes = {}
        self.apart: _Clashes = {}
        self.unsettled: dict[int, Sequence[Named]] = {}
        """The steps of work, by its identity, of which clashes may still be found."""

    def transfer(self, operation: Leaf, state: int) -> int:
        match operation:
            case Start(task_id=task_id, activity=activity, place=place):
                work = Work(activity, place)
                self.meet(work, state)
                return state | self.started(operation, work) if task_id in self.awaited else state
            case Run(activity=activity, place=place, completed_tasks=completes):
                self.meet(Work(activity, place), state)
                return self.without(state, completes)
            case Await(group=group):
                return self.without(state, awaited_tasks_of(group))
            case _:
                return state

    def join(self, one: int, other: int) -> int:
        return one | other

    def started(self, start: Start, work: Work) -> int:
        """Return a start as a set of one; the first time, note what it holds."""
        number = self.numbers.get(id(start))
        if number is not None:
            return 1 << number
        number = self.numbers[id(start)] = len(self.works)
        self.works.append(work)
        self.of_handle[start.task_id] = self.of_handle.get(start.task_id, 0) | 1 << number
        steps = self.named.of(work)
        self.budget.spend(Limit.PAIRS, len(steps))
        for named in steps:
            self.holders.setdefault((named.kind, named.name), _Holders()).add(named, 1 << number)
        return 1 << number

    def without(self, pending: int, over: Iterable[AwaitedTask]) -> int:
        """Return what is pending when some work is over."""
        if pending:
            for awaited in over:
                pending &= ~self.of_handle.get(awaited.task_id, 0)
        return pending

    def meet(self, work: Work, pending: int) -> None:
        """Note the clashes of work that begins with other work that is pending."""
        if not pending:
            return
        key = identity(work)
        steps = self.unsettled.get(key)
        if steps is None:
            steps = [named for named in self.named.of(work) if "{" not in named.name]
        self.budget.spend(Limit.PAIRS, len(steps))
        self.unsettled[key] = [step for step in steps if self.is_unsettled(step)]
        for found, starts_of in ((self.timing, _Holders.timing), (self.apart, _Holders.apart)):
            self.find(found, starts_of, self.unsettled[key], pending)

    def is_unsettled(self, second: Named) -> bool:
        """Whether a step may still be found to be the second one of a clash, or of a worse one."""
        node = id(second.place.node)
        if node in self.timing:
            return False
        return second.after_await or (second.direct and node not in self.apart)

    def find(
        self, found: _Clashes, starts_of: Callable[[_Holders, Named], int], seconds: Sequence[Named], pending: int
    ) -> None:
        """Add the clashes of some steps with the first that is pending, in the order of these."""
        earliest: dict[int, tuple[tuple[int, int], Clash]] = {}
        for second in seconds:
            holders = self.holders.get((second.kind, second.name))
            starts = 0 if holders is None else pending & starts_of(holders, second)
            if not starts:
                continue
            number = (starts & -starts).bit_length() - 1
            position, clash = self.clash(number, second, depends_on_timing=found is self.timing)
            node = id(second.place.node)
            if node not in earliest or (number, position) < earliest[node][0]:
                earliest[node] = (number, position), clash
        for node, (_, clash) in earliest.items():
            found.setdefault(node, clash)

    def clash(self, number: int, second: Named, *, depends_on_timing: bool) -> tuple[int, Clash]:
        """Return the clash of a step with one of a start, and the position of that in the start's work."""
        for position, first in enumerate(self.named.of(self.works[number])):
            if (first.kind, first.name) == (second.kind, second.name) and (
                first.after_await and not (first.direct and second.direct) if depends_on_timing else first.direct
            ):
                return position, Clash(first, second, depends_on_timing)
        raise AssertionError(second)
