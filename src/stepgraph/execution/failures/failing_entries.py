"""The open entries of a log whose failure a next step in a handler needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.execution.log import InstanceLog
from stepgraph.execution.matching.log_budget import LogBudget
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import HANDLERS, Match, Place
from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.parts import GraphParts, Path

_MAX_ENTRIES: Final = 300
"""The maximum number of entries of a log that is matched again."""


def failing_entries(
    program: GraphParts,
    log: InstanceLog,
    match: Match,
    entries: Sequence[PlacedEntry],
    budget: LogBudget | None = None,
) -> Mapping[Place, tuple[int, ...]]:
    """Return the indexes of open entries by next step in a handler: one of them must fail before the step begins.

    A step that can also begin after the success of these entries has none, for example because an earlier failure has
    not been handled yet. Large logs are not examined.
    """
    protected: dict[tuple[int, ...], list[Place]] = {}
    failing: dict[Place, tuple[int, ...]] = {}
    for place in match.next:
        group = program.awaited_groups.get(innermost_try(place))
        if group is not None and (members := _open_members(entries, f"{group}.")):
            failing[place] = tuple(log.entries[position].index for position in members)
            continue
        positions = _protected(entries, place)
        if positions and place not in match.after_error and len(entries) <= _MAX_ENTRIES:
            protected.setdefault(positions, []).append(place)
    for positions, places in protected.items():
        after_success = _after_success(program, log, positions, budget)
        indexes = tuple(log.entries[position].index for position in positions)
        failing.update((place, indexes) for place in places if not any(map(place.may_be, after_success)))
    return failing


def _protected(entries: Sequence[PlacedEntry], place: Place) -> tuple[int, ...]:
    """Return the entries that may fail in the innermost `try` with a handler or `finally` around a next step."""
    outer = innermost_try(place)
    prefix = f"{outer}.try_block."
    inside = [at for at, entry in enumerate(entries) if outer and entry.may_fail and entry.is_in(prefix)]
    return () if any(_is_in_inner_handler(entries[at], prefix) for at in inside) else tuple(inside)


def _open_members(entries: Sequence[PlacedEntry], prefix: str) -> tuple[int, ...]:
    """Return the open entries of a group that may fail, or none if an entry of the group has failed already."""
    inside = [at for at, entry in enumerate(entries) if entry.is_in(prefix)]
    if any(entries[at].log.outcome == "failed" for at in inside):
        return ()
    return tuple(at for at in inside if entries[at].may_fail)


def innermost_try(place: Place) -> Path:
    """Return the path of the innermost `try` with a handler or `finally` around a step, or an empty path."""
    for path in (place.path, *reversed(place.calls)):
        outer = max((path.rpartition(handler)[0] for handler in HANDLERS), key=len)
        if outer:
            return outer
    return ""


def _is_in_inner_handler(entry: PlacedEntry, prefix: str) -> bool:
    """Return whether an entry may be in a handler inside of a `try`. Handlers often raise their error again."""
    paths = (path for place in entry.places for path in (place.path, *place.calls))
    return any(".catch_block." in path.removeprefix(prefix) for path in paths)


def _after_success(
    program: GraphParts, log: InstanceLog, positions: Sequence[int], budget: LogBudget | None
) -> Sequence[Place]:
    """Return the steps that can begin next if entries succeed. A match that fails has none."""
    entries = list(log.entries)
    for position in positions:
        entries[position] = replace(entries[position], outcome="done", end=None)
    match = match_log(program, replace(log, entries=tuple(entries)), budget, with_pauses=True)
    return [place for place in match.next if place not in match.after_hidden_error]
