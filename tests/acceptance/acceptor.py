"""Decide whether the trace of a run is a path through a graph.

A graph does not record which exceptions a handler catches, where a task is awaited, and whether a wait times out, so
any choice is accepted. A group of kind `all` ends early only if a step in it failed. A function that itself raises
under `asyncio.wait(..., FIRST_EXCEPTION)` is out of scope.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from stepgraph.model.payload import Graph
from tests.acceptance.construction import build_terms, list_steps
from tests.acceptance.loop import UnstartedTask
from tests.acceptance.sequence import EMPTY
from tests.acceptance.step_names import matches_name
from tests.acceptance.term import Completion, Search, SearchLimitExceeded, Term
from tests.acceptance.trace import EventType, RunTrace, StepEvent
from tests.acceptance.work import FailedStep

EVENT_TYPES: tuple[EventType, ...] = ("start", "end", "fail")

RECURSION_LIMITS = (2, 4, 8, 16)
"""Limits on recursive calls before the first event, tried in turn. Calls that start no step do not matter."""

MAX_PARALLEL_STATES = 100
MAX_STATES = 3_000
MAX_EXPLORED = 200_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a trace is accepted, and if not, the first impossible event and the events that are possible."""

    accepted: bool
    at: int | None = None
    event: StepEvent | None = None
    possible: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        if self.accepted:
            return "accepted"
        subject = "the end of the run" if self.event is None else f"{self.event.type} of {self.event.name!r}"
        return f"event {self.at}, {subject}, is impossible here; possible: {', '.join(self.possible) or 'none'}"


@dataclass(frozen=True, slots=True)
class State:
    """The remaining work of the run, and the work in the background."""

    main: Term
    background: tuple[Term, ...] = ()


def accepts(graph: Graph, trace: RunTrace) -> Verdict:
    """Check one trace. Raise `SearchLimitExceeded` if too many paths would have to be explored."""
    return PathAcceptor(graph).accepts(trace)


class PathAcceptor:
    """Checks traces against one graph."""

    def __init__(self, graph: Graph) -> None:
        self._main, functions = build_terms(graph)
        self._steps = list(list_steps(graph))
        self._search = Search(functions, MAX_EXPLORED)

    def accepts(self, trace: RunTrace) -> Verdict:
        """Check a trace. Paths with deep recursion are explored only if no other path fits.

        All recursion limits share one search budget.
        """
        starts = sum(event.type == "start" for event in trace.events)
        self._search.explored = 0
        for max_recursion in RECURSION_LIMITS:
            self._search.start(max_recursion)
            with suppress(SearchLimitExceeded, RecursionError):
                verdict = self._breadth_first(trace)
                if verdict.accepted or not self._search.truncated or max_recursion >= starts:
                    return verdict
            if not self._search.truncated:
                break
        raise SearchLimitExceeded("no path explored within the limits fits the run")

    def _breadth_first(self, trace: RunTrace) -> Verdict:
        """Follow all paths at once while they are few."""
        states = [State(self._main)]
        for at, event in enumerate(trace.events):
            if len(states) > MAX_PARALLEL_STATES:
                return self._depth_first(trace, at, states)
            following = _advance(states, event, self._search)
            if not following:
                return self._rejected(at, states, trace)
            states = [state for state in following if self._has_required_starts(state, trace, at + 1)] or following
        return self._at_end(states, trace)

    def _depth_first(self, trace: RunTrace, start: int, states: list[State]) -> Verdict:
        """Follow paths depth first."""
        stack = [(start, state) for state in sorted(states, key=self._required, reverse=True)]
        visited = set(stack)
        furthest, stuck = start, states[:MAX_PARALLEL_STATES]
        while stack:
            at, state = stack.pop()
            if at > furthest:
                furthest, stuck = at, [state]
            if at == len(trace.events):
                if verdict := self._at_end([state], trace):
                    return verdict
                continue
            following = [
                (at + 1, successor)
                for successor in sorted(
                    _advance([state], trace.events[at], self._search), key=self._required, reverse=True
                )
                if self._has_required_starts(successor, trace, at + 1)
            ]
            stack += [successor for successor in following if successor not in visited]
            visited.update(following)
            if len(visited) > MAX_STATES:
                raise SearchLimitExceeded(f"more than {MAX_STATES} states")
        return self._rejected(furthest, stuck, trace)

    def _required(self, state: State) -> int:
        return self._search.required_steps(state.main).total()

    def _has_required_starts(self, state: State, trace: RunTrace, at: int) -> bool:
        """Return whether a trace starts all steps that every path from here requires. A failure may skip some."""
        remaining = trace.events[at:]
        if trace.outcome != "done" or any(event.type == "fail" for event in remaining):
            return True
        step_counts = self._search.required_steps(state.main)
        return None in step_counts or all(
            count
            <= sum(
                event.type == "start" and event.kind == shown[0] and matches_name(shown[1], event.name)
                for event in remaining
            )
            for shown, count in step_counts.items()
            if shown is not None
        )

    def _at_end(self, states: list[State], trace: RunTrace) -> Verdict:
        if trace.outcome == "done" and not any(_may_end(state, self._search) for state in states):
            return self._rejected(len(trace.events), states, trace)
        return Verdict(accepted=True)

    def _rejected(self, at: int, states: list[State], trace: RunTrace) -> Verdict:
        event = trace.events[at] if at < len(trace.events) else None
        if self._search.truncated:
            return Verdict(accepted=False, at=at, event=event)
        self._search.explored = 0  # listing the alternatives has its own budget
        steps = {(event.kind, event.name) for event in trace.events}.union(self._steps)
        candidates = [StepEvent(event_type, kind, name) for kind, name in steps for event_type in EVENT_TYPES]
        names = {
            f"{candidate.type} of {candidate.name!r}"
            for candidate in candidates
            if _advance(states, candidate, self._search)
        }
        if any(_may_end(state, self._search) for state in states):
            names.add("the end of the run")
        return Verdict(accepted=False, at=at, event=event, possible=tuple(sorted(names)))


def _advance(states: list[State], event: StepEvent, search: Search) -> list[State]:
    """Return the states after an event."""
    backgrounds: dict[Term, dict[tuple[Term, ...], None]] = {}
    for state in states:
        for following in _successors(state, event, search):
            backgrounds.setdefault(following.main, {})[following.background] = None
    return _without_subsets(backgrounds)


def _successors(state: State, event: StepEvent, search: Search) -> Iterator[State]:
    for transition in search.transitions(state.main, event):
        yield State(
            transition.term,
            _background(search, (*state.background, *transition.pending.background, *transition.pending.group)),
        )
    visited = set()
    for at, term in enumerate(state.background):
        if term in visited:
            continue
        visited.add(term)
        remaining = state.background[:at] + state.background[at + 1 :]
        for transition in search.transitions(term, event):
            yield State(
                state.main,
                _background(
                    search, (*remaining, transition.term, *transition.pending.background, *transition.pending.group)
                ),
            )


def _background(search: Search, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return the background work in a canonical order."""
    required = (term for term in terms if not (term is EMPTY or isinstance(term, FailedStep | UnstartedTask)))
    tasks = {term for term in terms if isinstance(term, UnstartedTask)}
    return tuple(sorted((*required, *tasks), key=search.order))


def _without_subsets(backgrounds_of: dict[Term, dict[tuple[Term, ...], None]]) -> list[State]:
    """Drop states whose background is a subset of another state's: background work is optional."""
    states = []
    for main, backgrounds in backgrounds_of.items():
        counted = [(background, Counter(background)) for background in backgrounds]
        states += [
            State(main, background)
            for background, count in counted
            if not any(count != larger and count <= larger for _, larger in counted)
        ]
    return states


def _may_end(state: State, search: Search) -> bool:
    return any(exit_.completion in (Completion.NORMAL, Completion.RETURN) for exit_ in search.exits(state.main))
