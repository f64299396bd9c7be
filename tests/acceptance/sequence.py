"""Sequences, choices and jumps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from math import inf
from operator import and_

from tests.acceptance.term import NO_PENDING, Completion, Exit, Pending, Rewrite, Search, StepCounts, Term, Transition
from tests.acceptance.trace import StepEvent


@dataclass(frozen=True, eq=False)
class Sequence(Term):
    """Terms that run one after another."""

    items: tuple[Term, ...]

    @cached_property
    def starts(self) -> float:
        return min((item.starts for item in self.items), default=inf)

    @cached_property
    def resolves(self) -> float:
        return min((item.resolves for item in self.items), default=inf)

    @cached_property
    def clocked(self) -> bool:
        return any(item.clocked for item in self.items)

    @cached_property
    def jumps(self) -> frozenset[Completion]:
        return frozenset().union(*[item.jumps for item in self.items])

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        return [
            Transition(sequence(transition.term, *self.items[at + 1 :]), pending + transition.pending, transition.clock)
            for at, pending in self._reached(search)
            if at < len(self.items)
            for transition in search.transitions(self.items[at], event)
        ]

    def exits(self, search: Search) -> list[Exit]:
        exits = []
        for at, pending in self._reached(search):
            if at == len(self.items):
                exits.append(Exit(Completion.NORMAL, pending))
            else:
                exits_of_members = search.exits(self.items[at])
                exits += [
                    Exit(exit_.completion, pending + exit_.pending)
                    for exit_ in exits_of_members
                    if exit_.completion is not Completion.NORMAL
                ]
        return exits

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        rewrites = []
        for at, pending in self._reached(search):
            if all(item.resolves > clock for item in self.items[at + 1 :]):
                rewrites = self.items[at].advance_to(clock, search) if at < len(self.items) else [Rewrite(EMPTY)]
                rewrites += [
                    Rewrite(sequence(rewrite.term, *self.items[at + 1 :]), pending + rewrite.pending)
                    for rewrite in rewrites
                ]
        return rewrites

    def interrupted(self, search: Search) -> list[Pending]:
        return [
            pending + interrupted
            for at, pending in self._reached(search)
            for interrupted in (self.items[at].interrupted(search) if at < len(self.items) else [NO_PENDING])
        ]

    def required_steps(self, search: Search) -> StepCounts:
        counts: StepCounts = Counter()
        for item in self.items:
            counts += search.required_steps(item)
            if item.jumps:
                break
        return counts

    def _reached(self, search: Search) -> Iterator[tuple[int, Pending]]:
        """Yield each index reachable without an event, including the end."""
        reached = {(0, NO_PENDING): None}
        for at in range(len(self.items) + 1):
            here = [pending for node_list, pending in reached if node_list == at]
            if not here:
                return
            for pending in here:
                yield at, pending
                if at < len(self.items):
                    for exit_ in search.exits(self.items[at]):
                        if exit_.completion is Completion.NORMAL:
                            reached[at + 1, pending + exit_.pending] = None


EMPTY = Sequence(())


def sequence(*items: Term) -> Term:
    """Build a sequence without empty terms."""
    nonempty = tuple(item for item in items if item is not EMPTY)
    return nonempty[0] if len(nonempty) == 1 else Sequence(nonempty) if nonempty else EMPTY


@dataclass(frozen=True, eq=False)
class Choice(Term):
    """One of several terms."""

    branches: tuple[Term, ...]

    @cached_property
    def starts(self) -> float:
        return min(branch.starts for branch in self.branches)

    @cached_property
    def resolves(self) -> float:
        return min(branch.resolves for branch in self.branches)

    @cached_property
    def clocked(self) -> bool:
        return any(branch.clocked for branch in self.branches)

    @cached_property
    def jumps(self) -> frozenset[Completion]:
        return frozenset().union(*[branch.jumps for branch in self.branches])

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        return [transition for branch in self.branches for transition in search.transitions(branch, event)]

    def exits(self, search: Search) -> list[Exit]:
        return [exit_ for branch in self.branches for exit_ in search.exits(branch)]

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        return [rewrite for branch in self.branches for rewrite in branch.advance_to(clock, search)]

    def interrupted(self, search: Search) -> list[Pending]:
        return list(dict.fromkeys(pending for branch in self.branches for pending in branch.interrupted(search)))

    def required_steps(self, search: Search) -> StepCounts:
        return reduce(and_, [search.required_steps(branch) for branch in self.branches])


def one_of(terms: Iterable[Term]) -> Term:
    branches = tuple(dict.fromkeys(terms))
    return branches[0] if len(branches) == 1 else Choice(branches)


@dataclass(frozen=True, eq=False)
class Jump(Term):
    """A `break` or a `return`."""

    completion: Completion

    @property
    def starts(self) -> float:
        return inf

    @property
    def jumps(self) -> frozenset[Completion]:
        return frozenset([self.completion])

    def exits(self, search: Search) -> list[Exit]:  # noqa: ARG002 # independent of the search
        return [Exit(self.completion)]
