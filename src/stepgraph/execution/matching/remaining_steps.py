"""The steps that terms may still begin, now or later."""

from __future__ import annotations

from functools import reduce
from operator import or_

from msgspec import Struct, field

from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import (
    CalledBody,
    Fresh,
    Members,
    Pass,
    Protected,
    SequenceRest,
    Term,
)
from stepgraph.execution.parts import EMPTY, ChoicePart, ExitPart, LoopPart, Part, SequencePart, TryPart


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
