"""The part of a log that a page shows, with the figures and the formatted times of its entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log10
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.escaping.markup import markup_text
from stepgraph.escaping.plain_text import visible
from stepgraph.execution.instance import Instance, PlacedEntry
from stepgraph.execution.log import Attempt, InstanceLog, LogEntry
from stepgraph.execution.matching.match import Place
from stepgraph.limits import PAGE_LOG_ENTRIES
from stepgraph.model.walk import functions_of, paths_of
from stepgraph.phrases import shortened
from stepgraph.render.html.comparison import place_identities
from stepgraph.render.node_text import name_text, node_words
from stepgraph.render.timeline import AxisBreak, TimeAxis

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Workflow

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


NAME_CHARACTERS: Final = 200
ERROR_CHARACTERS: Final = 500
MAX_ALTERNATIVES: Final = 8
MAX_ATTEMPTS: Final = 20
"""The maximum number of possible steps, and of attempts, that a page shows of an entry."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class NodeFigure(Struct, frozen=True):
    """A node in the picture."""

    identity: str
    """The identity of its figure, or of the figure around it."""
    title: str


class LogView(Struct, frozen=True):
    """The log of an instance in the section of its workflow."""

    identity: str
    """The identity of the section."""
    instance: Instance
    figures: Mapping[str, NodeFigure]
    """The nodes of the picture by path. Without a picture, there are none."""
    axis: TimeAxis | None
    """The time axis, or None for a log without times."""
    entries: Sequence[LogEntry]
    """The shown entries: all of them or, of a very long log, the last ones."""

    @classmethod
    def of(cls, identity: str, instance: Instance, figures: Mapping[str, NodeFigure]) -> LogView:
        """Return the view of the log of an instance."""
        entries = instance.log.entries[-PAGE_LOG_ENTRIES:]
        return cls(identity, instance, figures, log_axis(instance.log), entries)

    def row_identity(self, index: int) -> str:
        """Return the identity of the row of the entry with an index."""
        return f"{self.identity}.log-{index + 1}"

    def row_link(self, index: int, text: str) -> str:
        """Return a link to the row of the entry with an index, or only its text if the entry is not shown."""
        if not self.entries or index < self.entries[0].index:
            return text
        return f'<a class="row" href="#{self.row_identity(index)}">{text}</a>'

    def rows(self) -> Iterator[tuple[LogEntry, PlacedEntry | None]]:
        """Yield the shown entries, with their nodes if the log fits up to them."""
        placed = self.instance.entries
        for position, entry in enumerate(self.entries, len(self.instance.log.entries) - len(self.entries)):
            yield entry, placed[position] if position < len(placed) else None

    def figures_of(self, entry: PlacedEntry | None) -> list[NodeFigure]:
        """Return the figure of an entry, or the figures of its possible steps."""
        paths = dict.fromkeys(place.path for place in shown_places(entry))
        return list(dict.fromkeys(self.figures[path] for path in paths if path in self.figures))

    def link(self, path: str) -> str:
        """Return a link to the node with a path, or its path if the picture does not show it."""
        figure = self.figures.get(path)
        return markup_text(visible_line(path, NAME_CHARACTERS)) if figure is None else figure_link(figure)


def node_figures(workflow: Workflow, nodes: Mapping[str, Node], lines: Sequence[str]) -> dict[str, NodeFigure]:
    """Return the figures of the nodes of a workflow by path.

    `nodes` are the nodes of a drawing by identity, and `lines` the lines of the drawing.
    """
    by_path = dict(paths_of(workflow))
    identities = place_identities(nodes, functions_of(workflow), lines, list(by_path.values()))
    return {
        path: NodeFigure(identity, name_text(node_words(node).title))
        for (path, node), identity in zip(by_path.items(), identities, strict=True)
        if identity
    }


def shown_places(entry: PlacedEntry | None) -> Sequence[Place]:
    """Return the place of an entry, or its possible places up to a limit."""
    if entry is None:
        return ()
    return entry.alternatives[:MAX_ALTERNATIVES] if entry.place is None else (entry.place,)


def attempts_of(entry: LogEntry) -> Sequence[Attempt]:
    """Return the last attempts of a step, up to a limit, or none for a step that ran at once."""
    return entry.attempts[-MAX_ATTEMPTS:] if entry.was_retried else ()


def figure_link(figure: NodeFigure) -> str:
    """Return a link to a node, which selects it."""
    return f'<a class="place" href="#{figure.identity}">{text_of(figure.title or "no name")}</a>'


def text_of(text: str, characters: int = NAME_CHARACTERS) -> str:
    """Return shortened text as markup."""
    return markup_text(visible_line(text, characters))


def visible_line(text: str, characters: int) -> str:
    """Return text from a log on one line of limited length, with unsafe characters made visible."""
    return shortened(visible(text[: characters + 1]), characters)


def clock_time(time: int, form: str) -> str:
    """Return a time in UTC with milliseconds. `form` is the format of `strftime` for the part before them."""
    return f"{_EPOCH + timedelta(milliseconds=time):{form}}.{time % 1000:03d}"
