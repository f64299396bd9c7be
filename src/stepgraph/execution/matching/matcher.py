"""The matcher, which follows all paths of a log through a graph.

A layer contains the states after an entry: the remaining work of the
instance, with edges from the states before. Paths that lead to no state after the last entry are dropped at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.execution.engine_rules import has_computed_duration
from stepgraph.execution.log import InstanceLog, LogEntry, pauses_of
from stepgraph.execution.matching.beginnings import Beginnings, Frame
from stepgraph.execution.matching.endings import EndingChange, Endings
from stepgraph.execution.matching.exits import TermExits
from stepgraph.execution.matching.match import NO_PASSES, Match, Misfit, PassCounter, PassCounts, Place
from stepgraph.execution.matching.pauses import PausePaths
from stepgraph.execution.matching.remaining_steps import RemainingSteps
from stepgraph.execution.matching.states import (
    MAX_CALLS,
    Begun,
    Edge,
    Layer,
    MatchingState,
    Transitions,
    calls_of,
    passes_of,
)
from stepgraph.execution.matching.term_pool import Precision, Terms
from stepgraph.execution.matching.terms import ANY_TIME, END_BITS, NEW, TooAmbiguousError
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


def ends_of(entries: Sequence[LogEntry]) -> list[int]:
    """Return the `end` of each entry, as in `Running`.

    If the clock was set back or a time is missing, all times are ignored.
    """
    starts = [entry.start for entry in entries if entry.start is not None]
    is_timed = len(starts) == len(entries) and all(first <= second for first, second in pairwise(starts))
    ends = [len(entries) + 1 if entry.outcome == "open" else ANY_TIME for entry in entries]
    running: list[tuple[int, int]] = []
    for number, entry in enumerate(entries):
        if not is_timed or entry.start is None:
            return ends
        while running and running[0][0] <= entry.start:
            _, ended = heappop(running)
            ends[ended] = number
        if entry.end is not None and entry.outcome != "open":
            heappush(running, (entry.end, number))
    for _, ended in running:
        ends[ended] = len(entries)
    return ends


def at_any_time(ends: Iterable[int], never: int) -> list[int]:
    """Return the ends, with `ANY_TIME` in place of ends before other entries."""
    return [end if end >= never else ANY_TIME for end in ends]


def repeated_ends(entries: Sequence[LogEntry]) -> dict[int, int]:
    """Return the ends of the open sleeps that later entries may repeat, by the number of the entry.

    The engine sleeps again after a resume if the duration is another one, and never ends the entry of the first sleep.
    The first sleep ends with its repetition. Before the repetition, all sleeps of a name share a separate end.
    """
    ends, later = dict[int, int](), dict[str, int]()
    for number, entry in reversed([*enumerate(entries)]):
        if entry.kind == "sleep":
            if entry.outcome == "open" and entry.log_name in later:
                ends[number] = len(entries) + 3 + later[entry.log_name]
            later.setdefault(entry.log_name, len(later))
    return ends


class Matcher(Struct, eq=False):
    """Matches one log with the parts of a graph."""

    program: GraphParts
    log: InstanceLog
    terms: Terms
    exits: TermExits
    beginnings: Beginnings
    endings: Endings
    transitions: Transitions
    pauses: PausePaths
    ends: list[int]
    """When each entry ends: before the entry with this index, or `ANY_TIME`."""
    has_passes: bool
    """Whether passes of a loop may overlap."""
    never: int
    """The end of the entries that have not ended."""
    repeated: Mapping[str, int]
    """The ends of the open sleeps that later entries may repeat, by name."""
    layers: list[Layer] = field(default_factory=list)
    final: Iterable[MatchingState] = ()
    """The states of the last layer in which the paths of the match end."""
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
        """Return the match of the log, without the places of its entries."""
        self.exits.solve_recursion()
        self.pauses.solve_recursion()
        layer: Layer = {MatchingState(self.terms.fresh(self.program.body)): []}
        self.layers, self.final = [layer], layer
        for number, entry in enumerate(self.log.entries):
            before = self._ended(layer, number)
            layer = self._after_entry(before, entry, number) or self._repeated(before, entry, number)
            if not layer:
                # If a step ended too early, the steps in it are expected.
                expected = self._expected(before or self.layers[-1])
                reachable = self._reachable(before or self.layers[-1])
                return Match((), (), Misfit(entry.index, expected), reachable=reachable)
            self.layers.append(layer)
            self.final = layer
        return self._finish(layer)

    # Entries

    def _ended(self, layer: Iterable[MatchingState], number: int) -> dict[MatchingState, list[MatchingState]]:
        """Return the states after the steps that end before an entry, with the states of the layer before."""
        states: dict[MatchingState, list[MatchingState]] = {}
        for state in layer:
            for ended in self._without(state, number):
                states.setdefault(ended, []).append(state)
        return states

    def _without(self, state: MatchingState, end: int) -> Iterator[MatchingState]:
        """Yield the states after steps have ended."""
        if any(each.running >> (end + END_BITS) & 1 for each in state.passes()):
            yield from self.transitions.changed(state, EndingChange(end, None))
        else:
            yield state

    def _after_entry(self, before: dict[MatchingState, list[MatchingState]], entry: LogEntry, number: int) -> Layer:
        budget, sites = self.terms.budget, self._sites(entry)
        begun: Begun = {}
        for state, sources in before.items():
            for site in sites:
                for after, frames in self.pauses.begun(state, site, number):
                    if not self._may_be_named(entry.name, site.path, frames):
                        continue
                    begun.setdefault((after, site.path, frames), []).extend(sources)
                    self.terms.spend(len(sources) + len(frames) // 2)
        interrupted = self.pauses.interrupted(before, begun, number, sites)
        named = (step for step in interrupted if self._may_be_named(entry.name, *step[1:]))
        begun.update((step, interrupted[step]) for step in named)
        if self.pauses.store_results(begun):
            self._forget()
        return self._reduced(self._begun_layer(begun, entry, number), budget - self.terms.budget)

    def _may_be_named(self, name: str, path: Path, frames: Sequence[Frame]) -> bool:
        """Return whether calls around a step may lead to a name. Return True for too many calls to compare."""
        names = self.program.names
        if path not in names.texts:
            return True
        calls = calls_of(frames)
        return len(calls) >= MAX_CALLS or any(names.may_be(path, each, name) for each in calls)

    def _begun_layer(self, begun: Begun, entry: LogEntry, number: int) -> Layer:
        change = EndingChange(
            NEW, self.ends[number], number if self.has_passes else None, entry.was_retried, entry.outcome
        )
        layer: Layer = {}
        if self.ends[number] == number + 1:
            # A step that ends before the next entry is over at once, so the terms of all these steps are the same.
            layer = self._with_edges(begun, replace(change, new_end=None))
        return layer or self._with_edges(begun, change)

    def _with_edges(self, begun: Begun, change: EndingChange) -> Layer:
        layer: Layer = {}
        for (state, path, frames), sources in begun.items():
            edge = Edge(sources, path, frames)
            for after in self.transitions.changed(state, change):
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

    def _reduced(self, layer: Layer, spent: int) -> Layer:
        """Return a smaller layer whose states include all states of the layer."""
        reduced = self.transitions.united(self.transitions.largest(layer))
        while self.terms.precision > Precision.ANY_ORDER and self._is_costly(reduced, spent):
            self.terms.precision = Precision(self.terms.precision - 1)
            self._forget()
            self.ends = at_any_time(self.ends, self.never)
            self.terms.overlap = 0
            reduced, spent = self.transitions.largest(self._coarse(reduced)), 0
        if len(reduced) > MAX_STATES:
            raise TooAmbiguousError
        return reduced

    def _is_costly(self, layer: Layer, spent: int) -> bool:
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
        self.pauses.forget()

    def _coarse(self, layer: Layer) -> Layer:
        """Return the states in which running steps may or may not be over."""
        coarse: Layer = {}
        for state, edges in layer.items():
            coarse.setdefault(self.transitions.coarse(state), []).extend(edges)
        return coarse

    def _repeated(self, before: dict[MatchingState, list[MatchingState]], entry: LogEntry, number: int) -> Layer:
        """Return the states if an entry repeats an earlier sleep with a computed duration, which changes at a resume.

        If handlers may have run because of a pause, this is the resume after it.
        """
        if entry.kind != "sleep" or all(each.log_name != entry.log_name for each in self.log.entries[:number]):
            return {}
        paths = [site.path for site in self._sites(entry) if has_computed_duration(site.node["type"], site.node)]
        if not paths:
            return {}
        layer: Layer = {}
        has_paused = any(state.pause is not None for state in before)
        for state, sources in before.items():
            if has_paused == (state.pause is not None):
                resumed = state if state.pause is None else state.pause.resumed
                for after in self._with_end_of_repeated(resumed, entry.log_name, self.ends[number]):
                    layer.setdefault(after, []).extend(Edge(sources, path, ()) for path in paths)
        return layer

    def _with_end_of_repeated(self, state: MatchingState, name: str, end: int) -> Iterator[MatchingState]:
        """Yield the states after the open sleeps with a name have ended with their repetition."""
        if name not in self.repeated:
            yield state
            return
        yield from self.transitions.changed(state, EndingChange(self.repeated[name], end))

    # Results

    def _finish(self, layer: Layer) -> Match:
        final = layer
        misfit = None
        if self.log.status == "complete":
            final = {state: edges for state, edges in layer.items() if self._may_return(state)}
            if not final:
                misfit, final = Misfit(None, self._expected(self._current_states(layer))), layer
        self.final = final
        current = list(self._current_states(final))
        if not current:
            misfit, current = self._early_end(final), list(final)
        following = () if self.log.has_ended or misfit else tuple(self._following(current))
        reachable, after_error = self._reachable(current), self._after_error(current, following)
        hidden = after_error
        if self.program.has_conditional_raises:
            hidden = self._after_error(current, after_error, with_conditional_raises=True)
        is_at_the_end = not (following or self.log.has_ended or misfit)
        return Match(
            places=(),
            next=following,
            misfit=misfit,
            unknown="",
            reachable=reachable,
            after_error=after_error,
            after_hidden_error=hidden,
            ends_with_error=is_at_the_end and not self._may_complete(current),
        )

    def _following(self, current: Sequence[MatchingState]) -> Iterator[Place]:
        """Yield the steps that can begin next, as far as groups end only with all of their members.

        A group may end earlier after a failure. While no member has failed, or if the group raises the error, this
        counts only for handlers. Unlike the steps in the log, those that follow an exception are next only if the code
        may raise it.
        """
        is_quiet = self.program.has_quiet_code and pauses_of(self.log) != "any"
        every = dict.fromkeys(self._next(current))
        if is_quiet and (any(place.is_in_handler for place in every) or any(each.running for each in current)):
            self.exits.has_quiet_code = True
            self._forget()
            every = dict.fromkeys(self._next(current))
        if self.program.has_raising_groups or any(each.running for each in current):
            self.exits.has_certain_groups = True
            self._forget()
            certain = frozenset(self._next(current))
            self.exits.has_certain_groups = False
        else:
            certain = frozenset(every)
        self.exits.has_quiet_code = False
        self._forget()
        yield from (place for place in every if place in certain or place.is_in_handler)

    def _after_error(
        self, current: Sequence[MatchingState], following: Iterable[Place], *, with_conditional_raises: bool = False
    ) -> frozenset[Place]:
        """Return the next steps that begin only if the code between steps raises an exception."""
        places = frozenset(following)
        if not places or not self.program.has_try or self.exits.only_failures:
            return frozenset()
        with self._only_failures(with_conditional_raises=with_conditional_raises):
            return places - frozenset(self._next(current))

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

    def _early_end(self, states: Iterable[MatchingState]) -> Misfit:
        """Return the misfit of a step that has ended although the expected steps in it have not begun."""
        expected = self._expected(states)
        entries = list(zip(self.log.entries, self.places(), strict=True))
        for entry, alternatives in reversed(entries):
            inside = tuple(
                place for place in expected if any(place.path.startswith(f"{each.path}.") for each in alternatives)
            )
            if inside and entry.outcome != "open":
                return Misfit(entry.index, inside, ended_early=True)
        return Misfit(entries[-1][0].index, expected, ended_early=True)

    def _may_return(self, state: MatchingState) -> bool:
        """Return whether an instance may be over. After the exception of a pause, it needs a resume."""
        resumed_state = state if state.pause is None else state.pause.resumed
        return any(self.exits.may_end(each.main) for each in self._current_states([resumed_state]))

    def _may_complete(self, current: Iterable[MatchingState]) -> bool:
        """Return whether an instance may complete without another step, if groups raise the errors of their members."""
        self.exits.has_certain_groups = True
        self._forget()
        may_complete = any(self.exits.may_end(state.main) for state in current)
        self.exits.has_certain_groups = False
        self._forget()
        return may_complete

    def _current_states(self, layer: Iterable[MatchingState]) -> Iterator[MatchingState]:
        """Yield the states after the last entry. Steps that have not ended may or may not be over."""
        ended: Iterable[MatchingState] = self._ended(layer, len(self.log.entries))
        for name in self.repeated:
            ended = [each for state in ended for each in self._with_end_of_repeated(state, name, self.never)]
        for state in passes_of(ended):
            background = (self.endings.now(term, self.never) for term in state.background)
            main = self.endings.now(state.main, self.never)
            yield replace(state, main=main, background=self.terms.background(background))

    def _next(self, states: Iterable[MatchingState]) -> Iterator[Place]:
        for state in passes_of(states):
            mask = state.sites
            for site in self.program.sites:
                if mask >> site.number & 1:
                    for _, frames in self.pauses.next_begun(state, site):
                        yield from (Place(site.path, calls) for calls in calls_of(frames))

    def _expected(self, states: Iterable[MatchingState]) -> tuple[Place, ...]:
        return tuple(dict.fromkeys(self._next(states)))

    def _reachable(self, states: Iterable[MatchingState]) -> tuple[Path, ...]:
        mask, steps = 0, RemainingSteps(self.terms)
        for state in passes_of(states):
            for term in (state.main, *state.background):
                mask |= steps.of(term)
        return tuple(site.path for site in self.program.sites if mask >> site.number & 1)

    def places(self) -> tuple[tuple[Place, ...], ...]:
        """Return the possible places of the entries that fit, on paths that lead to the final states."""
        useful = [set(self.final)]
        for layer in reversed(self.layers[1:]):
            useful.append({before for state in useful[-1] for edge in layer[state] for before in edge.before})
        useful.reverse()
        counter, counts = PassCounter(), dict.fromkeys(useful[0], NO_PASSES)
        places: list[tuple[Place, ...]] = []
        for number, layer in enumerate(self.layers[1:]):
            after: dict[MatchingState, PassCounts] = {}
            alternatives: dict[Place, None] = {}
            for state in layer:
                if state not in useful[number + 1]:
                    continue
                for edge in layer[state]:
                    for before in dict.fromkeys(counts[before] for before in edge.before):
                        passes, counted = counter.numbered(before, edge.frames, number)
                        after[state] = counter.merged(after[state], counted) if state in after else counted
                        alternatives.update((Place(edge.path, calls, passes), None) for calls in calls_of(edge.frames))
            name = self.log.entries[number].name
            named = [each for each in alternatives if self.program.names.may_be(each.path, each.calls, name)]
            alternatives = dict.fromkeys(named) or alternatives
            counts = after
            places.append(tuple(alternatives))
        return tuple(places)
