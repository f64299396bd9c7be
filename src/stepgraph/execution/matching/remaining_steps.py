"""The steps that terms may still begin: next, like the FIRST sets of a grammar, or later."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from msgspec import Struct, field

from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import (
    CalledBody,
    Either,
    Fresh,
    Members,
    OverlappingPasses,
    Pass,
    Protected,
    Running,
    SequenceRest,
    Term,
    Unstarted,
)
from stepgraph.execution.parts import (
    EMPTY,
    CallPart,
    ChoicePart,
    ExitPart,
    GraphParts,
    LoopPart,
    Part,
    SequencePart,
    StepPart,
    TryPart,
)


class RemainingSteps(Struct, eq=False):
    """Supersets of the steps that may still begin in terms, as bit sets.

    They lack the steps after a jump that certainly runs. Failures do not count, because only they end a run early.
    """

    terms: Terms
    _by_term: dict[Term, int] = field(default_factory=dict)
    """The results of `of`, by term."""
    _completing: dict[Part, bool] = field(default_factory=dict)
    """Whether control may leave each part to the next one."""

    def of(self, term: Term) -> int:
        """Return the steps that may still begin in a term."""
        cached = self._by_term.get(term)
        if cached is None:
            self.terms.spend()
            cached = self._by_term[term] = self._compute(term)
        return cached

    def _compute(self, term: Term) -> int:
        match term:
            case Fresh(part=SequencePart() as part) if part is not EMPTY:
                return self._from(part, 0)
            case CalledBody(current=current):
                return self.of(current)
            case SequenceRest(current=current, part=part, index=index):
                return self.of(current) | (self._from(part, index) if self._may_complete(current) else 0)
            case Members(members=members):
                return reduce(or_, (self.of(member.term) for member in members), 0)
            case Protected(current=current, part=part, stage=stage):
                later = part.final.traits.sites if stage != "final" else 0
                if stage == "body":
                    later |= 0 if part.handler is None else part.handler.traits.sites
                    later |= part.orelse.traits.sites if self._may_complete(current) else 0
                return self.of(current) | later
            case _:
                return term.traits.sites

    def _from(self, part: SequencePart, index: int) -> int:
        """Return the steps in the items of a sequence from an index on, up to one that never completes."""
        steps = 0
        for item in part.items[index:]:
            steps |= self.of(self.terms.fresh(item))
            if not self._completes(item):
                break
        return steps

    def _may_complete(self, term: Term) -> bool:
        """Return whether control may leave a term to the next part."""
        match term:
            case Fresh(part=part):
                return self._completes(part)
            case SequenceRest(current=current, part=part, index=index):
                return self._may_complete(current) and all(map(self._completes, part.items[index:]))
            case Protected(current=current, part=part, stage=stage):
                is_over = self._may_complete(current) and (stage != "final" or term.pending == "next")
                if stage == "body":
                    is_over = (is_over and self._completes(part.orelse)) or self._handles(part)
                return is_over and (stage == "final" or self._completes(part.final))
            case Pass(part=part):
                return self._completes(part)
            case _:
                return True

    def _completes(self, part: Part) -> bool:
        cached = self._completing.get(part)
        if cached is None:
            cached = self._completing[part] = self._compute_completing(part)
        return cached

    def _compute_completing(self, part: Part) -> bool:
        match part:
            case ExitPart():
                return part.is_conditional
            case SequencePart(items=items):
                return all(map(self._completes, items))
            case ChoicePart(branches=branches):
                return any(map(self._completes, branches))
            case LoopPart(is_infinite=True, body=body):
                return not {"break", "finished"}.isdisjoint(body.traits.jumps)
            case TryPart(body=body, orelse=orelse, final=final):
                is_over = self._completes(body) and self._completes(orelse)
                return (is_over or self._handles(part)) and self._completes(final)
            case _:
                return True

    def _handles(self, part: TryPart) -> bool:
        """Return whether control may continue after a `try` by a handler."""
        if part.handler is None:
            return not part.is_unhandled
        return self._completes(part.handler)


class FirstSteps(Struct, eq=False):
    """Supersets of the steps that can begin next in terms, as bit sets. `Beginnings` finds the steps themselves."""

    program: GraphParts
    terms: Terms
    exits: TermExits
    by_term: dict[Term, int] = field(default_factory=dict)
    suffixes: dict[SequencePart, list[int]] = field(default_factory=dict)
    """The steps that can begin first in the items of each sequence from each index on."""

    def of(self, term: Term) -> int:
        """Return the steps that may begin next in a term."""
        cached = self.by_term.get(term)
        if cached is None:
            self.terms.spend()
            cached = self.by_term[term] = self._compute(term)
        return cached

    def _of_any(self, terms: Iterable[Term]) -> int:
        steps = 0
        for term in terms:
            steps |= self.of(term)
        return steps

    def _compute(self, term: Term) -> int:
        match term:
            case Fresh(part=part):
                return self._of_fresh(term, part)
            case Running(part=part, nested=nested, retried=retried):
                return self._of_any((nested, *((self.terms.fresh(part.nested),) if retried else ())))
            case CalledBody(current=current):
                return self.of(current)
            case SequenceRest(current=current, part=part, index=index):
                return self.of(current) | (self._from(part)[index] if self.exits.ends(current) else 0)
            case Either(branches=branches):
                return self._of_any(branches)
            case Members(members=members):
                return self._of_any(member.term for member in members)
            case Pass(part=part, current=current, count=count):
                following = self._of_pass(part) if self.exits.ends_of_pass(part, current) else 0
                orelse = self.of(self.terms.fresh(part.orelse)) if self.exits.ends_of_loop(part, current, count) else 0
                return self.of(current) | following | orelse
            case OverlappingPasses():
                return self._of_passes(term)
            case Protected(current=current):
                successors = (successor for successor, _ in self.exits.after_block(term))
                return self.of(current) | self._of_any(each for each in successors if not isinstance(each, str))
            case Unstarted(work=work):
                return self.of(work)
            case _:
                return term.traits.sites

    def _of_fresh(self, term: Term, part: Part) -> int:
        match part:
            case StepPart(site=site):
                return 1 << site.number
            case CallPart(body=key) if key not in self.program.recursive:
                body = self.program.bodies.get(key)
                return 0 if body is None else self.of(self.terms.fresh(body))
            case SequencePart():
                return self._from(part)[0]
            case ChoicePart(branches=branches):
                return self._of_any(map(self.terms.fresh, branches))
            case LoopPart():
                return self._of_pass(part)
            case TryPart():
                return self.of(self.terms.protected(part, self.terms.fresh(part.body), "body"))
            case _:
                return term.traits.sites

    def _of_pass(self, part: LoopPart) -> int:
        """Return the steps that may begin first in a pass of a loop, or after its last pass in its `else`."""
        return self._of_any((self.terms.fresh(part.body), self.terms.fresh(part.orelse)))

    def _of_passes(self, term: OverlappingPasses) -> int:
        passes = self._of_any(each.term for each in term.live) | (self.of(term.body) if term.is_open else 0)
        return passes | self._of_any(rest for rest, _ in self.exits.after_break(term))

    def _from(self, part: SequencePart) -> list[int]:
        suffixes = self.suffixes.get(part)
        if suffixes is None:
            suffixes = [0]
            for item in map(self.terms.fresh, reversed(part.items)):
                suffixes.append(self.of(item) | (suffixes[-1] if self.exits.ends(item) else 0))
            suffixes.reverse()
            self.suffixes[part] = suffixes
        return suffixes
