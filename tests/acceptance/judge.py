"""Whether what happened in a run is a path through a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from stepgraph.model.payload import Graph
from tests.acceptance.reading import read, steps_of
from tests.acceptance.sequence import EMPTY
from tests.acceptance.term import Term, TooHard, Way, World
from tests.acceptance.trace import Moment, Trace, What
from tests.acceptance.work import Failed

WHATS: tuple[What, ...] = ("start", "end", "fail")

MOST_STATES = 2_000
MOST_LOOKS = 400_000


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
        world = self._world
        world.begin(sum(moment.what == "start" for moment in trace.events))
        states = [State(self._main)]
        for at, moment in enumerate(trace.events):
            following = _after(states, moment, world)
            if not following:
                return self._rejected(at, moment, states, trace)
            states = following
        if trace.outcome == "done" and not any(_may_be_done(state, world) for state in states):
            return self._rejected(len(trace.events), None, states, trace)
        return Verdict(accepted=True)

    def _rejected(self, at: int, moment: Moment | None, states: list[State], trace: Trace) -> Verdict:
        if self._world.cut_short:
            raise TooHard("a function calls itself too often without that anything happens")
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
        yield State(move.term, _background((*state.background, *move.rest.background, *move.rest.group)))
    seen = set()
    for at, term in enumerate(state.background):
        if term in seen:
            continue
        seen.add(term)
        others = state.background[:at] + state.background[at + 1 :]
        for move in world.moves(term, moment):
            yield State(state.main, _background((*others, move.term, *move.rest.background, *move.rest.group)))


def _background(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return what is left in the background, in an order that tells nothing of how it got there."""
    return tuple(sorted((term for term in terms if term is not EMPTY and not isinstance(term, Failed)), key=hash))


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
    if len(states) > MOST_STATES:
        raise TooHard(f"more than {MOST_STATES} paths lead to the same moments")
    return states


def _may_be_done(state: State, world: World) -> bool:
    return any(exit_.way in (Way.ON, Way.RETURN) for exit_ in world.exits(state.main))
