"""The matcher, which follows all paths of a log through a graph.

A layer contains the states after an entry: the remaining work of the
instance, with edges from the states before. Paths that lead to no state after the last entry are dropped at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from math import prod
from typing import Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.bit_sets import bit_set
from stepgraph.execution.log import InstanceLog, LogEntry, Pauses, pauses_of
from stepgraph.execution.matching.beginnings import Beginnings, CallFrame, Frame
from stepgraph.execution.matching.endings import EndingChange, Endings
from stepgraph.execution.matching.entry_ends import at_any_time
from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.match import Match, Misfit, Place
from stepgraph.execution.matching.passes import NO_PASSES, PassCounter, PassCounts
from stepgraph.execution.matching.term_pool import Precision, Terms
from stepgraph.execution.matching.terms import NEW, Term, TooAmbiguousError
from stepgraph.execution.parts import GraphParts, Path, Site

COARSE_STATES: Final = 300
"""The maximum number of states after an entry, above which the ends of steps are ignored."""

COARSE_BACKGROUND: Final = 60
"""The maximum number of terms in a background, for the same reason."""

COARSE_OVERLAP: Final = 400
"""The maximum number of passes of a loop that overlap, for the same reason."""

COARSE_OPERATIONS: Final = 20_000
"""The maximum number of operations for an entry, for the same reason."""

MAX_STATES: Final = 2_000
"""The maximum number of states after an entry."""

MAX_CALLS: Final = 8
"""The maximum number of alternative calls of an entry."""


class _MatchingState(Struct, frozen=True):
    main: Term
    background: tuple[Term, ...]


class _Edge(Struct, frozen=True):
    """A step that has begun, and the states before it."""

    before: Sequence[_MatchingState]
    path: Path
    frames: tuple[Frame, ...]


_Layer: TypeAlias = dict[_MatchingState, list[_Edge]]
"""The states after an entry, with the steps that may be the entry."""

_Begun: TypeAlias = dict[tuple[_MatchingState, Path, tuple[Frame, ...]], list[_MatchingState]]
"""The states in which a step has just begun, with its path, the calls and passes around it, and the earlier states."""


class Matcher(Struct, eq=False):
    """Matches one log with the parts of a graph."""

    program: GraphParts
    log: InstanceLog
    terms: Terms
    exits: TermExits
    beginnings: Beginnings
    endings: Endings
    ends: list[int]
    """When each entry ends: before the entry with this index, or `ANY_TIME`."""
    has_passes: bool
    """Whether passes of a loop may overlap."""
    never: int
    """The end of the entries that have not ended."""
    pauses: Pauses
    """The pauses after which handlers may have run."""
    paused_at: set[int] = field(default_factory=set)
    """The positions of the entries of handlers that may have run because of a pause."""
    layers: list[_Layer] = field(default_factory=list)
    sites_by_name: dict[tuple[str, str], list[Site]] = field(default_factory=dict)
    literal_sites: dict[str, list[Site]] = field(default_factory=dict)
    """The steps whose names are literal, by name."""
    template_sites: list[Site] = field(default_factory=list)
    """The other steps."""

    def __post_init__(self) -> None:
        for site in self.program.sites:
            if site.pattern.is_literal:
                self.literal_sites.setdefault(site.pattern.pieces[0], []).append(site)
            else:
                self.template_sites.append(site)

    def match(self) -> Match:
        """Return the match of the log."""
        self.exits.solve_recursion()
        layer: _Layer = {_MatchingState(self.terms.fresh(self.program.body), ()): []}
        self.layers = [layer]
        for number, entry in enumerate(self.log.entries):
            before = self._ended(layer, number)
            layer = self._after_entry(before, entry, number) or self._repeated(before, entry, number)
            if not layer:
                places = self._places(number, self.layers[-1])
                # If a step ended too early, the steps in it are expected.
                expected = self._expected(before or self.layers[-1])
                reachable = self._reachable(before or self.layers[-1])
                return Match(places, (), Misfit(entry.index, expected), reachable=reachable)
            self.layers.append(layer)
        return self._finish(layer)

    # Entries

    def _ended(self, layer: Iterable[_MatchingState], number: int) -> dict[_MatchingState, list[_MatchingState]]:
        """Return the states after the steps that end before an entry, with the states of the layer before."""
        states: dict[_MatchingState, list[_MatchingState]] = {}
        for state in layer:
            for ended in self._without(state, number):
                states.setdefault(ended, []).append(state)
        return states

    def _without(self, state: _MatchingState, end: int) -> Iterator[_MatchingState]:
        """Yield the states after steps have ended."""
        if any(term.running >> (end + 2) & 1 for term in (state.main, *state.background)):
            yield from self._changed(state, EndingChange(end, None))
        else:
            yield state

    def _changed(self, state: _MatchingState, change: EndingChange) -> Iterator[_MatchingState]:
        """Yield the states after a change of running steps."""
        rewrites = [self.endings.changed(term, change) for term in (state.main, *state.background)]
        self.terms.spend(prod(map(len, rewrites)))
        for combination in product(*rewrites):
            (main, _), *background = combination
            pendings = [pending for _, pending in combination]
            terms = [term for term, _ in background]
            terms += [term for pending in pendings for term in (*pending.background, *pending.group)]
            yield _MatchingState(main, self.terms.background(terms))

    def _after_entry(self, before: dict[_MatchingState, list[_MatchingState]], entry: LogEntry, number: int) -> _Layer:
        budget = self.terms.budget
        begun: _Begun = {}
        for state, sources in before.items():
            for site in self._sites(entry):
                for after, frames in self._begin(state, site):
                    begun.setdefault((after, site.path, frames), []).extend(sources)
                    self.terms.spend(len(sources) + len(frames) // 2)
        change = EndingChange(
            NEW, self.ends[number], number if self.has_passes else None, entry.was_retried, entry.outcome
        )
        layer: _Layer = {}
        if self.ends[number] == number + 1:
            # A step that ends before the next entry is over at once, so the terms of all these steps are the same.
            layer = self._with_edges(begun, replace(change, new_end=None))
        layer = layer or self._with_edges(begun, change)
        self._keep_paused(layer, before, begun, number)
        return self._reduced(layer, budget - self.terms.budget)

    def _keep_paused(
        self, layer: _Layer, before: dict[_MatchingState, list[_MatchingState]], begun: _Begun, number: int
    ) -> None:
        """Add the states to which an instance returns after a pause if an entry is in a handler that the pause ran.

        A development server pauses an instance by an exception in the pending calls. Entries of handlers stay in the
        log, and the instance continues from the calls.
        """
        places = {(path, calls) for _, path, frames in begun for calls in _calls(frames)}
        if self.pauses == "none" or not places or not all(Place(*each).is_in_handler for each in places):
            return
        kept = [state for state in before if self.pauses == "any" or _running_in(state)]
        # Without an entry before, no call was pending.
        if not kept or not number or (number - 1 not in self.paused_at and self._is_explained(before, number)):
            return
        self.paused_at.add(number)
        if any(map(_running_in, kept)):
            self._store(number)
        edges = [(path, tuple(each for each in frames if isinstance(each, CallFrame))) for _, path, frames in begun]
        for state in kept:
            layer.setdefault(state, []).extend(_Edge(before[state], *edge) for edge in dict.fromkeys(edges))

    def _store(self, number: int) -> None:
        """Let the result of an entry answer calls, because a resumed instance calls the steps of its handlers again."""
        stored = bit_set(site.number for site in self._sites(self.log.entries[number])) | self.exits.stored
        if stored != self.exits.stored:
            self.exits.stored = stored
            self._forget()

    def _is_explained(self, states: Iterable[_MatchingState], number: int) -> bool:
        """Return whether an entry of a handler can begin without a pause.

        In a paused instance, a `finally` after a `return` can, but the pause may be its reason as well. A failure makes
        this improbable.
        """
        has_failed = any(entry.outcome == "failed" for entry in self.log.entries[:number])
        return (has_failed or pauses_of(self.log) != "any") and self._begins_after_failure(states, number)

    def _begins_after_failure(self, states: Iterable[_MatchingState], number: int) -> bool:
        """Return whether an entry can begin although no code between steps raises an exception."""
        sites = self._sites(self.log.entries[number])
        with self._only_failures():
            return any(True for state in states for site in sites for _ in self._begin(state, site))

    def _with_edges(self, begun: _Begun, change: EndingChange) -> _Layer:
        layer: _Layer = {}
        for (state, path, frames), sources in begun.items():
            edge = _Edge(sources, path, frames)
            for after in self._changed(state, change):
                layer.setdefault(after, []).append(edge)
        return layer

    def _sites(self, entry: LogEntry) -> list[Site]:
        key = (entry.kind, entry.name)
        if key not in self.sites_by_name:
            candidates = (*self.literal_sites.get(entry.name, ()), *self.template_sites)
            self.terms.spend(1 + len(candidates) // 4)
            sites = (site for site in candidates if site.matches(*key))
            self.sites_by_name[key] = sorted(sites, key=lambda site: site.number)
        return self.sites_by_name[key]

    def _begin(self, state: _MatchingState, site: Site) -> Iterator[tuple[_MatchingState, tuple[Frame, ...]]]:
        """Yield the states after a step has begun."""
        terms = self.terms
        for begin in self.beginnings.of(state.main, site.number):
            more = (*begin.pending.background, *begin.pending.group)
            background = terms.background((*state.background, *more)) if more else state.background
            yield _MatchingState(begin.term, background), begin.frames
        previous: Term | None = None
        for at, term in enumerate(state.background):
            if term is previous:
                continue
            previous = term
            others = (*state.background[:at], *state.background[at + 1 :])
            for begin in self.beginnings.of(term, site.number):
                more = (begin.term, *begin.pending.background, *begin.pending.group)
                yield _MatchingState(state.main, (*others, *more)), begin.frames

    def _reduced(self, layer: _Layer, spent: int) -> _Layer:
        """Return a smaller layer whose states include all states of the layer."""
        reduced = self._largest(layer)
        while self.terms.precision > Precision.ANY_ORDER and self._is_costly(reduced, spent):
            self.terms.precision = Precision(self.terms.precision - 1)
            self._forget()
            self.ends = at_any_time(self.ends, self.never)
            self.terms.overlap = 0
            reduced, spent = self._largest(self._coarse(reduced)), 0
        if len(reduced) > MAX_STATES:
            raise TooAmbiguousError
        return reduced

    def _is_costly(self, layer: _Layer, spent: int) -> bool:
        if len(layer) > COARSE_STATES or spent > COARSE_OPERATIONS:
            return True
        if self.terms.overlap > COARSE_OVERLAP:
            return True
        return any(len(state.background) > COARSE_BACKGROUND for state in layer)

    def _forget(self) -> None:
        """Drop the results of a higher precision."""
        self.exits.forget()
        self.beginnings.forget()
        self.beginnings.clocks.advances.clear()
        self.endings.changed_terms.clear()

    def _coarse(self, layer: _Layer) -> _Layer:
        """Return the states in which running steps may or may not be over."""
        coarse: _Layer = {}
        for state, edges in layer.items():
            background = self.terms.background(map(self.endings.coarse, state.background))
            coarse.setdefault(_MatchingState(self.endings.coarse(state.main), background), []).extend(edges)
        return coarse

    def _largest(self, layer: _Layer) -> _Layer:
        """Return the states with maximal backgrounds, as work in the background need not begin."""
        by_main: dict[Term, list[tuple[Term, ...]]] = {}
        for state in layer:
            by_main.setdefault(state.main, []).append(state.background)
        if len(by_main) == len(layer):
            return layer
        largest: _Layer = {}
        for main, backgrounds in by_main.items():
            maximal = self.terms.largest_backgrounds(backgrounds)
            edges = [edge for background in backgrounds for edge in layer[_MatchingState(main, background)]]
            for background in maximal:
                state = _MatchingState(main, background)
                largest[state] = edges if len(maximal) == 1 else layer[state]
        return largest

    def _repeated(self, before: dict[_MatchingState, list[_MatchingState]], entry: LogEntry, number: int) -> _Layer:
        """Return the states if an entry repeats an earlier `sleep_until`, which sleeps again after a resume."""
        if entry.kind != "sleep" or all(each.log_name != entry.log_name for each in self.log.entries[:number]):
            return {}
        paths = [site.path for site in self._sites(entry) if site.node["type"] == "step_sleep_until"]
        if not paths:
            return {}
        return {state: [_Edge(sources, path, ()) for path in paths] for state, sources in before.items()}

    # Results

    def _finish(self, layer: _Layer) -> Match:
        final = layer
        misfit = None
        if self.log.status == "complete":
            final = {state: edges for state, edges in layer.items() if self._may_return(state)}
            if not final:
                misfit, final = Misfit(None, self._expected(self._now(layer))), layer
        places = self._places(len(self.log.entries), final)
        now = list(self._now(final))
        if not now:
            misfit, now = self._early_end(places, final), list(final)
        following = () if self.log.has_ended or misfit else tuple(self._following(now))
        reachable, after_error = self._reachable(now), self._after_error(now, following)
        hidden = after_error
        if self.program.has_conditional_raises:
            hidden = self._after_error(now, after_error, with_conditional_raises=True)
        return Match(places, following, misfit, "", reachable, after_error, hidden)

    def _following(self, now: Sequence[_MatchingState]) -> Iterator[Place]:
        """Yield the steps that can begin next, as far as groups end only with all of their members.

        A group may end earlier after a failure. While no member has failed, this counts only for handlers.
        """
        every = dict.fromkeys(self._next(now))
        if any(map(_running_in, now)):
            self.exits.has_certain_groups = True
            self._forget()
            certain = frozenset(self._next(now))
            self.exits.has_certain_groups = False
            self._forget()
        else:
            certain = frozenset(every)
        yield from (place for place in every if place in certain or place.is_in_handler)

    def _after_error(
        self, now: Sequence[_MatchingState], following: Iterable[Place], *, with_conditional_raises: bool = False
    ) -> frozenset[Place]:
        """Return the next steps that begin only if the code between steps raises an exception."""
        places = frozenset(following)
        if not places or not self.program.has_try or self.exits.only_failures:
            return frozenset()
        with self._only_failures(with_conditional_raises=with_conditional_raises):
            return places - frozenset(self._next(now))

    @contextmanager
    def _only_failures(self, *, with_conditional_raises: bool = False) -> Iterator[None]:
        """Let only failed steps raise exceptions in a block, and perhaps conditional `raise` statements."""
        previous = self.exits.only_failures
        self.exits.only_failures, self.exits.with_conditional_raises = True, with_conditional_raises
        self._forget()
        try:
            yield
        finally:
            self.exits.only_failures = previous
            self._forget()

    def _early_end(self, places: Sequence[Sequence[Place]], states: Iterable[_MatchingState]) -> Misfit:
        """Return the misfit of a step that has ended although the expected steps in it have not begun."""
        expected = self._expected(states)
        entries = list(zip(self.log.entries, places, strict=True))
        for entry, alternatives in reversed(entries):
            inside = tuple(path for path in expected if any(path.startswith(f"{each.path}.") for each in alternatives))
            if inside and entry.outcome != "open":
                return Misfit(entry.index, inside, ended_early=True)
        return Misfit(entries[-1][0].index, expected, ended_early=True)

    def _may_return(self, state: _MatchingState) -> bool:
        return any(self.exits.may_end(now.main) for now in self._now([state]))

    def _now(self, layer: Iterable[_MatchingState]) -> Iterator[_MatchingState]:
        """Yield the states after the last entry. Steps that have not ended may or may not be over."""
        for state in self._ended(layer, len(self.log.entries)):
            background = (self.endings.now(term, self.never) for term in state.background)
            yield _MatchingState(self.endings.now(state.main, self.never), self.terms.background(background))

    def _next(self, states: Iterable[_MatchingState]) -> Iterator[Place]:
        for state in states:
            mask = _sites_of(state)
            for site in self.program.sites:
                if mask >> site.number & 1:
                    for _, frames in self._begin(state, site):
                        yield from (Place(site.path, calls) for calls in _calls(frames))

    def _expected(self, states: Iterable[_MatchingState]) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(place.path for place in self._next(states)))

    def _reachable(self, states: Iterable[_MatchingState]) -> tuple[Path, ...]:
        mask = 0
        for state in states:
            mask |= _sites_of(state)
        return tuple(site.path for site in self.program.sites if mask >> site.number & 1)

    def _places(self, count: int, final: Iterable[_MatchingState]) -> tuple[tuple[Place, ...], ...]:
        """Return the possible places of the first entries, on paths that lead to the final states."""
        useful = [set(final)]
        for layer in reversed(self.layers[1 : count + 1]):
            useful.append({before for state in useful[-1] for edge in layer[state] for before in edge.before})
        useful.reverse()
        counter, counts = PassCounter(), dict.fromkeys(useful[0], NO_PASSES)
        places: list[tuple[Place, ...]] = []
        for number in range(count):
            layer = self.layers[number + 1]
            after: dict[_MatchingState, PassCounts] = {}
            alternatives: dict[Place, None] = {}
            for state in layer:
                if state not in useful[number + 1]:
                    continue
                for edge in layer[state]:
                    for before in dict.fromkeys(counts[before] for before in edge.before):
                        passes, counted = counter.numbered(before, edge.frames, number)
                        after[state] = counter.merged(after[state], counted) if state in after else counted
                        alternatives.update((Place(edge.path, calls, passes), None) for calls in _calls(edge.frames))
            counts = after
            places.append(tuple(alternatives))
        return tuple(places)


def _running_in(state: _MatchingState) -> bool:
    """Return whether a step may run in a state."""
    return any(term.running for term in (state.main, *state.background))


def _sites_of(state: _MatchingState) -> int:
    mask = state.main.traits.sites
    for term in state.background:
        mask |= term.traits.sites
    return mask


def _calls(frames: Iterable[Frame]) -> list[tuple[Path, ...]]:
    """Return the calls around a step, and their alternatives."""
    paths = [frame.paths for frame in frames if isinstance(frame, CallFrame)]
    calls: list[tuple[Path, ...]] = [()]
    for alternatives in paths:
        calls = [(*before, path) for before in calls for path in alternatives][:MAX_CALLS]
    return calls
