"""When each entry of a log ends, relative to the other entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise

from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.terms import ANY_TIME


def ends_of(entries: Sequence[LogEntry]) -> list[int]:
    """Return the `end` of each entry, as in `Running`.

    If the clock was set back or a time is missing, all times are ignored.
    """
    starts = [entry.start for entry in entries if entry.start is not None]
    is_timed = len(starts) == len(entries) and all(first <= second for first, second in pairwise(starts))
    ends = [len(entries) + 1 if entry.outcome == "open" else ANY_TIME for entry in entries]
    running: list[tuple[int, int]] = []
    for number, entry in enumerate(entries):
        if not is_timed or entry.start is None:
            return ends
        while running and running[0][0] <= entry.start:
            _, ended = heappop(running)
            ends[ended] = number
        if entry.end is not None and entry.outcome != "open":
            heappush(running, (entry.end, number))
    for _, ended in running:
        ends[ended] = len(entries)
    return ends


def at_any_time(ends: Iterable[int], never: int) -> list[int]:
    """Return the ends without those whose time is relative to other entries."""
    return [end if end >= never else ANY_TIME for end in ends]
