"""Forward dataflow analysis of function bodies: the one place that honors exits, `finally`, loop `else` and fixpoints.

An analysis is a `Domain`: its states, and how an operation changes one. `solve` follows every path of a body, joins the
states where paths meet, and reads the bodies of loops until nothing is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, TypeAlias

from stepgraph.ir.domain import Domain, Exits, Leaf, Observer
from stepgraph.ir.exceptions import may_catch, must_catch
from stepgraph.ir.jump_targets import JumpFrame, JumpTarget, RaiseTargets, S
from stepgraph.ir.nodes import (
    Block,
    CaughtType,
    Choice,
    Jump,
    JumpKind,
    Loop,
    Operation,
    Scope,
    Try,
)
from stepgraph.limits import Budget, Limit

MOST_DETOURS: Final = 2_000
"""`finally` in `finally` multiplies the paths through them; past so many, a state passes one unchanged."""


def solve(
    body: Block, entry: S, domain: Domain[S], observe: Observer[S] | None = None, budget: Budget | None = None
) -> Exits[S]:
    """Return the states in which a body is left that begins with a state. Raises LimitExceededError."""
    outside: JumpFrame[S] = JumpFrame.of(0)
    solver = _Solver(domain, observe, budget)
    end = solver.block(body, entry, outside)
    exits = outside.exits
    return Exits(
        end,
        solver.joined(exits[kind].state for kind in (JumpKind.BREAK, JumpKind.FINISHED)),
        exits[JumpKind.CONTINUE].state,
        exits[JumpKind.RETURN].state,
        solver.joined(target.state for target in outside.raises.uncaught.values()),
        outside.raises.failed,
    )


class _Solver(Generic[S]):
    def __init__(self, domain: Domain[S], observe: Observer[S] | None, budget: Budget | None) -> None:
        self.domain = domain
        self.observe = observe
        self.budget = budget
        self.depth = 0
        self.detours = 0

    def joined(self, states: Iterable[S | None]) -> S | None:
        """Return the state where paths meet; None is a path that does not lead there."""
        meeting: S | None = None
        for state in states:
            if meeting is None:
                meeting = state
            elif state is not None and state is not meeting:
                meeting = self.domain.join(meeting, state)
        return meeting

    def block(self, block: Block, state: S, frame: JumpFrame[S]) -> S | None:
        """Return the state at the end of a block, None where its end is not reached."""
        observe = self.observe
        if self.budget is not None:
            self.budget.spend(Limit.PAIRS, len(block.operations) + 1)
        if observe is not None:
            observe.enter(block, state)
        self.depth += 1
        end: S | None = state
        for index, operation in enumerate(block.operations):
            if observe is not None:
                observe.before(index, state)
            end = self.operation(operation, state, frame)
            if end is None:
                break
            state = end
            if observe is not None:
                observe.after(index, state)
        self.depth -= 1
        if observe is not None:
            observe.leave()
        return end

    def operation(self, operation: Operation, state: S, frame: JumpFrame[S]) -> S | None:
        match operation:
            case Choice():
                return self.choice(operation, state, frame)
            case Loop():
                return self.loop(operation, state, frame.at(operation, lambda: self.loop_frame(frame)), frame)
            case Try():
                return self.try_(operation, state, frame)
            case Scope():
                return self.scope(operation, state, frame)
            case Jump(kind=JumpKind.RAISE, raised=raised):
                self.throw(operation, raised, state, frame.raises)
                return None
            case Jump(kind=kind):
                self.send(operation, state, frame.exits[kind])
                return None
        after = self.domain.transfer(operation, state)
        self.fail(frame.raises, self.domain.may_raise(operation, state, after))
        return after

    def choice(self, choice: Choice, state: S, frame: JumpFrame[S]) -> S | None:
        enter = self.domain.enter_branch
        ends = [
            self.block(branch.block, enter(choice, index, state), frame) for index, branch in enumerate(choice.branches)
        ]
        if choice.may_skip:
            ends.append(enter(choice, len(ends), state))
        return self.joined(ends)

    def scope(self, scope: Scope, state: S, frame: JumpFrame[S]) -> S | None:
        if scope.is_pass:
            inner = frame.at(scope, lambda: frame.with_jumps(self.depth, JumpKind.CONTINUE))
            return self.joined((self.block(scope.block, state, inner), inner.exits[JumpKind.CONTINUE].state))
        around = frame.raises.around
        if scope.unprotected and around is not None:
            frame = frame.at(scope, lambda: frame.with_raises(around))
        return self.block(scope.block, state, frame)

    # Loops

    def loop_frame(self, frame: JumpFrame[S]) -> JumpFrame[S]:
        return frame.with_jumps(self.depth, JumpKind.BREAK, JumpKind.FINISHED, JumpKind.CONTINUE)

    def loop(self, loop: Loop, state: S, inner: JumpFrame[S], frame: JumpFrame[S]) -> S | None:
        """A loop that is visited again with a state that adds nothing is not read again: nesting costs no power."""
        head = state
        if inner.head is not None:
            head = self.domain.join(inner.head, state)
            if head == inner.head:
                return inner.after
        while True:
            body = self.block(loop.body, self.domain.begin_pass(loop, head), inner)
            end = self.joined((body, inner.exits[JumpKind.CONTINUE].state))
            again = head if end is None else self.domain.join(head, end)
            if again == head:
                break
            head = self.domain.widen(head, again)
        inner.head = head
        finished = self.domain.after_passes(loop, head, end)
        tested = inner.exits[JumpKind.FINISHED].state
        if loop.infinite or tested is not None:
            finished = tested
        end = None if finished is None else self.block(loop.orelse, finished, frame)
        inner.after = self.domain.after_loop(loop, head, self.joined((end, inner.exits[JumpKind.BREAK].state)))
        return inner.after

    # Exceptions and exits

    def send(self, source: Jump | JumpTarget[S], state: S, target: JumpTarget[S]) -> None:
        if self.observe is not None:
            self.observe.exit(source, state, target)
        target.state = self.joined((target.state, state))

    def throw(self, source: Jump | JumpTarget[S], raised: CaughtType | None, state: S, raises: RaiseTargets[S]) -> None:
        """Follow a `raise` to the handlers that may catch it, and on unless they must."""
        while raises.around is not None:
            if may_catch(raises.handlers, raised):
                self.send(source, state, raises.handled)
                if must_catch(raises.handlers, raised):
                    return
            raises = raises.around
        outer = raises.handled
        self.send(
            source,
            state,
            raises.uncaught.setdefault(raised, JumpTarget(outer.depth, outer.finalbody, outer.is_outside)),
        )

    def fail(self, raises: RaiseTargets[S], state: S | None) -> None:
        """Follow an exception of an operation, whose type is not known."""
        if state is not None and state is not raises.failed:
            raises.failed = state if raises.failed is None else self.domain.join(raises.failed, state)

    def try_(self, try_: Try, state: S, frame: JumpFrame[S]) -> S | None:
        has_final = bool(try_.finalbody.operations)
        guarded = frame.at(try_, lambda: JumpFrame.of(self.depth, try_.finalbody), 1) if has_final else frame
        raises = RaiseTargets(JumpTarget(self.depth), try_.handlers, guarded.raises)
        tried = guarded.at(try_, lambda: guarded.with_raises(raises))
        self.fail(tried.raises, self.domain.may_raise(try_, state, state))
        end = self.block(try_.body, state, tried)
        ends = [end]
        raised = self.joined((tried.raises.failed, tried.raises.handled.state))
        raised = self.domain.leave_try(try_, state, end, raised)
        if raised is not None:
            ends += self.handled(try_, raised, guarded)
            self.fail(guarded.raises, raised)
        end = self.joined(ends)
        return self.through_final(try_, end, guarded, frame) if has_final else end

    def handled(self, try_: Try, raised: S, guarded: JumpFrame[S]) -> list[S | None]:
        """Read the handlers: one of them runs, or several after each other (`except*`)."""
        ends: list[S | None] = []
        for handler in try_.handlers:
            begin = self.joined((raised, *ends)) if try_.except_star else raised
            ends.append(None if begin is None else self.block(handler.block, begin, guarded))
        return ends

    def through_final(self, try_: Try, end: S | None, guarded: JumpFrame[S], frame: JumpFrame[S]) -> S | None:
        """Read a `finally` on each of the paths that lead through it: to its end, by each exit, by an exception."""
        finals = _Finals(self, try_, frame)
        after = finals.passed(end, 2)
        for path, (kind, target) in enumerate(guarded.exits.items(), 4):
            left = finals.passed(target.state, path)
            if left is not None:
                self.send(target, left, frame.exits[kind])
        self.fail(frame.raises, finals.passed(guarded.raises.failed, 3))
        for path, (raised, target) in enumerate(guarded.raises.uncaught.items(), 4 + len(guarded.exits)):
            left = finals.passed(target.state, path)
            if left is not None:
                self.throw(target, raised, left, frame.raises)
        return after


class _Finals(Generic[S]):
    """The paths through one `finally`: those with the same state are read once."""

    def __init__(self, solver: _Solver[S], try_: Try, frame: JumpFrame[S]) -> None:
        self.solver = solver
        self.try_ = try_
        self.frame = frame
        self.known: list[tuple[S, S | None]] = []

    def passed(self, state: S | None, path: int) -> S | None:
        """Return the state after the `finally` on one path, None where that does not go on."""
        if state is None:
            return None
        for before, after in self.known:
            if before == state:
                return after
        self.solver.detours += bool(self.known)
        if self.solver.detours > MOST_DETOURS:
            return state
        inner = self.frame.at(self.try_, lambda: self.frame.with_raises(self.frame.raises), path)
        after = self.solver.block(self.try_.finalbody, state, inner)
        self.known.append((state, after))
        return after


Point: TypeAlias = tuple[()]


def reached_jumps(block: Block) -> Exits[Point]:
    """Return the ways in which a block may be left: None for those in which it is not."""
    return solve(block, (), _Reachability())


class _Reachability(Domain[Point]):
    """One state: the point is reached."""

    def transfer(self, operation: Leaf, state: Point) -> Point:
        del operation
        return state

    def join(self, one: Point, other: Point) -> Point:
        del other
        return one
