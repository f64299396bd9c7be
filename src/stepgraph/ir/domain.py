"""The interface of a dataflow analysis: its states, its transfer functions and its observer."""

from __future__ import annotations

from typing import Generic, Protocol, TypeAlias

from msgspec import Struct

from stepgraph.ir.jump_targets import JumpTarget, S
from stepgraph.ir.nodes import Await, Block, Choice, Jump, Loop, PartialOrder, Pause, Run, Scope, Start, Try

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
