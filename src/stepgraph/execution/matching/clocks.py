"""The progress of a group to a clock, at which some of its work must be over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import (
    NO_PENDING,
    CalledBody,
    Either,
    Failed,
    Fresh,
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
)
from stepgraph.execution.parts import ChoicePart, GroupPart, LoopPart, Part, SequencePart, TryPart


class Advance(Struct, frozen=True):
    """A term that has advanced, and the work that continues in the background."""

    term: Term
    pending: Pending = NO_PENDING


class Clocks(Struct, eq=False):
    """Terms at clocks of their group."""

    terms: Terms
    exits: TermExits
    advances: dict[tuple[Term, float], tuple[Advance, ...]] = field(default_factory=dict)

    def at(self, term: Term, clock: float) -> tuple[Advance, ...]:
        """Return the terms at a clock, in which all work with this or an earlier clock is over.

        The result may be empty.
        """
        if term.traits.resolves > clock:
            return (Advance(term),)
        key = term, clock
        cached = self.advances.get(key)
        if cached is None:
            self.terms.spend()
            cached = self.advances[key] = tuple(dict.fromkeys(self._compute(term, clock)))
        return cached

    def _compute(self, term: Term, clock: float) -> Iterator[Advance]:
        match term:
            case Fresh(part=part):
                yield from self._of_fresh(term, part, clock)
            case Running() | Failed() | CalledBody() | Pass():
                yield from self._over(term)
            case SequenceRest(current=current, part=part, index=index):
                yield from self._in_sequence(current, part, index, clock)
            case Either(branches=branches):
                for branch in branches:
                    yield from self.at(branch, clock)
            case Members():
                yield from self._in_group(term, clock)
            case OverlappingPasses():
                yield from self._in_passes(term, clock)
            case Protected():
                yield from self._in_try(term, clock)

    def _of_fresh(self, term: Term, part: Part, clock: float) -> Iterator[Advance]:
        match part:
            case SequencePart():
                yield from self._in_sequence(self.terms.over, part, 0, clock)
            case GroupPart():
                yield from self.at(self.exits.opened(part), clock)
            case ChoicePart(branches=branches):
                for branch in branches:
                    yield from self.at(self.terms.fresh(branch), clock)
            case LoopPart(overlapping=True):
                yield from self.at(self.terms.passes(part, (), self.terms.fresh(part.body), is_open=True), clock)
            case TryPart():
                yield from self.at(self.terms.protected(part, self.terms.fresh(part.body), "body"), clock)
            case _:
                yield from self._over(term)

    def _over(self, term: Term) -> Iterator[Advance]:
        yield from (Advance(self.terms.over, pending) for pending in self.exits.ends(term))

    def _in_sequence(self, current: Term, part: SequencePart, index: int, clock: float) -> Iterator[Advance]:
        for each in self.at(current, clock) if part.suffixes[index].resolves > clock else ():
            yield Advance(self.terms.rest(each.term, part, index), each.pending)
        for reached, pendings in self.exits.passed(current, part, index):
            if reached == len(part.items):
                yield from (Advance(self.terms.over, pending) for pending in pendings)
            elif part.suffixes[reached + 1].resolves > clock:
                for each in self.at(self.terms.fresh(part.items[reached]), clock):
                    successor = self.terms.rest(each.term, part, reached + 1)
                    yield from (Advance(successor, self.terms.joined(pending, each.pending)) for pending in pendings)

    # Groups

    def _in_group(self, term: Members, clock: float) -> Iterator[Advance]:
        for members, pending in self.members_at(term, term.members, clock):
            any_finished = term.any_finished or len(members) < len(term.members)
            yield Advance(self.terms.members(term.part, members, term.furthest, any_finished=any_finished), pending)
        if term.part.kind in {"any", "race"}:
            yield from self._over(term)

    def members_at(
        self, group: Members, members: Sequence[Member], clock: float
    ) -> list[tuple[tuple[Member, ...], Pending]]:
        """Return the unfinished ones of some members of a group at a clock, in each combination."""
        self.terms.spend(1 + len(members) // 8)
        if group.traits.resolves > clock:
            return [(tuple(members), NO_PENDING)]
        result: list[tuple[list[Member], Pending]] = [([], NO_PENDING)]
        for member in members:
            if member.term.traits.resolves > clock:
                for unfinished, _ in result:
                    unfinished.append(member)
                if len(result) > 1:
                    self.terms.spend(len(result) - 1)
                continue
            advances = [*self.at(member.term, clock), *self._settled(group, member.term)]
            self.terms.spend(len(result) * len(advances) - 1 if advances else 0)
            moved = [(self._moved(member, each), Pending(each.pending.background)) for each in advances]
            if len(moved) == 1 and len(result) == 1:
                # Copying the members before each of many members would take quadratic time.
                (more, after), (unfinished, pending) = moved[0], result[0]
                unfinished += more
                result[0] = unfinished, self.terms.joined(pending, after)
                continue
            result = [
                ([*unfinished, *more], self.terms.joined(pending, after))
                for unfinished, pending in result
                for more, after in moved
            ]
        return [(tuple(unfinished), pending) for unfinished, pending in result]

    def _settled(self, group: Members, member: Term) -> Iterator[Advance]:
        """Yield the end of a member that has failed, if failures are results."""
        if group.part.kind == "all_settled":
            exits = self.exits.of(member)
            yield from (Advance(self.terms.over, each.pending) for each in exits if each.kind == "fail")

    def _moved(self, member: Member, advance: Advance) -> tuple[Member, ...]:
        terms = (advance.term, *advance.pending.group)
        return tuple(Member(member.ats, each) for each in terms if each is not self.terms.over)

    # Loops

    def _in_passes(self, term: OverlappingPasses, clock: float) -> Iterator[Advance]:
        body = self._body_at(term, clock) if term.is_open else None
        unstarted = self.exits.unstarted(term.part.body) if term.is_open else NO_PENDING
        for live, pending in self._live_at(term.live, clock):
            successor = self.terms.passes(term.part, live, body or term.body, is_open=body is not None)
            yield Advance(successor, self.terms.joined(pending, unstarted))
        for successor, pending in (*self.exits.after_break(term), *self._after_immediate_break(term)):
            yield from (
                Advance(each.term, self.terms.joined(pending, each.pending)) for each in self.at(successor, clock)
            )

    def _live_at(self, live: Sequence[LivePass], clock: float) -> list[tuple[tuple[LivePass, ...], Pending]]:
        result: list[tuple[tuple[LivePass, ...], Pending]] = [((), NO_PENDING)]
        for each in live:
            advances = self.at(each.term, clock)
            self.terms.spend(len(result) * len(advances))
            result = [
                ((*passes, LivePass(each.began, advance.term)), self.terms.joined(pending, advance.pending))
                for passes, pending in result
                for advance in advances
            ]
        return result

    def _body_at(self, term: OverlappingPasses, clock: float) -> Term | None:
        """Return the body of further passes, or None if there can be none."""
        advanced = [
            each.term
            for each in self.at(term.body, clock)
            if each.term is not self.terms.over and each.pending == NO_PENDING
        ]
        return self.terms.either(advanced) if advanced else None

    def _after_immediate_break(self, term: OverlappingPasses) -> Iterator[tuple[Term, Pending]]:
        """Yield the loop after a `break` in a pass that began no step."""
        if term.is_open and term.part.body.traits.jumps:
            for each in self.exits.of(self.terms.fresh(term.part.body)):
                if each.kind == "break" and each.pending.group:
                    live = (*term.live, *(LivePass(None, moved) for moved in each.pending.group))
                    successor = self.terms.passes(term.part, live, term.body, is_open=False)
                    yield successor, Pending(each.pending.background)

    # `try` statements

    def _in_try(self, term: Protected, clock: float) -> Iterator[Advance]:
        for each in self.at(term.current, clock):
            advanced = self.terms.protected(term.part, each.term, term.stage, term.pending)
            if advanced.traits.resolves > clock:
                yield Advance(advanced, each.pending)
        for successor, pending in self.exits.after_block(term):
            if not isinstance(successor, str):
                yield from (
                    Advance(each.term, self.terms.joined(pending, each.pending)) for each in self.at(successor, clock)
                )
            elif successor == "next" and all(each.traits.resolves > clock for each in pending.group):
                yield Advance(self.terms.over, pending)
