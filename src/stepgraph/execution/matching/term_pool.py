"""The pool of terms, which constructs each term once, and the operations on pending work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from itertools import chain
from math import inf
from operator import attrgetter
from typing import Final, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.execution.log import Outcome
from stepgraph.execution.matching.terms import (
    ANY_TIME,
    END_BITS,
    NO_PENDING,
    Anything,
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
    Stage,
    Term,
    TooAmbiguousError,
    Unstarted,
)
from stepgraph.execution.parts import (
    EMPTY,
    CallPart,
    Clock,
    ExitKind,
    GroupPart,
    LoopPart,
    Part,
    SequencePart,
    StepPart,
    Traits,
    TryPart,
    combined,
)
from stepgraph.limits import ANSWER_COMPARISONS, LOGS_AT_LIMIT, MATCH_OPERATIONS, REPLAY_CALLS

MAX_COPIES: Final = 4
"""The maximum number of equal terms in a background. A higher number becomes any number."""

ANY_NUMBER: Final = 1_000_000
"""The number of copies that represents any number."""

MAX_BACKGROUNDS: Final = 12
"""The maximum number of different backgrounds. A higher number is replaced by one background that includes all."""

_BY_TERM: Final = attrgetter("term.number")

TermT = TypeVar("TermT", bound=Term)


class Precision(IntEnum):
    """The distinctions between terms. Each level includes the orders of execution of the levels above."""

    ANY_ORDER = 0
    """Steps of a group may begin in any order, like those in the background. The group may end at any time."""
    ANY_BACKGROUND = 1
    """Steps in the background may begin in any order, any number of times."""
    ANY_TIME = 2
    """Steps may end at any time, overlapping passes of a loop are interchangeable, and backgrounds are merged."""
    FULL = 3
    """All distinctions that the log makes."""


class Terms(Struct, eq=False):
    """The terms of a program, each constructed only once."""

    budget: int = MATCH_OPERATIONS
    """The remaining number of operations."""
    precision: Precision = Precision.FULL
    pool: dict[tuple[object, ...], Term] = field(default_factory=dict)
    over: Term = field(default_factory=lambda: Fresh(0, EMPTY.traits, 0, EMPTY))
    """The term of work that is over."""
    overlap: int = 0
    """The largest number of passes of a loop that overlapped."""
    traits: dict[tuple[Clock, int], Traits] = field(default_factory=dict)
    """The traits of running steps, by their clock and the steps in them."""

    def __post_init__(self) -> None:
        self.pool[Fresh, EMPTY] = self.over

    def spend(self, operations: int = 1) -> None:
        """Count operations. Raise TooAmbiguousError if there are too many."""
        self.budget -= operations
        if self.budget < 0:
            raise TooAmbiguousError

    def _intern(self, key: tuple[object, ...], make: Callable[[int], TermT]) -> TermT:
        term = cast("TermT | None", self.pool.get(key))
        if term is None:
            self.spend(2)
            term = self.pool[key] = make(len(self.pool))
        return term

    def fresh(self, part: Part) -> Term:
        """Return a part that has not begun."""
        return self._intern((Fresh, part), lambda number: Fresh(number, part.traits, 0, part))

    def step(self, part: StepPart, end: int, nested: Term, *, retried: bool, outcome: Outcome) -> Term:
        """Return a running step, or its result if the step may be over at any time and has no steps inside."""
        is_leaf = nested is self.over and (not retried or part.nested is EMPTY)
        if end == ANY_TIME and is_leaf and outcome != "open":
            return self.over if outcome == "done" else self.failed(part.clock)

        def make(number: int) -> Running:
            sites = nested.traits.sites | (part.nested.traits.sites if retried else 0)
            traits = self._running_traits(part.clock, sites)
            return Running(number, traits, nested.running | 1 << (end + END_BITS), part, end, nested, retried, outcome)

        return self._intern((Running, part, end, nested, retried, outcome), make)

    def _running_traits(self, clock: Clock, sites: int) -> Traits:
        """Return the traits of a running step, which are one object for all steps with equal ones."""
        key = clock, sites
        if key not in self.traits:
            self.traits[key] = replace(clock.traits(sites), starts=-inf)
        return self.traits[key]

    def failed(self, clock: Clock) -> Term:
        """Return a step that has failed for good."""
        return self._intern((Failed, clock), lambda number: Failed(number, _failed_traits(clock), 0, clock))

    def called(self, part: CallPart, current: Term) -> Term:
        """Return the rest of the body of a called function."""
        if current is self.over:
            return current

        def make(number: int) -> Term:
            traits = replace(part.clock.traits(current.traits.sites), starts=-inf)
            return CalledBody(number, traits, current.running, part, current)

        return self._intern((CalledBody, part, current), make)

    def rest(self, current: Term, part: SequencePart, index: int) -> Term:
        """Return the rest of a sequence."""
        if index == len(part.items):
            return current
        if current is self.over and index == len(part.items) - 1:
            return self.fresh(part.items[index])

        def make(number: int) -> Term:
            traits = combined((current.traits, part.suffixes[index]))
            return SequenceRest(number, traits, current.running, current, part, index)

        return self._intern((SequenceRest, current, part, index), make)

    def either(self, branches: Iterable[Term]) -> Term:
        """Return a choice between terms."""
        distinct = tuple(dict.fromkeys(branches))
        if len(distinct) == 1:
            return distinct[0]

        def make(number: int) -> Term:
            return Either(number, combined(each.traits for each in distinct), 0, distinct)

        return self._intern((Either, distinct), make)

    def members(self, part: GroupPart, members: Iterable[Member], furthest: int, *, any_finished: bool) -> Term:
        """Return a group with the members that are not over."""
        over = self.over
        unfinished = tuple([member for member in members if member.term is not over])
        if not unfinished:
            return over
        # The bit sets of large graphs take longer.
        self.spend(1 + len(unfinished) // 4 + len(unfinished) * part.traits.sites.bit_length() // 20_000)
        if self.precision == Precision.ANY_ORDER and _has_begun(part, unfinished):
            return self.anything((member.term for member in unfinished), part.traits.jumps)
        if part.twins:
            unfinished = _canonical(part, unfinished)
        furthest = furthest if part.traits.jumps else -1
        any_finished = any_finished and part.kind in {"any", "race"}

        def make(number: int) -> Term:
            traits = combined(_distinct([member.term.traits for member in unfinished]))
            return Members(number, traits, _running(unfinished), part, unfinished, furthest, any_finished)

        return self._intern((Members, part, unfinished, furthest, any_finished), make)

    def in_pass(self, part: LoopPart, current: Term, count: int) -> Term:
        """Return a loop in a pass."""

        def make(number: int) -> Term:
            traits = replace(combined((current.traits, part.traits)), jumps=part.traits.jumps)
            return Pass(number, traits, current.running, part, current, count)

        return self._intern((Pass, part, current, count), make)

    def passes(self, part: LoopPart, live: Iterable[LivePass], body: Term, *, is_open: bool) -> Term:
        """Return a loop with its overlapping passes that have not ended.

        Their order is kept if one may be the last pass.
        """
        over = self.over
        unfinished = [each for each in live if each.term is not over]
        if not unfinished and not is_open:
            return over
        self.spend(1 + len(unfinished) // 4)
        self.overlap = max(self.overlap, len(unfinished))
        if self.precision == Precision.ANY_ORDER and unfinished:
            return self.anything((*(each.term for each in unfinished), body), part.traits.jumps)
        if self.precision < Precision.FULL:
            unfinished = [LivePass(None, each.term) for each in unfinished]
        ordered = tuple(unfinished if part.body.traits.jumps else _without_identity(unfinished))

        def make(number: int) -> Term:
            traits = combined(_distinct([*(each.term.traits for each in ordered), *([body.traits] if is_open else [])]))
            traits = replace(traits, clocked=part.traits.clocked, jumps=part.traits.jumps)
            return OverlappingPasses(number, traits, _running(ordered), part, ordered, body, is_open)

        return self._intern((OverlappingPasses, part, ordered, body, is_open), make)

    def protected(self, part: TryPart, current: Term, stage: Stage, pending: ExitKind = "next") -> Term:
        """Return a `try` in one of its blocks."""

        def make(number: int) -> Term:
            later = [] if stage == "final" else [part.final.traits]
            traits = combined([current.traits, *later])
            if stage == "body" and part.orelse is not EMPTY:
                traits = combined([traits, part.orelse.traits])
            if stage == "body" and part.handler is not None:
                traits = replace(combined([traits, part.handler.traits]), resolves=traits.resolves)
            return Protected(number, traits, current.running, part, current, stage, pending)

        return self._intern((Protected, part, current, stage, pending), make)

    def unstarted(self, work: Term) -> Term:
        """Return background work that may begin any number of times."""
        traits = Traits(work.traits.sites)
        return self._intern((Unstarted, work), lambda number: Unstarted(number, traits, work.running, work))

    # Pending work

    def background(self, terms: Iterable[Term]) -> tuple[Term, ...]:
        """Return background work in its order, without work in which no step can begin."""
        if self.precision <= Precision.ANY_BACKGROUND:
            anything = self.anything(terms)
            return (anything,) if anything.traits.sites else ()
        counts = _counts(term for term in terms if term.traits.sites)
        if len(counts) == 1 and counts.total() == 1:
            return tuple(counts)
        self.spend(len(counts))
        return self._of_counts(counts)

    def anything(self, terms: Iterable[Term], jumps: frozenset[ExitKind] = frozenset()) -> Term:
        """Return work in which any of the steps of terms may begin."""
        sites = 0
        for term in terms:
            sites |= term.traits.sites
        traits = Traits(sites, jumps=jumps)
        return self._intern((Anything, sites, jumps), lambda number: Anything(number, traits, 0))

    def _of_counts(self, counts: Counter[Term]) -> tuple[Term, ...]:
        result: list[Term] = []
        for term, count in counts.items():
            if count > MAX_COPIES and not term.running:
                result.append(self.unstarted(term))
            else:
                result += [term] * count
        return tuple(sorted(result, key=_number))

    def joined(self, first: Pending, second: Pending) -> Pending:
        """Return the pending work of two parts."""
        if first == NO_PENDING:
            return second
        if second == NO_PENDING:
            return first
        background = first.background or second.background
        if first.background and second.background:
            background = self.background((*first.background, *second.background))
        return Pending(background, tuple(sorted((*first.group, *second.group), key=_number)))

    def in_background(self, pending: Pending) -> Pending:
        """Return the pending work of a function as background work, because its caller awaits none of it."""
        return Pending(self.background((*pending.background, *pending.group))) if pending.group else pending

    def all_joined(self, lists: Iterable[Sequence[Pending]]) -> list[Pending]:
        """Return the pending work of each combination of one item from each list."""
        result = [NO_PENDING]
        for items in lists:
            if items != [NO_PENDING]:
                self.spend(len(result) * len(items))
                result = self.largest([self.joined(pending, item) for pending in result for item in items])
            if not result:
                return []
        return result

    def largest(self, pendings: Iterable[Pending]) -> list[Pending]:
        """Return pending work without backgrounds that others include. Too many are replaced by their union."""
        by_group: dict[tuple[Term, ...], dict[tuple[Term, ...], None]] = {}
        for pending in pendings:
            by_group.setdefault(pending.group, {})[pending.background] = None
        return [
            Pending(background, group)
            for group, backgrounds in by_group.items()
            for background in self.largest_backgrounds(list(backgrounds))
        ]

    def largest_backgrounds(self, backgrounds: Sequence[tuple[Term, ...]]) -> Sequence[tuple[Term, ...]]:
        """Return the backgrounds that no other includes, or their union if they are too many."""
        if len(backgrounds) == 1:
            return backgrounds
        self.spend(len(backgrounds))
        counts = [_counts(background) for background in backgrounds]
        if self.precision < Precision.FULL or len(backgrounds) > MAX_BACKGROUNDS:
            union: Counter[Term] = Counter()
            for count in counts:
                union |= count
            return [self.background(self._of_counts(union))]
        return [
            background
            for background, count in zip(backgrounds, counts, strict=True)
            if not any(count != larger and count <= larger for larger in counts)
        ]


def _has_begun(part: GroupPart, members: Sequence[Member]) -> bool:
    return len(members) < len(part.items) or not all(isinstance(member.term, Fresh) for member in members)


def _counts(background: Iterable[Term]) -> Counter[Term]:
    """Return the number of runs of each term of a background that may begin."""
    counts: Counter[Term] = Counter()
    for term in background:
        if isinstance(term, Unstarted):
            counts[term.work] += ANY_NUMBER
        else:
            counts[term] += 1
    return counts


def _failed_traits(clock: Clock) -> Traits:
    return replace(clock.traits(0), starts=-inf)


def _number(term: Term) -> int:
    return term.number


def _running(parts: Iterable[Member | LivePass]) -> int:
    running = 0
    for part in parts:
        running |= part.term.running
    return running


def _canonical(part: GroupPart, members: Sequence[Member]) -> tuple[Member, ...]:
    """Return members in a form in which equal members at equal points of execution are interchangeable."""
    keyed: list[tuple[int, bool, int, int, int]] = []
    for number, member in enumerate(members):
        at, is_fresh = member.ats[0], type(member.term) is Fresh
        keyed.append((part.twins.get(at, at), is_fresh, member.term.number, at if is_fresh else 0, number))
    keyed.sort()
    result = [members[key[-1]] for key in keyed]
    start = 0
    for end in range(1, len(result) + 1):
        if end == len(result) or keyed[end][:-1] != keyed[start][:-1]:
            if end - start > 1 and len({each.ats for each in result[start:end]}) > 1:
                ats = {*chain.from_iterable(each.ats for each in result[start:end])}
                result[start:end] = [Member(tuple(sorted(ats)), result[start].term)] * (end - start)
            start = end
    return tuple(result)


def _distinct(traits: Sequence[Traits]) -> Iterable[Traits]:
    """Return traits without repeated objects, as the steps of many members have the same."""
    return dict(zip(map(id, traits), traits, strict=True)).values()


def _without_identity(passes: Sequence[LivePass]) -> list[LivePass]:
    """Return passes in a form in which passes at equal points of execution are interchangeable."""
    result = list(passes)
    if len({each.term for each in passes}) < len(passes):
        counts = Counter(each.term for each in passes)
        result = [
            each if each.began is None or counts[each.term] == 1 else LivePass(None, each.term) for each in passes
        ]
    return sorted(result, key=_BY_TERM)


class LogBudget(Struct):
    """The remaining work of one command, which all its logs share."""

    operations: int = field(default_factory=lambda: LOGS_AT_LIMIT * MATCH_OPERATIONS)
    """The operations that match logs with graphs."""
    comparisons: int = field(default_factory=lambda: LOGS_AT_LIMIT * ANSWER_COMPARISONS)
    """The comparisons of names in logs with steps of new code."""
    calls: int = field(default_factory=lambda: LOGS_AT_LIMIT * REPLAY_CALLS)
    """The tried calls of new code."""

    @property
    def is_exhausted(self) -> bool:
        """Whether no further log can be matched or replayed."""
        return min(self.operations, self.comparisons, self.calls) <= 0

    @contextmanager
    def matching(self, terms: Terms) -> Iterator[None]:
        """Count the operations of the terms of one match, and limit them to the remaining ones."""
        terms.budget = allowed = max(0, min(terms.budget, self.operations))
        try:
            yield
        finally:
            self.operations -= allowed - terms.budget
