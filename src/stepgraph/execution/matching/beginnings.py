"""The terms after a step has begun, with the calls and passes of loops around the step."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.bit_sets import bits
from stepgraph.execution.matching.clocks import Clocks
from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import (
    NEW,
    NO_PENDING,
    Anything,
    CalledBody,
    Either,
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
    Unstarted,
)
from stepgraph.execution.parts import (
    EMPTY,
    CallPart,
    ChoicePart,
    GraphParts,
    GroupPart,
    LoopPart,
    Part,
    Path,
    SequencePart,
    StepPart,
    TryPart,
)

SAME: Final = -3
"""The current pass of a loop whose passes do not overlap, or the current attempt of a step.

It is not -2, because -2 has the same hash as `NEW`, so that the frames of nested loops would have equal hashes.
"""

_SEARCHES: Final = 4
"""The number of steps to search in a group before an index of all steps in it."""


class CallFrame(Struct, frozen=True):
    """A call around a step."""

    paths: tuple[Path, ...]
    """The path of the call, or several paths if any of these equal calls is possible."""


class PassFrame(Struct, frozen=True):
    """A pass of a loop around a step, or an attempt of a retried step around it."""

    path: Path
    began: int | None
    """The entry that began the pass. `NEW` if the step begins it, `SAME` for the current pass, None if unknown."""
    overlaps: bool = False
    """Whether passes may overlap."""
    is_attempt: bool = False


Frame: TypeAlias = CallFrame | PassFrame


class FrameList(Struct, frozen=True, cache_hash=True):
    """The calls and passes around a step, outermost first, as a linked list.

    Deep recursion leads to a step at each depth, and the lists of all depths share their inner frames.
    """

    outer: Frame
    inner: FrameList | None


class Begin(Struct, frozen=True):
    """A term after a step has begun."""

    term: Term
    pending: Pending = NO_PENDING
    enclosing: FrameList | None = None
    """The calls and passes around the step, or None without any."""
    clock: float | None = None
    """The clock of the work in its body when it begins, or None without a clock."""

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The calls and passes around the step, outermost first."""
        frames: list[Frame] = []
        enclosing = self.enclosing
        while enclosing is not None:
            frames.append(enclosing.outer)
            enclosing = enclosing.inner
        return tuple(frames)


class _GroupIndex(Struct):
    """The members of a group that can begin, by the steps in them. Equal members begin in their order."""

    group: Members
    searches: int = 0
    """The number of steps that were searched without the index, because most terms are asked for only one step."""
    by_step: dict[int, list[int]] | None = None
    """The numbers of the members with a single step, by this step, or None before they are needed."""
    multi_step: list[int] = field(default_factory=list)
    """The numbers of the members with several steps."""

    def members_with(self, step: int) -> Sequence[int]:
        """Return the numbers of the members that contain a step and can begin."""
        bit, members = 1 << step, self.group.members
        if self.searches < _SEARCHES and not self.group.part.twins:
            self.searches += 1
            return [number for number, member in enumerate(members) if member.term.traits.sites & bit]
        if self.by_step is None:
            self.by_step = self._single_steps()
        several = [number for number in self.multi_step if members[number].term.traits.sites & bit]
        single = self.by_step.get(step, [])
        return sorted([*single, *several]) if several else single

    def _single_steps(self) -> dict[int, list[int]]:
        part, first_fresh = self.group.part, dict[int, int]()
        for member in self.group.members if part.twins else ():
            at = member.ats[0]
            if isinstance(member.term, Fresh):
                first = part.twins.get(at, at)
                first_fresh[first] = min(first_fresh.get(first, at), at)
        by_step: dict[int, list[int]] = {}
        for number, member in enumerate(self.group.members):
            at, steps = member.ats[0], member.term.traits.sites
            if isinstance(member.term, Fresh) and at in part.twins and first_fresh[part.twins[at]] < at:
                continue
            if steps & steps - 1:
                self.multi_step.append(number)
            elif steps:
                by_step.setdefault(steps.bit_length() - 1, []).append(number)
        return by_step


class Beginnings(Struct, eq=False):
    """The steps that can begin in terms."""

    program: GraphParts
    terms: Terms
    exits: TermExits
    clocks: Clocks
    max_recursion: int
    """The maximum depth of recursive calls that begin no step."""
    begins: dict[tuple[Term, int, int], tuple[Begin, ...]] = field(default_factory=dict)
    positions: dict[Part, dict[int, list[int]]] = field(default_factory=dict)
    stops: dict[SequencePart, list[int]] = field(default_factory=dict)
    """The next item of each sequence that control may not simply pass, by index."""
    group_index: _GroupIndex | None = None
    """The members of the last group by the steps in them."""
    is_truncated: bool = False
    """Whether a recursion exceeded this depth."""
    _recursion: int = 0

    def forget(self) -> None:
        """Drop the results that depend on the exits of terms."""
        self.begins.clear()
        self.stops.clear()

    def of(self, term: Term, site: int) -> tuple[Begin, ...]:
        """Return the terms after a step has begun."""
        if not term.traits.sites >> site & 1:
            return ()
        key = term, site, self._recursion
        cached = self.begins.get(key)
        if cached is None:
            self.terms.spend()
            cached = self.begins[key] = tuple(dict.fromkeys(self._compute(term, site)))
            self.terms.spend(len(cached))
        return cached

    def _compute(self, term: Term, site: int) -> Iterator[Begin]:
        match term:
            case Fresh(part=part):
                yield from self._of_fresh(part, site)
            case Running():
                yield from self._in_step(term, site)
            case CalledBody(part=part, current=current):
                yield from self._in_call(part, self.of(current, site), None)
            case SequenceRest(current=current, part=part, index=index):
                for begin in self.of(current, site):
                    yield replace(begin, term=self.terms.rest(begin.term, part, index))
                yield from self._after(current, part, index, site)
            case Either(branches=branches):
                for branch in branches:
                    yield from self.of(branch, site)
            case Members():
                yield from self._in_group(term, site)
            case Pass(part=part, current=current, count=count):
                for begin in self.of(current, site):
                    yield self._in_pass(part, begin, SAME, count)
                yield from self._after_pass(part, current, count, site)
            case OverlappingPasses():
                yield from self._in_passes(term, site)
            case Protected():
                yield from self._in_try(term, site)
            case Anything():
                yield Begin(term)
            case Unstarted(work=work):
                for begin in self.of(work, site):
                    background = self.terms.background((begin.term, *begin.pending.background, *begin.pending.group))
                    yield replace(begin, term=term, pending=Pending(background))

    def _of_fresh(self, part: Part, site: int) -> Iterator[Begin]:
        match part:
            case StepPart():
                if part.site.number == site:
                    nested = self.terms.fresh(part.nested)
                    running = self.terms.step(part, NEW, nested, retried=False, outcome="open")
                    yield Begin(running, clock=part.clock.starts)
            case CallPart():
                yield from self._call(part, site)
            case SequencePart():
                yield from self._after(self.terms.over, part, 0, site)
            case GroupPart():
                yield from self.of(self.exits.opened(part), site)
            case ChoicePart(branches=branches):
                for at in self._positions(part, branches, site):
                    yield from self.of(self.terms.fresh(branches[at]), site)
            case LoopPart(overlapping=True):
                yield from self.of(self.terms.passes(part, (), self.terms.fresh(part.body), is_open=True), site)
            case LoopPart():
                yield from self._after_pass(part, self.terms.over, 0, site)
            case TryPart():
                yield from self.of(self.terms.protected(part, self.terms.fresh(part.body), "body"), site)

    # Steps and calls

    def _in_step(self, term: Running, site: int) -> Iterator[Begin]:
        part = term.part
        attempt = PassFrame(part.site.path, SAME, is_attempt=True) if term.retried else None
        for begin in self.of(term.nested, site):
            yield self._nested(term, begin, NO_PENDING, attempt)
        if term.retried and part.nested is not EMPTY:
            abandoned = Pending(self.terms.background((term.nested,)))
            attempt = PassFrame(part.site.path, NEW, is_attempt=True)
            for begin in self.of(self.terms.fresh(part.nested), site):
                yield self._nested(term, begin, abandoned, attempt)

    def _nested(self, term: Running, begin: Begin, pending: Pending, attempt: PassFrame | None) -> Begin:
        running = self.terms.step(term.part, term.end, begin.term, retried=term.retried, outcome=term.outcome)
        background = self.terms.in_background(self.terms.joined(pending, begin.pending))
        return Begin(running, background, begin.enclosing if attempt is None else FrameList(attempt, begin.enclosing))

    def _call(self, part: CallPart, site: int) -> Iterator[Begin]:
        body = self.program.bodies.get(part.body)
        if body is None:
            return
        is_recursive = part.body in self.program.recursive
        if is_recursive and self._recursion >= self.max_recursion:
            self.is_truncated = True
            return
        self._recursion += is_recursive
        try:
            begins = self.of(self.terms.fresh(body), site)
        finally:
            self._recursion -= is_recursive
        yield from self._in_call(part, begins, part.clock.starts)

    def _in_call(self, part: CallPart, begins: Iterable[Begin], clock: float | None) -> Iterator[Begin]:
        call = CallFrame((part.path,)) if part.is_call else None
        for begin in begins:
            pending = self.terms.in_background(begin.pending)
            enclosing = begin.enclosing if call is None else FrameList(call, begin.enclosing)
            yield Begin(self.terms.called(part, begin.term), pending, enclosing, clock)

    # Sequences

    def _after(self, current: Term, part: SequencePart, index: int, site: int) -> Iterator[Begin]:
        """Yield the beginnings in the items of a sequence from an index on."""
        positions = self._positions(part, part.items, site)
        if not positions or positions[-1] < index:
            return
        for reached, pendings in self._reached(current, part, index, positions):
            for begin in self.of(self.terms.fresh(part.items[reached]), site):
                successor = self.terms.rest(begin.term, part, reached + 1)
                yield from (self._with(begin, successor, pending) for pending in pendings)

    def _reached(
        self, current: Term, part: SequencePart, index: int, positions: Sequence[int]
    ) -> Iterator[tuple[int, list[Pending]]]:
        """Yield the positions in a sequence that control may reach without a step, with the work that continues."""
        pendings, stops = self.exits.ends(current), self._stops(part)
        at = bisect_left(positions, index)
        while pendings:
            stop = stops[index]
            while at < len(positions) and positions[at] <= stop:
                yield positions[at], pendings
                at += 1
            if at == len(positions):
                return
            pendings = self.terms.all_joined([pendings, self.exits.ends(self.terms.fresh(part.items[stop]))])
            index = stop + 1

    def _stops(self, part: SequencePart) -> list[int]:
        """Return the next item from each index on that ends only after a step, or with work that continues."""
        stops = self.stops.get(part)
        if stops is None:
            stops = self.stops[part] = list(range(len(part.items) + 1))
            for index in reversed(range(len(part.items))):
                if self.exits.ends(self.terms.fresh(part.items[index])) == [NO_PENDING]:
                    stops[index] = stops[index + 1]
        return stops

    def _positions(self, part: Part, items: Sequence[Part], site: int) -> Sequence[int]:
        """Return the items of a sequence, or branches of a choice, that contain a site."""
        index = self.positions.get(part)
        if index is None:
            index = self.positions[part] = {}
            for at, item in enumerate(items):
                for number in bits(item.traits.sites):
                    index.setdefault(number, []).append(at)
            self.terms.spend(1 + sum(map(len, index.values())) // 16)
        return index.get(site, ())

    def _with(self, begin: Begin, term: Term, pending: Pending) -> Begin:
        return replace(begin, term=term, pending=self.terms.joined(pending, begin.pending))

    # Groups

    def _in_group(self, term: Members, site: int) -> Iterator[Begin]:
        members = term.members
        begun: set[Member] = set()
        if self.group_index is None or self.group_index.group is not term:
            self.group_index = _GroupIndex(term)
        for number in self.group_index.members_with(site):
            member = members[number]
            if member in begun:
                continue
            begun.add(member)
            for begin in self.of(member.term, site):
                named = self._with_paths(term.part, member, begin)
                for remaining, over in self._remaining_members(term, number, begin.clock):
                    moved = (Member(member.ats, each) for each in (begin.term, *begin.pending.group))
                    furthest = max(term.furthest, member.ats[0])
                    group = self.terms.members(
                        term.part, (*remaining, *moved), furthest, any_finished=term.any_finished
                    )
                    pending = self.terms.joined(over, Pending(begin.pending.background))
                    yield Begin(group, pending, named, begin.clock)

    def _remaining_members(
        self, term: Members, number: int, clock: float | None
    ) -> list[tuple[tuple[Member, ...], Pending]]:
        remaining = (*term.members[:number], *term.members[number + 1 :])
        return [(remaining, NO_PENDING)] if clock is None else self.clocks.members_at(term, remaining, clock)

    def _with_paths(self, part: GroupPart, member: Member, begin: Begin) -> FrameList | None:
        """Return frames in which a call that is a member has its own path, because equal calls share a part."""
        if not isinstance(part.items[member.ats[0]], CallPart) or begin.enclosing is None:
            return begin.enclosing
        return FrameList(CallFrame(tuple(part.call_paths[at] for at in member.ats)), begin.enclosing.inner)

    # Loops

    def _in_pass(self, part: LoopPart, begin: Begin, began: int, count: int, pending: Pending = NO_PENDING) -> Begin:
        term = self.terms.in_pass(part, begin.term, count)
        enclosing = FrameList(PassFrame(part.path, began), begin.enclosing)
        return Begin(term, self.terms.joined(pending, begin.pending), enclosing, begin.clock)

    def _after_pass(self, part: LoopPart, current: Term, count: int, site: int) -> Iterator[Begin]:
        """Yield the beginnings in the next pass of a loop, and in its `else`."""
        for pending in self.exits.ends_of_pass(part, current) if part.has_pass_after(count) else ():
            for begin in self.of(self.terms.fresh(part.body), site):
                yield self._in_pass(part, begin, NEW, count + 1 if part.passes else 1, pending)
        for pending in self.exits.ends_of_loop(part, current, count):
            for begin in self.of(self.terms.fresh(part.orelse), site):
                yield self._with(begin, begin.term, pending)

    def _in_passes(self, term: OverlappingPasses, site: int) -> Iterator[Begin]:
        live = term.live
        for number, each in enumerate(live):
            if not each.term.traits.sites >> site & 1 or (number and each == live[number - 1]):
                continue
            for begin in self.of(each.term, site):
                passes = (*live[:number], LivePass(each.began, begin.term), *live[number + 1 :])
                yield self._overlapping(term, passes, begin, each.began)
        if term.is_open:
            for begin in self.of(term.body, site):
                yield self._overlapping(term, (*live, LivePass(NEW, begin.term)), begin, NEW)
        for successor, pending in self.exits.after_break(term):
            for begin in self.of(successor, site):
                yield self._with(begin, begin.term, pending)

    def _overlapping(self, term: OverlappingPasses, live: Sequence[LivePass], begin: Begin, began: int | None) -> Begin:
        enclosing = begin.enclosing
        if not term.part.is_unknown:
            enclosing = FrameList(PassFrame(term.part.path, began, overlaps=True), enclosing)
        passes = self.terms.passes(term.part, live, term.body, is_open=term.is_open)
        return replace(begin, term=passes, enclosing=enclosing)

    # `try` statements

    def _in_try(self, term: Protected, site: int) -> Iterator[Begin]:
        for begin in self.of(term.current, site):
            yield replace(begin, term=self.terms.protected(term.part, begin.term, term.stage, term.pending))
        for successor, pending in self.exits.after_block(term):
            if not isinstance(successor, str):
                yield from (self._with(begin, begin.term, pending) for begin in self.of(successor, site))
