"""A `try`: while it is in its body, in a handler, and at last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from tests.acceptance.group import Group
from tests.acceptance.sequence import EMPTY, Leaving, sequence
from tests.acceptance.term import NOTHING, Exit, Form, Move, Rest, Term, Way, World
from tests.acceptance.trace import Moment


@dataclass(frozen=True, eq=False)
class Protected(Term):
    """What all three have in common: they go over into another, or are left, by how what is in them is left."""

    inner: Term
    final: Term
    in_group: bool
    """Whether it stands in an open group: then what is under way at its end goes on in that group."""

    @property
    def starts(self) -> float:
        return self.inner.starts

    @property
    def clocked(self) -> bool:
        return self.inner.clocked or self.final.clocked

    @property
    def steers(self) -> frozenset[Way]:
        return self.inner.steers | self.final.steers

    def moves(self, moment: Moment, world: World) -> list[Move]:
        found = [Move(self.inside(move.term), move.rest, move.clock) for move in world.moves(self.inner, moment)]
        for form in self._forms(world):
            for move in world.moves(form.term, moment):
                found.append(Move(move.term, form.rest + move.rest, move.clock))
        return found

    def exits(self, world: World) -> list[Exit]:
        found = []
        for next_ in self.nexts(world):
            if isinstance(next_, Exit):
                found.append(next_)
            else:
                found += [Exit(exit_.way, next_.rest + exit_.rest) for exit_ in world.exits(next_.term)]
        return found

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        found = [Form(self.inside(form.term), form.rest) for form in self.inner.quiet(clock, world)]
        found = [form for form in found if form.term.resolves > clock]
        for next_ in self.nexts(world):
            if isinstance(next_, Form):
                found += [Form(form.term, next_.rest + form.rest) for form in next_.term.quiet(clock, world)]
            elif next_.way is Way.ON and all(term.resolves > clock for term in next_.rest.group):
                found.append(Form(EMPTY, next_.rest))
        return found

    def inside(self, inner: Term) -> Term:
        """Return this with what is left inside of it."""
        raise NotImplementedError

    def nexts(self, world: World) -> Iterator[Form | Exit]:
        """Yield what it goes over into, and how it is left."""
        raise NotImplementedError

    def ending(self, way: Way, rest: Rest) -> Form | Exit:
        if self.final is EMPTY:
            return Exit(way, rest)
        return Form(ending(self.final, way, in_group=self.in_group), rest)

    def _forms(self, world: World) -> Iterator[Form]:
        return (next_ for next_ in self.nexts(world) if isinstance(next_, Form))

    def _ends(self, world: World) -> list[Rest]:
        """Return the ways to the end of what is inside."""
        ends = [exit_.rest for exit_ in world.exits(self.inner) if exit_.way is Way.ON]
        return ends + self._spilled(world) if self.in_group and self.inner.clocked else ends

    def _spilled(self, world: World) -> list[Rest]:
        """Return what goes on in the group around."""
        if isinstance(self.inner, Group) and self.inner.kind == "list":
            return self.inner.spilled(world)
        return [] if self.inner.steers else [Rest(group=(self.inner,))]

    def _broken_out(self, world: World) -> list[Rest]:
        """Return what may go on when an exception leaves it, all of it, without a moment."""
        if self.final is EMPTY:
            return self.inner.broken(world)
        ends = [exit_.rest for exit_ in world.exits(self.final) if exit_.way is Way.ON]
        return [rest + end for rest in self.inner.broken(world) for end in ends]


@dataclass(frozen=True, eq=False)
class Trying(Protected):
    """In the body of a `try`, which may be left at any point."""

    handler: Term | None = None
    begun: bool = False

    @property
    def resolves(self) -> float:
        return min(self.inner.resolves, self.final.resolves)

    @property
    def steers(self) -> frozenset[Way]:
        return super().steers | (self.handler.steers if self.handler is not None else frozenset())

    @property
    def clocked(self) -> bool:
        return super().clocked or (self.handler is not None and self.handler.clocked)

    @property
    def starts(self) -> float:
        handler = inf if self.handler is None else self.handler.starts
        return min(self.inner.starts, self.final.starts, handler)

    def inside(self, inner: Term) -> Term:
        return Trying(inner, self.final, self.in_group, self.handler, begun=True)

    def nexts(self, world: World) -> Iterator[Form | Exit]:
        for rest in self._ends(world):
            yield self.ending(Way.ON, rest)
        for exit_ in world.exits(self.inner):
            if exit_.way is Way.RAISE:
                yield self.ending(Way.RAISE, exit_.rest)
                yield self._handled(exit_.rest)
            elif exit_.way is not Way.ON:
                yield self.ending(exit_.way, exit_.rest)
        for rest in self.inner.broken(world):
            yield self._handled(rest)
            if self.final is not EMPTY:
                yield self.ending(Way.RAISE, rest)

    def _handled(self, rest: Rest) -> Form | Exit:
        if self.handler is None:
            return self.ending(Way.ON, rest)
        return Form(handling(self.handler, self.final, in_group=self.in_group), rest)

    def broken(self, world: World) -> list[Rest]:
        return self._broken_out(world) if self.begun else [NOTHING]


@dataclass(frozen=True, eq=False)
class Handling(Protected):
    """In a handler."""

    @property
    def resolves(self) -> float:
        return min(self.inner.resolves, self.final.resolves)

    def inside(self, inner: Term) -> Term:
        return handling(inner, self.final, in_group=self.in_group)

    def nexts(self, world: World) -> Iterator[Form | Exit]:
        for rest in self._ends(world):
            yield self.ending(Way.ON, rest)
        for exit_ in world.exits(self.inner):
            if exit_.way is not Way.ON:
                yield self.ending(exit_.way, exit_.rest)
        if self.final is not EMPTY:
            for rest in self.inner.broken(world):
                yield self.ending(Way.RAISE, rest)

    def broken(self, world: World) -> list[Rest]:
        return self._broken_out(world)


@dataclass(frozen=True, eq=False)
class Ending(Protected):
    """In what is done at last, after which the way goes on that led there."""

    way: Way = Way.ON

    @property
    def resolves(self) -> float:
        return self.inner.resolves

    def inside(self, inner: Term) -> Term:
        return ending(inner, self.way, in_group=self.in_group)

    def nexts(self, world: World) -> Iterator[Form | Exit]:
        for rest in self._ends(world):
            if self.way is Way.ON or not rest.group:
                yield Exit(self.way, rest)
        for exit_ in world.exits(self.inner):
            if exit_.way is not Way.ON:
                yield exit_

    def broken(self, world: World) -> list[Rest]:
        return self.inner.broken(world)


def handling(inner: Term, final: Term, *, in_group: bool) -> Term:
    """Return what is left of a handler, which is no more than that if nothing is done at last."""
    return inner if final is EMPTY and not in_group else Handling(inner, final, in_group)


def ending(inner: Term, way: Way, *, in_group: bool) -> Term:
    """Return what is left of what is done at last."""
    if in_group:
        return Ending(inner, EMPTY, in_group, way)
    return inner if way is Way.ON else sequence(inner, Leaving(way))
