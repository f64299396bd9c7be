"""The propagation of failures: the entry that ended an instance, and the runs that an exception has left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Final

from stepgraph.execution.failures.errors import InstanceError
from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.execution.visits import InstanceVisits, Visit

_SETTLING: Final = frozenset({"all_settled", "any"})
"""The kinds of groups that the failure of one member does not leave."""

_CLEANUP: Final = frozenset({"catch_block", "finally_block"})


def ending_failure(log: InstanceLog, visits: InstanceVisits) -> int | None:
    """Return the position of the entry whose failure ended a failed instance, or None if this is uncertain.

    The log does not name this entry. It has the error of the instance, and later entries are only in handlers and
    `finally` blocks around it.
    """
    if not log.has_failed:
        return None
    error, by_start = InstanceError.of(log.error), _latest_first(log.entries)
    failures = {
        position: visits.leaves.get(position)
        for position, entry in enumerate(log.entries)
        if error.is_of(entry) and _is_last(position, log.entries, by_start, visits)
    }
    # An error that leaves a nested step fails the step around it with the same error.
    steps = {leaf.region for leaf in failures.values() if leaf is not None}
    outermost = [at for at, leaf in failures.items() if steps.isdisjoint(visit.region for visit in _enclosing(leaf))]
    if not outermost:
        return None
    last = outermost[-1]
    is_certain = all(_ends_before(log.entries[position], log.entries[last]) for position in outermost[:-1])
    return last if is_certain else None


def exited_visits(log: InstanceLog, visits: InstanceVisits) -> dict[Visit, bool]:
    """Return the runs that a caught failure has left, with whether this is certain.

    It is not certain if nothing has begun in a handler, because the exception may be on its way. An exception has
    certainly left a `try` block whose handler has begun, even if no entry failed with it, as after a `raise`.
    """
    bodies = (visit.block("try_block") for visit in visits.visits if _is_handled_once(visit))
    exited = {body: True for body in bodies if body is not None}
    for position, leaf in visits.leaves.items():
        if log.entries[position].outcome != "failed":
            continue
        catcher, is_certain = _catcher(leaf, position)
        for visit in _enclosing(leaf) if catcher is not None else ():
            if visit is catcher:
                break
            exited[visit] = is_certain or exited.get(visit, False)
    return exited


def _is_handled_once(visit: Visit) -> bool:
    """Return whether a visit is a single run of a `try` with an entry in a handler."""
    if visit.region.kind != "try" or visit.block("catch_block") is None:
        return False
    return all(each.count == 1 and not each.is_unnumbered_pass for each in (visit, *_enclosing(visit)))


def _latest_first(entries: Sequence[LogEntry]) -> Sequence[int]:
    """Return the positions of entries by their starts, or by their positions if a start is missing, latest first."""
    starts = [entry.start for entry in entries if entry.start is not None]
    if len(starts) < len(entries):
        return range(len(entries) - 1, -1, -1)
    return sorted(range(len(entries)), key=lambda position: (starts[position], position), reverse=True)


def _is_last(position: int, entries: Sequence[LogEntry], by_start: Iterable[int], visits: InstanceVisits) -> bool:
    """Return whether nothing begins after the end of an entry, except for handlers and `finally` blocks around it."""
    entry = entries[position]
    tries = {visit for visit in _enclosing(visits.leaves.get(position)) if visit.region.kind == "try"}
    later = takewhile(lambda later_position: _ends_before(entry, entries[later_position]), by_start)
    return all(_is_cleanup(visits.leaves.get(later_position), tries) for later_position in later)


def _ends_before(first: LogEntry, second: LogEntry) -> bool:
    is_before = first.ended_before(second)
    return first.index < second.index if is_before is None else is_before


def _is_cleanup(leaf: Visit | None, tries: set[Visit]) -> bool:
    return any(visit.region.kind in _CLEANUP and visit.outer in tries for visit in _enclosing(leaf))


def _enclosing(leaf: Visit | None) -> Iterator[Visit]:
    """Yield the visits around a visit, innermost first."""
    return iter(()) if leaf is None else leaf.enclosing()


def _catcher(leaf: Visit, position: int) -> tuple[Visit | None, bool]:
    """Return the visit that the failure of an entry does not leave, and whether a handler in it has begun.

    This is the innermost `try` with an entry of a handler after the failure. Without such an entry, it is the innermost
    `try` around the failed entry, or else a step or a group around it.
    """
    innermost: Visit | None = None
    inside = leaf
    if leaf.region.is_settled:
        return None, False
    for visit in _enclosing(leaf):
        region = visit.region
        if region.kind == "try" and inside.region.kind == "try_block":
            handlers = visit.block("catch_block")
            if handlers is not None and handlers.entries[-1] > position:
                return visit, True
            innermost = innermost or visit
        elif region.is_step or _settles(visit):
            return innermost or visit, False
        inside = visit
    return innermost, False


def _settles(visit: Visit) -> bool:
    node = visit.region.node
    if visit.region.is_settled:
        return True
    return node is not None and node["type"] == "parallel" and node["kind"] in _SETTLING
