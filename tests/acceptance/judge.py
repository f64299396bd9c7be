"""Whether what happened in a run is a path through a graph.

Three things of Python are not in a graph, and are not held against a run: which exceptions a handler is for, where
what is started is awaited, and whether a wait ends at a timeout. One is: a group of all is left early only if a step in
it has failed. A function that raises by itself, under `asyncio.wait` for the first exception, is not to be judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from stepgraph.model.payload import Graph
from tests.acceptance.loop import Late
from tests.acceptance.names import may_be
from tests.acceptance.reading import read, steps_of
from tests.acceptance.sequence import EMPTY
from tests.acceptance.term import Term, TooHard, Way, World
from tests.acceptance.trace import Moment, Trace, What
from tests.acceptance.work import Failed

WHATS: tuple[What, ...] = ("start", "end", "fail")

DEPTHS = (2, 4, 8, 16)
"""How often a function may be called in itself before anything happens. One in which no step starts is no matter."""

MOST_AT_ONCE = 100
MOST_STATES = 3_000
MOST_LOOKS = 200_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the trace is a path; if not, the first moment that cannot be, and what could have been in its place."""

    accepted: bool
    at: int | None = None
    moment: Moment | None = None
    possible: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.accepted

    def __str__(self) -> str:
        if self.accepted:
            return "accepted"
        what = "the end of the run" if self.moment is None else f"{self.moment.what} of {self.moment.name!r}"
        return f"moment {self.at}, {what}, cannot be: possible were {', '.join(self.possible) or 'none'}"


@dataclass(frozen=True, slots=True)
class State:
    """What is left of the run, and what goes on in the background."""

    main: Term
    background: tuple[Term, ...] = ()


def accepts(graph: Graph, trace: Trace) -> Verdict:
    """Judge one trace. `TooHard` says that there were too many paths to look at."""
    return Judge(graph).accepts(trace)


class Judge:
    """Judges traces of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._main, functions = read(graph)
        self._steps = list(steps_of(graph))
        self._world = World(functions, MOST_LOOKS)

    def accepts(self, trace: Trace) -> Verdict:
        """Judge a trace. Paths with deep recursion are many, and looked at only if no other will do.

        All depths share the looks that a trace is given.
        """
        starts = sum(moment.what == "start" for moment in trace.events)
        self._world.looks = 0
        for deepest in DEPTHS:
            self._world.begin(deepest)
            with suppress(TooHard, RecursionError):
                verdict = self._judged(trace)
                if verdict.accepted or not self._world.cut_short or deepest >= starts:
                    return verdict
            if not self._world.cut_short:
                break
        raise TooHard("there are more paths than were looked at, and none of those is that of the run")

    def _judged(self, trace: Trace) -> Verdict:
        """Follow all ways at once, while they are few."""
        states = [State(self._main)]
        for at, moment in enumerate(trace.events):
            if len(states) > MOST_AT_ONCE:
                return self._searched(trace, at, states)
            following = _after(states, moment, self._world)
            if not following:
                return self._rejected(at, states, trace)
            states = [state for state in following if self._in_time(state, trace, at + 1)] or following
        return self._at_the_end(states, trace)

    def _searched(self, trace: Trace, begin: int, states: list[State]) -> Verdict:
        """Follow one way after the other, each as far as it goes."""
        left = [(begin, state) for state in sorted(states, key=self._least, reverse=True)]
        seen = set(left)
        furthest, stuck = begin, states[:MOST_AT_ONCE]
        while left:
            at, state = left.pop()
            if at > furthest:
                furthest, stuck = at, [state]
            if at == len(trace.events):
                if verdict := self._at_the_end([state], trace):
                    return verdict
                continue
            following = [
                (at + 1, one)
                for one in sorted(_after([state], trace.events[at], self._world), key=self._least, reverse=True)
                if self._in_time(one, trace, at + 1)
            ]
            left += [one for one in following if one not in seen]
            seen.update(following)
            if len(seen) > MOST_STATES:
                raise TooHard(f"after {MOST_STATES} states there are still more paths")
        return self._rejected(furthest, stuck, trace)

    def _least(self, state: State) -> int:
        return self._world.least(state.main).total()

    def _in_time(self, state: State, trace: Trace, at: int) -> bool:
        """Whether as many steps start as have to on any way from here, unless a failure may make them fewer."""
        left = trace.events[at:]
        if trace.outcome != "done" or any(moment.what == "fail" for moment in left):
            return True
        needs = self._world.least(state.main)
        return None in needs or all(
            count
            <= sum(
                moment.what == "start" and moment.kind == shown[0] and may_be(shown[1], moment.name) for moment in left
            )
            for shown, count in needs.items()
            if shown is not None
        )

    def _at_the_end(self, states: list[State], trace: Trace) -> Verdict:
        if trace.outcome == "done" and not any(_may_be_done(state, self._world) for state in states):
            return self._rejected(len(trace.events), states, trace)
        return Verdict(accepted=True)

    def _rejected(self, at: int, states: list[State], trace: Trace) -> Verdict:
        moment = trace.events[at] if at < len(trace.events) else None
        if self._world.cut_short:
            return Verdict(accepted=False, at=at, moment=moment)
        self._world.looks = 0  # what could have been is no matter of the verdict
        known = {(moment.kind, moment.name) for moment in trace.events}.union(self._steps)
        candidates = [Moment(what, kind, name) for kind, name in known for what in WHATS]
        names = {f"{one.what} of {one.name!r}" for one in candidates if _after(states, one, self._world)}
        if any(_may_be_done(state, self._world) for state in states):
            names.add("the end of the run")
        return Verdict(accepted=False, at=at, moment=moment, possible=tuple(sorted(names)))


def _after(states: list[State], moment: Moment, world: World) -> list[State]:
    """Return the states after a moment."""
    found: dict[Term, dict[tuple[Term, ...], None]] = {}
    for state in states:
        for following in _moved(state, moment, world):
            found.setdefault(following.main, {})[following.background] = None
    return _most_general(found)


def _moved(state: State, moment: Moment, world: World) -> Iterator[State]:
    for move in world.moves(state.main, moment):
        yield State(move.term, _background(world, (*state.background, *move.rest.background, *move.rest.group)))
    seen = set()
    for at, term in enumerate(state.background):
        if term in seen:
            continue
        seen.add(term)
        others = state.background[:at] + state.background[at + 1 :]
        for move in world.moves(term, moment):
            yield State(state.main, _background(world, (*others, move.term, *move.rest.background, *move.rest.group)))


def _background(world: World, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return what is left in the background, in an order that tells nothing of how it got there."""
    kept = (term for term in terms if not (term is EMPTY or isinstance(term, Failed | Late)))
    late = {term for term in terms if isinstance(term, Late)}
    return tuple(sorted((*kept, *late), key=world.order))


def _most_general(found: dict[Term, dict[tuple[Term, ...], None]]) -> list[State]:
    """Leave out states in which less goes on in the background than in others: nothing has to go on there."""
    states = []
    for main, backgrounds in found.items():
        counted = [(one, Counter(one)) for one in backgrounds]
        states += [
            State(main, one)
            for one, count in counted
            if not any(count != other and count <= other for _, other in counted)
        ]
    return states


def _may_be_done(state: State, world: World) -> bool:
    return any(exit_.way in (Way.ON, Way.RETURN) for exit_ in world.exits(state.main))
