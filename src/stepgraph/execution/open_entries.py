"""The open entries of a log: those on which a next step depends, and the times at which they continue by themselves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from math import inf
from typing import Final

from msgspec.structs import replace

from stepgraph.durations import time_after
from stepgraph.execution.engine_rules import milliseconds_of
from stepgraph.execution.log import InstanceLog, LogEntry, LoggedConfig
from stepgraph.execution.matching.log_matching import match_log
from stepgraph.execution.matching.match import HANDLERS, Match, Place
from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.matching.term_pool import LogBudget
from stepgraph.execution.parts import GraphParts, Path
from stepgraph.execution.regions import Region
from stepgraph.model.payload import Clocked, Number, Step
from stepgraph.model.walk import is_clocked
from stepgraph.order.paths import clocks_of

_MAX_DOUBLINGS: Final = 60


def innermost_try(place: Place) -> Path:
    """Return the path of the innermost `try` with a handler or `finally` around a step, or an empty path."""
    for path in (place.path, *reversed(place.calls)):
        outer = max((path.rpartition(handler)[0] for handler in HANDLERS), key=len)
        if outer:
            return outer
    return ""


def awaited_members(program: GraphParts, regions: Mapping[Path, Region], place: Place) -> AbstractSet[Path] | None:
    """Return the steps and calls whose failures the handler of a next step catches, by path.

    Return None for another step, and if the `try` has steps in its body, or is in no group.
    """
    protected = innermost_try(place)
    group = program.awaited_groups.get(protected)
    if group is None or not any(path.startswith(f"{protected}.catch_block.") for path in (place.path, *place.calls)):
        return None
    handlers = [clocks_of(node).get("starts", inf) for _, node in _clocked_nodes(regions[protected])]
    start = min(handlers, default=inf)
    members = ((path, node) for path, node in _clocked_nodes(regions[group]) if not path.startswith(f"{protected}."))
    return {path for path, node in members if start == inf or _is_pending(node, start)}


def positions_in(
    members: AbstractSet[Path], entries: Sequence[PlacedEntry], regions: Mapping[Path, Region]
) -> list[int]:
    """Return the positions of the entries that may be in these members of a group."""
    return [at for at, entry in enumerate(entries) if any(_is_in(place, members, regions) for place in entry.places)]


def after_success(
    program: GraphParts, match: Match, entries: Sequence[PlacedEntry], regions: Mapping[Path, Region]
) -> frozenset[Place]:
    """Return the next steps in handlers of awaited members that have all succeeded, so that only code may raise."""
    awaited = {place: members for place in match.next if (members := awaited_members(program, regions, place))}
    return frozenset(
        place
        for place, members in awaited.items()
        if all(entries[at].log.outcome == "done" for at in positions_in(members, entries, regions))
        and not any(_is_in(each, members, regions) for each in match.next)
    )


def _clocked_nodes(region: Region) -> Iterator[tuple[Path, Clocked]]:
    """Yield the steps and calls in a region, without those in the bodies of steps."""
    pending = [region]
    while pending:
        region = pending.pop()
        if region.node is not None and is_clocked(region.node):
            yield region.path, region.node
        else:
            pending += region.children


def _is_pending(node: Clocked, clock: float) -> bool:
    """Return whether a member may begin by a clock and end after it."""
    clocks = clocks_of(node)
    return clocks.get("starts", -inf) <= clock < clocks.get("resolves", inf)


def _is_in(place: Place, members: AbstractSet[Path], regions: Mapping[Path, Region]) -> bool:
    innermost = (regions[path] for path in (place.path, *place.calls) if path in regions)
    return any(each.path in members for region in innermost for each in (region, *region.enclosing()))


_TRY_BLOCK: Final = ".try_block."
_MAX_OPEN: Final = 8
"""The maximum number of open entries, or steps with several ones, that are examined. Each takes another match."""
_MAX_ENTRIES: Final = 300
"""The maximum number of entries of a log whose open entries are examined, by further matches."""


def awaited_entries(
    program: GraphParts, log: InstanceLog, match: Match, budget: LogBudget | None
) -> Mapping[Place, tuple[int, ...]]:
    """Return the indexes of the open entries for which each next step waits, if the log shows them.

    Steps that wait for one of several entries, such as the end of a race, have none.
    """
    opened = [number for number, entry in enumerate(log.entries) if entry.outcome == "open"]
    if not match.next or len(log.entries) > _MAX_ENTRIES:
        return {}
    examined = [[number] for number in opened] if len(opened) <= _MAX_OPEN else _by_step(opened, match)
    awaited: dict[Place, tuple[int, ...]] = {}
    for first, *repeated in examined if len(examined) <= _MAX_OPEN else ():
        without = match_log(program, log, budget, endless=first, with_pauses=True)
        if without.unknown or without.misfit is not None:
            continue
        indexes = [log.entries[number].index for number in (first, *repeated)]
        for place in match.next:
            if not any(place.may_be(possible) for possible in without.next):
                awaited[place] = tuple(sorted((*awaited.get(place, ()), *indexes)))
    return awaited


def _by_step(opened: Iterable[int], match: Match) -> list[list[int]]:
    """Return the positions of entries grouped by their steps and calls. Concurrent passes of a loop end in any order.

    A step that waits for the first entry of a group waits for the others.
    """
    groups: dict[frozenset[tuple[Path, tuple[Path, ...]]], list[int]] = {}
    for number in opened:
        groups.setdefault(frozenset((each.path, each.calls) for each in match.places[number]), []).append(number)
    return list(groups.values())


def failing_entries(
    program: GraphParts,
    log: InstanceLog,
    match: Match,
    entries: Sequence[PlacedEntry],
    regions: Mapping[Path, Region],
    budget: LogBudget | None,
) -> Mapping[Place, tuple[int, ...]]:
    """Return the indexes of open entries by next step in or after a handler: one of them must fail before it begins.

    A step that can also begin after the success of these entries has none, for example because an earlier failure has
    not been handled yet. Large logs are not examined.
    """
    protected: dict[tuple[int, ...], list[Place]] = {}
    failing: dict[Place, tuple[int, ...]] = {}
    for place in match.next:
        awaited = awaited_members(program, regions, place)
        if awaited is not None and (members := _open_members(entries, positions_in(awaited, entries, regions))):
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
    """Return the entries that may fail in the innermost `try` with a handler or `finally` around a next step.

    A step outside of handlers may follow the handler of any `try`.
    """
    outer = innermost_try(place)
    prefix = f"{outer}.try_block." if outer else ""
    inside = [at for at, entry in enumerate(entries) if entry.may_fail and _is_protected(entry, prefix)]
    return () if any(_is_in_inner_handler(entries[at], prefix) for at in inside) else tuple(inside)


def _is_protected(entry: PlacedEntry, prefix: str) -> bool:
    """Return whether an entry is in the body of a `try` with a prefix, or of any `try` with an empty one."""
    return entry.is_in(prefix) if prefix else any(True for _ in _tries_around(entry))


def _tries_around(entry: PlacedEntry) -> Iterator[Path]:
    """Yield the paths of the `try` statements whose bodies may contain an entry."""
    for path in (path for place in entry.places for path in (place.path, *place.calls)):
        parts = path.split(_TRY_BLOCK)
        yield from (_TRY_BLOCK.join(parts[:count]) for count in range(1, len(parts)))


def steps_after_own_errors(
    program: GraphParts, entries: Sequence[PlacedEntry], failing: Mapping[Place, tuple[int, ...]]
) -> frozenset[Place]:
    """Return the steps of `failing_entries` that may also begin if the code between steps raises an exception."""
    by_index = {entry.log.index: entry for entry in entries}
    after: set[Place] = set()
    for place, indexes in failing.items():
        outer = innermost_try(place)
        tries = [outer] if outer else [path for index in indexes for path in _tries_around(by_index[index])]
        if not program.own_errors.isdisjoint(tries):
            after.add(place)
    return frozenset(after)


def _open_members(entries: Sequence[PlacedEntry], inside: Sequence[int]) -> tuple[int, ...]:
    """Return the entries in members of a group that may fail. After the first failure, the result is empty."""
    if any(entries[at].log.outcome == "failed" for at in inside):
        return ()
    return tuple(at for at in inside if entries[at].may_fail)


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


def retry_delay(config: LoggedConfig, attempt: int) -> float | None:
    """Return the delay in milliseconds after an attempt, from 1, or None if the log does not determine it."""
    delay = milliseconds_of(config.delay)
    if delay is None or not 0 <= delay < math.inf:
        return None
    match config.backoff:
        case "exponential":
            factor = 2.0 ** min(attempt - 1, _MAX_DOUBLINGS)
        case "linear":
            factor = attempt
        case "constant":
            factor = 1
        case _:
            return None
    return delay * factor


def next_attempt(entry: LogEntry) -> int | None:
    """Return the start of the next attempt of a step, in milliseconds since 1970. Return None if it will not retry."""
    limit = entry.config.limit
    if not entry.is_between_attempts or (limit is not None and len(entry.attempts) > limit):
        return None
    delay, last = retry_delay(entry.config, len(entry.attempts)), entry.attempts[-1]
    failed = last.start if last.end is None else last.end
    return None if delay is None or failed is None else time_after(failed, delay)


def deadline(log: LogEntry, step: Step | None) -> int | None:
    """Return when an open sleep ends or an open wait times out, or None if it is unknown.

    The time in the log takes precedence, because the code may have changed since the wait began.
    """
    if log.due is not None or step is None:
        return log.due
    length = milliseconds_of(_duration(step))
    return None if log.start is None or length is None else time_after(log.start, length)


def _duration(step: Step) -> Number | str | None:
    if step["type"] == "step_sleep":
        return step["duration"]
    if step["type"] == "step_wait_for_event" and "options" in step:
        return step["options"]["timeout"]
    return None
