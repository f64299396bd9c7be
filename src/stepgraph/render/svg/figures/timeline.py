"""The timeline below the picture of an instance: a row for each log entry, with a bar for each attempt."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.escaping.plain_text import visible
from stepgraph.phrases import elapsed_text
from stepgraph.render.progress_text import short_time_text
from stepgraph.render.svg.figures.figure import Lanes
from stepgraph.render.svg.figures.state_signs import draw_sign
from stepgraph.render.svg.fonts import DETAIL, HEADING
from stepgraph.render.svg.pen import Pen, TextPiece
from stepgraph.render.timeline import (
    AxisBreak,
    Omission,
    SpanKind,
    TimeAxis,
    Timeline,
    TimelineRow,
    TimeSpan,
    ticks,
    time_axis,
)

_USUAL_WIDTH: Final = 620
"""The width in pixels below a narrower workflow, if there is room for it."""

_MIN_WIDTH: Final = 420
_MAX_WIDTH: Final = 1000
_ROW: Final = 22
_HEADING: Final = 26
_AXIS: Final = 20
"""The height of the labels of times above the rows."""

_BREAKS: Final = 15
"""The height of the labels of breaks below them."""

_SIGN_ROOM: Final = 24
_NAME_SHARE: Final = 0.27
"""The maximum share of the width for names."""

_BETWEEN: Final = 12
_BAR: Final = 10
"""The height of a bar."""

_MIN_BAR: Final = 3
_STRIPE: Final = 6
"""The distance between stripes."""

_BREAK: Final = 58
_OPEN: Final = 34
"""The width after the last time of a log in which entries that have not ended continue."""

_TICK_ROOM: Final = 74
_LABEL_GAP: Final = 8
_ABOVE_ROWS: Final = 4
_PADDING: Final = 14
_BASELINE: Final = _PADDING + _HEADING + 4
"""The baseline of the labels of times."""


def timeline_width(workflow: int, picture: int | None) -> int:
    """Return the width of the timeline below a workflow with this width, in a picture of a limited width."""
    width = max(_USUAL_WIDTH, min(workflow, _MAX_WIDTH))
    return width if picture is None else max(_MIN_WIDTH, min(width, max(workflow, picture)))


def stripes(left: int, right: int, middle: int, height: int) -> str:
    """Return the path of the stripes on the bar of a failure, which distinguish it without colors.

    A bar that is too narrow has none.
    """
    edge = height // 2 - 1
    return "".join(f"M{x} {middle + edge}l{2 * edge} {-2 * edge}" for x in range(left + 1, right - 2 * edge, _STRIPE))


class TimelineFigure(Struct, frozen=True):
    """A timeline in a frame, to the right of its spine. The last fields are computed from the others."""

    timeline: Timeline
    width: int
    day: int | None = None
    """The start of the instance: other times on this day have no date."""

    name_width: int = 0
    text_width: int = 0
    axis: TimeAxis = TimeAxis((0,), (0.0,), ())

    def __post_init__(self) -> None:
        names = [DETAIL.width(self._name(row)) for row in self.timeline.rows]
        texts = [DETAIL.width(row.text) for row in self.timeline.rows if isinstance(row, TimelineRow)]
        force_setattr(self, "name_width", max(names))
        force_setattr(self, "text_width", max(texts, default=0))
        force_setattr(self, "axis", time_axis(self.timeline, self._bars_width, _BREAK))

    @property
    def left_extent(self) -> int:
        return 0

    @property
    def right_extent(self) -> int:
        return self.width

    @property
    def height(self) -> int:
        return self._rows_top + len(self.timeline.rows) * _ROW + _PADDING

    @property
    def _rows_top(self) -> int:
        return _HEADING + _AXIS + _PADDING + (_BREAKS if self.axis.breaks else 0)

    @property
    def _bars_left(self) -> int:
        return _PADDING + _SIGN_ROOM + self.name_width + _BETWEEN

    @property
    def _bars_width(self) -> int:
        right = self.width - _PADDING - self.text_width - _BETWEEN
        return right - self._bars_left - (0 if self.timeline.has_ended else _OPEN)

    @property
    def _end(self) -> int:
        """The x position of the last time."""
        return self._bars_left + self._bars_width

    def _name(self, row: TimelineRow | Omission) -> str:
        return DETAIL.clip(
            visible(row.name if isinstance(row, TimelineRow) else row.text), int(_NAME_SHARE * self.width)
        )

    def _x(self, time: int) -> int:
        return self._bars_left + round(self.axis.position(time))

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.open("timeline", "", "timeline")
        pen.box("edge", (0, 0), (self.width, self.height), 8)
        pen.text([("heading", _PADDING, _PADDING + HEADING.line_height - 4, "Timeline")])
        self._draw_axis(pen)
        for index, row in enumerate(self.timeline.rows):
            y = self._rows_top + index * _ROW
            if isinstance(row, TimelineRow):
                self._draw_row(pen, row, y)
            else:
                pen.text([("detail", _PADDING + _SIGN_ROOM, y + _ROW - 7, self._name(row))])
        pen.close()

    def _draw_axis(self, pen: Pen) -> None:
        """Draw the labels of times and breaks, lines at ticks, and the line at the end of the instance."""
        top, bottom = self._rows_top - _ABOVE_ROWS, self.height - _PADDING
        for each in self.axis.breaks:
            left, right = self._break_sides(each)
            pen.box("gap", (left, top), (right - left, bottom - top), 0)
        if self._ticks:
            pen.path("grid", "".join(f"M{x} {top}V{bottom}" for x, _ in self._ticks))
        pen.text([*self._time_labels(), *self._break_labels()])
        pen.path("last ended" if self.timeline.has_ended else "last", f"M{self._end} {top}V{bottom}")

    @property
    def _ticks(self) -> list[tuple[int, str]]:
        """The x positions and labels of ticks: the start of each period between breaks, and round distances from it."""
        labels: list[tuple[int, str]] = []
        for start, end in self.axis.sections:
            labels.append((self._x(start), short_time_text(start, self.day)))
            distances = ticks(start, end, (self._x(end) - self._x(start)) // _TICK_ROOM)
            labels += [(self._x(start + distance), f"+{elapsed_text(distance)}") for distance in distances]
        return labels

    def _time_labels(self) -> list[TextPiece]:
        """Return the labels of ticks, as far as there is room for them, and of the end."""
        end_text = "end" if self.timeline.has_ended else "end of the log"
        end_left = self._end - DETAIL.width(end_text)
        pieces: list[TextPiece] = []
        last_right = 0
        for x, text in self._ticks:
            width = DETAIL.width(text)
            if last_right + _LABEL_GAP <= x and x + width + _LABEL_GAP <= end_left:
                pieces.append(("detail", x, _BASELINE, text))
                last_right = x + width
        return [*pieces, ("detail", end_left, _BASELINE, end_text)]

    def _break_labels(self) -> list[TextPiece]:
        """Return the lengths of breaks, as far as there is room for them."""
        pieces: list[TextPiece] = []
        last_right = 0
        for each in self.axis.breaks:
            width = DETAIL.width(each.text)
            x = sum(self._break_sides(each)) // 2 - width // 2
            if x >= last_right + 2 * _LABEL_GAP:
                pieces.append(("detail", x, _BASELINE + _BREAKS, each.text))
                last_right = x + width
        return pieces

    def _break_sides(self, each: AxisBreak) -> tuple[int, int]:
        """Return the x positions of the start and the end of a break."""
        return self._bars_left + round(each.left), self._bars_left + round(each.right)

    def _draw_row(self, pen: Pen, row: TimelineRow, y: int) -> None:
        middle = y + _ROW // 2
        pen.open(f"entry {row.state.replace('_', '-')}", "", visible(row.title))
        draw_sign(pen, row.state, _PADDING + 8, middle)
        right = self.width - _PADDING
        pieces: list[TextPiece] = [("detail", _PADDING + _SIGN_ROOM, middle + 4, self._name(row))]
        if row.text:
            css = "fact" if row.fits else "error"
            pieces.append((css, right - DETAIL.width(row.text), middle + 4, row.text))
        pen.text(pieces)
        for kind, left, right in self._bars(row):
            self._draw_bar(pen, kind, (left, right), middle)
        pen.close()

    def _bars(self, row: TimelineRow) -> list[tuple[SpanKind, int, int]]:
        """Return the kinds and sides of the bars of a row. Bars of a kind that would touch each other are one."""
        bars: list[tuple[SpanKind, int, int]] = []
        latest: dict[SpanKind, int] = {}
        for span in row.spans:
            left, right = self._sides(span)
            index = latest.get(span.kind)
            if index is not None and left <= bars[index][2] + 1:
                bars[index] = (span.kind, bars[index][1], max(right, bars[index][2]))
            else:
                latest[span.kind] = len(bars)
                bars.append((span.kind, left, right))
        return bars

    def _sides(self, span: TimeSpan) -> tuple[int, int]:
        """Return the x positions of a bar, which is wide enough to be visible and inside the timeline."""
        end = self._end + (0 if self.timeline.has_ended else _OPEN)
        left = self._x(span.start)
        if span.end is None:
            return min(left, end - _MIN_BAR), end
        right = self._x(span.end)
        if span.kind == "pause":
            return left, right
        left = min(left, end - _MIN_BAR)
        return left, max(right, left + _MIN_BAR)

    def _draw_bar(self, pen: Pen, kind: SpanKind, sides: tuple[int, int], middle: int) -> None:
        left, right = sides
        if kind == "pause":
            pen.path("pause", f"M{left} {middle}H{right}")
            return
        pen.box(f"span {kind}", (left, middle - _BAR // 2), (right - left, _BAR), 2)
        if kind == "failed" and (path := stripes(left, right, middle, _BAR)):
            pen.path("stripes", path)
        for each in self.axis.breaks:
            begin, end = self._break_sides(each)
            if left <= begin and end <= right:
                x = (begin + end) // 2
                pen.path("cut", f"M{x - 5} {middle + 7}l5-14m5 0l-5 14")
