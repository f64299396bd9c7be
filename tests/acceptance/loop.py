"""Loops whose iterations run one after another or concurrently."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from tests.acceptance.sequence import EMPTY, one_of
from tests.acceptance.term import (
    NO_PENDING,
    NO_STEPS,
    Completion,
    Exit,
    Pending,
    Rewrite,
    Search,
    StepCounts,
    Term,
    Transition,
)
from tests.acceptance.trace import StepEvent


@dataclass(frozen=True, eq=False)
class Loop(Term):
    """Iterations one after another."""

    body: Term
    current: Term = EMPTY

    @property
    def starts(self) -> float:
        return min(self.current.starts, self.body.starts)

    @property
    def resolves(self) -> float:
        return min(self.current.resolves, self.body.resolves)

    @property
    def clocked(self) -> bool:
        return self.body.clocked

    @cached_property
    def jumps(self) -> frozenset[Completion]:
        return self.body.jumps - {Completion.BREAK}

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        here = search.transitions(self.current, event) if self.current is not EMPTY else []
        transitions = [
            Transition(replace(self, current=transition.term), transition.pending, transition.clock)
            for transition in here
        ]
        again = search.transitions(self.body, event)
        return transitions + [
            Transition(replace(self, current=transition.term), pending + transition.pending, transition.clock)
            for pending in self._ends(search)
            for transition in again
        ]

    def exits(self, search: Search) -> list[Exit]:
        unstarted = _unstarted(self.body, search)
        exits = [Exit(exit_.completion, exit_.pending) for exit_ in self._leaves(self.current, unstarted, search)]
        for pending in self._ends(search):
            exits.append(Exit(Completion.NORMAL, pending))
            exits += self._leaves(self.body, pending, search)
        return exits

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        return [Rewrite(EMPTY, exit_.pending) for exit_ in search.exits(self) if exit_.completion is Completion.NORMAL]

    def required_steps(self, search: Search) -> StepCounts:
        return search.required_steps(self.current)

    def interrupted(self, search: Search) -> list[Pending]:
        ends = self._ends(search)
        in_next = [end + pending for end in ends for pending in self.body.interrupted(search)]
        return list(dict.fromkeys([*self.current.interrupted(search), *ends, *in_next]))

    def _ends(self, search: Search) -> list[Pending]:
        """Return the pending work at each normal end of the iteration, where the next may begin."""
        unstarted = _unstarted(self.body, search)
        return [
            exit_.pending + unstarted for exit_ in search.exits(self.current) if exit_.completion is Completion.NORMAL
        ]

    def _leaves(self, current: Term, pending: Pending, search: Search) -> list[Exit]:
        return [
            Exit(
                Completion.NORMAL if exit_.completion is Completion.BREAK else exit_.completion, pending + exit_.pending
            )
            for exit_ in search.exits(current)
            if exit_.completion is not Completion.NORMAL
        ]


@dataclass(frozen=True, eq=False)
class UnstartedTask(Term):
    """A task created in an iteration and never awaited, which has not begun."""

    work: Term

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        return [
            Transition(self, Pending((transition.term,)) + transition.pending.in_background, transition.clock)
            for transition in search.transitions(self.work, event)
        ]

    def exits(self, search: Search) -> list[Exit]:  # noqa: ARG002 # it may never have been created
        return [Exit(Completion.NORMAL)]


@dataclass(frozen=True, eq=False)
class ConcurrentLoop(Term):
    """Concurrent iterations, as in an open group."""

    body: Term
    running: tuple[Term, ...] = ()
    more: bool = True
    """Whether another iteration may begin."""

    @cached_property
    def starts(self) -> float:
        return min([iteration.starts for iteration in self._all], default=inf)

    @cached_property
    def resolves(self) -> float:
        return min([iteration.resolves for iteration in self._all], default=inf)

    @property
    def clocked(self) -> bool:
        return self.body.clocked

    @property
    def jumps(self) -> frozenset[Completion]:
        return self.body.jumps - {Completion.BREAK}

    @property
    def _all(self) -> tuple[Term, ...]:
        return (*self.running, self.body) if self.more else self.running

    def transitions(self, event: StepEvent, search: Search) -> list[Transition]:
        transitions = []
        for at, iteration in enumerate(self.running):
            for transition in search.transitions(iteration, event):
                running = (*self.running[:at], transition.term, *self.running[at + 1 :])
                transitions.append(Transition(self._with(running, search), transition.pending, transition.clock))
        if self.more:
            for transition in search.transitions(self.body, event):
                transitions.append(
                    Transition(
                        self._with((*self.running, transition.term), search), transition.pending, transition.clock
                    )
                )
        for rewrite in self._after_break(search):
            for transition in search.transitions(rewrite.term, event):
                transitions.append(Transition(transition.term, rewrite.pending + transition.pending, transition.clock))
        return transitions

    def exits(self, search: Search) -> list[Exit]:
        unstarted = _unstarted(self.body, search) if self.more else NO_PENDING
        exits = [
            Exit(Completion.NORMAL, _sum(pendings) + unstarted)
            for pendings in search.combined([_ends(iteration, search) for iteration in self.running])
        ]
        for at, iteration in enumerate(self._all):
            siblings = Pending(self.running[:at] + self.running[at + 1 :])
            last = at >= len(self.running) - 1
            for exit_ in search.exits(iteration):
                if exit_.completion is Completion.RAISE or (exit_.completion is Completion.RETURN and last):
                    exits.append(Exit(exit_.completion, exit_.pending + siblings))
        for rewrite in self._after_break(search):
            exits += [Exit(exit_.completion, rewrite.pending + exit_.pending) for exit_ in search.exits(rewrite.term)]
        return exits

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        body, unstarted = self._advance_body(clock, search) if self.more else (None, NO_PENDING)
        rewrites = [
            Rewrite(
                concurrent_loop(
                    body or self.body, tuple(rewrite.term for rewrite in combination), search, more=body is not None
                ),
                _sum([rewrite.pending for rewrite in combination]) + unstarted,
            )
            for combination in search.combined([iteration.advance_to(clock, search) for iteration in self.running])
        ]
        for rewrite in self._after_break(search) + self._after_immediate_break(search):
            rewrites += [
                Rewrite(advanced.term, rewrite.pending + advanced.pending)
                for advanced in rewrite.term.advance_to(clock, search)
            ]
        return rewrites

    def _advance_body(self, clock: float, search: Search) -> tuple[Term | None, Pending]:
        """Return a body that has advanced to this clock, for further iterations, if any are possible.

        Also return the unstarted tasks of iterations without events.
        """
        rewrites = [
            rewrite
            for rewrite in self.body.advance_to(clock, search)
            if rewrite.term is not EMPTY
            and not rewrite.pending.group
            and all(isinstance(term, UnstartedTask) for term in rewrite.pending.background)
        ]
        unstarted = [*_unstarted(self.body, search).background]
        unstarted += [term for rewrite in rewrites for term in rewrite.pending.background]
        body = one_of(rewrite.term for rewrite in rewrites) if rewrites else None
        return body, Pending(tuple(dict.fromkeys(unstarted)))

    def required_steps(self, search: Search) -> StepCounts:
        return (
            NO_STEPS
            if self.body.jumps
            else sum((search.required_steps(iteration) for iteration in self.running), Counter())
        )

    def interrupted(self, search: Search) -> list[Pending]:  # noqa: ARG002 # they continue regardless
        return [Pending(self.running)]

    def _with(self, running: tuple[Term, ...], search: Search) -> Term:
        return concurrent_loop(self.body, running, search, more=self.more)

    def _after_break(self, search: Search) -> list[Rewrite]:
        """Return the loop after a `break` in the last iteration."""
        if not (self.running and self.more and self.body.jumps):
            return []
        return [
            Rewrite(
                concurrent_loop(self.body, self.running[:-1] + exit_.pending.group, search, more=False),
                Pending(exit_.pending.background),
            )
            for exit_ in search.exits(self.running[-1])
            if exit_.completion is Completion.BREAK
        ]

    def _after_immediate_break(self, search: Search) -> list[Rewrite]:
        """Return the loop after a `break` in an iteration that began no step."""
        if not (self.more and self.body.jumps):
            return []
        return [
            Rewrite(
                concurrent_loop(self.body, self.running + exit_.pending.group, search, more=False),
                Pending(exit_.pending.background),
            )
            for exit_ in search.exits(self.body)
            if exit_.completion is Completion.BREAK and exit_.pending.group
        ]


def concurrent_loop(body: Term, running: tuple[Term, ...], search: Search, *, more: bool) -> Term:
    """Build concurrent iterations. Unless one may be the last, their order does not matter."""
    running = tuple(iteration for iteration in running if iteration is not EMPTY)
    if not (running or more):
        return EMPTY
    return ConcurrentLoop(body, running if body.jumps else tuple(sorted(running, key=search.order)), more)


def _unstarted(body: Term, search: Search) -> Pending:
    """Return tasks that iterations without events leave behind: a task begins at the next await."""
    begun = [exit_.pending.background for exit_ in search.exits(body) if exit_.completion is Completion.NORMAL]
    return Pending(tuple(dict.fromkeys(UnstartedTask(term) for terms in begun for term in terms)))


def _ends(iteration: Term, search: Search) -> list[Pending]:
    return [exit_.pending for exit_ in search.exits(iteration) if exit_.completion is Completion.NORMAL]


def _sum(pendings: tuple[Pending, ...] | list[Pending]) -> Pending:
    return sum(pendings, NO_PENDING)
