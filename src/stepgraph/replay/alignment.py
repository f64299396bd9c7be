"""The most probable run of the new code that starts from a log.

The new code runs from the top, and the log answers its calls. Where the code may go on in several ways, the run is
chosen that explains the log at the lowest cost: a best-first search over positions in the code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from heapq import heappop, heappush
from typing import Final, NamedTuple

from msgspec import Struct, field

from stepgraph.bit_sets import bits
from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.matching.terms import TooAmbiguousError
from stepgraph.execution.parts import GraphParts, Path, Site
from stepgraph.limits import REPLAY_CALLS, REPLAY_POSITIONS
from stepgraph.replay.answers import Answers, is_raised
from stepgraph.replay.costs import (
    AGAIN,
    FAILED,
    MOVED,
    OTHER_VALUE,
    REQUIRED_RUN,
    RESUMED,
    CodeRun,
    Costs,
    ReplayedCall,
    RunKey,
)
from stepgraph.replay.deployed import DeployedRun
from stepgraph.replay.nested_entries import NestedEntries
from stepgraph.replay.passed_calls import PassedCalls
from stepgraph.replay.position import FINALLY, Position, Positions
from stepgraph.replay.replacements import Replacements

_MAX_EDITS: Final = 2
"""The maximum number of consecutive new steps before a step that takes the place of an entry."""

_WINDOW: Final = 25
"""The number of entries that a run may lag behind the best run before its less probable continuations are dropped."""

_SITES_PER_CALL: Final = 1_000
"""The number of steps of a program that add the cost of one call to each tried call, which takes time in proportion."""

_CALLS_PER_POSITION: Final = 2
"""The cost of a position, in calls, in the budget of all logs."""

_ENTRIES_PER_POSITION: Final = 1_000
"""The number of entries of nested steps that cost as much as a position."""


class Alignment(Struct, frozen=True):
    """A run of the new code from its start, up to the last call that corresponds to an entry of the log."""

    calls: tuple[ReplayedCall, ...]
    next_sites: frozenset[int]
    """The numbers of the steps that can begin after the last call."""
    possible_sites: frozenset[int]
    """The numbers of the possibly new steps that could have begun by then, but did not."""
    avoidable: frozenset[int]
    """The indexes of the calls that the code could have passed."""
    misdirected: Mapping[int, int]
    """The entries that have not answered a call but may answer a later one, with the steps that may make that call, as
    a bit set.
    """
    missing: frozenset[int]
    """The numbers of the steps that run less often than under the deployed code."""
    covered: int
    """The entries of nested steps whose outer step does not run again, as a bit set."""
    misnamed: frozenset[int]
    """The entries that answer a call to which the arguments of calls certainly give another name."""
    failing: ReplayedCall | None
    """The call that ends the instance with its error, or None. Only calls of `finally` blocks follow it."""

    @property
    def fails(self) -> bool:
        """Whether the instance ends with an error."""
        return self.failing is not None

    def explains(self, count: int) -> bool:
        """Return whether each of this number of entries answers a call, is replaced by one, or is covered."""
        explained = self.covered
        for call in self.calls:
            number = call.replaced if call.entry is None else call.entry
            explained |= 0 if number is None else 1 << number
        return explained == (1 << count) - 1


class _Item(NamedTuple):
    """An item of the queue, cheapest first and then furthest first."""

    cost: int
    lag: int
    """The negative number of entries that have answered a call."""
    number: int
    stage: _Stage
    run: CodeRun
    postponed: int = 0
    """The steps that can still begin after the next entry has answered a call, as a bit set."""


class _Stage(IntEnum):
    """The treatment of a run."""

    NEXT = 0
    """The next entry answers a call."""
    OTHER = 1
    """All other continuations are tried."""
    COMPLETE = 2
    """The run is accepted."""


def align(
    program: GraphParts,
    entries: Sequence[LogEntry],
    answers: Answers,
    deployed: DeployedRun | None,
    budget: LogBudget,
) -> Alignment:
    """Return the run of a program that explains a log at the lowest cost, within the budget of all logs.

    Raises TooAmbiguousError.

    Without the deployed code, the code between steps raises exceptions only if the log has entries that no other run
    explains.
    """
    costs = Costs.of(program.sites, entries, answers, deployed)
    nested = NestedEntries(program, entries, answers, deployed)
    if deployed is not None:
        return _align(program, costs, nested, budget, only_failures=deployed.only_failures)
    with suppress(TooAmbiguousError):
        alignment = _align(program, costs, nested, budget, only_failures=True)
        if alignment.explains(len(entries)):
            return alignment
    return _align(program, costs, nested, budget, only_failures=False)


def _align(
    program: GraphParts, costs: Costs, nested: NestedEntries, budget: LogBudget, *, only_failures: bool
) -> Alignment:
    positions = Positions.of(program, only_failures=only_failures)
    search = _RunSearch(
        program=program,
        entries=costs.entries,
        answers=costs.answers,
        costs=costs,
        positions=positions,
        nested=nested,
        replacements=Replacements(costs),
        budget=budget,
    )
    with budget.matching(positions.terms):
        return search.run()


class _RunSearch(Struct):
    """The search for the run with the lowest cost."""

    program: GraphParts
    entries: Sequence[LogEntry]
    answers: Answers
    costs: Costs
    positions: Positions
    nested: NestedEntries
    replacements: Replacements
    budget: LogBudget
    queue: list[_Item] = field(default_factory=list)
    best: dict[RunKey, int] = field(default_factory=dict)
    """The lowest cost of a run with each key."""
    pushed: int = 0
    remaining: int = REPLAY_POSITIONS
    remaining_calls: int = field(default_factory=lambda: REPLAY_CALLS)

    def run(self) -> Alignment:
        """Return the cheapest complete run. Raises TooAmbiguousError if a limit is exceeded."""
        self.remaining_calls = min(self.remaining_calls, self.budget.calls)
        self._add(CodeRun(self.positions.start(), 0, 0, self.costs.tracked.start(), 0, 0))
        furthest = 0
        while self.queue:
            item = heappop(self.queue)
            run = item.run
            if item.stage is _Stage.COMPLETE:
                return self._alignment(run)
            self.remaining -= 1
            self.budget.calls -= _CALLS_PER_POSITION
            if self.remaining < 0 or self.budget.calls < 0:
                break
            furthest = max(furthest, -item.lag)
            if item.stage is _Stage.NEXT:
                postponed = self._answer_next(run)
                self._queue(run, self.costs.estimate(run) + RESUMED, _Stage.OTHER, postponed)
                self._queue(run, self.costs.final(run), _Stage.COMPLETE)
            elif -item.lag >= furthest - _WINDOW:
                self._try_others(run, item.postponed)
        raise TooAmbiguousError

    def _add(self, run: CodeRun) -> None:
        lowest = self.best.get(run.key)
        if lowest is None or run.cost < lowest:
            self.best[run.key] = run.cost
            self._queue(run, self.costs.estimate(run), _Stage.NEXT)

    def _queue(self, run: CodeRun, cost: int, stage: _Stage, postponed: int = 0) -> None:
        self.pushed += 1
        heappush(self.queue, _Item(run.cost + cost, -run.consumed.bit_count(), self.pushed, stage, run, postponed))

    def _next_entries(self, run: CodeRun) -> list[int]:
        """Return the first entry that has not answered a call, and the entry after the last one that has."""
        waiting = self.costs.open_entries(run)
        later = waiting >> (run.last + 1) << (run.last + 1)
        return list(dict.fromkeys((mask & -mask).bit_length() - 1 for mask in (waiting, later) if mask))

    def _answer_next(self, run: CodeRun) -> int:
        """Let the next entries of the log answer a call. Return the steps that can still begin then, as a bit set."""
        reachable = 0
        following = self.positions.next_steps(run.position)
        for entry in self._next_entries(run):
            for number in bits(self.answers.sites_of[entry] & following):
                site = self.program.sites[number]
                if entry in self.answers.next_of(site, run.consumed):
                    reachable |= self._answer(run, site, entry, 0)
        return reachable

    def _try_others(self, run: CodeRun, postponed: int) -> None:
        """Let other entries answer, run calls that the log does not answer, and let open entries end.

        Steps that can still begin after the next entry are `postponed`, because trying all orders takes exponential
        time.
        """
        self._end_open_entries(run)
        following = self._next_entries(run)
        if following and self.costs.unplaced_in(run) & ~self.costs.passed(run) & ((1 << following[0]) - 1):
            # A new step may take the place of an entry before the next one, even if a loop can reach it later.
            postponed &= self.costs.existing
        for number in bits(self.positions.next_steps(run.position) & ~postponed):
            site = self.program.sites[number]
            stored = self.answers.next_of(site, run.consumed)
            for entry in stored:
                if entry not in following:
                    self._answer(run, site, entry, MOVED)
            if not stored or not site.pattern.is_literal:
                self._run_call(run, site)

    def _end_open_entries(self, run: CodeRun) -> None:
        running = list(bits(run.consumed & run.position.running_entries))
        # A later failure does not explain the log.
        may_have_failed = len(running) == 1 and run.consumed >> running[0] != (1 << len(self.entries) - running[0]) - 1
        for failed in (False, True) if may_have_failed else (False,) if running else ():
            cost = run.cost + RESUMED + self.costs.failed_end * failed
            for ended in self._after_all(run.position, running, failed=failed):
                self._add(
                    CodeRun(
                        position=ended,
                        consumed=run.consumed,
                        covered=run.covered,
                        counts=run.counts,
                        edited=run.edited,
                        cost=cost,
                        last=run.last,
                        before=run,
                    )
                )

    def _after_all(self, position: Position, running: Sequence[int], *, failed: bool) -> list[Position]:
        """Return the positions after several entries have ended."""
        positions = [position]
        for number in running:
            ends = (end for each in positions for end in self.positions.end(each, number, failed=failed))
            positions = list(dict.fromkeys(ends))
        return positions

    def _answer(self, run: CodeRun, site: Site, number: int, cost: int) -> int:
        """Continue a run by a call that an entry answers. Return the steps that can begin then, if it is expected."""
        self._count_call()
        entry = self.entries[number]
        cost += run.cost + self.costs.of_call(site, run)
        if self.costs.deployed is not None:
            counterparts = self.costs.deployed.sites[number]
            cost += MOVED * bool(counterparts and site.number not in counterparts)
        call = ReplayedCall(site, number, is_required=self.costs.is_required(site, run.counts))
        covered = run.covered | self._nested(site, entry)
        counts = self.costs.tracked.after(site.number, run.counts)
        reachable = 0
        if entry.outcome == "open":
            positions = self.positions.begin(run.position, site, number, retried=entry.was_retried)
        else:
            positions = self.positions.answer(run.position, site, number, failed=is_raised(site, entry))
        for position in positions:
            consumed = run.consumed | 1 << number
            self._add(
                CodeRun(
                    position=position,
                    consumed=consumed,
                    covered=covered,
                    counts=counts,
                    edited=run.edited,
                    cost=cost,
                    last=number,
                    before=run,
                    call=call,
                )
            )
            reachable |= position.sites
        return reachable if cost == run.cost else 0

    def _run_call(self, run: CodeRun, site: Site) -> None:
        """Continue a run by a call that the log does not answer, if a later call may need it."""
        required = self.costs.is_required(site, run.counts)
        base = run.cost + self.costs.of_call(site, run)
        is_edited = bool(run.edited >> site.number & 1)
        replaced = self.replacements.of_call(run, site, required=required)
        if replaced is not None:
            cost = self.replacements.cost(site, replaced)
            cost = base + (REQUIRED_RUN if required else AGAIN if is_edited else cost)
            cost += OTHER_VALUE * (required and self.replacements.has_same_value(site, replaced))
            failed = self.entries[replaced].outcome == "failed"
            call = ReplayedCall(site, None, replaced, required)
            self._begin(run, call, cost, failed=failed)
            if failed:
                self._begin(run, call, cost + FAILED, failed=False)
        if required and replaced is None:
            self._begin(run, ReplayedCall(site, None, None, required), base + REQUIRED_RUN, failed=False)
        elif not required:
            self._begin(run, ReplayedCall(site, None), base + self.costs.of_run(site, run), failed=False)

    def _count_call(self) -> None:
        calls = 1 + len(self.program.sites) // _SITES_PER_CALL
        self.remaining_calls -= calls
        self.budget.calls -= calls
        if self.remaining_calls < 0:
            raise TooAmbiguousError

    def _begin(self, run: CodeRun, call: ReplayedCall, cost: int, *, failed: bool) -> None:
        self._count_call()
        counts = self.costs.tracked.after(call.site.number, run.counts)
        consumed, covered = run.consumed, run.covered
        if call.replaced is not None:
            consumed |= 1 << call.replaced
            covered |= self._nested(call.site, self.entries[call.replaced])
        edited = run.edited | 1 << call.site.number
        for position in self.positions.answer(run.position, call.site, len(self.entries), failed=failed):
            after = CodeRun(
                position=position,
                consumed=consumed,
                covered=covered,
                counts=counts,
                edited=edited,
                cost=cost,
                last=run.last,
                before=run,
                call=call,
            )
            if call.is_required or call.replaced is not None or self._has_future(after):
                self._add(after)

    def _has_future(self, run: CodeRun) -> bool:
        """Return whether a continuation of a run may explain more of the log."""
        sites = run.position.sites
        if self.costs.reachable(run) or any(sites >> site & 1 for site in self.costs.missing(run)):
            return True
        replaceable = self.costs.unplaced_in(run) & ~self.costs.passed(run)
        return bool(replaceable and sites) and run.edited.bit_count() <= _MAX_EDITS

    def _nested(self, site: Site, entry: LogEntry) -> int:
        """Return the entries of the steps inside a finished step, as a bit set. Its body does not run again."""
        self.remaining -= self.nested.possible(site).bit_count() // _ENTRIES_PER_POSITION
        return self.nested.during(site, entry)

    def _alignment(self, run: CodeRun) -> Alignment:
        calls: list[ReplayedCall] = []
        positions: list[Position] = []
        each: CodeRun | None = run
        while each is not None and each.before is not None:
            if each.call is not None:
                calls.append(each.call)
                positions.append(each.before.position)
            each = each.before
        calls.reverse()
        positions.reverse()
        next_sites = self._next_sites(run)
        before = [*positions, run.position]
        following = [self.positions.next_steps(each) for each in before]
        passed = PassedCalls(
            program=self.program,
            costs=self.costs,
            positions=self.positions,
            calls=calls,
            before=before,
            next_steps=following,
            count_call=self._count_call,
        )
        return Alignment(
            calls=tuple(calls),
            next_sites=next_sites,
            possible_sites=passed.possible_sites(next_sites) if self._may_lack(run) else frozenset(),
            avoidable=frozenset(passed.avoidable()),
            misdirected=self._misdirected(run),
            missing=frozenset(self.costs.missing(run)),
            covered=run.covered & ~run.consumed,
            misnamed=frozenset(self._misnamed(calls, positions)),
            failing=self._failing(calls) if self.positions.fails(run.position) else None,
        )

    def _misnamed(self, calls: Sequence[ReplayedCall], positions: Sequence[Position]) -> Iterator[int]:
        """Yield the entries whose names cannot result from any call of their functions. `positions` precede the calls.

        Calls that have changed places also exchange their entries.
        """
        if self.costs.deployed is None:
            return
        names = self.costs.deployed.call_names
        paths_of_calls: dict[tuple[int, Site], list[list[tuple[Path, ...]]]] = {}
        for call, position in zip(calls, positions, strict=True):
            entry, site = call.entry, call.site
            if entry is None or site.pattern.is_literal or not names.depend_on_calls(site.path):
                continue
            self._count_call()
            possible = [*self.positions.calls(position, site)]
            if not any(names.may_answer(entry, self.entries[entry].name, each, site.path) for each in possible):
                paths_of_calls[entry, site] = possible
        for (entry, site), possible in paths_of_calls.items():
            names_at_site = [
                self.entries[number].name for number, each in paths_of_calls if each is site and number != entry
            ]
            if not any(names.may_lead_to(name, each, site.path) for name in set(names_at_site) for each in possible):
                yield entry

    def _failing(self, calls: Sequence[ReplayedCall]) -> ReplayedCall | None:
        """Return the last call outside of `finally` blocks if it raises, or one in them that raises, or None."""
        for call in reversed(calls):
            if _is_raised_call(call, self.entries):
                return call
            if FINALLY not in call.site.path:
                return None
        return None

    def _misdirected(self, run: CodeRun) -> dict[int, int]:
        unused, sites = self.costs.open_entries(run) | run.covered & ~run.consumed, run.position.sites
        later = {number: self.answers.sites_of[number] & sites for number in bits(unused)}
        return {number: each for number, each in later.items() if each}

    def _next_sites(self, run: CodeRun) -> frozenset[int]:
        running = list(bits(run.consumed & run.position.running_entries))
        places = [run.position, *self._after_all(run.position, running, failed=False)]
        sites = self.program.sites
        return frozenset(
            number
            for place in places
            for number in bits(self.positions.next_steps(place))
            if self.positions.can_begin(place, sites[number])
        )

    def _may_lack(self, run: CodeRun) -> bool:
        """Return whether a step that the run did not call may matter, because entries of the log lack a call."""
        return self.costs.deployed is not None or bool(self.costs.open_entries(run) | self.costs.unplaced_in(run))


def _is_raised_call(call: ReplayedCall, entries: Sequence[LogEntry]) -> bool:
    return call.entry is not None and is_raised(call.site, entries[call.entry])
