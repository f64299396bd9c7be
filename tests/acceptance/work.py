"""What may have a clock of its own: a step and a call, before it begins, under way, and failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from tests.acceptance.names import may_be
from tests.acceptance.sequence import EMPTY, Leaving, Sequence, sequence
from tests.acceptance.term import NO_NEEDS, NOTHING, Exit, Form, Move, Needs, Rest, Term, Way, World
from tests.acceptance.trace import Kind, Moment


@dataclass(frozen=True, slots=True)
class Clock:
    """When work begins and is over, where that is said; whether its failure may end where it is awaited.

    It is `settled` where any exception is a result: an exception that no step raised ends it anywhere.
    """

    starts: float | None = None
    resolves: float | None = None
    may_be_caught: bool = False
    settled: bool = False

    @property
    def outlasts(self) -> bool:
        return self.starts is not None and self.resolves is None

    @property
    def given(self) -> bool:
        return self.starts is not None or self.resolves is not None


@dataclass(frozen=True, eq=False)
class Work(Term):
    """What all of it has in common: nobody need wait for work that may outlast its group."""

    clock: Clock

    @property
    def resolves(self) -> float:
        return inf if self.clock.resolves is None else self.clock.resolves

    @property
    def clocked(self) -> bool:
        return self.clock.given

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        return [Form(EMPTY, exit_.rest) for exit_ in world.exits(self) if exit_.way is Way.ON]

    @property
    def _left(self) -> list[Exit]:
        return [Exit(Way.ON, Rest((self,)))] if self.clock.outlasts else []


@dataclass(frozen=True, eq=False)
class Step(Work):
    """A step that has not begun, with the steps in its body."""

    kind: Kind
    name: str
    nested: Term = EMPTY

    @property
    def starts(self) -> float:
        return -inf if self.clock.starts is None else self.clock.starts

    def moves(self, moment: Moment, world: World) -> list[Move]:  # noqa: ARG002 # it depends on the moment alone
        if moment.what != "start" or moment.kind != self.kind or not may_be(self.name, moment.name):
            return []
        return [Move(Running(self.clock, self, moment.name, self.nested), clock=self.clock.starts)]

    def exits(self, world: World) -> list[Exit]:  # noqa: ARG002 # it has to run in any world
        return self._left

    def least(self, world: World) -> Needs:
        if self.clock.outlasts:
            return NO_NEEDS
        return world.least(self.nested) + Counter({(self.kind, self.name): 1})


@dataclass(frozen=True, eq=False)
class Running(Work):
    """A step under way, by the name that it began with, and what is left of its body in this attempt."""

    step: Step
    name: str
    nested: Term

    def moves(self, moment: Moment, world: World) -> list[Move]:
        found = [
            Move(replace(self, nested=move.term), move.rest.abandoned) for move in self._nested_moves(moment, world)
        ]
        if moment.kind != self.step.kind or moment.name != self.name:
            return found
        left = Rest((self.nested,)) if self.nested is not EMPTY else NOTHING
        match moment.what:
            case "end":
                ways = [exit_ for exit_ in world.exits(self.nested) if exit_.way in (Way.ON, Way.RETURN)]
                found += [Move(EMPTY, exit_.rest.abandoned) for exit_ in ways]
            case "retry":
                found.append(Move(replace(self, nested=self.step.nested), left))
            case "fail":
                found.append(Move(Failed(self.clock), left))
                if self.clock.may_be_caught:
                    found.append(Move(EMPTY, left))
        return found

    def _nested_moves(self, moment: Moment, world: World) -> list[Move]:
        return world.moves(self.nested, moment) if self.nested is not EMPTY else []

    def exits(self, world: World) -> list[Exit]:  # noqa: ARG002 # it has to be over in any world
        return self._left

    def broken(self, world: World) -> list[Rest]:  # noqa: ARG002 # it goes on in any world
        return [Rest((self,))]


@dataclass(frozen=True, eq=False)
class Failed(Work):
    """A step that has failed, of which nobody knows yet."""

    def exits(self, world: World) -> list[Exit]:  # noqa: ARG002 # it raises in any world
        return [Exit(Way.RAISE)]

    def least(self, world: World) -> Needs:  # noqa: ARG002 # it keeps others from starting in any world
        return Counter({None: 1})


@dataclass(frozen=True, eq=False)
class Call(Work):
    """A call of a function that has not begun."""

    function: str

    @property
    def starts(self) -> float:
        return -inf if self.clock.starts is None else self.clock.starts

    def moves(self, moment: Moment, world: World) -> list[Move]:
        moves = world.moves_of_function(self.function, moment)
        return [Move(called(self.clock, move.term), move.rest.abandoned, self.clock.starts) for move in moves]

    def exits(self, world: World) -> list[Exit]:
        raised = [Exit(Way.ON)] if self.clock.settled else []
        return self._left + raised + _out_of_function(self.clock, world.exits_of_function(self.function))

    def least(self, world: World) -> Needs:
        return NO_NEEDS if self.clock.outlasts else _unless_raised(self.clock, world.least_of_function(self.function))


@dataclass(frozen=True, eq=False)
class Called(Work):
    """What is left of a function that was called. Its clock is its own."""

    body: Term

    def moves(self, moment: Moment, world: World) -> list[Move]:
        return [Move(called(self.clock, move.term), move.rest.abandoned) for move in world.moves(self.body, moment)]

    def exits(self, world: World) -> list[Exit]:
        raised = [Exit(Way.ON, rest.abandoned) for rest in self.body.broken(world)] if self.clock.settled else []
        return self._left + raised + _out_of_function(self.clock, world.exits(self.body))

    def least(self, world: World) -> Needs:
        return NO_NEEDS if self.clock.outlasts else _unless_raised(self.clock, world.least(self.body))

    def broken(self, world: World) -> list[Rest]:
        return self.body.broken(world)


def called(clock: Clock, body: Term) -> Term:
    """Return what is left of a function. A call at its end needs no frame of its own, however deep it is in others."""
    while isinstance(body, Sequence) and body.items and body.items[-1] == RETURN:
        body = sequence(*body.items[:-1])
    if isinstance(body, Called) and not body.clock.given:
        body = body.body
    return Called(clock, body)


def _unless_raised(clock: Clock, needs: Needs) -> Needs:
    return needs + Counter({None: 1}) if clock.settled else needs


RETURN = Leaving(Way.RETURN)


def _out_of_function(clock: Clock, exits: Iterable[Exit]) -> list[Exit]:
    found = []
    for exit_ in exits:
        rest = exit_.rest.abandoned
        if exit_.way is not Way.RAISE:
            found.append(Exit(Way.ON, rest))
        else:
            found.append(Exit(Way.RAISE, rest))
            if clock.may_be_caught:
                found.append(Exit(Way.ON, rest))
    return found
