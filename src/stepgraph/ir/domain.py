"""The interface of a dataflow analysis: its states, transfer functions, jump targets and observer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from stepgraph.ir.exceptions import ExceptionType
from stepgraph.ir.nodes import (
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

S = TypeVar("S")

Leaf: TypeAlias = Run | StartOperation | Await | Pause | PartialOrder
"""An operation whose effect on the state a domain computes as a whole."""


class Domain(Protocol[S]):
    """A dataflow analysis. Its states are immutable, compare by value and form a join-semilattice."""

    def transfer(self, operation: Leaf, state: S) -> S | None:
        """Return the state after an operation. Return None if control flow ends there."""

    def join(self, a: S, b: S) -> S:
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


class JumpTarget(Struct, Generic[S], eq=False):
    """The target of a jump: the end of a loop or iteration, the handlers, a `finally`, or the caller."""

    depth: int
    """The number of open blocks at the target."""
    finalbody: OperationBlock | None = None
    """The `finally` that runs at the target before the jump continues."""
    is_outside: bool = False
    """Whether the target is outside of the function body."""
    state: S | None = None
    """The join of the states of all jumps to the target."""


class RaiseTargets(Struct, Generic[S], eq=False):
    """The targets of the exceptions that code of one `try` or function body raises."""

    handled: JumpTarget[S]
    """The target of a `raise` that the handlers catch."""
    handlers: tuple[Handler, ...] = ()
    outer: RaiseTargets[S] | None = None
    """The targets of exceptions that the handlers do not catch; None if these enter a `finally` or leave the body."""
    uncaught: dict[ExceptionType | None, JumpTarget[S]] = field(default_factory=dict)
    """The `finally` or exit that an uncaught `raise` leads to, by exception type."""
    failed: S | None = None
    """The join of the states in which other operations raise."""


_KINDS_OF_EXITS: Final = tuple(kind for kind in JumpKind if kind is not JumpKind.RAISE)


class JumpFrame(Struct, Generic[S], eq=False):
    """The jump targets at a point of a body. Later visits reuse the frame and only add to its states."""

    exits: dict[JumpKind, JumpTarget[S]]
    """The target of each kind of jump except `raise`."""
    raises: RaiseTargets[S]
    inner: dict[tuple[int, Hashable], JumpFrame[S]] = field(default_factory=dict)
    """The nested frames, by the `id` of the operation and the path through it."""
    head: S | None = None
    """For a loop: the state at the start of its iterations."""
    after: S | None = None
    """For a loop: the state after it."""

    @classmethod
    def leaving(cls, depth: int, finalbody: OperationBlock | None = None) -> JumpFrame[S]:
        """Return a frame whose jumps all enter `finalbody`, or leave the body without one."""
        is_outside = finalbody is None
        exits: dict[JumpKind, JumpTarget[S]] = {
            kind: JumpTarget(depth, finalbody, is_outside=is_outside) for kind in _KINDS_OF_EXITS
        }
        return cls(exits, RaiseTargets(JumpTarget(depth, finalbody, is_outside=is_outside)))

    def nested(self, operation: Operation, make: Callable[[], JumpFrame[S]], path: Hashable = "body") -> JumpFrame[S]:
        """Return the frame of a path through an operation, created at the first visit."""
        key = id(operation), path
        frame = self.inner.get(key)
        if frame is None:
            frame = self.inner[key] = make()
        return frame

    def with_jumps(self, depth: int, *kinds: JumpKind) -> JumpFrame[S]:
        """Return a copy of the frame with new targets for some kinds of jumps."""
        targets: dict[JumpKind, JumpTarget[S]] = {kind: JumpTarget(depth) for kind in kinds}
        return JumpFrame({**self.exits, **targets}, self.raises)

    def with_raises(self, raises: RaiseTargets[S]) -> JumpFrame[S]:
        """Return a copy of the frame with new targets for exceptions and no state from earlier visits."""
        return JumpFrame(self.exits, raises)
