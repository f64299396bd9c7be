"""The log of an instance as data for the script of a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from msgspec import Struct, field

from stepgraph.execution.instance import PlacedEntry
from stepgraph.execution.log import Attempt, LogEntry
from stepgraph.render.html.instance.log_axis import WIDTH
from stepgraph.render.html.instance.log_table import state_of
from stepgraph.render.html.instance.log_view import (
    ERROR_CHARACTERS,
    NAME_CHARACTERS,
    LogView,
    attempts_of,
    shown_places,
    visible_line,
)
from stepgraph.render.svg.figures.state_signs import ICONS
from stepgraph.render.timeline import TimeAxis


def log_data(view: LogView) -> dict[str, object]:
    """Return the log as JSON data. Times are in milliseconds from the first time of the axis.

    An entry is a list of its name, kind, state, start, end, error, attempts, and the figures of its possible steps,
    each with the figures of the calls and the passes of the loops around the step. Figures are indexes of `figures`.
    """
    origin = 0 if view.axis is None else view.axis.times[0]
    figures = _FigureTable({path: figure.identity for path, figure in view.figures.items()})
    entries = [_entry_data(entry, placed, origin, figures) for entry, placed in view.rows()]
    return {
        "identity": view.identity,
        "origin": origin,
        "scale": [] if view.axis is None else list(_sections(view.axis)),
        "signs": ICONS,
        "entries": entries,
        "figures": list(figures.indexes),
    }


def _sections(axis: TimeAxis) -> Iterator[tuple[int, int, float, float, bool]]:
    """Yield the periods of the axis, their positions from 0 to 1, and whether they are shortened."""
    shortened_starts = {each.start for each in axis.breaks}
    for (start, end), (left, right) in zip(pairwise(axis.times), pairwise(axis.positions), strict=True):
        begin, until = round(left / WIDTH, 5), round(right / WIDTH, 5)
        yield start - axis.times[0], end - axis.times[0], begin, until, start in shortened_starts


class _FigureTable(Struct):
    """The figures that entries refer to, each stored once."""

    identities: Mapping[str, str]
    indexes: dict[str, int] = field(default_factory=dict)
    """The indexes of figures, by identity."""

    def index(self, path: str) -> int:
        """Return the index of the figure of a node, or -1 without one."""
        identity = self.identities.get(path)
        return -1 if identity is None else self.indexes.setdefault(identity, len(self.indexes))


def _entry_data(entry: LogEntry, placed: PlacedEntry | None, origin: int, figures: _FigureTable) -> list[object]:
    return [
        visible_line(entry.log_name, NAME_CHARACTERS),
        entry.kind,
        state_of(entry, placed),
        _since(entry.start, origin),
        _since(entry.end, origin),
        visible_line(entry.error, ERROR_CHARACTERS),
        [len(entry.attempts), *(_attempt_data(attempt, origin) for attempt in attempts_of(entry))],
        [
            [
                figures.index(place.path),
                [figures.index(call) for call in place.calls],
                [[figures.index(each.loop), each.number] for each in place.passes],
            ]
            for place in shown_places(placed)
        ],
    ]


def _attempt_data(attempt: Attempt, origin: int) -> list[object]:
    error = visible_line(attempt.error, ERROR_CHARACTERS)
    return [_since(attempt.start, origin), _since(attempt.end, origin), attempt.succeeded, error]


def _since(time: int | None, origin: int) -> int | None:
    return None if time is None else time - origin
