"""Forward dataflow analysis of function bodies, with exits, `finally`, loop `else` and fixpoints.

A `Domain` defines the states and transfer functions of an analysis. `solve` propagates states along every path of a
body, joins them at merge points and iterates over loop bodies until a fixpoint.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final, Generic, Protocol, TypeAlias, TypeVar, assert_never

from msgspec import Struct

from stepgraph.ir.exceptions import ExceptionType, may_catch, must_catch
from stepgraph.ir.jump_frames import JumpFrame, JumpTarget, RaiseTargets
from stepgraph.ir.nodes import (
    EMPTY_BLOCK,
    Await,
    Choice,
    Handler,
    Jump,
    JumpKind,
    LoopOperation,
    Operation,
    OperationBlock,
    PartialOrder,
    Pause,
    Run,
    Scope,
    StartOperation,
    TryOperation,
)
from stepgraph.limits import Budget, Limit

S = TypeVar("S")

Leaf: TypeAlias = Run | StartOperation | Await | Pause | PartialOrder
"""An operation whose effect on the state a domain computes as a whole."""


class Domain(Protocol[S]):
    """A dataflow analysis. Its states are immutable, compare by value and form a join-semilattice."""

    def transfer(self, operation: Leaf, state: S) -> S | None:
        """Return the state after an operation. Return None if control flow ends there."""

    def join(self, first: S, second: S) -> S:
        """Return the least upper bound of two states."""

    def widen(self, old: S, new: S) -> S:
        """Return the state for the next visit of a loop body: `new`, which covers `old`, or an upper bound of `new`."""
        return new

    def may_raise(self, operation: Leaf | TryOperation, before: S, after: S | None) -> S | None:
        """Return the state in which an exception leaves an operation. Return None if the operation cannot raise.

        The default is the state after the operation: an operation that raises has begun, so a step has run and a task
        is pending. For a `try`, the exception is raised by code of the body before the first operation.
        """
        return before if after is None else after

    def skips_branch(self, choice: Choice, index: int) -> bool:
        """Return whether to ignore a branch, for example because it cannot run. The index is as in `enter_branch`."""
        return False

    def enter_branch(self, choice: Choice, index: int, state: S) -> S:
        """Return the state at the start of a branch. The index after the last branch means the path around them all."""
        return state

    def enter_handler(self, try_: TryOperation, index: int, raised: S) -> S:
        """Return the state at the start of a handler."""
        return raised

    def enter_scope(self, scope: Scope, state: S) -> S:
        """Return the state at the start of a scope's block."""
        return state

    def enter_iteration(self, loop: LoopOperation, head: S) -> S:
        """Return the state at the start of each iteration of a loop."""
        return head

    def after_iterations(self, loop: LoopOperation, head: S, end: S | None) -> S | None:
        """Return the state when a loop is exhausted. Its iterations begin with `head` and end with `end`."""
        return end if loop.at_least_once else head

    def after_loop(self, loop: LoopOperation, head: S, after: S | None) -> S | None:
        """Return the state after a loop, including its `else` and its breaks."""
        return after

    def leave_try(
        self,
        try_: TryOperation,
        before: S,
        end: S | None,
        raised: S | None,
    ) -> tuple[S | None, S | None]:
        """Return the states at the end of a `try` body and where exceptions leave it. None marks an unreachable end.

        The body begins with `before` and ends with `end`; `raised` is the join of its exceptional states.
        """
        return end, raised


class Observer(Protocol[S]):
    """A receiver of all computed states. The solver may visit loop bodies and `finally` blocks repeatedly.

    By default, states at operations and exits are ignored.
    """

    def enter(self, block: OperationBlock, state: S) -> None:
        """Receive the state at the start of a block."""

    def before(self, index: int, state: S) -> None:
        """Receive the state before an operation of the innermost block."""
        del index, state

    def after(self, index: int, state: S) -> None:
        """Receive the state after an operation of the innermost block."""
        del index, state

    def leave(self) -> None:
        """Close the innermost block, whether or not control flow reaches its end."""

    def exit(self, source: Jump | JumpTarget[S], state: S, target: JumpTarget[S]) -> None:
        """Receive the state of a jump to `target`. The source is a jump, or a target whose `finally` has completed."""
        del source, state, target

    def loop_ends(self, loop: LoopOperation, exhausted: S | None, broken: S | None) -> None:
        """Receive the states where a loop is exhausted, before its `else`, and after its breaks."""
        del loop, exhausted, broken


class Exits(Struct, Generic[S]):
    """The states at the exits of a body; None for an unreachable exit."""

    end: S | None
    """The state at the end of the body."""
    breaks: S | None
    """The state where a `break` or a false condition ends a loop around the body."""
    continues: S | None
    """The state at a `continue` of a loop around the body."""
    returns: S | None
    """The state at a `return`."""
    raises: S | None
    """The state where a `raise` may leave the body."""
    failed: S | None
    """The state where any other exception may leave the body."""


LEAVES: Final = (Run, StartOperation, Await, Pause, PartialOrder)
"""The operations without blocks, except jumps."""

# A handler of unknown types: an exception in an `except*` clause reaches the later clauses and leaves the statement.
_LATER_CLAUSES: Final = (Handler("", EMPTY_BLOCK),)

MAX_FINALLY_REVISITS: Final = 2_000
"""The limit on repeated visits of `finally` blocks, since nesting multiplies the paths. Further paths skip them."""


def solve(
    body: OperationBlock, entry: S, domain: Domain[S], observe: Observer[S] | None = None, budget: Budget | None = None
) -> Exits[S]:
    """Return the states at the exits of a body entered in the state `entry`.

    Raises LimitExceededError if the body exceeds the budget.
    """
    outside: JumpFrame[S] = JumpFrame.leaving(0)
    solver = _Solver(domain, observe, budget)
    end = solver.block(body, entry, outside)
    exits = outside.exits
    return Exits(
        end=end,
        breaks=solver.joined(exits[kind].state for kind in (JumpKind.BREAK, JumpKind.FINISHED)),
        continues=exits[JumpKind.CONTINUE].state,
        returns=exits[JumpKind.RETURN].state,
        raises=solver.joined(target.state for target in outside.raises.uncaught.values()),
        failed=outside.raises.failed,
    )


class _Solver(Generic[S]):
    """The traversal of one body."""

    def __init__(self, domain: Domain[S], observe: Observer[S] | None, budget: Budget | None) -> None:
        self.domain = domain
        self.observe = observe
        self.budget = budget
        self.depth = 0
        """The number of open blocks."""
        self.finally_revisits = 0
        """The number of repeated visits of `finally` blocks."""

    def joined(self, states: Iterable[S | None]) -> S | None:
        """Return the join of the states at a merge point. None marks an unreachable path."""
        result: S | None = None
        for state in states:
            if result is None:
                result = state
            elif state is not None and state is not result:
                result = self.domain.join(result, state)
        return result

    def block(self, block: OperationBlock, state: S, frame: JumpFrame[S]) -> S | None:
        """Return the state at the end of a block. Return None if the end is unreachable."""
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
        if isinstance(operation, LEAVES):  # before the patterns, because most operations are leaves
            after = self.domain.transfer(operation, state)
            self.fail(frame.raises, self.domain.may_raise(operation, state, after))
            return after
        match operation:
            case Choice():
                return self.choice(operation, state, frame)
            case LoopOperation():
                return self.loop(operation, state, frame.nested(operation, lambda: self.loop_frame(frame)), frame)
            case TryOperation():
                return self.try_(operation, state, frame)
            case Scope():
                return self.scope(operation, state, frame)
            case Jump() if operation.falls_through:
                return state
            case Jump(kind=JumpKind.RAISE, raised=raised):
                self.throw(operation, raised, state, frame.raises)
                return None
            case Jump(kind=kind):
                self.send(operation, state, frame.exits[kind])
                return None
            case _ as never:
                assert_never(never)

    def choice(self, choice: Choice, state: S, frame: JumpFrame[S]) -> S | None:
        enter, skips = self.domain.enter_branch, self.domain.skips_branch
        ends = [
            self.block(branch.block, enter(choice, index, state), frame)
            for index, branch in enumerate(choice.branches)
            if not skips(choice, index)
        ]
        skipped = len(choice.branches)
        if choice.may_skip and not skips(choice, skipped):
            ends.append(enter(choice, skipped, state))
        return self.joined(ends)

    def scope(self, scope: Scope, state: S, frame: JumpFrame[S]) -> S | None:
        state = self.domain.enter_scope(scope, state)
        if scope.is_iteration:
            inner = frame.nested(scope, lambda: frame.with_jumps(self.depth, JumpKind.CONTINUE))
            return self.joined((self.block(scope.block, state, inner), inner.exits[JumpKind.CONTINUE].state))
        outer = frame.raises.outer
        if scope.is_try_else and outer is not None:
            frame = frame.nested(scope, lambda: frame.with_raises(outer))
        return self.block(scope.block, state, frame)

    # Loops

    def loop_frame(self, frame: JumpFrame[S]) -> JumpFrame[S]:
        return frame.with_jumps(self.depth, JumpKind.BREAK, JumpKind.FINISHED, JumpKind.CONTINUE)

    def loop(self, loop: LoopOperation, state: S, inner: JumpFrame[S], frame: JumpFrame[S]) -> S | None:
        """Iterate over a loop until a fixpoint.

        A later visit reuses the previous result if its state adds nothing, so nested loops take no exponential time.
        """
        head = state
        if inner.head is not None:
            head = self.domain.join(inner.head, state)
            if head == inner.head:
                return inner.after
        while True:
            body_end = self.block(loop.body, self.domain.enter_iteration(loop, head), inner)
            end = self.joined((body_end, inner.exits[JumpKind.CONTINUE].state))
            next_head = head if end is None else self.domain.join(head, end)
            if next_head == head:
                break
            head = self.domain.widen(head, next_head)
        inner.head = head
        exhausted = self.domain.after_iterations(loop, head, end)
        condition_false = inner.exits[JumpKind.FINISHED].state
        if loop.infinite or condition_false is not None:
            exhausted = condition_false
        broken = inner.exits[JumpKind.BREAK].state
        if self.observe is not None:
            self.observe.loop_ends(loop, exhausted, broken)
        end = None if exhausted is None else self.block(loop.orelse, exhausted, frame)
        inner.after = self.domain.after_loop(loop, head, self.joined((end, broken)))
        return inner.after

    # Exceptions and exits

    def send(self, source: Jump | JumpTarget[S], state: S, target: JumpTarget[S]) -> None:
        if self.observe is not None:
            self.observe.exit(source, state, target)
        target.state = self.joined((target.state, state))

    def throw(
        self, source: Jump | JumpTarget[S], raised: ExceptionType | None, state: S, raises: RaiseTargets[S]
    ) -> None:
        """Propagate a `raise` to the handlers that may catch it, up to the first handler that must catch it."""
        while raises.outer is not None:
            if may_catch(raises.handlers, raised):
                self.send(source, state, raises.handled)
                if must_catch(raises.handlers, raised):
                    return
            raises = raises.outer
        outer = raises.handled
        self.send(
            source,
            state,
            raises.uncaught.setdefault(raised, JumpTarget(outer.depth, outer.finalbody, outer.is_outside)),
        )

    def fail(self, raises: RaiseTargets[S], state: S | None) -> None:
        """Propagate an exception of unknown type from an operation."""
        if state is not None and state is not raises.failed:
            raises.failed = state if raises.failed is None else self.domain.join(raises.failed, state)

    def try_(self, try_: TryOperation, state: S, frame: JumpFrame[S]) -> S | None:
        """Return the state after a `try`. Return None if no path leads there.

        A handler starts in the join of all states where an exception is raised that some handler may catch.
        Exceptions of unknown types may also bypass the handlers. Every exit of the statement runs `finally`.
        """
        has_finalbody = bool(try_.finalbody.operations)
        try_frame = frame
        if has_finalbody:
            try_frame = frame.nested(try_, lambda: JumpFrame.leaving(self.depth, try_.finalbody), "try")
        raises = RaiseTargets(JumpTarget(self.depth), try_.handlers, try_frame.raises)
        body_frame = try_frame.nested(try_, lambda: try_frame.with_raises(raises))
        self.fail(body_frame.raises, self.domain.may_raise(try_, state, state))
        end = self.block(try_.body, state, body_frame)
        raised = self.joined((body_frame.raises.failed, body_frame.raises.handled.state))
        end, raised = self.domain.leave_try(try_, state, end, raised)
        ends = [end]
        if raised is not None:
            ends += self.handlers(try_, raised, try_frame)
            self.fail(try_frame.raises, raised)
        end = self.joined(ends)
        return self.finalbody(try_, end, try_frame, frame) if has_finalbody else end

    def handlers(self, try_: TryOperation, raised: S, try_frame: JumpFrame[S]) -> list[S | None]:
        """Return the states at the ends of the handlers. One handler runs, or several in sequence with `except*`.

        An exception in an `except*` clause leaves the statement only after the later clauses.
        """
        ends: list[S | None] = []
        for index, handler in enumerate(try_.handlers):
            begin = self.domain.enter_handler(try_, index, raised)
            if not try_.except_star:
                ends.append(self.block(handler.block, begin, try_frame))
                continue
            frame = try_frame.nested(try_, lambda: self.clause_frame(try_frame), index)
            ends.append(self.block(handler.block, begin, frame))
            self.fail(try_frame.raises, frame.raises.failed)
            raised = self.joined((raised, ends[-1], frame.raises.failed, frame.raises.handled.state)) or raised
        return ends

    def clause_frame(self, try_frame: JumpFrame[S]) -> JumpFrame[S]:
        return try_frame.with_raises(RaiseTargets(JumpTarget(self.depth), _LATER_CLAUSES, try_frame.raises))

    def finalbody(self, try_: TryOperation, end: S | None, try_frame: JumpFrame[S], frame: JumpFrame[S]) -> S | None:
        """Propagate every path through a `finally`: the normal end, each exit, and exceptions."""
        final_paths = _FinalPaths(self, try_, frame)
        after = final_paths.end_state(end, "end")
        for kind, target in try_frame.exits.items():
            exit_state = final_paths.end_state(target.state, kind)
            if exit_state is not None:
                self.send(target, exit_state, frame.exits[kind])
        self.fail(frame.raises, final_paths.end_state(try_frame.raises.failed, "failure"))
        for raised, target in try_frame.raises.uncaught.items():
            exit_state = final_paths.end_state(target.state, raised)
            if exit_state is not None:
                self.throw(target, raised, exit_state, frame.raises)
        return after


class _FinalPaths(Generic[S]):
    """The paths through one `finally`. Paths with equal states share one visit."""

    def __init__(self, solver: _Solver[S], try_: TryOperation, frame: JumpFrame[S]) -> None:
        self.solver = solver
        self.try_ = try_
        self.frame = frame
        self.visits: list[tuple[S, S | None]] = []
        """The states before and after each visit."""

    def end_state(self, state: S | None, path: Hashable) -> S | None:
        """Return the state after the `finally` on one path. Return None if the end of the `finally` is unreachable."""
        if state is None:
            return None
        for before, after in self.visits:
            if before == state:
                return after
        self.solver.finally_revisits += bool(self.visits)
        if self.solver.finally_revisits > MAX_FINALLY_REVISITS:
            return state
        inner = self.frame.nested(self.try_, lambda: self.frame.with_raises(self.frame.raises), path)
        after = self.solver.block(self.try_.finalbody, state, inner)
        self.visits.append((state, after))
        return after


Point: TypeAlias = tuple[()]


def reachable_exits(block: OperationBlock) -> Exits[Point]:
    """Return the exits of a block, with None for each unreachable exit."""
    return solve(block, (), _Reachability())


class _Reachability(Domain[Point]):
    """The domain with the single state "reachable"."""

    def transfer(self, operation: Leaf, state: Point) -> Point:
        del operation
        return state

    def join(self, first: Point, second: Point) -> Point:
        del second
        return first
