"""The paths of an instance through the pauses of a development server.

Such a server pauses an instance by an exception in the pending calls. The code continues as after any exception, and
the entries that begin then stay in the log. A resume runs the code again from the top, with the results in the log, so
that the instance continues from the calls that were pending, and the later entries answer its later calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stepgraph.bit_sets import bit_set
from stepgraph.execution.log import InstanceLog, LogEntry, Pauses, pauses_of
from stepgraph.execution.matching.beginnings import Beginnings, CallFrame
from stepgraph.execution.matching.states import (
    Begun,
    BegunStep,
    Call,
    EnginePause,
    MatchingState,
    Transitions,
    is_in_handler,
)
from stepgraph.execution.parts import Site

_MIN_PAUSE: Final = 250
"""The minimum time in milliseconds from the exception of a pause between two entries to the next entry after a resume.
"""


class PausePaths(Struct, eq=False):
    """Follows the paths of an instance through its pauses."""

    log: InstanceLog
    expected: Pauses
    """The pauses that the log may have."""
    transitions: Transitions
    beginnings: Beginnings
    """The steps that can begin."""
    without_errors: Beginnings
    """The steps that can begin although no code between steps raises an exception."""
    without_answers: Beginnings
    """The steps that can begin although no result of an entry after a pause answers a call."""

    def solve_recursion(self) -> None:
        """Compute the exits of recursive functions."""
        if self.expected != "none":
            self.without_errors.exits.solve_recursion()
            self.without_answers.exits.solve_recursion()

    def forget(self) -> None:
        """Drop the results for terms."""
        for each in (self.without_errors, self.without_answers):
            each.exits.forget()
            each.forget()
            each.clocks.advances.clear()

    def begun(self, state: MatchingState, site: Site, number: int) -> Iterator[BegunStep]:
        """Yield the states after a step has begun with an entry, perhaps after a resume."""
        pause, entry = state.pause, self.log.entries[number]
        if state.unused:
            begun = self._after_resume(state, site, _call(entry))
        else:
            begun = self.transitions.begun(state, site, self.beginnings)
        yield from begun if pause is None else self._in_pause(begun, _call(entry))
        if pause is not None and self._may_have_resumed(pause, entry):
            yield from self._after_resume(pause.resumed, site, _call(entry))

    def next_begun(self, state: MatchingState, site: Site) -> Iterator[BegunStep]:
        """Yield the states after a step has begun with an entry that the log does not have yet."""
        if not state.unused:
            return self.transitions.begun(state, site, self.beginnings)
        name = site.pattern.pieces[0] if site.pattern.is_literal else ""
        return self._after_resume(state, site, (site.kind or "step", name))

    def _in_pause(self, begun: Iterable[BegunStep], call: Call) -> Iterator[BegunStep]:
        """Yield states after the exception of a pause, in which the result of a call is stored."""
        for state, frames in begun:
            if state.pause is not None:
                resumed = replace(state.pause.resumed, unused=state.pause.resumed.unused | {call})
                yield replace(state, pause=replace(state.pause, resumed=resumed)), frames

    def _after_resume(self, state: MatchingState, site: Site, call: Call) -> Iterator[BegunStep]:
        """Yield the states after a step has begun. A call with a result begins no step."""
        without_answers = set(self.transitions.begun(state, site, self.without_answers))
        for after, frames in self.transitions.begun(state, site, self.beginnings):
            if (after, frames) not in without_answers:
                yield replace(after, unused=frozenset()), frames
            elif call not in state.unused or call[0] == "sleep":  # The names of sleeps do not distinguish durations.
                yield after, frames

    def _may_have_resumed(self, pause: EnginePause, entry: LogEntry) -> bool:
        """Return whether an entry may be the first after a resume."""
        start = self.log.entries[pause.number].start
        if self.expected == "in_open_entries" or start is None or entry.start is None:
            return True
        return entry.start - start >= _MIN_PAUSE

    def interrupted(
        self, before: Mapping[MatchingState, Sequence[MatchingState]], begun: Begun, number: int, sites: Sequence[Site]
    ) -> Begun:
        """Return the states in which an entry begins after the exception of a pause.

        `before` are the states before the entry, and `begun` those in which it begins, perhaps without a pause.
        """
        if self.expected == "none" or not number:  # Without an entry before, no call was pending.
            return {}
        if self.expected == "in_open_entries" and not all(map(is_in_handler, begun)):
            return {}
        is_proven_later = self.expected in {"in_handlers", "everywhere"}
        if not is_proven_later and self._is_explained(before, number, sites):
            return {}
        after: Begun = {}
        call = _call(self.log.entries[number])
        for state, sources in before.items():
            if state.pause is not None or (self.expected == "in_open_entries" and not state.running):
                continue
            pause = EnginePause(replace(state, unused=state.unused | {call}), number)
            for path, (each, frames) in self._begun_after_exception(state, sites):
                calls = tuple(frame for frame in frames if isinstance(frame, CallFrame))
                step = replace(each, pause=pause), path, calls
                if self.expected != "in_handlers" or is_in_handler(step):
                    after.setdefault(step, []).extend(sources)
                    self.transitions.terms.spend(len(sources))
        return after

    def _begun_after_exception(self, state: MatchingState, sites: Iterable[Site]) -> Iterator[tuple[str, BegunStep]]:
        """Yield the states in which a step begins only after an exception, with the paths of the steps."""
        interrupted = self.transitions.interrupted(state)
        for site in sites:
            without_errors = set(self.transitions.begun(state, site, self.without_errors))
            for each in interrupted:
                begun = self.transitions.begun(each, site, self.beginnings)
                yield from ((site.path, step) for step in begun if step not in without_errors)

    def _is_explained(self, states: Iterable[MatchingState], number: int, sites: Sequence[Site]) -> bool:
        """Return whether an entry can begin without a pause.

        In a paused instance, a `finally` after a `return` can, but the pause may be its reason as well. A failure makes
        this improbable.
        """
        has_failed = any(entry.outcome == "failed" for entry in self.log.entries[:number])
        if not has_failed and pauses_of(self.log) == "any":
            return False
        passes = (each for state in states for each in state.passes())
        begun = (self.transitions.begun(each, site, self.without_errors) for each, site in product(passes, sites))
        return any(True for each in begun for _ in each)

    def store_results(self, begun: Begun) -> bool:
        """Let the results of entries after a pause answer calls. Return whether this changes the results for terms."""
        paths = {path for state, path, _ in begun if state.pause is not None}
        if not paths:
            return False
        exits = self.beginnings.exits
        stored = bit_set(site.number for site in exits.program.sites if site.path in paths) | exits.stored
        is_changed = stored != exits.stored
        exits.stored = self.without_errors.exits.stored = stored
        return is_changed


def _call(entry: LogEntry) -> Call:
    return entry.kind, entry.name
