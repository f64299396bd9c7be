"""The instance in the section of its workflow, and its log as data for the script of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct, field

from stepgraph.execution.instance import PlacedEntry
from stepgraph.execution.log import Attempt, LogEntry
from stepgraph.model.walk import STEP_TYPES
from stepgraph.render.html.instance.header import header
from stepgraph.render.html.instance.log_table import log_table, state_of
from stepgraph.render.html.instance.log_view import (
    ERROR_CHARACTERS,
    NAME_CHARACTERS,
    WIDTH,
    LogView,
    attempts_of,
    node_figures,
    shown_places,
    visible_line,
)
from stepgraph.render.progress import STATE_WORDS, Progress
from stepgraph.render.progress_text import count_text, step_facts
from stepgraph.render.step_types import FactRow
from stepgraph.render.svg.figures.state_signs import ICONS
from stepgraph.render.timeline import TimeAxis

if TYPE_CHECKING:
    from stepgraph.model.payload import Node, Workflow


def _log_data(view: LogView) -> dict[str, object]:
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


class InstancePart(Struct, frozen=True):
    """The parts of a section that show an instance."""

    progress: Progress
    log: LogView

    @classmethod
    def of(
        cls, identity: str, progress: Progress, workflow: Workflow, nodes: Mapping[str, Node], lines: Sequence[str]
    ) -> InstancePart:
        """Return the parts for the section with this identity, whose picture has these nodes and lines."""
        return cls(progress, LogView.of(identity, progress.instance, node_figures(workflow, nodes, lines)))

    def header(self) -> Iterator[str]:
        """Yield the lines of the header."""
        return header(self.log)

    def table(self) -> Iterator[str]:
        """Yield the lines of the log."""
        return log_table(self.log)

    def data(self) -> dict[str, object]:
        """Return the log as JSON data for the script."""
        return _log_data(self.log)

    def facts(self, node: Node) -> Iterator[FactRow]:
        """Yield the state of a node for the details panel, unless the runs of a step show it."""
        node_progress = self.progress.of(node)
        if node_progress is None or node_progress.entries:
            return
        is_step = node_progress.kind in STEP_TYPES
        phrases = step_facts(self.progress, node).phrases if is_step else (count_text(self.progress, node),)
        state, remark = STATE_WORDS[node_progress.state], " · ".join(filter(None, phrases))
        yield ("State", state, remark) if remark else ("State", state)
