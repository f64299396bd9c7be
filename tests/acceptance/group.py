"""Groups whose members run concurrently, ordered only by their clocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

from tests.acceptance.sequence import EMPTY
from tests.acceptance.term import (
    NO_PENDING,
    NO_STEPS,
    Completion,
    Exit,
    Pending,
    Rewrite,
    Search,
    StepCounts,
    Term,
    Transition,
)
from tests.acceptance.trace import StepEvent

Kind = Literal["all", "any", "all_settled", "race", "list"]
"""A `list` is a list of nodes in an open group: work in flight at its end continues in that group."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group with its position."""

    at: int
    term: Term


@dataclass(frozen=True, eq=False)
class Group(Term):
    """The unfinished members of a group."""

    kind: Kind
    members: tuple[Member, ...]
    furthest: int = -1
    """Position of the last member that began: members before it did not leave the group."""
    any_finished: bool = False

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
    def jumps(self) -> frozenset[Completion]:
        return frozenset().union(*[member.term.jumps for member in self.members])

    def transitions(self, event: StepEvent, search: Search) -> Iterator[Transition]:
        return (
            Transition(
                self._with(members, max(self.furthest, member.at), over=transition.term is EMPTY),
                pending,
                transition.clock,
            )
            for number, member in enumerate(self.members)
            for transition in search.transitions(member.term, event)
            for members, pending in self._successors(number, transition, search)
        )

    def _successors(
        self, number: int, transition: Transition, search: Search
    ) -> Iterator[tuple[tuple[Member, ...], Pending]]:
        """Yield the members after a transition of one member, once all work that must resolve by its clock is over."""
        at = self.members[number].at
        moved = (Member(at, transition.term), *(Member(at, term) for term in transition.pending.group))
        before, after = self.members[:number], self.members[number + 1 :]
        background = Pending(transition.pending.background)
        if transition.clock is None:
            yield (*before, *moved, *after), background
            return
        for earlier, pending in self._advance(before, transition.clock, search):
            for later, later_pending in self._advance(after, transition.clock, search):
                yield (*earlier, *moved, *later), background + pending + later_pending

    def exits(self, search: Search) -> list[Exit]:
        exits_of_members = [search.exits(member.term) for member in self.members]
        ends = [[exit_.pending for exit_ in member_exits if self._is_over(exit_)] for member_exits in exits_of_members]
        exits = [Exit(Completion.NORMAL, sum(pendings, NO_PENDING)) for pendings in search.combined(ends)]
        if self.kind in ("any", "race") and (self.any_finished or any(ends)):
            exits.append(Exit(Completion.NORMAL, self._pending_members(self.members)))
        for member, member_exits in zip(self.members, exits_of_members, strict=True):
            siblings = [sibling for sibling in self.members if sibling is not member]
            exits += [
                self._exit(exit_, member, siblings)
                for exit_ in member_exits
                if self._ends_group(exit_, member, exits_of_members)
            ]
        return exits + [Exit(Completion.NORMAL, exit_.pending) for exit_ in exits if self._may_continue_after(exit_)]

    def _may_continue_after(self, exit_: Exit) -> bool:
        """Return whether code that awaits all members may continue, as with FIRST_EXCEPTION or in a `try`."""
        return self.kind == "all" and exit_.completion is Completion.RAISE

    def _is_over(self, exit_: Exit) -> bool:
        """Return whether this exit ends the member for code that awaits it."""
        if exit_.pending.group and self.kind != "list":
            return False
        return exit_.completion is Completion.NORMAL or (
            exit_.completion is Completion.RAISE and self.kind in ("all_settled", "race")
        )

    def _ends_group(self, exit_: Exit, member: Member, exits_of_members: list[list[Exit]]) -> bool:
        """Return whether this exit of a member ends the whole group."""
        if exit_.completion is Completion.NORMAL or self.kind == "all_settled":
            return False
        if exit_.completion is not Completion.RAISE:
            return self.furthest <= member.at
        if self.kind == "any":
            return not self.any_finished and all(
                any(exit_.completion is Completion.RAISE for exit_ in exits) for exits in exits_of_members
            )
        return True

    def _exit(self, exit_: Exit, member: Member, siblings: list[Member]) -> Exit:
        if exit_.completion is Completion.BREAK:
            siblings = [sibling for sibling in siblings if sibling.at <= member.at]
            if self.kind == "list":
                return Exit(
                    Completion.BREAK, exit_.pending + Pending(group=tuple(sibling.term for sibling in siblings))
                )
        if exit_.completion is Completion.RETURN:
            siblings = [sibling for sibling in siblings if sibling.at <= member.at]
        return Exit(exit_.completion, exit_.pending + self._pending_members(siblings))

    def advance_to(self, clock: float, search: Search) -> list[Rewrite]:
        if self.resolves > clock:
            return [Rewrite(self)]
        rewrites = [
            Rewrite(self._with(members, self.furthest, over=len(members) < len(self.members)), pending)
            for members, pending in self._advance(self.members, clock, search)
        ]
        if self.kind in ("any", "race"):
            rewrites += [
                Rewrite(EMPTY, exit_.pending) for exit_ in search.exits(self) if exit_.completion is Completion.NORMAL
            ]
        return rewrites

    def _advance(
        self, members: tuple[Member, ...], clock: float, search: Search
    ) -> Iterator[tuple[tuple[Member, ...], Pending]]:
        rewrites = [list(self._advance_member(member.term, clock, search)) for member in members]
        for chosen in search.combined(rewrites):
            unfinished = [
                Member(member.at, term)
                for member, rewrite in zip(members, chosen, strict=True)
                for term in (rewrite.term, *rewrite.pending.group)
                if term is not EMPTY
            ]
            yield tuple(unfinished), Pending(tuple(term for rewrite in chosen for term in rewrite.pending.background))

    def _advance_member(self, term: Term, clock: float, search: Search) -> Iterator[Rewrite]:
        yield from term.advance_to(clock, search)
        if self.kind == "all_settled" and term.resolves <= clock:
            yield from (
                Rewrite(EMPTY, exit_.pending) for exit_ in search.exits(term) if exit_.completion is Completion.RAISE
            )

    def required_steps(self, search: Search) -> StepCounts:
        if self.jumps or self.kind in ("any", "race"):
            return NO_STEPS
        return sum((search.required_steps(term) for term in self._terms), Counter())

    def interrupted(self, search: Search) -> list[Pending]:  # noqa: ARG002 # the members continue regardless
        return [self._pending_members(self.members)]

    def pending_at_end(self, search: Search) -> list[Pending]:
        """Return the work that continues in the enclosing group when a list in it ends."""
        going_on = [term for term in self._terms if not term.jumps]
        ends = [
            [exit_.pending for exit_ in search.exits(term) if exit_.completion is Completion.NORMAL]
            for term in self._terms
            if term.jumps
        ]
        return [sum(pendings, Pending(group=tuple(going_on))) for pendings in search.combined(ends)]

    @property
    def _terms(self) -> list[Term]:
        return [member.term for member in self.members]

    def _pending_members(self, members: Iterable[Member]) -> Pending:
        """Return the members that continue in the background: those that began, or could have by now."""
        now = self.resolves
        return Pending(tuple(member.term for member in members if member.term.starts < now))

    def _with(self, members: tuple[Member, ...], furthest: int, *, over: bool) -> Term:
        unfinished = tuple(member for member in members if member.term is not EMPTY)
        return Group(self.kind, unfinished, furthest, self.any_finished or over) if unfinished else EMPTY


def group(kind: Kind, terms: Iterable[Term]) -> Term:
    members = tuple(Member(at, term) for at, term in enumerate(terms) if term is not EMPTY)
    return Group(kind, members) if members else EMPTY
