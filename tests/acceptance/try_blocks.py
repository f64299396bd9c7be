"""`try` statements: the body, the handler and the `finally` block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from tests.acceptance.group import Group
from tests.acceptance.sequence import EMPTY, Jump, sequence
from tests.acceptance.term import NO_PENDING, Completion, Exit, Pending, Rewrite, Search, Term, Transition
from tests.acceptance.trace import StepEvent


@dataclass(frozen=True, eq=False)
class TryPart(Term):
    """The base of the three parts. The completion of the inner term decides the next part."""

    inner: Term
    finalbody: Term
    in_group: bool
    """Whether it is in an open group, where work in flight at its end continues."""

    @property
    def starts(self) -> float:
        return self.inner.starts

    @property
    def clocked(self) -> bool:
        return self.inner.clocked or self.finalbody.clocked

    @property
    def jumps(self) -> frozenset[Completion]:
        return self.inner.jumps | self.finalbody.jumps

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        transitions = [
            Transition(self.with_inner(transition.term), transition.pending, transition.clock)
            for transition in search.transitions(self.inner, event)
        ]
        for rewrite in self._rewrites(search):
            for transition in search.transitions(rewrite.term, event):
                transitions.append(Transition(transition.term, rewrite.pending + transition.pending, transition.clock))
        return transitions

    def exits(self, search: Search) -> list[Exit]:
        exits = []
        for successor in self.successors(search):
            if isinstance(successor, Exit):
                exits.append(successor)
            else:
                exits += [
                    Exit(exit_.completion, successor.pending + exit_.pending) for exit_ in search.exits(successor.term)
                ]
        return exits

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        rewrites = [
            Rewrite(self.with_inner(rewrite.term), rewrite.pending) for rewrite in self.inner.advance_to(clock, search)
        ]
        rewrites = [rewrite for rewrite in rewrites if rewrite.term.resolves > clock]
        for successor in self.successors(search):
            if isinstance(successor, Rewrite):
                rewrites += [
                    Rewrite(rewrite.term, successor.pending + rewrite.pending)
                    for rewrite in successor.term.advance_to(clock, search)
                ]
            elif successor.completion is Completion.NORMAL and all(
                term.resolves > clock for term in successor.pending.group
            ):
                rewrites.append(Rewrite(EMPTY, successor.pending))
        return rewrites

    def with_inner(self, inner: Term) -> Term:
        """Return a copy with another inner term."""
        raise NotImplementedError

    def successors(self, search: Search) -> Iterator[Rewrite | Exit]:
        """Yield the next parts and the exits that need no event."""
        raise NotImplementedError

    def enter_finally(self, completion: Completion, pending: Pending) -> Rewrite | Exit:
        if self.finalbody is EMPTY:
            return Exit(completion, pending)
        return Rewrite(finally_body(self.finalbody, completion, in_group=self.in_group), pending)

    def _rewrites(self, search: Search) -> Iterator[Rewrite]:
        return (successor for successor in self.successors(search) if isinstance(successor, Rewrite))

    def _ends(self, search: Search) -> list[Pending]:
        """Return the pending work at each normal end of the inner term."""
        ends = [exit_.pending for exit_ in search.exits(self.inner) if exit_.completion is Completion.NORMAL]
        return ends + self._continuing(search) if self.in_group and self.inner.clocked else ends

    def _continuing(self, search: Search) -> list[Pending]:
        """Return the work that continues in the enclosing group."""
        if isinstance(self.inner, Group) and self.inner.kind == "list":
            return self.inner.pending_at_end(search)
        return [] if self.inner.jumps else [Pending(group=(self.inner,))]

    def _interrupted(self, search: Search) -> list[Pending]:
        """Return the pending work after an exception has left the statement without an event."""
        if self.finalbody is EMPTY:
            return self.inner.interrupted(search)
        # A `return` in the block may stand for another exception.
        leaving = (Completion.NORMAL, Completion.RETURN)
        ends = [exit_.pending for exit_ in search.exits(self.finalbody) if exit_.completion in leaving]
        ends += _started(self.finalbody.interrupted(search))
        return [pending + end for pending in self.inner.interrupted(search) for end in ends]


@dataclass(frozen=True, eq=False)
class TryBody(TryPart):
    """The body of a `try`, which an exception may leave at any point."""

    handler: Term | None = None
    begun: bool = False

    @property
    def resolves(self) -> float:
        return min(self.inner.resolves, self.finalbody.resolves)

    @property
    def jumps(self) -> frozenset[Completion]:
        return super().jumps | (self.handler.jumps if self.handler is not None else frozenset())

    @property
    def clocked(self) -> bool:
        return super().clocked or (self.handler is not None and self.handler.clocked)

    @property
    def starts(self) -> float:
        handler = inf if self.handler is None else self.handler.starts
        return min(self.inner.starts, self.finalbody.starts, handler)

    def with_inner(self, inner: Term) -> Term:
        return TryBody(inner, self.finalbody, self.in_group, self.handler, begun=True)

    def successors(self, search: Search) -> Iterator[Rewrite | Exit]:
        for pending in self._ends(search):
            yield self.enter_finally(Completion.NORMAL, pending)
        for exit_ in search.exits(self.inner):
            if exit_.completion is not Completion.NORMAL:
                yield self.enter_finally(exit_.completion, exit_.pending)
        for pending in self._caught(search):
            yield self._handled(pending)
        if self.finalbody is not EMPTY:
            for pending in self.inner.interrupted(search):
                yield self.enter_finally(Completion.RAISE, pending)

    def _caught(self, search: Search) -> list[Pending]:
        """Return the pending work at each exception that the handler may catch."""
        raised = [exit_.pending for exit_ in search.exits(self.inner) if exit_.completion is Completion.RAISE]
        return raised + self.inner.interrupted(search)

    def _handled(self, pending: Pending) -> Rewrite | Exit:
        if self.handler is None:
            return self.enter_finally(Completion.NORMAL, pending)
        return Rewrite(except_body(self.handler, self.finalbody, in_group=self.in_group), pending)

    def interrupted(self, search: Search) -> list[Pending]:
        before = [] if self.begun else [NO_PENDING]
        return list(dict.fromkeys(before + self._interrupted(search) + self._interrupted_in_handler(search)))

    def _interrupted_in_handler(self, search: Search) -> list[Pending]:
        """Return the pending work after an exception in the handler, before an event of the handler."""
        if self.handler is None:
            return []
        handler = except_body(self.handler, self.finalbody, in_group=self.in_group)
        interrupted = _started(handler.interrupted(search))
        return [caught + pending for caught in self._caught(search) for pending in interrupted]


@dataclass(frozen=True, eq=False)
class ExceptBody(TryPart):
    """An `except` block."""

    @property
    def resolves(self) -> float:
        return min(self.inner.resolves, self.finalbody.resolves)

    def with_inner(self, inner: Term) -> Term:
        return except_body(inner, self.finalbody, in_group=self.in_group)

    def successors(self, search: Search) -> Iterator[Rewrite | Exit]:
        for pending in self._ends(search):
            yield self.enter_finally(Completion.NORMAL, pending)
        for exit_ in search.exits(self.inner):
            if exit_.completion is not Completion.NORMAL:
                yield self.enter_finally(exit_.completion, exit_.pending)
        if self.finalbody is not EMPTY:
            for pending in self.inner.interrupted(search):
                yield self.enter_finally(Completion.RAISE, pending)

    def interrupted(self, search: Search) -> list[Pending]:
        return self._interrupted(search)


@dataclass(frozen=True, eq=False)
class FinallyBody(TryPart):
    """A `finally` block, followed by the completion that led to it."""

    completion: Completion = Completion.NORMAL

    @property
    def resolves(self) -> float:
        return self.inner.resolves

    @property
    def jumps(self) -> frozenset[Completion]:
        return super().jumps | {self.completion} - {Completion.NORMAL}

    def with_inner(self, inner: Term) -> Term:
        return finally_body(inner, self.completion, in_group=self.in_group)

    def successors(self, search: Search) -> Iterator[Rewrite | Exit]:
        for pending in self._ends(search):
            if self.completion is Completion.NORMAL or not pending.group:
                yield Exit(self.completion, pending)
        for exit_ in search.exits(self.inner):
            if exit_.completion is not Completion.NORMAL:
                yield exit_

    def interrupted(self, search: Search) -> list[Pending]:
        return self.inner.interrupted(search)


def except_body(inner: Term, finalbody: Term, *, in_group: bool) -> Term:
    """Build an `except` block, which needs no wrapper outside of groups without a `finally` block."""
    return inner if finalbody is EMPTY and not in_group else ExceptBody(inner, finalbody, in_group)


def finally_body(inner: Term, completion: Completion, *, in_group: bool) -> Term:
    """Build a `finally` block."""
    if in_group:
        return FinallyBody(inner, EMPTY, in_group, completion)
    return inner if completion is Completion.NORMAL else sequence(inner, Jump(completion))


def _started(pendings: Iterable[Pending]) -> list[Pending]:
    """Return the pending work of blocks that an exception leaves after they have started tasks."""
    return [pending for pending in pendings if pending != NO_PENDING]
