"""Steps and waits of one name that run at the same time.

Work that is pending is kept in bit sets, by the name of its steps, so that no pair is made of work that shares none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct, field

from stepgraph.checks.judgement.named_work import Named, NamedWork, Work, identity
from stepgraph.limits import Budget, Limit
from stepgraph.program.ir import (
    Awaited,
    Block,
    Call,
    Choice,
    Exit,
    Handle,
    Join,
    Loop,
    Operation,
    Run,
    Start,
    StepRun,
    awaited_in,
    blocks_of,
    handles_of,
)
from stepgraph.program.reach import reached

_Name: TypeAlias = tuple[str, str]


class Clash(Struct, frozen=True):
    """Two steps or waits of one name that run at the same time, in the order in which they begin.

    When each begins `is_of_time`: of how long the work before it takes.
    """

    first: Named
    second: Named
    is_of_time: bool


def clashes(body: Block, budget: Budget) -> Iterator[Clash]:
    """Yield, for each second step or wait of a name, the first that runs at the same time, those of time before others.

    Of others, both are started themselves, and are declared apart. Raises LimitExceededError.
    """
    blocks = [body]
    for met in reached(body):
        if isinstance(met.operation, Run | Start) and isinstance(met.operation.activity, Call):
            blocks.append(met.operation.activity.function.body)
        if isinstance(met.operation, Run | Start) and isinstance(met.operation.activity, StepRun):
            blocks.append(met.operation.activity.body)
    scan = _Scan(budget, frozenset(_joined(body)), NamedWork(budget))
    for block in {id(block): block for block in blocks}.values():
        scan.block(block, 0)
    yield from scan.of_time.values()
    yield from (clash for node, clash in scan.apart.items() if node not in scan.of_time)


def _joined(body: Block) -> Iterator[Handle]:
    """Yield the handles of what a program waits for. Whether anything waits for the rest, and when, is not known."""
    for met in reached(body):
        match met.operation:
            case Join(group=group):
                yield from handles_of(group)
            case Run(completes=completes):
                yield from (awaited.handle for awaited in completes)


class _Holders(Struct):
    """The starts, as bit sets, that have a step or wait of a name.

    Of `late` ones it begins after an await, of `late_inside` ones so in a function. The `direct` ones are it
    themselves; they are known by its place too.
    """

    late: int = 0
    late_inside: int = 0
    direct: int = 0
    direct_at: dict[int, int] = field(default_factory=dict)

    def add(self, named: Named, start: int) -> None:
        """Add a start, as a set of one."""
        if named.after_await:
            self.late |= start
            self.late_inside |= 0 if named.direct else start
        if named.direct:
            node = id(named.place.node)
            self.direct |= start
            self.direct_at[node] = self.direct_at.get(node, 0) | start

    def of_time(self, second: Named) -> int:
        """Return the starts of which it is a matter of time whether they come before a step of this name."""
        if not second.after_await:
            return 0
        return self.late_inside if second.direct else self.late

    def apart(self, second: Named) -> int:
        """Return the starts of other steps of this name; none if it is not a step that is started itself."""
        return self.direct & ~self.direct_at.get(id(second.place.node), 0) if second.direct else 0


# Clashes by the node of the second step.
_Clashes: TypeAlias = dict[int, Clash]


class _Scan(Struct):
    """Reads blocks in order, with the bit set of the starts that are pending at each operation.

    Work counts as pending if it is `joined` somewhere. Each start has a number, by its `id`, and `works` is what they
    start; `of_handle` are the starts of a handle. `unsettled` are the steps of work, by its identity, that may still
    be found to clash, `ends` what is pending at the ends of the bodies of loops; a loop `carries` if some of that is
    new.
    """

    budget: Budget
    joined: frozenset[Handle]
    named: NamedWork
    works: list[Work] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    of_handle: dict[Handle, int] = field(default_factory=dict)
    holders: dict[_Name, _Holders] = field(default_factory=dict)
    of_time: _Clashes = field(default_factory=dict)
    apart: _Clashes = field(default_factory=dict)
    unsettled: dict[int, Sequence[Named]] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    depth: int = 0
    carries: bool = False
    is_next_pass: bool = False

    def block(self, block: Block, pending: int) -> int:
        """Return what is pending at the end of a block that begins with work pending."""
        for operation in block.operations:
            if isinstance(operation, Exit):
                return 0
            pending = self.operation(operation, pending)
        return pending

    def operation(self, operation: Operation, pending: int) -> int:
        match operation:
            case Start(handle=handle, activity=activity, place=place):
                work = Work(activity, place)
                self.meet(work, pending)
                return pending | self.started(operation, work) if handle in self.joined else pending
            case Run(activity=activity, place=place, completes=completes):
                self.meet(Work(activity, place), pending)
                return self.without(pending, completes)
            case Join(group=group):
                return self.without(pending, awaited_in(group))
            case Choice(branches=branches):
                end = pending if operation.may_skip else 0
                for branch in branches:
                    end |= self.block(branch.block, pending)
                return end
            case Loop():
                return self.block(operation.otherwise, pending | self.passes(operation, pending))
            case _:
                for block in blocks_of(operation):
                    pending |= self.block(block, pending)
                return pending

    def passes(self, loop: Loop, pending: int) -> int:
        """Return what is pending after the passes of a loop: its first pass is read, then a later one.

        In loops that are in each other, all first passes are read, then all later ones: what a body leaves pending is
        known by then.
        """
        if self.is_next_pass:
            return self.block(loop.body, pending | self.ends[id(loop)])
        self.depth += 1
        end = self.ends[id(loop)] = self.block(loop.body, pending)
        self.depth -= 1
        self.carries = self.carries or bool(end & ~pending)
        if self.carries and not self.depth:
            self.is_next_pass = True
            self.block(loop.body, pending | end)
            self.is_next_pass = self.carries = False
        return end

    def started(self, start: Start, work: Work) -> int:
        """Return a start as a set of one; the first time, note what it holds."""
        number = self.numbers.get(id(start))
        if number is not None:
            return 1 << number
        number = self.numbers[id(start)] = len(self.works)
        self.works.append(work)
        self.of_handle[start.handle] = self.of_handle.get(start.handle, 0) | 1 << number
        steps = self.named.of(work)
        self.budget.spend(Limit.PAIRS, len(steps))
        for named in steps:
            self.holders.setdefault((named.kind, named.name), _Holders()).add(named, 1 << number)
        return 1 << number

    def without(self, pending: int, over: Iterable[Awaited]) -> int:
        """Return what is pending when some work is over."""
        if pending:
            for awaited in over:
                pending &= ~self.of_handle.get(awaited.handle, 0)
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
        for found, starts_of in ((self.of_time, _Holders.of_time), (self.apart, _Holders.apart)):
            self.find(found, starts_of, self.unsettled[key], pending)

    def is_unsettled(self, second: Named) -> bool:
        """Whether a step may still be found to be the second one of a clash, or of a worse one."""
        node = id(second.place.node)
        if node in self.of_time:
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
            position, clash = self.clash(number, second, is_of_time=found is self.of_time)
            node = id(second.place.node)
            if node not in earliest or (number, position) < earliest[node][0]:
                earliest[node] = (number, position), clash
        for node, (_, clash) in earliest.items():
            found.setdefault(node, clash)

    def clash(self, number: int, second: Named, *, is_of_time: bool) -> tuple[int, Clash]:
        """Return the clash of a step with one of a start, and the position of that in the start's work."""
        for position, first in enumerate(self.named.of(self.works[number])):
            if (first.kind, first.name) == (second.kind, second.name) and (
                first.after_await and not (first.direct and second.direct) if is_of_time else first.direct
            ):
                return position, Clash(first, second, is_of_time)
        raise AssertionError(second)
