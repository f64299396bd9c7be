"""The steps that can begin next in terms, like the FIRST sets of a grammar."""

from __future__ import annotations

from collections.abc import Iterable

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
    CallPart,
    ChoicePart,
    GraphParts,
    LoopPart,
    Part,
    SequencePart,
    StepPart,
    TryPart,
)


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
