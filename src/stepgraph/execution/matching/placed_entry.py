"""A log entry with its step in the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.match import Place
from stepgraph.execution.parts import Path
from stepgraph.execution.visits import merged

EntryState: TypeAlias = Literal["done", "failed", "retrying", "sleeping", "waiting", "running"]
"""The state of a log entry. In an instance that has ended, the last four are those at its end."""

_OPEN_STATES: Final[Mapping[str, EntryState]] = {"step": "running", "sleep": "sleeping", "wait": "waiting"}


class PlacedEntry(Struct, frozen=True):
    """A log entry with its node."""

    log: LogEntry
    """The log entry."""
    place: Place | None
    """The step, or None if the log does not determine it.

    If the log does not determine all calls and pass numbers that lead to the step, the place has only the certain outer
    calls, and passes without numbers.
    """
    alternatives: tuple[Place, ...]
    """The possible steps if there are several, with one place for each."""
    state: EntryState
    """The state of the entry, such as `done` or `waiting`."""
    possible_calls: tuple[tuple[str, ...], ...] = ()
    """The calls that may lead to the step of `place`, if there are several possibilities."""

    @classmethod
    def of(cls, entry: LogEntry, places: Sequence[Place]) -> PlacedEntry:
        """Return an entry with its possible places."""
        by_path: dict[Path, list[Place]] = {}
        for place in places:
            by_path.setdefault(place.path, []).append(place)
        steps = tuple(map(merged, by_path.values()))
        if len(steps) != 1:
            return cls(entry, None, steps, entry_state(entry))
        calls = tuple(dict.fromkeys(place.calls for place in places))
        return cls(entry, steps[0], (), entry_state(entry), calls if len(calls) > 1 else ())

    @property
    def is_open(self) -> bool:
        """Whether the entry has not ended, or had not when the instance ended."""
        return self.log.outcome == "open"

    @property
    def may_fail(self) -> bool:
        """Whether the entry has not ended and can still fail, unlike a sleep."""
        return self.is_open and self.log.kind != "sleep"

    @property
    def places(self) -> tuple[Place, ...]:
        """The possible steps with the calls that may lead to them; empty if the entry does not fit the graph."""
        if self.place is None:
            return self.alternatives
        return tuple(Place(self.place.path, calls) for calls in self.possible_calls) or (self.place,)

    def is_in(self, prefix: str) -> bool:
        """Return whether the path of the step, or of a call around it, begins with `prefix`: `nodes[1].try_block.`."""
        places = (self.place,) if self.place is not None else self.alternatives
        return any(path.startswith(prefix) for place in places for path in (place.path, *place.calls))

    def __repr__(self) -> str:
        paths = [self.place.path] if self.place else [place.path for place in self.alternatives]
        where = brief_line(" or ".join(paths)) or "an unknown node"
        return f"<PlacedEntry {brief_line(self.log.log_name)}: {self.state} at {where}>"


def entry_state(entry: LogEntry) -> EntryState:
    """Return the state of a log entry, which does not depend on the graph."""
    if entry.outcome != "open":
        return "done" if entry.outcome == "done" else "failed"
    return "retrying" if entry.is_between_attempts else _OPEN_STATES[entry.kind]
