"""Where exits lead: for each point of a body the targets of `break`, `continue`, `return` and exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct, field

from stepgraph.ir.nodes import Block, CaughtType, Handler, JumpKind, Operation

S = TypeVar("S")


class JumpTarget(Struct, Generic[S], eq=False):
    """Where an exit leads: behind a loop or a pass of it, to handlers, into a `finally`, or out of the body."""

    depth: int
    """The number of blocks that are open there."""
    finalbody: Block | None = None
    """The `finally` that runs there before the exit goes on."""
    is_outside: bool = False
    """Whether it is outside of the body."""
    state: S | None = None
    """The joined states of the exits that lead there."""


class RaiseTargets(Struct, Generic[S], eq=False):
    """Where exceptions lead."""

    handled: JumpTarget[S]
    """The handlers, reached by `raise`."""
    handlers: tuple[Handler, ...] = ()
    around: RaiseTargets[S] | None = None
    """Where exceptions lead that the handlers do not catch; None where they go through a `finally`, or out."""
    uncaught: dict[CaughtType | None, JumpTarget[S]] = field(default_factory=dict)
    """Where a `raise` of each type leads through a `finally`, or out."""
    failed: S | None = None
    """The joined states in which operations raise."""


class JumpFrame(Struct, Generic[S], eq=False):
    """The targets at a point. It is kept for later visits, whose states can only add to those before."""

    exits: dict[JumpKind, JumpTarget[S]]
    """The target of each kind of exit but `raise`."""
    raises: RaiseTargets[S]
    """The target of exceptions."""
    inner: dict[tuple[int, int], JumpFrame[S]] = field(default_factory=dict)
    """The frames inside, by the `id` of their operation and the number of the path through it."""
    head: S | None = None
    """Of a loop: the state with which its passes begin."""
    after: S | None = None
    """Of a loop: the state after it."""

    @classmethod
    def of(cls, depth: int, finalbody: Block | None = None) -> JumpFrame[S]:
        """Return a frame all of whose exits lead into a `finally`, or out of the body."""
        out = finalbody is None
        exits: dict[JumpKind, JumpTarget[S]] = {
            kind: JumpTarget(depth, finalbody, is_outside=out) for kind in JumpKind if kind is not JumpKind.RAISE
        }
        return cls(exits, RaiseTargets(JumpTarget(depth, finalbody, is_outside=out)))

    def at(self, operation: Operation, make: Callable[[], JumpFrame[S]], path: int = 0) -> JumpFrame[S]:
        """Return the frame of an operation, made at the first visit."""
        key = id(operation), path
        found = self.inner.get(key)
        if found is None:
            found = self.inner[key] = make()
        return found

    def with_jumps(self, depth: int, *kinds: JumpKind) -> JumpFrame[S]:
        """Return a frame with new targets for some exits."""
        own: dict[JumpKind, JumpTarget[S]] = {kind: JumpTarget(depth) for kind in kinds}
        return JumpFrame({**self.exits, **own}, self.raises)

    def with_raises(self, raises: RaiseTargets[S]) -> JumpFrame[S]:
        """Return a frame whose exceptions lead to new targets, or whose operations are visited anew."""
        return JumpFrame(self.exits, raises)
