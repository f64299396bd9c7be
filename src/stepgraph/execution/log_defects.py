"""Defects of a log that does not fit a graph: entries out of order, repeated entries, and gaps between counters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from stepgraph.escaping.plain_text import brief_line
from stepgraph.execution.log import EntryKind, LogEntry
from stepgraph.phrases import capitalized


def log_defect(entries: Sequence[LogEntry]) -> str:
    """Return a defect of a log with advice, or an empty string if it has none.

    The engine lists entries in the order in which they begin, and counts the calls of each name from one.
    """
    return next(iter((*_repetitions(entries), *_disorder(entries), *_gaps(entries))), "")


def _repetitions(entries: Sequence[LogEntry]) -> Iterator[str]:
    """Yield the first repeated entry. Sleeps of one name have equal counters if their durations differ."""
    numbers: dict[tuple[EntryKind, str], int] = {}
    for number, entry in enumerate(entries, 1):
        earlier = numbers.setdefault((entry.kind, entry.log_name), number)
        if earlier != number and (entry.kind != "sleep" or entry.start == entries[earlier - 1].start):
            repeated = f"{_entry(number, entry)}, repeats entry {earlier}"
            yield f"{capitalized(repeated)}. Save the log again, without entries of other instances."
            return


def _disorder(entries: Sequence[LogEntry]) -> Iterator[str]:
    for number, (first, second) in enumerate(pairwise(entries), 1):
        if first.start is not None and second.start is not None and second.start < first.start:
            names = f"{_entry(number + 1, second)}, began before {_entry(number, first)}"
            yield f"{capitalized(names)}: sort the `steps` of the log by `start`."
            return


def _gaps(entries: Sequence[LogEntry]) -> Iterator[str]:
    """Yield the first entry whose counter skips a number. Counters of sleeps also depend on their durations."""
    names: set[tuple[EntryKind, str]] = set()
    for number, entry in enumerate(entries, 1):
        names.add((entry.kind, entry.log_name))
        previous = f"{entry.name}-{entry.count - 1}"
        if entry.kind != "sleep" and entry.count > 1 and (entry.kind, previous) not in names:
            missing = f"The log lacks an entry `{brief_line(previous)}` before {_entry(number, entry)}"
            yield f"{missing}. Save the complete log."
            return


def _entry(number: int, entry: LogEntry) -> str:
    return f"entry {number}, `{brief_line(entry.log_name)}`"
