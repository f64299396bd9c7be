"""One after another, and one of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from math import inf
from operator import and_

from tests.acceptance.term import NOTHING, Exit, Form, Move, Needs, Rest, Term, Way, World
from tests.acceptance.trace import Moment


@dataclass(frozen=True, eq=False)
class Sequence(Term):
    """Each is over before the next begins."""

    items: tuple[Term, ...]

    @cached_property
    def starts(self) -> float:
        return min((item.starts for item in self.items), default=inf)

    @cached_property
    def resolves(self) -> float:
        return min((item.resolves for item in self.items), default=inf)

    @cached_property
    def clocked(self) -> bool:
        return any(item.clocked for item in self.items)

    @cached_property
    def steers(self) -> frozenset[Way]:
        return frozenset().union(*[item.steers for item in self.items])

    def moves(self, moment: Moment, world: World) -> list[Move]:
        return [
            Move(sequence(move.term, *self.items[at + 1 :]), rest + move.rest, move.clock)
            for at, rest in self._reached(world)
            if at < len(self.items)
            for move in world.moves(self.items[at], moment)
        ]

    def exits(self, world: World) -> list[Exit]:
        found = []
        for at, rest in self._reached(world):
            if at == len(self.items):
                found.append(Exit(Way.ON, rest))
            else:
                ways = world.exits(self.items[at])
                found += [Exit(exit_.way, rest + exit_.rest) for exit_ in ways if exit_.way is not Way.ON]
        return found

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        found = []
        for at, rest in self._reached(world):
            if all(item.resolves > clock for item in self.items[at + 1 :]):
                forms = self.items[at].quiet(clock, world) if at < len(self.items) else [Form(EMPTY)]
                found += [Form(sequence(form.term, *self.items[at + 1 :]), rest + form.rest) for form in forms]
        return found

    def broken(self, world: World) -> list[Rest]:
        return [
            rest + left
            for at, rest in self._reached(world)
            for left in (self.items[at].broken(world) if at < len(self.items) else [NOTHING])
        ]

    def least(self, world: World) -> Needs:
        found: Needs = Counter()
        for item in self.items:
            found += world.least(item)
            if item.steers:
                break
        return found

    def _reached(self, world: World) -> Iterator[tuple[int, Rest]]:
        """Yield how far one gets without a moment, the end of all included."""
        reached = {(0, NOTHING): None}
        for at in range(len(self.items) + 1):
            here = [rest for place, rest in reached if place == at]
            if not here:
                return
            for rest in here:
                yield at, rest
                if at < len(self.items):
                    for exit_ in world.exits(self.items[at]):
                        if exit_.way is Way.ON:
                            reached[at + 1, rest + exit_.rest] = None


EMPTY = Sequence(())


def sequence(*items: Term) -> Term:
    """Return these one after another."""
    left = tuple(item for item in items if item is not EMPTY)
    return left[0] if len(left) == 1 else Sequence(left) if left else EMPTY


@dataclass(frozen=True, eq=False)
class Choice(Term):
    """One of these."""

    branches: tuple[Term, ...]

    @cached_property
    def starts(self) -> float:
        return min(branch.starts for branch in self.branches)

    @cached_property
    def resolves(self) -> float:
        return min(branch.resolves for branch in self.branches)

    @cached_property
    def clocked(self) -> bool:
        return any(branch.clocked for branch in self.branches)

    @cached_property
    def steers(self) -> frozenset[Way]:
        return frozenset().union(*[branch.steers for branch in self.branches])

    def moves(self, moment: Moment, world: World) -> list[Move]:
        return [move for branch in self.branches for move in world.moves(branch, moment)]

    def exits(self, world: World) -> list[Exit]:
        return [exit_ for branch in self.branches for exit_ in world.exits(branch)]

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        return [form for branch in self.branches for form in branch.quiet(clock, world)]

    def least(self, world: World) -> Needs:
        return reduce(and_, [world.least(branch) for branch in self.branches])


def one_of(terms: Iterable[Term]) -> Term:
    branches = tuple(dict.fromkeys(terms))
    return branches[0] if len(branches) == 1 else Choice(branches)


@dataclass(frozen=True, eq=False)
class Leaving(Term):
    """A `break` or a `return`."""

    way: Way

    @property
    def starts(self) -> float:
        return inf

    @property
    def steers(self) -> frozenset[Way]:
        return frozenset([self.way])

    def exits(self, world: World) -> list[Exit]:  # noqa: ARG002 # there is one, whatever the world
        return [Exit(self.way)]
