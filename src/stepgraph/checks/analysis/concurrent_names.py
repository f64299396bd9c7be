"""The steps and waits that a piece of work consists of, and whether each begins after an await."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from msgspec import Struct, field

from stepgraph.ir.nodes import (
    Activity,
    Await,
    Block,
    Call,
    Choice,
    EventWait,
    Function,
    Loop,
    Operation,
    Pause,
    Run,
    Scope,
    Start,
    StepRun,
    child_blocks,
)
from stepgraph.limits import Budget, Limit
from stepgraph.syntax.module import Place


class Work(Struct, frozen=True):
    """Work that a program runs or starts, and the place where it does."""

    activity: Activity
    place: Place


def identity(work: Work) -> int:
    """Return what is the same of work that consists of the same steps: all calls of a function are alike."""
    return id(work.activity.function) if isinstance(work.activity, Call) else id(work.activity)


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


class NamedActivities(Struct):
    """The steps and waits that work consists of; not what these need, nor what the body of a step does.

    Each function is walked once, and each operation of it counts against the `budget`.
    """

    budget: Budget
    _known: dict[int, Sequence[Named]] = field(default_factory=dict)

    def of(self, work: Work) -> Sequence[Named]:
        """Return the steps and waits of some work, in the order in which they are written, each once."""
        key = identity(work)
        known = self._known.get(key)
        if known is None:
            walk = _Walk(self.budget)
            walk.activity(work, direct=True)
            known = self._known[key] = tuple(walk.found)
        return known


_State: TypeAlias = tuple[bool, bool]


class _Walk(Struct):
    """Reads work in order; `awaited` tells that something was awaited by now.

    What holds a lock that was asked for before anything was awaited is done `in_order`: that of the beginnings. `ends`
    are the states in which functions end, by those in which they are called.
    """

    budget: Budget
    found: dict[Named, None] = field(default_factory=dict)
    awaited: bool = False
    in_order: bool = False
    open: set[int] = field(default_factory=set)
    ends: dict[tuple[int, _State], _State] = field(default_factory=dict)

    def activity(self, work: Work, *, direct: bool = False) -> None:
        match work.activity:
            case StepRun(definition=definition, dependencies=dependencies):
                after = self._is_after_await() or (bool(dependencies) and not self.in_order)
                self.found[Named("step", definition.name, definition.place, direct, after)] = None
            case EventWait(name=name):
                self.found[Named("wait", name, work.place, direct, self._is_after_await())] = None
            case Call(function=function) if id(function) not in self.open:
                self.call(function)

    def call(self, function: Function) -> None:
        key = id(function), (self.awaited, self.in_order)
        if key not in self.ends:
            self.open.add(id(function))
            self.block(function.body)
            self.open.remove(id(function))
            self.ends[key] = self.awaited, self.in_order
        self.awaited, self.in_order = self.ends[key]

    def block(self, block: Block) -> None:
        self.budget.spend(Limit.PAIRS, len(block.operations))
        for operation in block.operations:
            match operation:
                case Run(activity=activity, place=place):
                    self.activity(Work(activity, place))
                    self.awaited = True
                case Start(activity=activity, place=place):
                    self.activity(Work(activity, place))
                case Await() | Pause():
                    self.awaited = True
                case Loop(body=body) if _awaits(body):
                    self.awaited = True
                case Scope(serialized=True) if not self.awaited:
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
        for inner in child_blocks(operation):
            self.awaited = before if isinstance(operation, Choice) else self.awaited
            self.block(inner)
            ends.append(self.awaited)
        self.awaited = any(ends)


def _awaits(block: Block) -> bool:
    return any(
        isinstance(operation, Run | Await | Pause) or any(map(_awaits, child_blocks(operation)))
        for operation in block.operations
    )
