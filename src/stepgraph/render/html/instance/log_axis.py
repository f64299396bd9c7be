"""The time axis of a whole log, on which long idle periods are shortened to keep the work between them legible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log10
from typing import Final

from stepgraph.execution.log import InstanceLog, LogEntry
from stepgraph.render.timeline import AxisBreak, TimeAxis

WIDTH: Final = 100.0
"""The length of the axis. Positions are percentages of it."""

OPEN_END: Final = 7.0
"""The part of the axis after the last time in the log, if entries are open."""

_SHORTEST_BREAK: Final = 1_000
"""Idle periods of up to this many milliseconds keep their length."""

_PART_OF_WORK: Final = 4
"""An idle period is shortened if it is longer than a fourth of all work."""

_EACH_BREAK: Final = 0.14
_ALL_BREAKS: Final = 0.6
"""The maximum parts of the axis of a shortened idle period, and of all of them."""


def log_axis(log: InstanceLog) -> TimeAxis | None:
    """Return the axis of a log, or None for a log without times."""
    times = sorted({time for time in (log.start, log.end, *_times(log.entries)) if time is not None})
    if not times:
        return None
    lengths = [end - start for start, end in pairwise(times)]
    is_broken = _broken(lengths, _works(times, log.entries))
    width = WIDTH - OPEN_END if any(entry.outcome == "open" for entry in log.entries) else WIDTH
    positions = _positions(lengths, is_broken, width)
    sections = zip(pairwise(times), pairwise(positions), is_broken, strict=True)
    breaks = [AxisBreak(start, end, left, right) for (start, end), (left, right), broken in sections if broken]
    return TimeAxis(*_without_straight_points(times, positions, breaks), tuple(breaks))


def _times(entries: Sequence[LogEntry]) -> Iterator[int | None]:
    for entry in entries:
        yield from (entry.start, entry.end)
        for attempt in entry.attempts:
            yield from (attempt.start, attempt.end)


def _works(times: Sequence[int], entries: Sequence[LogEntry]) -> list[bool]:
    """Return whether an attempt of a step ran, for each period between two times."""
    changes = dict.fromkeys(times, 0)
    for entry in entries:
        for attempt in entry.attempts:
            if attempt.start is not None and attempt.end is not None and attempt.start < attempt.end:
                changes[attempt.start] += 1
                changes[attempt.end] -= 1
    works, running = [], 0
    for time in times[:-1]:
        running += changes[time]
        works.append(running > 0)
    return works


def _broken(lengths: Sequence[int], works: Sequence[bool]) -> list[bool]:
    """Return whether each period is shortened. Without other periods, none is."""
    work = sum(length for length, works_then in zip(lengths, works, strict=True) if works_then)
    limit = max(_SHORTEST_BREAK, work / _PART_OF_WORK)
    broken = [not works_then and length > limit for length, works_then in zip(lengths, works, strict=True)]
    return [False] * len(lengths) if all(broken) else broken


def _positions(lengths: Sequence[int], is_broken: Sequence[bool], width: float) -> list[float]:
    """Return the positions of the ends of periods. A longer idle period has a longer break, on a logarithmic scale."""
    whole = max(1, sum(length for length, broken in zip(lengths, is_broken, strict=True) if not broken))
    weights = [
        1 + log10(1 + length / whole) if broken else 0.0 for length, broken in zip(lengths, is_broken, strict=True)
    ]
    breaks = min(_ALL_BREAKS, _EACH_BREAK * sum(is_broken)) * width
    per_weight, per_millisecond = breaks / max(1.0, sum(weights)), (width - breaks) / whole
    positions = [0.0]
    for length, weight in zip(lengths, weights, strict=True):
        positions.append(positions[-1] + (weight * per_weight or length * per_millisecond))
    return positions


def _without_straight_points(
    times: Sequence[int], positions: Sequence[float], breaks: Sequence[AxisBreak]
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the times with their positions without those inside a period of uniform scale."""
    ends = {time for each in breaks for time in (each.start, each.end)} | {times[0], times[-1]}
    corners = [(time, position) for time, position in zip(times, positions, strict=True) if time in ends]
    return tuple(time for time, _ in corners), tuple(position for _, position in corners)
