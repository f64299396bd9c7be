"""Side by side, ordered by clocks alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

from tests.acceptance.sequence import EMPTY
from tests.acceptance.term import NO_NEEDS, NOTHING, Exit, Form, Move, Needs, Rest, Term, Way, World
from tests.acceptance.trace import Moment

Kind = Literal["all", "any", "all_settled", "race", "list"]
"""A `list` is one in an open group: what is under way at its end goes on in that group."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of a group, and where it stands in it."""

    at: int
    term: Term


@dataclass(frozen=True, eq=False)
class Group(Term):
    """The members of a group that are not over."""

    kind: Kind
    members: tuple[Member, ...]
    furthest: int = -1
    """Where the last one stands that has begun: what would have left the group before it, has not."""
    one_over: bool = False

    @cached_property
    def starts(self) -> float:
        return min((member.term.starts for member in self.members), default=inf)

    @cached_property
    def resolves(self) -> float:
        return min((member.term.resolves for member in self.members), default=inf)

    @cached_property
    def clocked(self) -> bool:
        return any(member.term.clocked for member in self.members)

    @cached_property
    def steers(self) -> frozenset[Way]:
        return frozenset().union(*[member.term.steers for member in self.members])

    def moves(self, moment: Moment, world: World) -> Iterator[Move]:
        return (
            Move(self._with(members, max(self.furthest, member.at), over=move.term is EMPTY), rest, move.clock)
            for number, member in enumerate(self.members)
            for move in world.moves(member.term, moment)
            for members, rest in self._moved(number, move, world)
        )

    def _moved(self, number: int, move: Move, world: World) -> Iterator[tuple[tuple[Member, ...], Rest]]:
        """Yield the members after a move of one: what has to be over for it is over."""
        at = self.members[number].at
        moved = (Member(at, move.term), *(Member(at, term) for term in move.rest.group))
        before, after = self.members[:number], self.members[number + 1 :]
        background = Rest(move.rest.background)
        if move.clock is None:
            yield (*before, *moved, *after), background
            return
        for earlier, rest in self._quiet(before, move.clock, world):
            for later, other in self._quiet(after, move.clock, world):
                yield (*earlier, *moved, *later), background + rest + other

    def exits(self, world: World) -> list[Exit]:
        ways = [world.exits(member.term) for member in self.members]
        ends = [[exit_.rest for exit_ in of if self._is_end(exit_)] for of in ways]
        found = [Exit(Way.ON, sum(rests, NOTHING)) for rests in world.combined(ends)]
        if self.kind in ("any", "race") and (self.one_over or any(ends)):
            found.append(Exit(Way.ON, self._left(self.members)))
        for member, of in zip(self.members, ways, strict=True):
            others = [other for other in self.members if other is not member]
            found += [self._exit(exit_, member, others) for exit_ in of if self._may_leave(exit_, member, ways)]
        return found + [Exit(Way.ON, exit_.rest) for exit_ in found if self._is_left_by(exit_)]

    def _is_left_by(self, exit_: Exit) -> bool:
        """Whether what waits for all may go on then: `asyncio.wait` does for the first exception, or a `try` around."""
        return self.kind == "all" and exit_.way is Way.RAISE

    def _is_end(self, exit_: Exit) -> bool:
        """Whether a member is over by this, for those who wait for it."""
        if exit_.rest.group and self.kind != "list":
            return False
        return exit_.way is Way.ON or (exit_.way is Way.RAISE and self.kind in ("all_settled", "race"))

    def _may_leave(self, exit_: Exit, member: Member, ways: list[list[Exit]]) -> bool:
        """Whether the whole group is left by this exit of a member."""
        if exit_.way is Way.ON or self.kind == "all_settled":
            return False
        if exit_.way is not Way.RAISE:
            return self.furthest <= member.at
        if self.kind == "any":
            return not self.one_over and all(any(one.way is Way.RAISE for one in of) for of in ways)
        return True

    def _exit(self, exit_: Exit, member: Member, others: list[Member]) -> Exit:
        if exit_.way is Way.BREAK:
            others = [other for other in others if other.at <= member.at]
            if self.kind == "list":
                return Exit(Way.BREAK, exit_.rest + Rest(group=tuple(other.term for other in others)))
        if exit_.way is Way.RETURN:
            others = [other for other in others if other.at <= member.at]
        return Exit(exit_.way, exit_.rest + self._left(others))

    def quiet(self, clock: float, world: World) -> list[Form]:
        if self.resolves > clock:
            return [Form(self)]
        found = [
            Form(self._with(members, self.furthest, over=len(members) < len(self.members)), rest)
            for members, rest in self._quiet(self.members, clock, world)
        ]
        if self.kind in ("any", "race"):
            found += [Form(EMPTY, exit_.rest) for exit_ in world.exits(self) if exit_.way is Way.ON]
        return found

    def _quiet(
        self, members: tuple[Member, ...], clock: float, world: World
    ) -> Iterator[tuple[tuple[Member, ...], Rest]]:
        forms = [list(self._quiet_forms(member.term, clock, world)) for member in members]
        for chosen in world.combined(forms):
            left = [
                Member(member.at, term)
                for member, form in zip(members, chosen, strict=True)
                for term in (form.term, *form.rest.group)
                if term is not EMPTY
            ]
            yield tuple(left), Rest(tuple(term for form in chosen for term in form.rest.background))

    def _quiet_forms(self, term: Term, clock: float, world: World) -> Iterator[Form]:
        yield from term.quiet(clock, world)
        if self.kind == "all_settled" and term.resolves <= clock:
            yield from (Form(EMPTY, exit_.rest) for exit_ in world.exits(term) if exit_.way is Way.RAISE)

    def least(self, world: World) -> Needs:
        if self.steers or self.kind in ("any", "race"):
            return NO_NEEDS
        return sum((world.least(term) for term in self._terms), Counter())

    def broken(self, world: World) -> list[Rest]:  # noqa: ARG002 # its members go on in any world
        return [self._left(self.members)]

    def spilled(self, world: World) -> list[Rest]:
        """Return what goes on in the group around when the end of a list in it is reached."""
        going_on = [term for term in self._terms if not term.steers]
        ends = [
            [exit_.rest for exit_ in world.exits(term) if exit_.way is Way.ON] for term in self._terms if term.steers
        ]
        return [sum(rests, Rest(group=tuple(going_on))) for rests in world.combined(ends)]

    @property
    def _terms(self) -> list[Term]:
        return [member.term for member in self.members]

    def _left(self, members: Iterable[Member]) -> Rest:
        """Return what goes on of these members in the background: what has begun, or could have at this point."""
        now = self.resolves
        return Rest(tuple(member.term for member in members if member.term.starts < now))

    def _with(self, members: tuple[Member, ...], furthest: int, *, over: bool) -> Term:
        left = tuple(member for member in members if member.term is not EMPTY)
        return Group(self.kind, left, furthest, self.one_over or over) if left else EMPTY


def group(kind: Kind, terms: Iterable[Term]) -> Term:
    members = tuple(Member(at, term) for at, term in enumerate(terms) if term is not EMPTY)
    return Group(kind, members) if members else EMPTY
