"""The exits of a term: how control may leave it without another step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct, field

from stepgraph.execution.matching.interruptions import interruptions_of
from stepgraph.execution.matching.term_pool import Terms
from stepgraph.execution.matching.terms import (
    ANY_TIME,
    NO_PENDING,
    Anything,
    CalledBody,
    Either,
    Exit,
    Failed,
    Fresh,
    LivePass,
    Member,
    Members,
    OverlappingPasses,
    Pass,
    Pending,
    Protected,
    Running,
    SequenceRest,
    Term,
    Unstarted,
    is_over,
    leaves_of,
)
from stepgraph.execution.parts import (
    EMPTY,
    CallPart,
    ChoicePart,
    Clock,
    ExitKind,
    ExitPart,
    GraphParts,
    GroupPart,
    LoopPart,
    Part,
    SequencePart,
    StepPart,
    TryPart,
)

_NEXT: Final = Exit("next")
_FAIL: Final = Exit("fail")
_OUT_OF_UNKNOWN: Final[Sequence[ExitKind]] = ("next", "break", "return")


class TermExits(Struct, eq=False):
    """The exits of terms, and the work that continues after an exception."""

    program: GraphParts
    terms: Terms
    only_failures: bool = False
    """Whether only failed steps and waits raise exceptions that the code survives, not the code between steps."""
    with_conditional_raises: bool = False
    """Whether, with `only_failures`, the conditional `raise` statements without nodes run as well."""
    has_certain_groups: bool = False
    """Whether no code of a group continues after the failure of a step that may be over or not, and no code after a
    group that raises the errors of its members.
    """
    has_quiet_code: bool = False
    """Whether the code of a `try` raises no exceptions if its handlers catch only errors of steps."""
    stored: int = 0
    """The steps that a stored result may answer, so that they do not begin, as a bit set."""
    exits_by_term: dict[Term, tuple[Exit, ...]] = field(default_factory=dict)
    interruptions_by_term: dict[Term, list[Pending]] = field(default_factory=dict)
    suffixes: dict[SequencePart, list[tuple[Exit, ...]]] = field(default_factory=dict)
    """The exits of each sequence from each index on, in reverse."""
    of_recursive: dict[str, tuple[Exit, ...]] = field(default_factory=dict)
    """The exits of the functions that may call themselves."""

    def solve_recursion(self) -> None:
        """Compute the exits of recursive functions as a least fixpoint."""
        self.of_recursive = dict.fromkeys(sorted(self.program.recursive), ())
        is_changed = bool(self.of_recursive)
        while is_changed:
            exits = {
                key: self._reduced((*previous, *self.of_body(self.program.bodies[key])))
                for key, previous in self.of_recursive.items()
            }
            is_changed = exits != self.of_recursive
            self.of_recursive = exits
            self.forget()

    def forget(self) -> None:
        """Drop the results for terms."""
        self.exits_by_term.clear()
        self.interruptions_by_term.clear()
        self.suffixes.clear()

    def of(self, term: Term) -> tuple[Exit, ...]:
        """Return the exits of a term: how control may leave it without another step."""
        cached = self.exits_by_term.get(term)
        if cached is None:
            self.terms.spend()
            cached = self.exits_by_term[term] = self._reduced(self._compute(term))
        return cached

    def of_body(self, body: Part) -> tuple[Exit, ...]:
        """Return the exits of a body that has not begun."""
        return self.of(self.terms.fresh(body))

    def ends(self, term: Term) -> list[Pending]:
        """Return the work that continues at each normal exit of a term."""
        return [each.pending for each in self.of(term) if each.kind == "next"]

    def may_end(self, term: Term) -> bool:
        """Return whether a body may be over."""
        return any(each.kind in {"next", "return"} for each in self.of(term))

    def _reduced(self, exits: Iterable[Exit]) -> tuple[Exit, ...]:
        by_kind: dict[ExitKind, list[Pending]] = {}
        for each in exits:
            by_kind.setdefault(each.kind, []).append(each.pending)
        if len(by_kind) == 1 and all(len(pendings) == 1 for pendings in by_kind.values()):
            return tuple(Exit(kind, pendings[0]) for kind, pendings in by_kind.items())
        return tuple(
            Exit(kind, pending) for kind, pendings in by_kind.items() for pending in self.terms.largest(pendings)
        )

    def _compute(self, term: Term) -> Iterator[Exit]:
        match term:
            case Fresh(part=part):
                yield from self._of_fresh(term, part)
            case Running(part=part):
                yield from self._outlasting(term, part.clock)
                yield from self._of_unknown_end(term)
            case Failed(clock=clock):
                yield _FAIL
                if clock.may_be_caught:
                    yield _NEXT
            case CalledBody(part=part, current=current):
                yield from self._outlasting(term, part.clock)
                if part.clock.settled and not self.only_failures:
                    yield from (Exit("next", self.terms.in_background(each)) for each in self.interrupted(current))
                may_be_caught = part.clock.may_be_caught and not (self.has_certain_groups and current.running)
                yield from self._out_of_function(self.of(current), may_be_caught=may_be_caught)
            case SequenceRest(current=current, part=part, index=index):
                yield from self._then(self.of(current), part, index)
            case Either(branches=branches):
                for branch in branches:
                    yield from self.of(branch)
            case Members():
                yield from self._of_group(term)
            case Pass(part=part, current=current, count=count):
                yield from self._of_loop(part, current, count)
            case OverlappingPasses():
                yield from self._of_passes(term)
            case Protected():
                yield from self._of_try(term)
            case Anything():
                background = Pending(self.terms.background((term,)))
                yield from (Exit(kind, background) for kind in ("next", "fail", *sorted(term.traits.jumps)))
            case Unstarted():
                yield _NEXT

    def _of_fresh(self, term: Term, part: Part) -> Iterator[Exit]:
        match part:
            case StepPart(clock=clock):
                yield from self._outlasting(term, clock)
                if self.stored >> part.site.number & 1:
                    yield _NEXT
            case CallPart():
                yield from self._outlasting(term, part.clock)
                if part.clock.settled and not self.only_failures:
                    yield _NEXT
                exits = self._of_function(part.body)
                yield from self._out_of_function(exits, may_be_caught=part.clock.may_be_caught)
            case SequencePart():
                yield from self._from(part, 0)
            case GroupPart():
                yield from self.of(self.opened(part))
            case ChoicePart(branches=branches):
                for branch in branches:
                    yield from self.of_body(branch)
            case LoopPart(overlapping=True):
                yield from self.of(self.terms.passes(part, (), self.terms.fresh(part.body), is_open=True))
            case LoopPart():
                yield from self._of_loop(part, self.terms.over, 0)
            case TryPart():
                yield from self.of(self.terms.protected(part, self.terms.fresh(part.body), "body"))
            case ExitPart(kind=kind):
                if not part.is_conditional or not self.only_failures or self.with_conditional_raises:
                    yield Exit(kind)

    def opened(self, part: GroupPart) -> Term:
        """Return a group whose members have not begun."""
        members = (Member((at,), self.terms.fresh(item)) for at, item in enumerate(part.items))
        return self.terms.members(part, members, -1, any_finished=False)

    # Steps and calls

    def _outlasting(self, term: Term, clock: Clock) -> Iterator[Exit]:
        """Yield the exit of work that its group does not await."""
        if clock.outlasts:
            yield Exit("next", Pending(self.terms.background((term,))))

    def _of_unknown_end(self, term: Running) -> Iterator[Exit]:
        """Yield the exits of a step that may be over, because the log does not show when it ended."""
        if term.end != ANY_TIME:
            return
        if term.outcome != "failed":
            ends = self.ends_of_step(term.part, term.nested, retried=term.retried)
            yield from (Exit("next", pending) for pending in ends)
        if term.outcome != "done" and not (self.only_failures and term.part.site.kind == "sleep"):
            pending = Pending(self.terms.background((term.nested,)))
            yield Exit("fail", pending)
            if term.part.clock.may_be_caught and not self.has_certain_groups:
                yield Exit("next", pending)

    def ends_of_body(self, body: Term) -> list[Pending]:
        """Return the work that continues in the background at each end of the body of a step or function."""
        ends = [each.pending for each in self.of(body) if each.kind in {"next", "return"}]
        return self.terms.largest(self.terms.in_background(pending) for pending in ends)

    def ends_of_step(self, part: StepPart, nested: Term, *, retried: bool) -> list[Pending]:
        """Return the work that continues in the background at each end of a step, from all of its attempts."""
        ends = self.ends_of_body(nested)
        if retried and part.nested is not EMPTY:
            abandoned = Pending(self.terms.background((nested,)))
            again = self.ends_of_body(self.terms.fresh(part.nested))
            ends = self.terms.largest([*ends, *self.terms.all_joined([again, [abandoned]])])
        return ends

    def _of_function(self, key: str) -> Sequence[Exit]:
        if key in self.of_recursive:
            return self.of_recursive[key]
        body = self.program.bodies.get(key)
        return (_NEXT,) if body is None else self.of_body(body)

    def _out_of_function(self, exits: Iterable[Exit], *, may_be_caught: bool) -> Iterator[Exit]:
        for each in exits:
            pending = self.terms.in_background(each.pending)
            if each.kind == "fail":
                yield Exit("fail", pending)
            if each.kind != "fail" or may_be_caught:
                yield Exit("next", pending)

    # Sequences

    def _then(self, exits: Iterable[Exit], part: SequencePart, index: int) -> Iterator[Exit]:
        for each in exits:
            if each.kind != "next":
                yield each
            else:
                later = self._from(part, index)
                self.terms.spend(len(later))
                yield from (Exit(after.kind, self.terms.joined(each.pending, after.pending)) for after in later)

    def _from(self, part: SequencePart, index: int) -> tuple[Exit, ...]:
        """Return the exits of a sequence from an index on."""
        suffixes = self.suffixes.setdefault(part, [(_NEXT,)])
        size = len(part.items)
        while len(suffixes) <= size - index:
            exits = self.of_body(part.items[size - len(suffixes)])
            combined = [each for each in exits if each.kind != "next"]
            for each in exits:
                if each.kind == "next":
                    self.terms.spend(len(suffixes[-1]))
                    combined += (
                        Exit(after.kind, self.terms.joined(each.pending, after.pending)) for after in suffixes[-1]
                    )
            suffixes.append(self._reduced(combined))
        return suffixes[size - index]

    def passed(self, current: Term, part: SequencePart, index: int) -> Iterator[tuple[int, list[Pending]]]:
        """Yield each index of a sequence that control may reach without a step, with the work that continues there."""
        pendings = self.ends(current)
        while pendings:
            yield index, pendings
            if index == len(part.items):
                return
            pendings = self.terms.all_joined([pendings, self.ends(self.terms.fresh(part.items[index]))])
            index += 1

    # Groups

    def _of_group(self, term: Members) -> Iterator[Exit]:
        exits = list(self._before_handling(term))
        yield from exits
        is_certain = self.has_certain_groups and (term.part.raises_errors or self._may_go_on(term))
        if term.part.kind == "all" and not is_certain:
            # Code that awaits all members may continue after a failure, as with FIRST_EXCEPTION or in a `try`.
            yield from (Exit("next", each.pending) for each in exits if each.kind == "fail")

    def _may_go_on(self, term: Members) -> bool:
        """Return whether a step of a group may be over or not, and no member has certainly failed."""
        idle = [member for member in term.members if not member.term.running]
        return len(idle) < len(term.members) and not any(
            each.kind == "fail" for member in idle for each in self.of(member.term)
        )

    def _before_handling(self, term: Members) -> Iterator[Exit]:
        kind, members = term.part.kind, term.members
        self.terms.spend(len(members))
        exits = [self.of(member.term) for member in members]
        ends = [[each.pending for each in of_member if is_over(each, kind)] for of_member in exits]
        yield from (Exit("next", pending) for pending in self.terms.all_joined(ends))
        if kind in {"any", "race"} and (term.any_finished or any(ends)):
            yield Exit("next", self.unfinished(members, term))
        may_all_fail = all(any(each.kind == "fail" for each in of_member) for of_member in exits)
        for member, of_member in zip(members, exits, strict=True):
            for each in of_member:
                if each.kind == "next" or kind == "all_settled":
                    continue
                if each.kind != "fail":
                    if term.furthest <= member.ats[0]:
                        yield self._jump(term, member, each)
                elif kind != "any" or (may_all_fail and not term.any_finished):
                    remaining = [sibling for sibling in members if sibling is not member]
                    yield Exit("fail", self.terms.joined(each.pending, self.unfinished(remaining, term)))

    def _jump(self, term: Members, member: Member, jump: Exit) -> Exit:
        """Return a jump out of a group by a member. Members after it have not begun."""
        earlier = [sibling for sibling in term.members if sibling is not member and sibling.ats[0] <= member.ats[0]]
        if jump.kind == "break" and term.part.kind == "list":
            pending = Pending((), tuple(sorted((sibling.term for sibling in earlier), key=lambda term: term.number)))
        else:
            pending = self.unfinished(earlier, term)
        return Exit(jump.kind, self.terms.joined(jump.pending, pending))

    def unfinished(self, members: Iterable[Member], group: Term) -> Pending:
        """Return the members that continue in the background: those that began, or could have by now."""
        now = group.traits.resolves
        return Pending(self.terms.background(member.term for member in members if member.term.traits.starts < now))

    # Loops

    def _of_loop(self, part: LoopPart, current: Term, count: int) -> Iterator[Exit]:
        unstarted = self.unstarted(part.body)
        for each in leaves_of(self.of(current)):
            yield Exit(each.kind, self.terms.joined(unstarted, each.pending))
        for pending in self.ends_of_pass(part, current) if part.has_pass_after(count) else ():
            for each in leaves_of(self.of_body(part.body)):
                yield Exit(each.kind, self.terms.joined(pending, each.pending))
        for pending in self.ends_of_loop(part, current, count):
            for each in self.of_body(part.orelse):
                yield Exit(each.kind, self.terms.joined(pending, each.pending))

    def ends_of_pass(self, part: LoopPart, current: Term) -> list[Pending]:
        """Return the work that continues at each normal end of a pass, where the next pass may begin."""
        return self.terms.all_joined([self._ends_of_pass(current), [self.unstarted(part.body)]])

    def ends_of_loop(self, part: LoopPart, current: Term, count: int) -> list[Pending]:
        """Return the work that continues at each end of a loop without a `break`, where its `else` may begin.

        A first pass that always runs, and those up to a constant number of passes, may begin no step.
        """
        body = self.terms.fresh(part.body)
        ends = self.ends_of_pass(part, body if part.is_nonempty and not count else current)
        in_pass = self.terms.all_joined([self._finished(current), [self.unstarted(part.body)]])
        in_next = self.terms.all_joined([ends, self._finished(body)])
        if part.is_infinite:
            ends = []
        elif part.passes and part.has_pass_after(count):
            ends = self.terms.all_joined([ends, self._ends_of_pass(body)])
        return self.terms.largest([*ends, *in_pass, *in_next])

    def _finished(self, current: Term) -> list[Pending]:
        return [each.pending for each in self.of(current) if each.kind == "finished"]

    def _ends_of_pass(self, current: Term) -> list[Pending]:
        return self.terms.largest([each.pending for each in self.of(current) if each.kind in {"next", "continue"}])

    def unstarted(self, body: Part) -> Pending:
        """Return the background work of passes without steps, because a task begins at the next await."""
        begun = [term for pending in self._ends_of_pass(self.terms.fresh(body)) for term in pending.background]
        tasks = dict.fromkeys(term if isinstance(term, Unstarted) else self.terms.unstarted(term) for term in begun)
        return Pending(self.terms.background(tasks))

    def _of_passes(self, term: OverlappingPasses) -> Iterator[Exit]:
        body, live = term.part.body, term.live
        unstarted = self.unstarted(body) if term.is_open else NO_PENDING
        passes = [*(each.term for each in live), *([term.body] if term.is_open else [])]
        exits = [self.of(each) for each in passes]
        if all(exits[: len(live)]):
            ends = [[each.pending for each in of_pass if each.kind == "next"] for of_pass in exits[: len(live)]]
            yield from (Exit("next", pending) for pending in self.terms.all_joined([*ends, [unstarted]]))
        for at, of_pass in enumerate(exits):
            leaving = [e for e in of_pass if e.kind == "fail" or (e.kind == "return" and at >= len(live) - 1)]
            if leaving:
                pending_passes = Pending(self.terms.background(each.term for each in (*live[:at], *live[at + 1 :])))
                yield from (Exit(each.kind, self.terms.joined(each.pending, pending_passes)) for each in leaving)
        for successor, pending in self.after_break(term):
            yield from (Exit(each.kind, self.terms.joined(pending, each.pending)) for each in self.of(successor))
        if term.part.is_unknown:
            # Its contents may also begin later, as in the background.
            everything = Pending(self.terms.background((term,)))
            yield from (Exit(kind, everything) for kind in _OUT_OF_UNKNOWN)

    def after_break(self, term: OverlappingPasses) -> Iterator[tuple[Term, Pending]]:
        """Yield the loop after a `break` in its last pass."""
        if term.live and term.is_open and term.part.body.traits.jumps:
            *earlier_passes, last = term.live
            for each in self.of(last.term):
                if each.kind == "break":
                    live = (*earlier_passes, *(LivePass(last.began, moved) for moved in each.pending.group))
                    successor = self.terms.passes(term.part, live, term.body, is_open=False)
                    yield successor, Pending(each.pending.background)

    # `try` statements

    def _of_try(self, term: Protected) -> Iterator[Exit]:
        for successor, pending in self.after_block(term):
            if isinstance(successor, str):
                yield Exit(successor, pending)
            else:
                yield from (Exit(each.kind, self.terms.joined(pending, each.pending)) for each in self.of(successor))

    def after_block(self, term: Protected) -> Iterator[tuple[Term | ExitKind, Pending]]:
        """Yield the next block of a `try`, or an exit, after the current block."""
        part, current = term.part, term.current
        exits = self.of(current)
        for pending in self._ends_in_group(term):
            if term.stage == "body" and part.orelse is not EMPTY:
                yield self.terms.protected(part, self.terms.fresh(part.orelse), "orelse"), pending
            elif term.stage != "final":
                yield self._finally(part, "next"), pending
            elif term.pending == "next" or not pending.group:
                yield term.pending, pending
        for each in exits:
            if each.kind == "next":
                continue
            may_be_caught = each.kind == "fail" and term.stage == "body" and not part.is_unhandled
            if not (may_be_caught and part.catches_all):
                yield (each.kind if term.stage == "final" else self._finally(part, each.kind)), each.pending
            if may_be_caught:
                yield self._handler(part), each.pending
        if self.only_failures and not (part.awaits_group and term.stage == "body"):
            return
        if term.stage == "body":
            is_canceled = part.catches_cancellation and current.running
            is_quiet = self.has_quiet_code and part.catches_only_steps and not is_canceled
            for pending in self.interrupted(current):
                if not (part.is_unhandled or is_quiet):
                    yield self._handler(part), pending
                if part.final is not EMPTY:
                    yield self._finally(part, "fail"), pending
        elif term.stage != "final" and part.final is not EMPTY:
            yield from ((self._finally(part, "fail"), pending) for pending in self.interrupted(current))

    def _ends_in_group(self, term: Protected) -> list[Pending]:
        """Return the work that continues at each normal end of a block, also in the enclosing group."""
        ends, current = self.ends(term.current), term.current
        if not (term.part.in_group and current.traits.clocked):
            return ends
        if isinstance(current, Fresh) and isinstance(current.part, GroupPart):
            current = self.opened(current.part)
        if isinstance(current, Members) and current.part.kind == "list":
            return [*ends, *self._moved(current)]
        return ends if current.traits.jumps else [*ends, Pending((), (current,))]

    def _moved(self, term: Members) -> list[Pending]:
        """Return the work of a list that continues in the enclosing group."""
        unfinished = [member.term for member in term.members]
        moving = sorted((each for each in unfinished if not each.traits.jumps), key=lambda each: each.number)
        ends = [self.ends(each) for each in unfinished if each.traits.jumps]
        return self.terms.all_joined([[Pending((), tuple(moving))], *ends])

    def _finally(self, part: TryPart, kind: ExitKind) -> Term | ExitKind:
        return kind if part.final is EMPTY else self.terms.protected(part, self.terms.fresh(part.final), "final", kind)

    def _handler(self, part: TryPart) -> Term | ExitKind:
        if part.handler is None:
            return self._finally(part, "next")
        return self.terms.protected(part, self.terms.fresh(part.handler), "handler")

    # Exceptions

    def interrupted(self, term: Term) -> list[Pending]:
        """Return the work that continues after an exception that no step raised."""
        cached = self.interruptions_by_term.get(term)
        if cached is None:
            self.terms.spend()
            cached = self.interruptions_by_term[term] = self.terms.largest(interruptions_of(self, term))
        return cached
