"""Which work of a program runs at the same time, and in which order its steps begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct, field

from stepgraph.program.ir import (
    Activity,
    Block,
    Call,
    Choice,
    EventWait,
    Exit,
    Function,
    Handle,
    Join,
    Loop,
    Operation,
    Pause,
    Run,
    Scope,
    Start,
    StepRun,
    awaited_in,
    blocks_of,
    handles_of,
)
from stepgraph.program.reach import reached
from stepgraph.syntax.module import Place


class Work(Struct, frozen=True):
    """Work that a program runs or starts, and the place where it does."""

    activity: Activity
    place: Place


class Named(Struct, frozen=True):
    """A step or wait with the place that names it.

    It is `direct` if it is itself what runs at the same time as other work, and not run by a function that does. It is
    `after_await` if something else is awaited first: when it begins is a matter of how long that takes.
    """

    kind: Literal["step", "wait"]
    name: str
    place: Place
    direct: bool
    after_await: bool


Pending: TypeAlias = dict[Handle, Work]


def simultaneous(body: Block) -> Iterator[tuple[Work, Work]]:
    """Yield pairs of work that run at the same time, in the order in which they begin; in a loop, one with itself."""
    blocks = [body]
    for met in reached(body):
        if isinstance(met.operation, Run | Start) and isinstance(met.operation.activity, Call):
            blocks.append(met.operation.activity.function.body)
        if isinstance(met.operation, Run | Start) and isinstance(met.operation.activity, StepRun):
            blocks.append(met.operation.activity.body)
    scan = _Scan(frozenset(_joined(body)))
    for block in {id(block): block for block in blocks}.values():
        scan.block(block, {})
    yield from scan.pairs.values()


def _joined(body: Block) -> Iterator[Handle]:
    """Yield the handles of what a program waits for. Whether anything waits for the rest, and when, is not known."""
    for met in reached(body):
        match met.operation:
            case Join(group=group):
                yield from handles_of(group)
            case Run(completes=completes):
                yield from (awaited.handle for awaited in completes)


class _Scan(Struct):
    """Reads blocks in order, with what is pending where each operation stands, of what is `joined` somewhere."""

    joined: frozenset[Handle]
    pairs: dict[tuple[int, int], tuple[Work, Work]] = field(default_factory=dict)

    def block(self, block: Block, pending: Pending) -> Pending:
        """Return what is pending at the end of a block that begins with work pending."""
        for operation in block.operations:
            if isinstance(operation, Exit):
                return {}
            pending = self.operation(operation, pending)
        return pending

    def operation(self, operation: Operation, pending: Pending) -> Pending:
        match operation:
            case Start(handle=handle, activity=activity, place=place):
                work = self.meets(Work(activity, place), pending)
                return {**pending, handle: work} if handle in self.joined else pending
            case Run(activity=activity, place=place, completes=completes):
                self.meets(Work(activity, place), pending)
                return _without(pending, {awaited.handle for awaited in completes})
            case Join(group=group):
                return _without(pending, {awaited.handle for awaited in awaited_in(group)})
            case Choice(branches=branches):
                ways = [self.block(branch.block, pending) for branch in branches]
                return _any_of([*ways, pending] if operation.may_skip else ways)
            case Loop(body=body, otherwise=otherwise):
                once = _any_of([pending, self.block(body, pending)])
                again = self.block(body, once) if len(once) > len(pending) else once
                return self.block(otherwise, _any_of([pending, again]))
            case _:
                for block in blocks_of(operation):
                    pending = _any_of([pending, self.block(block, pending)])
                return pending

    def meets(self, work: Work, pending: Pending) -> Work:
        for other in pending.values():
            self.pairs.setdefault((id(other.activity), id(work.activity)), (other, work))
        return work


def _without(pending: Pending, handles: set[Handle]) -> Pending:
    return {handle: work for handle, work in pending.items() if handle not in handles}


def _any_of(ways: list[Pending]) -> Pending:
    return {handle: work for way in ways for handle, work in way.items()}


def named_in(work: Work) -> list[Named]:
    """Return the steps and waits that work consists of; not what these need, nor what the body of a step does."""
    walk = _Walk()
    walk.activity(work, direct=True)
    return walk.found


class _Walk(Struct):
    """Reads what work does, in order; `awaited` tells that something was awaited by now.

    What holds a lock that was asked for before anything was awaited is done `in_order`: that of the beginnings.
    """

    found: list[Named] = field(default_factory=list)
    awaited: bool = False
    in_order: bool = False
    open: list[Function] = field(default_factory=list)

    def activity(self, work: Work, *, direct: bool = False) -> None:
        match work.activity:
            case StepRun(definition=definition, dependencies=dependencies):
                after = self._is_after_await() or (bool(dependencies) and not self.in_order)
                self.found.append(Named("step", definition.name, definition.place, direct, after))
            case EventWait(name=name):
                self.found.append(Named("wait", name, work.place, direct, self._is_after_await()))
            case Call(function=function) if function not in self.open:
                self.open.append(function)
                self.block(function.body)
                self.open.pop()

    def block(self, block: Block) -> None:
        for operation in block.operations:
            match operation:
                case Run(activity=activity, place=place):
                    self.activity(Work(activity, place))
                    self.awaited = True
                case Start(activity=activity, place=place):
                    self.activity(Work(activity, place))
                case Join() | Pause():
                    self.awaited = True
                case Loop(body=body) if _awaits(body):
                    self.awaited = True
                case Scope(by_turns=True) if not self.awaited:
                    self.by_turns(operation)
                    continue
            self.ways(operation)

    def by_turns(self, operation: Scope) -> None:
        self.in_order = True
        self.block(operation.block)
        self.in_order, self.awaited = False, True

    def _is_after_await(self) -> bool:
        return self.awaited and not self.in_order

    def ways(self, operation: Operation) -> None:
        """Read the blocks in an operation; those of which one is taken begin alike."""
        before, ends = self.awaited, [self.awaited]
        for inner in blocks_of(operation):
            self.awaited = before if isinstance(operation, Choice) else self.awaited
            self.block(inner)
            ends.append(self.awaited)
        self.awaited = any(ends)


def _awaits(block: Block) -> bool:
    return any(
        isinstance(operation, Run | Join | Pause) or any(map(_awaits, blocks_of(operation)))
        for operation in block.operations
    )
