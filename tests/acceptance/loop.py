"""Any number of passes, one after another or side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf

from tests.acceptance.sequence import EMPTY, one_of
from tests.acceptance.term import NO_NEEDS, NOTHING, Exit, Form, Move, Needs, Rest, Term, Way, World
from tests.acceptance.trace import Moment


@dataclass(frozen=True, eq=False)
class Loop(Term):
    """Passes one after another."""

    body: Term
    current: Term = EMPTY

    @property
    def starts(self) -> float:
        return min(self.current.starts, self.body.starts)

    @property
    def resolves(self) -> float:
        return min(self.current.resolves, self.body.resolves)

    @property
    def clocked(self) -> bool:
        return self.body.clocked

    @cached_property
    def steers(self) -> frozenset[Way]:
        return self.body.steers - {Way.BREAK}

    def moves(self, moment: Moment, world: World) -> list[Move]:
        here = world.moves(self.current, moment) if self.current is not EMPTY else []
        found = [Move(replace(self, current=move.term), move.rest, move.clock) for move in here]
        again = world.moves(self.body, moment)
        return found + [
            Move(replace(self, current=move.term), rest + move.rest, move.clock)
            for rest in self._ends(world)
            for move in again
        ]

    def exits(self, world: World) -> list[Exit]:
        late = _late(self.body, world)
        found = [Exit(exit_.way, exit_.rest) for exit_ in self._leaves(self.current, late, world)]
        for rest in self._ends(world):
            found.append(Exit(Way.ON, rest))
            found += self._leaves(self.body, rest, world)
        return found

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        return [Form(EMPTY, exit_.rest) for exit_ in world.exits(self) if exit_.way is Way.ON]

    def least(self, world: World) -> Needs:
        return world.least(self.current)

    def broken(self, world: World) -> list[Rest]:
        return [*self.current.broken(world), *self._ends(world)]

    def _ends(self, world: World) -> list[Rest]:
        """Return the ways to the end of the pass, that is to where the next may begin."""
        late = _late(self.body, world)
        return [exit_.rest + late for exit_ in world.exits(self.current) if exit_.way is Way.ON]

    def _leaves(self, current: Term, rest: Rest, world: World) -> list[Exit]:
        return [
            Exit(Way.ON if exit_.way is Way.BREAK else exit_.way, rest + exit_.rest)
            for exit_ in world.exits(current)
            if exit_.way is not Way.ON
        ]


@dataclass(frozen=True, eq=False)
class Late(Term):
    """Work that was started at any number of passes, nobody waits for, and has yet to begin."""

    work: Term

    def moves(self, moment: Moment, world: World) -> list[Move]:
        return [
            Move(self, Rest((move.term,)) + move.rest.abandoned, move.clock) for move in world.moves(self.work, moment)
        ]

    def exits(self, world: World) -> list[Exit]:  # noqa: ARG002 # it may never have been started in any world
        return [Exit(Way.ON)]


@dataclass(frozen=True, eq=False)
class Passes(Term):
    """Passes side by side, as in an open group."""

    body: Term
    live: tuple[Term, ...] = ()
    more: bool = True
    """Whether a pass may still begin."""

    @cached_property
    def starts(self) -> float:
        return min([one.starts for one in self._all], default=inf)

    @cached_property
    def resolves(self) -> float:
        return min([one.resolves for one in self._all], default=inf)

    @property
    def clocked(self) -> bool:
        return self.body.clocked

    @property
    def steers(self) -> frozenset[Way]:
        return self.body.steers - {Way.BREAK}

    @property
    def _all(self) -> tuple[Term, ...]:
        return (*self.live, self.body) if self.more else self.live

    def moves(self, moment: Moment, world: World) -> list[Move]:
        found = []
        for at, one in enumerate(self.live):
            for move in world.moves(one, moment):
                live = (*self.live[:at], move.term, *self.live[at + 1 :])
                found.append(Move(self._with(live, world), move.rest, move.clock))
        if self.more:
            for move in world.moves(self.body, moment):
                found.append(Move(self._with((*self.live, move.term), world), move.rest, move.clock))
        for form in self._broken_off(world):
            for move in world.moves(form.term, moment):
                found.append(Move(move.term, form.rest + move.rest, move.clock))
        return found

    def exits(self, world: World) -> list[Exit]:
        late = _late(self.body, world) if self.more else NOTHING
        found = [Exit(Way.ON, _sum(rests) + late) for rests in world.combined([_ends(one, world) for one in self.live])]
        for at, one in enumerate(self._all):
            others = Rest(self.live[:at] + self.live[at + 1 :])
            last = at >= len(self.live) - 1
            for exit_ in world.exits(one):
                if exit_.way is Way.RAISE or (exit_.way is Way.RETURN and last):
                    found.append(Exit(exit_.way, exit_.rest + others))
        for form in self._broken_off(world):
            found += [Exit(exit_.way, form.rest + exit_.rest) for exit_ in world.exits(form.term)]
        return found

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        body = self._quiet_body(clock, world) if self.more else None
        late = _late(self.body, world) if self.more else NOTHING
        found = [
            Form(
                passes(body or self.body, tuple(form.term for form in forms), world, more=body is not None),
                _sum([form.rest for form in forms]) + late,
            )
            for forms in world.combined([one.quiet(clock, world) for one in self.live])
        ]
        for form in self._broken_off(world) + self._broken_off_at_once(world):
            found += [Form(other.term, form.rest + other.rest) for other in form.term.quiet(clock, world)]
        return found

    def _quiet_body(self, clock: float, world: World) -> Term | None:
        """Return what further passes may do that have come as far as this clock, if there may be any."""
        forms = [form.term for form in self.body.quiet(clock, world) if form.term is not EMPTY and form.rest == NOTHING]
        return one_of(forms) if forms else None

    def least(self, world: World) -> Needs:
        return NO_NEEDS if self.body.steers else sum((world.least(one) for one in self.live), Counter())

    def broken(self, world: World) -> list[Rest]:  # noqa: ARG002 # they go on in any world
        return [Rest(self.live)]

    def _with(self, live: tuple[Term, ...], world: World) -> Term:
        return passes(self.body, live, world, more=self.more)

    def _broken_off(self, world: World) -> list[Form]:
        """Return what a `break` in the last pass leaves."""
        if not (self.live and self.more and self.body.steers):
            return []
        return [
            Form(passes(self.body, self.live[:-1] + exit_.rest.group, world, more=False), Rest(exit_.rest.background))
            for exit_ in world.exits(self.live[-1])
            if exit_.way is Way.BREAK
        ]

    def _broken_off_at_once(self, world: World) -> list[Form]:
        """Return what a `break` leaves in a pass of which nothing has begun."""
        if not (self.more and self.body.steers):
            return []
        return [
            Form(passes(self.body, self.live + exit_.rest.group, world, more=False), Rest(exit_.rest.background))
            for exit_ in world.exits(self.body)
            if exit_.way is Way.BREAK and exit_.rest.group
        ]


def passes(body: Term, live: tuple[Term, ...], world: World, *, more: bool) -> Term:
    """Return passes side by side. Where none can be the last one, their order does not matter."""
    live = tuple(one for one in live if one is not EMPTY)
    if not (live or more):
        return EMPTY
    return Passes(body, live if body.steers else tuple(sorted(live, key=world.order)), more)


def _late(body: Term, world: World) -> Rest:
    """Return what begins late of passes of which nothing else is seen: a task begins when the next is awaited."""
    begun = [exit_.rest.background for exit_ in world.exits(body) if exit_.way is Way.ON]
    return Rest(tuple(dict.fromkeys(Late(term) for terms in begun for term in terms)))


def _ends(one: Term, world: World) -> list[Rest]:
    return [exit_.rest for exit_ in world.exits(one) if exit_.way is Way.ON]


def _sum(rests: tuple[Rest, ...] | list[Rest]) -> Rest:
    return sum(rests, NOTHING)
