"""The status of an instance, below the title of its picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.escaping.plain_text import visible
from stepgraph.execution.failures.errors import error_line
from stepgraph.execution.instance import Instance, NodeState
from stepgraph.phrases import without_backquotes
from stepgraph.render.instance_text import InstanceText, status_text
from stepgraph.render.progress import STATES
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.figures.state_signs import RADIUS, Sign, draw_sign
from stepgraph.render.svg.fonts import DETAIL, HEADING
from stepgraph.render.svg.pen import Pen, TextPiece

if TYPE_CHECKING:
    from stepgraph.model.payload import Graph

_ROOM: Final = 2 * RADIUS + 8
_BETWEEN: Final = 8
_MAX_STATUS: Final = 320
_DESCENT: Final = 4
_LINE_GAP: Final = 2
_MAX_LINES: Final = 2
_MAX_OPEN: Final = 2
"""The maximum number of entries that have not ended and are named below the status. All have a sign in the picture."""

_SEPARATOR: Final = " · "
_SIGNS: Final[dict[str, Sign]] = {
    "complete": "done",
    "errored": "failed",
    "rollingBack": "failed",
    "terminated": "unreachable",
    "paused": "waiting",
    "queued": "next",
}
"""The signs of statuses. Other statuses have the sign of an entry that has not ended."""


class StatusFigure(Struct, frozen=True):
    """The status of an instance beside its sign, and lines of text below, to the right of its spine."""

    sign: Sign
    status: str
    time: str
    """The text beside the status."""

    lines: Sequence[tuple[str, str]]
    """The class and the text of the lines below."""

    @property
    def left_extent(self) -> int:
        return 0

    @property
    def right_extent(self) -> int:
        widths = [_ROOM + DETAIL.width(text) for _, text in self.lines]
        return max([self._time_left + DETAIL.width(self.time), *widths])

    @property
    def height(self) -> int:
        return HEADING.line_height + len(self.lines) * DETAIL.line_height + _LINE_GAP

    @property
    def _time_left(self) -> int:
        return _ROOM + HEADING.width(self.status) + _BETWEEN

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open(f"status {self.sign.replace('_', '-')}", "", f"instance: {self.status}")
        draw_sign(pen, self.sign, RADIUS, HEADING.line_height // 2 + 1)
        baseline = HEADING.line_height - _DESCENT
        pieces: list[TextPiece] = [("heading", _ROOM, baseline, self.status)]
        if self.time:
            pieces.append(("detail", self._time_left, baseline, self.time))
        for number, (css, text) in enumerate(self.lines, 1):
            pieces.append((css, _ROOM, baseline + _LINE_GAP + number * DETAIL.line_height, text))
        pen.text(pieces)
        pen.close()


def status_figure(instance: Instance, graph: Graph, width: int) -> StatusFigure:
    """Return the status of an instance of a graph, with lines of at most this width in pixels."""
    status, _, time = status_text(instance.log).partition(_SEPARATOR)
    lines = [
        (css, line)
        for css, text in _texts(InstanceText.of(instance, graph["workflow"]))
        for line in DETAIL.wrap(visible(without_backquotes(text)), width - _ROOM, _MAX_LINES)
    ]
    return StatusFigure(_sign(instance), HEADING.clip(visible(status), _MAX_STATUS), time, lines)


def _texts(text: InstanceText) -> Iterator[tuple[str, str]]:
    """Yield the class and the text of each line: the open entries, the problems, and the error."""
    instance = text.instance
    yield from (("detail", line) for line in text.open_lines(_MAX_OPEN))
    if instance.problem:
        yield "error", instance.problem
    if text.ambiguity():
        yield "detail", text.ambiguity()
    if instance.log.error:
        yield "error", error_line(instance.log.error)


def _sign(instance: Instance) -> Sign:
    """Return the sign of the status or, if the instance has not ended, of its most important entry."""
    states: list[NodeState] = [entry.state for entry in instance.current]
    sign: Sign = min(states, key=STATES.index, default="running")
    return _SIGNS.get(instance.log.status, sign)
