"""The timeline of an instance: rows of log entries, and an axis on which long waits leave room for short steps."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from stepgraph.execution.instance import Instance, NodeState, PlacedEntry, all_entries
from stepgraph.execution.log import LogEntry
from stepgraph.phrases import counted, elapsed_text
from stepgraph.render.progress import CURRENT, STATE_WORDS, STATES, Progress
from stepgraph.render.progress_text import time_text

MAX_ROWS: Final = 24
"""The number of entries above which the runs of a step share a row."""

_FIRST_ROWS: Final = 7
_LAST_ROWS: Final = 7
_IMPORTANT_ROWS: Final = 4
"""The numbers of rows that are shown of a timeline with too many of them."""

MAX_BREAKS: Final = 6
_BROKEN_SHARE: Final = 0.6
"""The maximum share of the axis that breaks take."""

_LEGIBLE: Final = 5
"""The minimum width in pixels of a legible bar."""

_SIMILAR: Final = 0.5
"""The minimum length of a broken period, as a share of the longest broken period."""

_LEGIBLE_SHARE: Final = 0.5
"""The share of bars that are legible without more breaks."""

SpanKind: TypeAlias = Literal["work", "failed", "wait", "failed-wait", "pause", "open", "open-wait"]
"""The kinds of spans: `work` is an attempt that succeeded or has no known result, `failed` a failed attempt, `wait` a
sleep or wait, `failed-wait` one that failed, such as a timeout, `pause` the time between attempts, `open` an attempt
that has not ended, and `open-wait` a sleep or wait that has not ended.
"""


_MISFIT: Final = "does not fit"


class TimeSpan(Struct, frozen=True):
    """A period of time in a row."""

    kind: SpanKind
    start: int
    """The start in milliseconds since 1970."""

    end: int | None
    """The end in milliseconds since 1970, or None if it has not ended."""


class TimelineRow(Struct, frozen=True):
    """An entry of a log, or several runs of a step."""

    name: str
    state: NodeState
    title: str
    """The entry in words, for tooltips and screen readers."""

    spans: tuple[TimeSpan, ...]
    text: str
    """The duration, or the start of an entry that has not ended."""

    indexes: tuple[int, ...]
    """The positions of the entries in the log."""

    fits: bool = True
    """Whether the row does not begin with the first entry that does not fit the graph."""


class Omission(Struct, frozen=True):
    """Rows that are not shown."""

    entries: int

    @property
    def text(self) -> str:
        """The omitted entries in words."""
        return f"{counted(self.entries, 'entry', 'entries')} not shown"


class Timeline(Struct, frozen=True):
    """The rows of an instance, and its period of time."""

    rows: tuple[TimelineRow | Omission, ...]
    start: int
    """The start of the instance in milliseconds since 1970."""

    end: int
    """The end of the instance or, if it has not ended, the last time in its log."""

    has_ended: bool

    @property
    def spans(self) -> Iterator[TimeSpan]:
        """Yield all spans."""
        for row in self.rows:
            if isinstance(row, TimelineRow):
                yield from row.spans


def timeline_of(progress: Progress) -> Timeline | None:
    """Return the timeline of an instance, or None if no attempt, sleep or wait with times has ended."""
    log = progress.instance.log
    times = [time for entry in log.entries for time in _times(entry)]
    starts = times if log.start is None else [*times, log.start]
    ends = times if log.end is None else [*times, log.end]
    timeline = Timeline(tuple(_rows(progress)), min(starts, default=0), max(ends, default=0), log.has_ended)
    return timeline if any(span.end is not None for span in timeline.spans) else None


def _times(entry: LogEntry) -> Iterator[int]:
    times = [entry.start, entry.end, *(time for each in entry.attempts for time in (each.start, each.end))]
    yield from (time for time in times if time is not None)


def _rows(progress: Progress) -> list[TimelineRow | Omission]:
    """Return a row for each entry or, if there are too many of them, for each step, of which some may be omitted."""
    instance = progress.instance
    entries = all_entries(instance)
    groups: dict[object, list[PlacedEntry]] = {}
    for entry in entries:
        path = None if entry.place is None else entry.place.path
        key = entry.log.index if len(entries) <= MAX_ROWS else path or (entry.log.kind, entry.log.name)
        groups.setdefault(key, []).append(entry)
    return [
        Omission(sum(map(len, part))) if is_omitted else _row(part[0], instance)
        for part, is_omitted in _shown(list(groups.values()))
    ]


def _row(entries: Sequence[PlacedEntry], instance: Instance) -> TimelineRow:
    first = entries[0]
    name = first.log.name
    if any(entry.log.name != name for entry in entries) and first.place is not None:
        name = instance.nodes[first.place.path].name
    if len(entries) > 1:
        name = f"{name} ({counted(len(entries), 'run')})"
    states: list[NodeState] = [entry.state for entry in entries]
    state = min(states, key=STATES.index)
    text = _text(entries, state, instance)
    title = " · ".join(filter(None, (name if len(entries) > 1 else first.log.log_name, STATE_WORDS[state], text)))
    spans = tuple(span for entry in entries for span in _spans(entry.log, has_ended=instance.log.has_ended))
    indexes = tuple(entry.log.index for entry in entries)
    fits = instance.misfit is None or instance.misfit.index != indexes[0]
    return TimelineRow(
        name=name, state=state, title=title, spans=spans, text=text if fits else _MISFIT, indexes=indexes, fits=fits
    )


def _text(entries: Sequence[PlacedEntry], state: NodeState, instance: Instance) -> str:
    if state in CURRENT:
        start = next((entry.log.start for entry in entries if entry.state == state), None)
        if start is None:
            return ""
        return "not ended" if instance.log.has_ended else f"since {time_text(start, instance.log.start)}"
    durations = [entry.log.duration for entry in entries if entry.log.duration is not None]
    return elapsed_text(sum(durations)) if durations else ""


def _spans(entry: LogEntry, *, has_ended: bool) -> Iterator[TimeSpan]:
    """Yield the attempts of an entry with the time between them, or its whole period."""
    if entry.start is None:
        return
    if entry.kind != "step":
        kind: SpanKind = "open-wait" if entry.end is None else "failed-wait" if entry.outcome == "failed" else "wait"
        yield TimeSpan(kind, entry.start, None if entry.end is None else max(entry.start, entry.end))
        return
    begin = entry.start
    for attempt in entry.attempts:
        start = begin if attempt.start is None else max(begin, attempt.start)
        if start > begin:
            yield TimeSpan("pause", begin, start)
        end = attempt.end
        if end is None and entry.end is None:
            yield TimeSpan("open", start, None)
            return
        end = max(start, entry.end or start) if end is None else max(start, end)
        yield TimeSpan("failed" if attempt.succeeded is False else "work", start, end)
        begin = end
    if not entry.attempts:
        kind = "open" if entry.end is None else "failed" if entry.outcome == "failed" else "work"
        yield TimeSpan(kind, begin, None if entry.end is None else max(begin, entry.end))
    elif entry.outcome == "open" and not has_ended:
        yield TimeSpan("pause", begin, None)


def _shown(groups: list[list[PlacedEntry]]) -> Iterator[tuple[list[list[PlacedEntry]], bool]]:
    """Yield groups, one or several, and whether they are omitted.

    If there are too many rows, the first and the last rows are shown, and some of the rows with open or failed entries.
    """
    important = (index for index, group in enumerate(groups) if any(entry.state != "done" for entry in group))
    chosen = set(range(len(groups)))
    if len(groups) > MAX_ROWS:
        ends = (*range(_FIRST_ROWS), *range(len(groups) - _LAST_ROWS, len(groups)))
        chosen = {*ends, *islice(important, _IMPORTANT_ROWS)}
    for before, index in pairwise([-1, *sorted(chosen), len(groups)]):
        if index > before + 1:
            yield groups[before + 1 : index], True
        if index < len(groups):
            yield [groups[index]], False


class AxisBreak(Struct, frozen=True):
    """A period of time that is drawn shorter than its length."""

    start: int
    end: int
    left: float
    """The x position of its start in pixels."""

    right: float

    @property
    def text(self) -> str:
        """The length of the period in words."""
        return elapsed_text(self.end - self.start)


class TimeAxis(Struct, frozen=True):
    """The x positions of times: linear, except for breaks."""

    times: tuple[int, ...]
    positions: tuple[float, ...]
    """The x position of each time in pixels."""

    breaks: tuple[AxisBreak, ...]

    def position(self, time: int) -> float:
        """Return the x position of a time in pixels."""
        index = bisect_right(self.times, time) - 1
        if index < 0:
            return self.positions[0]
        if index >= len(self.times) - 1:
            return self.positions[-1]
        share = (time - self.times[index]) / (self.times[index + 1] - self.times[index])
        return self.positions[index] + share * (self.positions[index + 1] - self.positions[index])

    @property
    def sections(self) -> Iterator[tuple[int, int]]:
        """Yield the start and the end of each period between breaks."""
        begin = self.times[0]
        for each in self.breaks:
            if each.start > begin:
                yield begin, each.start
            begin = each.end
        if self.times[-1] > begin:
            yield begin, self.times[-1]


def time_axis(timeline: Timeline, width: int, break_width: int) -> TimeAxis:
    """Return the axis of a timeline with this width in pixels.

    The longest periods in which nothing begins or ends are broken, until half of the bars are legible or more breaks
    would help little.
    """
    spans = list(timeline.spans)
    cuts = {timeline.start, timeline.end, *(span.start for span in spans), *(span.end or span.start for span in spans)}
    times = sorted(time for time in cuts if timeline.start <= time <= timeline.end)
    lengths = [span.end - span.start for span in spans if span.end is not None and span.kind != "pause"]
    periods = sorted(pairwise(times), key=lambda period: (period[0] - period[1], period[0]))
    broken = _broken(periods, lengths, width, break_width)
    total = sum(end - start for start, end in periods if (start, end) not in broken)
    scale = (width - len(broken) * break_width) / total if total else 0.0
    positions = [0.0]
    breaks: list[AxisBreak] = []
    for start, end in pairwise(times):
        left = positions[-1]
        if (start, end) in broken:
            positions.append(left + break_width)
            breaks.append(AxisBreak(start, end, left, positions[-1]))
        else:
            positions.append(left + (end - start) * scale)
    return TimeAxis(tuple(times), tuple(positions), tuple(breaks))


def _broken(
    periods: Sequence[tuple[int, int]], lengths: Sequence[int], width: int, break_width: int
) -> set[tuple[int, int]]:
    """Return the periods to break, longest first."""
    broken: set[tuple[int, int]] = set()
    remaining_time = sum(end - start for start, end in periods)
    candidates = periods[: min(MAX_BREAKS, int(_BROKEN_SHARE * width) // break_width)]
    for start, end in candidates:
        room = width - len(broken) * break_width
        legible = sum(length * room >= _LEGIBLE * remaining_time for length in lengths)
        if legible >= _LEGIBLE_SHARE * len(lengths) or (end - start) * room <= 2 * break_width * remaining_time:
            break
        broken.add((start, end))
        remaining_time -= end - start
    shortest = min((end - start for start, end in broken), default=0)
    similar = [period for period in candidates if period[1] - period[0] >= _SIMILAR * shortest]
    return {*broken, *similar} if len(similar) < len(periods) and broken else broken


_STEPS: Final = (1, 2, 5)
_TICK_UNITS: Final = (
    *(step * unit for unit in (1, 10, 100) for step in _STEPS),
    *(step * 1000 for step in (1, 2, 5, 10, 15, 30)),
    *(step * 60_000 for step in (1, 2, 5, 10, 15, 30)),
    *(step * 3_600_000 for step in (1, 2, 6, 12)),
    *(step * 86_400_000 for step in (1, 2, 7, 14, 30, 90, 365, 1825, 36_500, 365_000)),
)
"""The distances of ticks in milliseconds."""


def ticks(start: int, end: int, max_count: int) -> Iterable[int]:
    """Return the distances of ticks from the start of a period: at most this many, at round distances."""
    length = end - start
    for unit in _TICK_UNITS:
        if length // unit <= max_count:
            return range(unit, length + 1, unit)
    return ()
