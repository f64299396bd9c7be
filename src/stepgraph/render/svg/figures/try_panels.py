"""A `try` statement, with the body on the spine, the `catch` beside or below it, and the `finally` below both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.render.svg.figures.columns import UNPLACED, Column, ColumnLayout, gathered, place_columns
from stepgraph.render.svg.figures.figure import GAP, EarlyExits, ExitKind, Figure, Lanes, width_of
from stepgraph.render.svg.figures.frame import FrameFigure
from stepgraph.render.svg.figures.leaf import ExitPill
from stepgraph.render.svg.figures.stack import Stack
from stepgraph.render.svg.lengths import Length, SymbolicLength, longest, shortest, value_of
from stepgraph.render.svg.pen import RADIUS, Pen, faded_first
from stepgraph.render.traversal import Traversal

_ABOVE: Final = 14
_FAILURE: Final = 13
_BETWEEN: Final = 40
_JOIN: Final = 20
_TAIL: Final = 14
_FAILURE_LANE: Final = 18
_LEAVING: Final = 14
_CORNER: Final = 14
_ENTRANCE: Final = 20
_ENTERS: Final = 9
_NEXT_ENTERS: Final = 20
_PILL_AWAY: Final = 26
_PILL_ROOM: Final = 34
_WIDEST_BESIDE: Final = 640
"""The maximum width in pixels of a `try` with its `catch` beside the body."""

_INDENT: Final = 28
"""The distance from the spine to a `catch` below the body."""

_INTO_CATCH: Final = 30


_End: TypeAlias = tuple[Length, Length, bool]
"""The spine of a panel, its bottom, and whether the drawn instance left it."""


class TryPanels(Struct, frozen=True):
    """The body of a `try` with its `catch` beside it.

    Without a `catch`, a failure leads past the body, or into the `finally`.
    """

    body: Figure
    """The panels on the spine: the protected panel and, if there is an `else`, the panel of the `else` below."""

    protected: Figure
    catch: Figure | None
    catch_edge: Length = 0
    """The distance from the spine of the `catch` to the left edge of its frame."""

    final: bool = False
    """Whether a `finally` follows."""

    failed: bool = True
    """Whether the drawn instance took the line of the failure."""

    columns: ColumnLayout = UNPLACED
    """The layout of the columns, computed from the panels."""

    below: Length = 0
    """The height at which the panels have joined, computed from the panels."""

    def __post_init__(self) -> None:
        extents = [Column(panel.left_extent, panel.right_extent, panel.exits.lowered(_ABOVE)) for panel in self._panels]
        force_setattr(self, "columns", place_columns(extents, 0, _BETWEEN))
        bottom = longest([panel.height + _ABOVE for panel in self._panels])
        force_setattr(self, "below", bottom + _JOIN if self._joins else bottom)

    @property
    def left_extent(self) -> Length:
        return self.columns.left_extent

    @property
    def right_extent(self) -> Length:
        return longest([self.columns.right_extent, 0 if self.catch is not None else self.failure_lane])

    @property
    def height(self) -> Length:
        return self.below + (self.columns.room_below + (0 if self.final else _TAIL))

    @property
    def continues(self) -> bool:
        return self.body.continues or (not self.final if self.catch is None else self.catch.continues)

    @property
    def _joins(self) -> bool:
        """Whether another line than that of the body leads to the spine."""
        return not self.final if self.catch is None else self.catch.continues

    @property
    def traversal(self) -> Traversal:
        return _traversal(self._panels)

    @property
    def fails_into_final(self) -> bool:
        """Whether a failure leads from the body to the `finally`."""
        return self.final and self.catch is None

    @property
    def failure_lane(self) -> Length:
        """The x position of the lane of an uncaught failure."""
        return self.body.right_extent + _FAILURE_LANE

    @property
    def exits(self) -> EarlyExits:
        return self.columns.exits(self.below)

    @property
    def _panels(self) -> list[Figure]:
        return [self.body] if self.catch is None else [self.body, self.catch]

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.path("line", f"M0 0V{_ABOVE}")
        ends: list[_End] = []
        for index, (panel, spine) in enumerate(zip(self._panels, self.columns.spines, strict=True)):
            pen.open_at(spine, _ABOVE, faded=not panel.traversal.entered)
            panel.draw(pen, self.columns.lanes(index, lanes))
            pen.close()
            if panel.continues:
                ends.append((spine, panel.height + _ABOVE, panel.traversal.exited))
        self._draw_failure(pen)
        if self._joins:
            _draw_gathered(pen, ends, self.below, self.height)
        elif self.body.continues:
            _draw_end(pen, self.body, self.height)
        self.columns.draw_exits(pen, lanes, self.below)

    def _draw_failure(self, pen: Pen) -> None:
        if self.catch is not None:
            y, edge = _ABOVE + _FAILURE, self.columns.spines[1] - self.catch_edge
            faded = not self.failed
            pen.path("failure", f"M{self.protected.right_extent} {y}H{edge - 6}", faded=faded)
            pen.path("failure head", f"M{edge - 8} {y - 4}L{edge - 1} {y}L{edge - 8} {y + 4}z", faded=faded)
        elif not self.final:
            _draw_failure_to(pen, self.protected, self.failure_lane, self.below, 1, faded=not self.failed)


class CatchBelow(Struct, frozen=True):
    """The body of a `try` with its `catch` below it, to the right of the spine. It is narrower than `TryPanels`."""

    body: Figure
    """The panels on the spine: the protected one and, if there is one, that of the `else` below it."""

    protected: Figure
    catch: Figure
    catch_edge: Length
    """The distance from the spine of the `catch` to the left edge of its frame."""

    final: bool = False
    """Whether a `finally` follows."""

    failed: bool = True
    """Whether the drawn instance took the line of the failure."""

    fails_into_final: ClassVar[bool] = False

    def __post_init__(self) -> None:
        # The `catch` must remain below a lane that leads onto its top, even while the figures inside are folded.
        if self._has_else and not self._enters_side and isinstance(self.failure_lane, SymbolicLength):
            force_setattr(self, "catch", _widened(self.catch, self.failure_lane + _CORNER - self._catch_x))

    @property
    def left_extent(self) -> Length:
        return self.body.left_extent

    @property
    def right_extent(self) -> Length:
        return longest([self.body.right_extent, self._catch_right, *([self.failure_lane] if self._has_else else [])])

    @property
    def height(self) -> Length:
        return self._joined + (0 if self.final else _TAIL)

    @property
    def continues(self) -> bool:
        return self.body.continues or self.catch.continues

    @property
    def traversal(self) -> Traversal:
        return _traversal([self.body, self.catch])

    @property
    def exits(self) -> EarlyExits:
        return self.body.exits.lowered(_ABOVE).before(self.catch.exits.lowered(self._catch_top))

    @property
    def failure_lane(self) -> Length:
        """The x position of the arrow from the body to the `catch`: below the body, or to the right of a narrow one.

        With an `else`, it is to the right of the body. If it is beyond the `catch`, the arrow reaches its side.
        """
        beside = self.body.right_extent + _FAILURE_LANE
        if self._has_else:
            return longest([beside, self._catch_right + _ENTRANCE]) if self._enters_side else beside
        edge = self._catch_x - self.catch_edge
        below = shortest([edge + _INTO_CATCH, self.body.right_extent - _CORNER])
        return below if value_of(below) >= value_of(edge) + _CORNER else beside

    @property
    def _has_else(self) -> bool:
        return self.protected is not self.body

    @property
    def _enters_side(self) -> bool:
        """Whether the arrow past an `else` reaches the side of the `catch`, whose top is too short."""
        lane = value_of(self.body.right_extent) + _FAILURE_LANE
        return self._has_else and lane > value_of(self._catch_right) - _CORNER

    @property
    def _catch_right(self) -> Length:
        return self._catch_x + self.catch.right_extent

    @property
    def _catch_x(self) -> Length:
        return _INDENT + self.catch.left_extent

    @property
    def _body_end(self) -> Length:
        return self.body.height + _ABOVE

    @property
    def _catch_top(self) -> Length:
        return self._body_end + _INTO_CATCH

    @property
    def _joined(self) -> Length:
        bottom = self._catch_top + self.catch.height
        return bottom + _JOIN if self.catch.continues else bottom

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        pen.path("line", f"M0 0V{_ABOVE}")
        ends: list[_End] = []
        placed: list[tuple[Figure, Length, Length]] = [
            (self.body, 0, _ABOVE),
            (self.catch, self._catch_x, self._catch_top),
        ]
        for panel, x, top in placed:
            pen.open_at(x, top, faded=not panel.traversal.entered)
            panel.draw(pen, lanes.relative_to(x))
            pen.close()
            if panel.continues:
                ends.append((x, panel.height + top, panel.traversal.exited))
        self._draw_failure(pen)
        if self.catch.continues:
            _draw_gathered(pen, ends, self._joined, self.height)
        elif self.body.continues:
            _draw_end(pen, self.body, self.height)

    def _draw_failure(self, pen: Pen) -> None:
        lane = self.failure_lane
        if self._enters_side:
            y, end = self._catch_top + _FAILURE, self._catch_right + 1
            _draw_failure_to(pen, self.protected, lane, y, end, faded=not self.failed)
            return
        is_aside = value_of(lane) > value_of(self.body.right_extent)
        begin = _failure_out(self.protected, lane) if is_aside else f"M{lane} {self._body_end}"
        _draw_failure_onto(pen, begin, lane, self._catch_top, faded=not self.failed)


def place_panels(
    protected: Figure,
    otherwise: Figure | None,
    catch: Figure | None,
    catch_edge: Length,
    *,
    final: bool,
    failed: bool = True,
) -> TryPanels | CatchBelow:
    """Return the body of a `try`, its `else` below it, and its `catch` beside or, if that would be too wide, below."""
    body = protected if otherwise is None else Stack([protected, otherwise], entered=False)
    side_by_side = TryPanels(body, protected, catch, catch_edge, final, failed)
    if catch is None or width_of(side_by_side) <= _WIDEST_BESIDE:
        return side_by_side
    return CatchBelow(body, protected, catch, catch_edge, final, failed)


def _traversal(panels: Sequence[Figure]) -> Traversal:
    """Return the traversal of alternative panels, which exits if one of them exits."""
    return Traversal(panels[0].traversal.entered, any(panel.traversal.exited for panel in panels))


def _draw_gathered(pen: Pen, ends: Sequence[_End], y: Length, bottom: Length) -> None:
    """Draw the lines from the ends of panels to the spine, where they join at `y`, and down to `bottom`."""
    for faded, same in faded_first(((spine, end), not is_left) for spine, end, is_left in ends):
        pen.path("line", gathered(same, y, bottom), faded=faded)
    if not ends:  # only a failure leads on
        pen.path("line", gathered([], y, bottom))


def _draw_end(pen: Pen, body: Figure, bottom: Length) -> None:
    """Draw the line from the end of a body down to `bottom`, if it is not there already."""
    if (end := body.height + _ABOVE) is not bottom and end != bottom:
        pen.path("line", f"M0 {end}V{bottom}", faded=not body.traversal.exited)


def _widened(final: Figure, right_extent: Length) -> Figure:
    """Return a `finally` that extends at least as far to the right."""
    if isinstance(final, FrameFigure):
        return replace(final, min_right_extent=right_extent)
    # Imported here because most drawings have no marks.
    from stepgraph.render.svg.figures.marks import MarkedFigure

    return replace(final, figure=_widened(final.figure, right_extent)) if isinstance(final, MarkedFigure) else final


def _draw_failure_to(pen: Pen, body: Figure, lane: Length, y: Length, end: Length, *, faded: bool) -> None:
    """Draw the line of an uncaught failure of a body down a lane to `y`, and as an arrow left to `end`."""
    line = f"{_failure_out(body, lane)}V{y - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H{end + 5}"
    pen.path("failure", line, faded=faded)
    pen.path("failure head", f"M{end + 7} {y - 4}L{end} {y}L{end + 7} {y + 4}z", faded=faded)


def _draw_failure_onto(pen: Pen, begin: str, lane: Length, y: Length, *, faded: bool) -> None:
    """Draw the line of a failure from its beginning down a lane, as an arrow onto the figure that begins at `y`."""
    pen.path("failure", f"{begin}V{y - 6}", faded=faded)
    pen.path("failure head", f"M{lane - 4} {y - 8}L{lane} {y - 1}L{lane + 4} {y - 8}z", faded=faded)


def _failure_out(body: Figure, lane: Length) -> str:
    return f"M{body.right_extent} {_ABOVE + _FAILURE}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"


class TryFinally(Struct, frozen=True):
    """A `try` with a `finally` below it. Exits of the body and the `catch` lead through the `finally`."""

    panels: TryPanels | CatchBelow
    final: Figure
    resumed_exits: Sequence[ExitPill]
    """The pills of the exits that continue after the `finally`. Those that lead farther come first."""

    def __post_init__(self) -> None:
        lanes = [self._lane] if self.panels.exits else []
        lanes += [self._failure_lane] if self.panels.fails_into_final else []
        # The `finally` must remain below lanes that lead onto its top, even while the figures inside are folded.
        onto = [lane + _CORNER for lane in lanes if value_of(lane) <= value_of(self.final.right_extent) - _CORNER]
        if any(isinstance(lane, SymbolicLength) for lane in onto):
            force_setattr(self, "final", _widened(self.final, longest(onto)))

    @property
    def left_extent(self) -> Length:
        return longest([self.panels.left_extent, self.final.left_extent])

    @property
    def right_extent(self) -> Length:
        pills: list[Length] = [_PILL_AWAY + pill.left_extent + pill.right_extent for pill in self.resumed_exits]
        lanes = [self._lane] if self.panels.exits else []
        lanes += [self._failure_lane] if self.panels.fails_into_final else []
        return longest([*lanes, self.panels.right_extent, self.final.right_extent, *pills])

    @property
    def height(self) -> Length:
        return self._end + (len(self.resumed_exits) * _PILL_ROOM + _TAIL)

    @property
    def continues(self) -> bool:
        return self.final.continues and self.panels.continues

    @property
    def traversal(self) -> Traversal:
        return Traversal(self.panels.traversal.entered, self.final.traversal.exited)

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of the `finally`, and the exits that continue after it."""
        exits = self.final.exits.lowered(self._final_top)
        for index, pill in enumerate(self.resumed_exits):
            exits = exits.before(pill.exits.lowered(self._end + self._pill_top(index)))
        return exits

    @property
    def _end(self) -> Length:
        return self._final_top + self.final.height

    @property
    def _failure_lane(self) -> Length:
        """The x position of the lane of an uncaught failure."""
        return self._clear_lane(self.panels.failure_lane)

    @property
    def _lane(self) -> Length:
        """The x position of the lane of exits, beyond the lane of a failure."""
        right_extent = self.panels.right_extent
        if self.panels.fails_into_final:
            right_extent = longest([right_extent, self._failure_lane])
        return self._clear_lane(right_extent + _LEAVING)

    def _clear_lane(self, lane: Length) -> Length:
        """Return a lane from which an arrow can reach the side of the `finally`, or its top well within its width."""
        side = self.final.right_extent
        return longest([lane, side + _ENTRANCE]) if value_of(lane) > value_of(side) - _CORNER else lane

    @property
    def _final_top(self) -> Length:
        return self.panels.height + GAP

    def _pill_top(self, index: int) -> int:
        return _ABOVE + index * _PILL_ROOM

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        lane = self._lane
        self.panels.draw(pen, Lanes(lane, lane))
        is_entered = self.final.traversal.entered
        pen.open_at(0, self._final_top, faded=not is_entered)
        if self.panels.continues:
            pen.down(faded=is_entered and not self.panels.traversal.exited)
        self.final.draw(pen, lanes)
        pen.close()
        self._draw_lines_into_final(pen, lane)
        if self.continues:
            pen.path("line", f"M0 {self._end}V{self.height}", faded=not self.traversal.exited)
        for index, pill in enumerate(self.resumed_exits):
            top = self._end + self._pill_top(index)
            middle = top + pill.height // 2
            faded = not pill.traversal.entered
            line = f"M0 {self._end}V{middle - RADIUS}q0 {RADIUS} {RADIUS} {RADIUS}H{_PILL_AWAY}"
            pen.path("line", line, faded=faded)
            spine = _PILL_AWAY + pill.left_extent
            pen.open_at(spine, top, faded=faded)
            pill.draw(pen, lanes.relative_to(spine))
            pen.close()

    def _draw_lines_into_final(self, pen: Pen, lane: Length) -> None:
        """Draw the lines of exits and of a failure to the side of the `finally`, or onto its top."""
        before, side, top = self.panels.exits, self.final.right_extent, self._final_top
        fails_aside = self.panels.fails_into_final and value_of(self._failure_lane) > value_of(side)
        # The lane of a failure is nearer to the panels, so it enters above the exits and no lines cross.
        exits_enter = _NEXT_ENTERS if fails_aside else _ENTERS
        kinds: tuple[ExitKind, ...] = ("breaks", "returns")
        for kind in kinds:
            first, faded = before.of(kind), kind in before.untaken
            if first is None:
                continue
            begin = pen.exits_above((lane, first), before.first_taken(kind))
            if value_of(lane) > value_of(side):
                pen.out(begin, top + exits_enter, side + 1, faded=faded)
            else:
                pen.onto(begin, top, faded=faded)
        if fails_aside:
            faded = not self.panels.failed
            _draw_failure_to(pen, self.panels.protected, self._failure_lane, top + _ENTERS, side + 1, faded=faded)
        elif self.panels.fails_into_final:
            out = _failure_out(self.panels.protected, self._failure_lane)
            _draw_failure_onto(pen, out, self._failure_lane, top, faded=not self.panels.failed)
