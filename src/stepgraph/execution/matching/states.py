"""The states of an instance between two log entries, and their changes with the begin and end of steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import product
from math import prod
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.bit_sets import bits
from stepgraph.execution.log import EntryKind
from stepgraph.execution.matching.beginnings import Beginnings, CallFrame, Frame
from stepgraph.execution.matching.endings import EndingChange, Endings
from stepgraph.execution.matching.match import Place
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import CalledBody, Member, Members, Pass, Protected, SequenceRest, Term
from stepgraph.execution.parts import Path, Site

MAX_CALLS: Final = 8
"""The maximum number of alternative calls of an entry."""

_FEW_STATES: Final = 8
"""The number of states between two entries up to which their differences in positions are kept."""

Call: TypeAlias = tuple[EntryKind, str]
"""The kind and the name of an entry."""


class RemainingWork(Struct, frozen=True):
    """The remaining work of an instance. Equal work has equal futures."""

    main: Term
    """The remaining work of `run`."""
    background: tuple[Term, ...] = ()
    """Work that nothing waits for."""

    @property
    def running(self) -> int:
        """The ends of the running steps, as a bit set shifted by `END_BITS`."""
        running = self.main.running
        for term in self.background:
            running |= term.running
        return running

    @property
    def sites(self) -> int:
        """The steps that may begin now or later, as a bit set of their numbers."""
        sites = self.main.traits.sites
        for term in self.background:
            sites |= term.traits.sites
        return sites


class MatchingState(RemainingWork, frozen=True):
    """The remaining work of an instance, and its last pause."""

    pause: EnginePause | None = None
    """The pause whose exception has led to this state, or None."""
    unused: frozenset[Call] = frozenset()
    """The calls after the exception of a pause whose results have not answered a call since the resume."""

    def passes(self) -> Iterator[MatchingState]:
        """Yield the state without its pause, and the state after a resume."""
        if self.pause is None:
            yield self
        else:
            yield replace(self, pause=None)
            yield self.pause.resumed


class EnginePause(Struct, frozen=True):
    """A pause of a development server, which raises an exception in the pending calls."""

    resumed: MatchingState
    """The state after a resume."""
    number: int
    """The position of the first entry after the exception."""


class Edge(Struct, frozen=True):
    """A step that has begun, and the states before it."""

    before: Sequence[MatchingState]
    path: Path
    frames: tuple[Frame, ...]


Layer: TypeAlias = dict[MatchingState, list[Edge]]
"""The states after an entry, with the steps that may be the entry."""

BegunStep: TypeAlias = tuple[MatchingState, tuple[Frame, ...]]
"""A state in which a step has just begun, with the calls and passes around the step."""

Begun: TypeAlias = dict[tuple[MatchingState, Path, tuple[Frame, ...]], list[MatchingState]]
"""The states in which a step has just begun, with its path, the calls and passes around it, and the earlier states."""


class Transitions(Struct, eq=False):
    """The changes of states."""

    terms: Terms
    endings: Endings

    def changed(self, state: MatchingState, change: EndingChange) -> Iterator[MatchingState]:
        """Yield the states after a change of running steps."""
        pause = state.pause
        if pause is None:
            yield from self._changed_pass(state, change)
            return
        resumed = list(self._changed_pass(pause.resumed, change))
        for after in self._changed_pass(state, change):
            yield from (replace(after, pause=replace(pause, resumed=each)) for each in resumed)

    def _changed_pass(self, state: MatchingState, change: EndingChange) -> Iterator[MatchingState]:
        rewrites = [self.endings.changed(term, change) for term in (state.main, *state.background)]
        self.terms.spend(prod(map(len, rewrites)))
        for combination in product(*rewrites):
            (main, _), *background = combination
            pendings = [pending for _, pending in combination]
            terms = [term for term, _ in background]
            terms += [term for pending in pendings for term in (*pending.background, *pending.group)]
            yield MatchingState(main, self.terms.background(terms), state.pause, state.unused)

    def interrupted(self, state: MatchingState) -> list[MatchingState]:
        """Return the states after an exception in all pending calls."""
        states = [state]
        for bit in bits(state.running):
            failure = EndingChange(bit - 2, None, outcome="failed", is_answer=True)
            states = [failed for each in states for failed in self.changed(each, failure)]
        return states

    def begun(self, state: MatchingState, site: Site, beginnings: Beginnings) -> Iterator[BegunStep]:
        """Yield the states after a step has begun."""
        terms = self.terms
        for begin in beginnings.of(state.main, site.number):
            more = (*begin.pending.background, *begin.pending.group)
            background = terms.background((*state.background, *more)) if more else state.background
            yield MatchingState(begin.term, background, state.pause, state.unused), begin.frames
        previous: Term | None = None
        for at, term in enumerate(state.background):
            if term is previous:
                continue
            previous = term
            remaining = (*state.background[:at], *state.background[at + 1 :])
            for begin in beginnings.of(term, site.number):
                more = (begin.term, *begin.pending.background, *begin.pending.group)
                yield MatchingState(state.main, (*remaining, *more), state.pause, state.unused), begin.frames

    def coarse(self, state: MatchingState) -> MatchingState:
        """Return a state in which running steps may or may not be over."""
        background = self.terms.background(map(self.endings.coarse, state.background))
        pause = state.pause and replace(state.pause, resumed=self.coarse(state.pause.resumed))
        return MatchingState(self.endings.coarse(state.main), background, pause, state.unused)

    def united(self, layer: Layer) -> Layer:
        """Return a layer in which states that differ only in the positions of equal members of groups are one state.

        These states continue in the same ways. Each member of the united state may have each of its positions.
        """
        if len(layer) <= _FEW_STATES:
            return layer
        by_shape: dict[tuple[object, ...], list[MatchingState]] = {}
        for state in layer:
            self.terms.spend()
            key = _shape(state.main), state.background, state.pause, state.unused
            by_shape.setdefault(key, []).append(state)
        if len(by_shape) == len(layer):
            return layer
        united: Layer = {}
        for states in by_shape.values():
            main = reduce(self._united_terms, (state.main for state in states))
            united[replace(states[0], main=main)] = [edge for state in states for edge in layer[state]]
        return united

    def _united_terms(self, first: Term, second: Term) -> Term:
        terms = self.terms
        match first, second:
            case Members(), Members() if first is not second:
                pairs = zip(first.members, second.members, strict=True)
                members = [Member(tuple(sorted({*first.ats, *second.ats})), first.term) for first, second in pairs]
                return terms.members(first.part, members, first.furthest, any_finished=first.any_finished)
            case SequenceRest(), SequenceRest():
                return terms.rest(self._united_terms(first.current, second.current), first.part, first.index)
            case CalledBody(), CalledBody():
                return terms.called(first.part, self._united_terms(first.current, second.current))
            case Pass(), Pass():
                return terms.in_pass(first.part, self._united_terms(first.current, second.current), first.count)
            case Protected(), Protected():
                current = self._united_terms(first.current, second.current)
                return terms.protected(first.part, current, first.stage, first.pending)
            case _:
                return first

    def largest(self, layer: Layer) -> Layer:
        """Return the states with maximal backgrounds, as work in the background need not begin."""
        by_foreground: dict[MatchingState, list[tuple[Term, ...]]] = {}
        for state in layer:
            by_foreground.setdefault(replace(state, background=()), []).append(state.background)
        if len(by_foreground) == len(layer):
            return layer
        largest: Layer = {}
        for foreground, backgrounds in by_foreground.items():
            maximal = self.terms.largest_backgrounds(backgrounds)
            edges = [edge for background in backgrounds for edge in layer[replace(foreground, background=background)]]
            for background in maximal:
                state = replace(foreground, background=background)
                largest[state] = edges if len(maximal) == 1 else layer[state]
        return largest


def _shape(term: Term) -> object:
    """Return a term without the positions of equal members of the innermost group around its steps."""
    match term:
        case Members(part=part, members=members) if part.twins and term.furthest < 0:
            shapes = tuple((part.twins.get(each.ats[0], each.ats[0]), each.term) for each in members)
            return Members, part, shapes, term.any_finished
        case SequenceRest(current=current, part=part, index=index):
            return SequenceRest, _shape(current), part, index
        case CalledBody(current=current, part=part):
            return CalledBody, _shape(current), part
        case Pass(current=current, part=part, count=count):
            return Pass, _shape(current), part, count
        case Protected(current=current, part=part):
            return Protected, _shape(current), part, term.stage, term.pending
        case _:
            return term


def passes_of(states: Iterable[MatchingState]) -> Iterator[MatchingState]:
    """Yield states without their pauses, and the states after a resume, each once."""
    return iter(dict.fromkeys(each for state in states for each in state.passes()))


def calls_of(frames: Sequence[Frame]) -> list[tuple[Path, ...]]:
    """Return the calls around a step, and their alternatives."""
    paths = [frame.paths for frame in frames if isinstance(frame, CallFrame)]
    calls: list[tuple[Path, ...]] = [()]
    for alternatives in paths:
        calls = [(*before, path) for before in calls for path in alternatives][:MAX_CALLS]
    return calls


def is_in_handler(begun: tuple[MatchingState, Path, tuple[Frame, ...]]) -> bool:
    """Return whether a step that has begun is in a handler or `finally` block."""
    _, path, frames = begun
    return all(Place(path, calls).is_in_handler for calls in calls_of(frames))
