"""What a dataflow analysis is: its states, how an operation changes one, and what it observes."""

from __future__ import annotations

from typing import Generic, Protocol, TypeAlias

from msgspec import Struct

from stepgraph.ir.jump_targets import JumpTarget, S
from stepgraph.ir.nodes import Await, Block, Choice, Jump, Loop, Ordered, Pause, Run, Start, Try

Leaf: TypeAlias = Run | Start | Await | Pause | Ordered
"""An operation without control flow of its own."""


class Domain(Protocol[S]):
    """The states of an analysis, which are immutable, compare by value, and only grow when joined."""

    def transfer(self, operation: Leaf, state: S) -> S | None:
        """Return the state after an operation, None where the program does not go on after it."""

    def join(self, one: S, other: S) -> S:
        """Return the state where two paths meet."""

    def widen(self, old: S, new: S) -> S:  # noqa: ARG002 - for domains of unbounded height
        """Return the state to read a loop's body with again: the `new` one, which covers the `old`, or more."""
        return new

    def may_raise(self, operation: Leaf | Try, before: S, after: S | None) -> S | None:  # noqa: ARG002
        """Return the state in which an exception leaves an operation, or None if none does.

        Of a `try`, that is its own code before the first operation.
        """
        return before if after is None else after

    def enter_branch(self, choice: Choice, index: int, state: S) -> S:  # noqa: ARG002
        """Return the state at the start of a branch; the index after the last is the path that takes none."""
        return state

    def begin_pass(self, loop: Loop, head: S) -> S:  # noqa: ARG002
        """Return the state at the start of each pass of a loop."""
        return head

    def after_passes(self, loop: Loop, head: S, end: S | None) -> S | None:
        """Return the state when a loop is exhausted, whose passes begin with `head` and end with `end`."""
        return end if loop.at_least_once else head

    def after_loop(self, loop: Loop, head: S, after: S | None) -> S | None:  # noqa: ARG002
        """Return the state after a loop with its `else` and its breaks."""
        return after

    def leave_try(self, try_: Try, before: S, end: S | None, raised: S | None) -> S | None:  # noqa: ARG002
        """Return the state in which exceptions leave the body of a `try`, None if none does.

        The body begins with `before` and ends with `end`; `raised` is the joined state of what raises in it.
        """
        return raised


class Observer(Protocol[S]):
    """Receives each state. Bodies of loops and `finally` blocks are visited repeatedly."""

    def enter(self, block: Block, state: S) -> None:
        """Open a block."""

    def before(self, index: int, state: S) -> None:
        """Begin an operation of the innermost block."""

    def after(self, index: int, state: S) -> None:
        """Go on after an operation of the innermost block."""

    def leave(self) -> None:
        """Close the innermost block, whether or not its end is reached."""

    def exit(self, source: Jump | JumpTarget[S], state: S, target: JumpTarget[S]) -> None:
        """Leave for a target: by an exit, or after the `finally` of the target that it led to first."""


class Exits(Struct, Generic[S]):
    """The states in which a body is left; None where it is not left so."""

    end: S | None
    """At its end."""
    breaks: S | None
    """By a `break` of a loop around it, or by the test of that."""
    continues: S | None
    """By a `continue` of a loop around it."""
    returns: S | None
    """By a `return`."""
    raises: S | None
    """By a `raise`."""
    failed: S | None
    """By an exception of another operation."""
