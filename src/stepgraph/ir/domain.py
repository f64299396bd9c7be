"""The interface of a dataflow analysis: its states, transfer functions, jump targets and observer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct, field

from stepgraph.ir.nodes import (
    Await,
    Block,
    Choice,
    ExceptionType,
    Handler,
    Jump,
    JumpKind,
    Loop,
    Operation,
    PartialOrder,
    Pause,
    Run,
    Scope,
    Start,
    Try,
)

S = TypeVar("S")

Leaf: TypeAlias = Run | Start | Await | Pause | PartialOrder
"""An operation without control flow."""


class Domain(Protocol[S]):
    """A dataflow analysis. Its states are immutable, compare by value and form a join-semilattice."""

    def transfer(self, operation: Leaf, state: S) -> S | None:
        """Return the state after an operation, None if control flow ends there."""

    def join(self, a: S, b: S) -> S:
        """Return the least upper bound of two states."""

    def widen(self, old: S, new: S) -> S:
        """Return the state for the next visit of a loop's body: `new`, which covers `old`, or an upper bound of it."""
        return new

    def may_raise(self, operation: Leaf | Try, before: S, after: S | None) -> S | None:
        """Return the state in which an exception leaves an operation, None if it cannot raise.

        By default the state after it: an operation that raises has begun, so a step has run and a task is pending.
        For a `try`, this covers the code of its body before the first operation.
        """
        return before if after is None else after

    def enter_branch(self, choice: Choice, index: int, state: S) -> S:
        """Return the state at the start of a branch. The index after the last one is the path around all branches."""
        return state

    def enter_handler(self, try_: Try, index: int, raised: S) -> S:
        """Return the state at the start of a handler."""
        return raised

    def enter_scope(self, scope: Scope, state: S) -> S:
        """Return the state at the start of the block of a scope."""
        return state

    def enter_iteration(self, loop: Loop, head: S) -> S:
        """Return the state at the start of each iteration of a loop."""
        return head

    def after_iterations(self, loop: Loop, head: S, end: S | None) -> S | None:
        """Return the state at the exhaustion of a loop whose iterations begin with `head` and end with `end`."""
        return end if loop.at_least_once else head

    def after_loop(self, loop: Loop, head: S, after: S | None) -> S | None:
        """Return the state after a loop, including its `else` and its breaks."""
        return after

    def leave_try(
        self,
        try_: Try,
        before: S,
        end: S | None,
        raised: S | None,
    ) -> tuple[S | None, S | None]:
        """Return the states in which the body of a `try` ends and in which exceptions leave it; None if it cannot.

        The body begins with `before` and ends with `end`; `raised` is the join of its exceptional states.
        """
        return end, raised


class Observer(Protocol[S]):
    """A receiver of every state. The solver visits loop bodies and `finally` blocks repeatedly.

    States at operations and exits are ignored by default.
    """

    def enter(self, block: Block, state: S) -> None:
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
    """At the end of the body."""
    breaks: S | None
    """At a `break` of an enclosing loop, or at the exit through its condition."""
    continues: S | None
    """At a `continue` of an enclosing loop."""
    returns: S | None
    """At a `return`."""
    raises: S | None
    """At a `raise`."""
    failed: S | None
    """At an exception raised by any other operation."""


class JumpTarget(Struct, Generic[S], eq=False):
    """The target of a jump: the end of a loop or iteration, the handlers, a `finally`, or the caller."""

    depth: int
    """The number of open blocks at the target."""
    finalbody: Block | None = None
    """The `finally` that runs at the target before the jump continues."""
    is_outside: bool = False
    """Whether the target is outside of the function body."""
    state: S | None = None
    """The join of the states of all jumps to the target."""


class RaiseTargets(Struct, Generic[S], eq=False):
    """The targets of exceptions."""

    handled: JumpTarget[S]
    """The target of a `raise` that the handlers catch."""
    handlers: tuple[Handler, ...] = ()
    outer: RaiseTargets[S] | None = None
    """The targets of exceptions that the handlers do not catch; None if these enter a `finally` or leave the body."""
    uncaught: dict[ExceptionType | None, JumpTarget[S]] = field(default_factory=dict)
    """The `finally` or exit that an uncaught `raise` leads to, by exception type."""
    failed: S | None = None
    """The join of the states in which other operations raise."""


class JumpFrame(Struct, Generic[S], eq=False):
    """The jump targets at a point of a body. Later visits reuse it, because their states only add to earlier ones."""

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
    def leaving(cls, depth: int, finalbody: Block | None = None) -> JumpFrame[S]:
        """Return a frame whose jumps all enter a `finally`, or leave the body."""
        is_outside = finalbody is None
        exits: dict[JumpKind, JumpTarget[S]] = {
            kind: JumpTarget(depth, finalbody, is_outside=is_outside) for kind in JumpKind if kind is not JumpKind.RAISE
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
        """Return a frame with new targets for some kinds of jumps."""
        targets: dict[JumpKind, JumpTarget[S]] = {kind: JumpTarget(depth) for kind in kinds}
        return JumpFrame({**self.exits, **targets}, self.raises)

    def with_raises(self, raises: RaiseTargets[S]) -> JumpFrame[S]:
        """Return a frame with new targets for exceptions and no state from earlier visits."""
        return JumpFrame(self.exits, raises)
