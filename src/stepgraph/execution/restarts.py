"""The steps from which an instance can be restarted, and the results that a restart keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.execution.log import EntryKind, LogEntry

RestartType: TypeAlias = Literal["do", "sleep", "waitForEvent"]
"""The type of a step in the request of a restart."""

_TYPES: Final[Mapping[EntryKind, RestartType]] = {"step": "do", "sleep": "sleep", "wait": "waitForEvent"}


class RestartPoint(Struct, frozen=True):
    """A step from which an instance can be restarted: the `from` of the request.

    The engine deletes the log entries from this step on, in the order of the log, and runs the program from the top.
    """

    entry: LogEntry
    name: str
    """The name of the step, without a counter."""
    count: int
    """The number of entries with this name and type in the log up to this one. For sleeps, it may differ from the
    counter in the log, which counts each duration separately.
    """
    type: RestartType
    reruns: tuple[LogEntry, ...]
    """The entries that run again: this entry, all later entries, and earlier entries that had not ended."""
    retained: tuple[LogEntry, ...]
    """The entries that do not run again, with their results or errors."""


def restart_points(entries: Sequence[LogEntry], last: int, nested: frozenset[int], limit: int) -> list[RestartPoint]:
    """Return the restart points up to an index in the log, the last one first, and at most `limit`.

    `nested` are the indexes of entries in the bodies of other steps. A restart cannot begin there, because the engine
    keeps the outer step, whose body then does not run.
    """
    counts: Counter[tuple[EntryKind, str]] = Counter()
    positions: list[tuple[int, int]] = []
    for position, entry in enumerate(entries):
        counts[entry.kind, entry.name] += 1
        if entry.index <= last and entry.index not in nested and entry.name:
            positions.append((position, counts[entry.kind, entry.name]))
    return [_point(entries, position, count) for position, count in reversed(positions[-limit:])]


def _point(entries: Sequence[LogEntry], position: int, count: int) -> RestartPoint:
    entry, earlier = entries[position], entries[:position]
    open_entries = [each for each in earlier if each.outcome == "open"]
    retained = [each for each in earlier if each.outcome != "open"]
    reruns = (*open_entries, *entries[position:])
    return RestartPoint(entry, entry.name, count, _TYPES[entry.kind], reruns, tuple(retained))
