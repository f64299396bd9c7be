"""The targets of jumps and exceptions at a point of a body, with the states in which jumps reach them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from msgspec import Struct, field

from stepgraph.ir.exceptions import ExceptionType
from stepgraph.ir.nodes import Handler, JumpKind, Operation, OperationBlock

S = TypeVar("S")
"""A state of an analysis."""


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
