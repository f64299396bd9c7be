"""The terms after the ends of steps: ends that happen, ends that become known, and ends that are forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field

from stepgraph.execution.log import Outcome
from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import (
    ANY_TIME,
    END_BITS,
    NEW,
    NO_PENDING,
    CalledBody,
    LivePass,
    Member,
    Members,
    OverlappingPasses,
    Pass,
    Pending,
    Protected,
    Running,
    SequenceRest,
    Term,
    Unstarted,
)

ALL_ENDS: Final = -3
"""The end in a change of all steps, except open ones."""

Rewrite: TypeAlias = tuple[Term, Pending]
"""A term, and the work that continues in the background."""

_Changes: TypeAlias = tuple[tuple[int, Term], ...]
"""Changed terms, with their positions."""


def endless_end(never: int) -> int:
    """Return the end of an open step that does not end before the next step. `never` is the end of the others."""
    return never + 1


class EndingChange(Struct, frozen=True):
    """A change of the running steps with an end."""

    end: int
    """The end of the steps that change."""
    new_end: int | None
    """The end of the steps after the change, or None if they are over."""
    entry: int | None = None
    """The entry with which the newest pass of a loop has begun."""
    retried: bool = False
    """Whether the newest step has several attempts."""
    outcome: Outcome = "open"
    """The outcome of the newest step, or of the stored result or error that answers calls."""
    is_answer: bool = False
    """Whether a stored result or error answers calls, so that the steps in them do not run."""


class Endings(Struct, eq=False):
    """Changes of running steps in terms."""

    terms: Terms
    exits: TermExits
    changed_terms: dict[tuple[Term, EndingChange], Sequence[Rewrite]] = field(default_factory=dict)

    def ended(self, term: Term, end: int) -> Sequence[Rewrite]:
        """Return the terms after steps have ended, or an empty list if steps in one of them have not run."""
        return self.changed(term, EndingChange(end, None))

    def answered(self, term: Term, end: int, *, failed: bool) -> Sequence[Rewrite]:
        """Return the terms after a stored result or error has answered calls, so that the steps in them do not run."""
        return self.changed(term, EndingChange(end, None, outcome="failed" if failed else "done", is_answer=True))

    def begun(self, term: Term, change: EndingChange) -> Term:
        """Return a term with the end of the newest step. A new pass of a loop begins with the entry of this step."""
        return self._only(term, change)

    def now(self, term: Term, never: int) -> Term:
        """Return a term in which open steps may be over or not, or may run again after a failure.

        `never` is the end of the open steps, except an endless one, which is not over.
        """
        endless = endless_end(never)
        current = self._only(term, EndingChange(endless, endless, retried=True))
        return self._only(current, EndingChange(never, ANY_TIME, retried=True))

    def coarse(self, term: Term) -> Term:
        """Return a term in which each step that ends may still run, and passes of loops have no identity."""
        return self._only(term, EndingChange(ALL_ENDS, ANY_TIME))

    def _only(self, term: Term, change: EndingChange) -> Term:
        ((after, _),) = self.changed(term, change)
        return after

    def changed(self, term: Term, change: EndingChange) -> Sequence[Rewrite]:
        """Return the terms after a change."""
        if change.end != ALL_ENDS and not term.running >> (change.end + END_BITS) & 1:
            return ((term, NO_PENDING),)
        cached = self.changed_terms.get((term, change))
        if cached is None:
            self.terms.spend()
            cached = self.changed_terms[term, change] = list(dict.fromkeys(self._compute(term, change)))
        return cached

    def _apply(self, step: Running, nested: Term, change: EndingChange) -> Sequence[Rewrite]:
        """Return the results of a change of a step, with the steps in it."""
        if change.end == ALL_ENDS and step.outcome == "open":
            return ((self.terms.step(step.part, step.end, nested, retried=step.retried, outcome="open"), NO_PENDING),)
        origin = change if change.end == NEW or change.is_answer else step
        if change.new_end is not None:
            retried, outcome = origin.retried or (change.retried and step.part.site.has_retries), origin.outcome
            after = self.terms.step(step.part, change.new_end, nested, retried=retried, outcome=outcome)
            return ((after, NO_PENDING),)
        if origin.outcome == "failed":
            # The body continues after a timeout.
            return ((self.terms.failed(step.part.clock), Pending(self.terms.background((nested,)))),)
        if change.is_answer:
            return ((self.terms.over, NO_PENDING),)
        ends = self.exits.ends_of_step(step.part, nested, retried=origin.retried)
        return [(self.terms.over, pending) for pending in ends]

    def _compute(self, term: Term, change: EndingChange) -> Sequence[Rewrite]:
        terms = self.terms
        match term:
            case Running(nested=nested):
                return self._in_step(term, self.changed(nested, change), change)
            case CalledBody(part=part, current=current):
                inner = self.changed(current, change)
                return [(terms.called(part, each), terms.in_background(pending)) for each, pending in inner]
            case SequenceRest(current=current, part=part, index=index):
                inner = self.changed(current, change)
                return [(terms.rest(each, part, index), pending) for each, pending in inner]
            case Pass(part=part, current=current, count=count):
                inner = self.changed(current, change)
                return [(terms.in_pass(part, each, count), pending) for each, pending in inner]
            case Protected(part=part, current=current, stage=stage):
                inner = self.changed(current, change)
                return [(terms.protected(part, each, stage, term.pending), pending) for each, pending in inner]
            case Unstarted(work=work):
                inner = self.changed(work, change)
                return [(terms.unstarted(each), pending) for each, pending in inner]
            case Members():
                return self._in_group(term, change)
            case OverlappingPasses():
                return self._in_passes(term, change)
            case _:
                return ((term, NO_PENDING),)

    def _in_step(self, step: Running, nested: Sequence[Rewrite], change: EndingChange) -> Sequence[Rewrite]:
        result: list[Rewrite] = []
        for each, pending in nested:
            background = self.terms.in_background(pending)
            if change.end not in {step.end, ALL_ENDS}:
                after = self.terms.step(step.part, step.end, each, retried=step.retried, outcome=step.outcome)
                result.append((after, background))
            else:
                changes = self._apply(step, each, change)
                result += ((changed, self.terms.joined(background, more)) for changed, more in changes)
        return result

    def _in_group(self, term: Members, change: EndingChange) -> Sequence[Rewrite]:
        result: list[Rewrite] = []
        for after, pending in self._each([member.term for member in term.members], change):
            members = list(term.members)
            for number, each in after:
                members[number] = Member(members[number].ats, each)
            any_finished = term.any_finished or any(each is self.terms.over for _, each in after)
            result.append((self.terms.members(term.part, members, term.furthest, any_finished=any_finished), pending))
        return result

    def _in_passes(self, term: OverlappingPasses, change: EndingChange) -> Sequence[Rewrite]:
        result: list[Rewrite] = []
        for after, pending in self._each([each.term for each in term.live], change):
            live = list(term.live)
            for number, changed in after:
                began = live[number].began
                live[number] = LivePass(change.entry if began == NEW else began, changed)
            result.append((self.terms.passes(term.part, live, term.body, is_open=term.is_open), pending))
        return result

    def _each(self, terms: Sequence[Term], change: EndingChange) -> list[tuple[_Changes, Pending]]:
        """Return each combination of the changed terms, with their positions."""
        result: list[tuple[_Changes, Pending]] = [((), NO_PENDING)]
        self.terms.spend(1 + len(terms) // 64)
        mask = 1 << (change.end + END_BITS) if change.end != ALL_ENDS else 0
        for number in [at for at, term in enumerate(terms) if not mask or term.running & mask]:
            rewrites = self.changed(terms[number], change)
            self.terms.spend(len(result) * len(rewrites))
            result = [
                ((*changed, (number, each)), self.terms.joined(pending, more))
                for changed, pending in result
                for each, more in rewrites
            ]
        return result
