"""How many steps each run of a program executes at least, if none of them fails."""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.program.ir import (
    Activity,
    Block,
    Call,
    Choice,
    Exit,
    ExitKind,
    Function,
    Handle,
    Join,
    Loop,
    Operation,
    Program,
    Protected,
    Run,
    Scope,
    Start,
    StepRun,
    blocks_of,
    over_with,
)
from stepgraph.syntax.module import Place

# How many steps it takes at least to leave a block each way; None stands for its end.
Ways: TypeAlias = dict[ExitKind | None, int]

# Loops and calls multiply: an unlimited count could have more digits than Python prints.
_HIGHEST_COUNT: Final = 10**12


def fewest_steps(program: Program) -> int:
    """Return how many steps each run executes at least, those of `step.do` alone: the engine counts no others.

    A loop counts where it is known how often it runs, and work that is started where it is waited for.
    """
    return Counting(_awaited(program.body)).of(program.body)


def where_exceeded(program: Program, limit: int) -> Place:
    """Return what of a program, which executes more steps than a limit, goes beyond it: a loop, or a step."""
    return Counting(_awaited(program.body)).exceeding(program.body, limit) or program.name_place


class Counting(Struct):
    """One count through a program. `awaited` is the work that is surely over at some await, `known` what is counted."""

    awaited: frozenset[Handle]
    known: dict[int, Ways] = field(default_factory=dict)

    def of(self, block: Block) -> int:
        """Return how many steps a block executes at least, whichever way it is left."""
        return min(self.ways(block).values(), default=0)

    def ways(self, block: Block) -> Ways:
        """Return how many steps it takes at least to leave a block each way."""
        left: Ways = {}
        here: Ways = {None: 0}
        for operation in block.operations:
            here = _then(here, self._ways(operation), left)
            if None not in here:
                return left
        return _either(left, here)

    def exceeding(self, block: Block, limit: int) -> Place | None:
        """Return what goes beyond a number of steps."""
        done = 0
        for operation in block.operations:
            ways = self._ways(operation)
            more = ways.get(None, min(ways.values(), default=0))
            if done + more > limit:
                return self._inside(operation, limit - done) or _place(operation)
            done += more
        return None

    def _inside(self, operation: Operation, limit: int) -> Place | None:
        if isinstance(operation, Run | Start) and isinstance(operation.activity, Call):
            return self.exceeding(operation.activity.function.body, limit)
        found = (self.exceeding(block, limit) for block in blocks_of(operation))
        return next((place for place in found if place is not None), None)

    def _ways(self, operation: Operation) -> Ways:
        match operation:
            case Run(activity=Call(function=function)):
                return self._called(function)
            case Run(activity=activity):
                return {None: self._activity(activity)}
            case Start(activity=activity, handle=handle):
                return {None: self._activity(activity) if handle in self.awaited else 0}
            case Exit(kind=kind):
                return {kind: 0}
            case Choice(branches=branches):
                return _either({None: 0} if operation.may_skip else {}, *(self.ways(b.block) for b in branches))
            case Loop():
                return self._loop(operation)
            case Protected():
                return self._protected(operation)
            case Scope(block=block, is_pass=is_pass):
                return _renamed(self.ways(block), ExitKind.CONTINUE) if is_pass else self.ways(block)
            case _:
                return {None: 0}

    def _activity(self, activity: Activity) -> int:
        match activity:
            case StepRun(body=body):
                return 1 + self.of(body)
            case Call(function=function):
                return min(self._called(function).values(), default=0)
            case _:
                return 0

    def _called(self, function: Function) -> Ways:
        if id(function) not in self.known:
            self.known[id(function)] = {None: 0}  # what a function that calls itself sees
            self.known[id(function)] = _renamed(self.ways(function.body), ExitKind.RETURN)
        return self.known[id(function)]

    def _loop(self, loop: Loop) -> Ways:
        first = _renamed(self.ways(loop.body), ExitKind.CONTINUE)
        left: Ways = {}
        for kind, count in first.items():
            if kind is not None:
                left = _either(left, {None if kind in (ExitKind.BREAK, ExitKind.FINISHED) else kind: count})
        passes = _passes(loop)
        if loop.endless or (passes and None not in first):
            return left
        after: Ways = {}
        end = _then({None: first.get(None, 0) * passes}, self.ways(loop.otherwise), after)
        return _either(left, after, end)

    def _protected(self, tried: Protected) -> Ways:
        ways = self.ways(tried.body)
        if tried.catches:
            # Anything may raise what is caught, but a step that comes first has begun by then.
            raised: Ways = {None: int(_begins_with_step(tried.body))}
            for handler in tried.handlers:
                handled: Ways = {}
                ways = _either(ways, _then(raised, self.ways(handler.block), handled), handled)
        final = self.ways(tried.final)
        found: Ways = {}
        for kind, count in ways.items():
            found = _either(found, {end or kind: count + more for end, more in final.items()})
        return found


def _begins_with_step(block: Block) -> bool:
    first = block.operations[0] if block.operations else None
    return isinstance(first, Run) and isinstance(first.activity, StepRun)


def _passes(loop: Loop) -> int:
    if loop.passes is not None:
        return loop.passes.count
    return 1 if loop.occurs else 0


def _then(here: Ways, following: Ways, left: Ways) -> Ways:
    """Return the way on after what follows; ways out of it are added to those `left`."""
    done = here[None]
    for kind, count in following.items():
        if kind is not None:
            left[kind] = min(left.get(kind, done + count), done + count)
    return {None: done + following[None]} if None in following else {}


def _either(*several: Ways) -> Ways:
    found: Ways = {}
    for ways in several:
        for kind, count in ways.items():
            found[kind] = min(found.get(kind, count), count, _HIGHEST_COUNT)
    return found


def _renamed(ways: Ways, kind: ExitKind) -> Ways:
    """Return the ways with those of a kind as ends: what is left so goes on after it."""
    return _either(*({None if way is kind else way: count} for way, count in ways.items()))


def _place(operation: Operation) -> Place:
    if isinstance(operation, Loop) and operation.passes is not None:
        return operation.passes.place
    return operation.place


def _awaited(body: Block) -> frozenset[Handle]:
    """Return the work of a program that is over at some await, on each path on which it was started."""
    found: set[Handle] = set()
    seen: set[int] = set()
    pending = [body]
    while pending:
        for operation in pending.pop().operations:
            pending += blocks_of(operation)
            if isinstance(operation, Join):
                found |= {awaited.handle for awaited in over_with(operation.group) if awaited.sure}
            if not isinstance(operation, Run | Start):
                continue
            if isinstance(operation, Run):
                found |= {awaited.handle for awaited in operation.completes if awaited.sure}
            activity = operation.activity
            if isinstance(activity, Call) and id(activity.function) not in seen:
                seen.add(id(activity.function))
                pending.append(activity.function.body)
            elif isinstance(activity, StepRun):
                pending.append(activity.body)
    return frozenset(found)
