"""A `try`: what is protected on the spine, what catches its failures beside it, what runs in any case below both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.columns import UNPLACED, ColumnLayout, Extent, place_columns
from stepgraph.render.svg.figures.connectors import gathered
from stepgraph.render.svg.figures.figure import GAP, EarlyExits, Figure, Lanes
from stepgraph.render.svg.figures.leaf import ExitPill
from stepgraph.render.svg.lengths import Length, longest
from stepgraph.render.svg.pen import RADIUS, Pen

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


class TryPanels(Struct, frozen=True):
    """The panels of a `try` but the last. Without a `catch`, a failure leads past the body, or into what is `final`.

    `catch_edge` is the distance from the spine of the `catch` to the left edge of its frame, without its sign.
    `beside` and `below` follow from the panels.
    """

    body: Figure
    catch: Figure | None
    catch_edge: int = 0
    final: bool = False
    columns: ColumnLayout = UNPLACED
    below: Length = 0

    def __post_init__(self) -> None:
        extents = [Extent(panel.left, panel.right, panel.exits.lowered(_ABOVE)) for panel in self._panels]
        force_setattr(self, "columns", place_columns(extents, 0, _BETWEEN))
        bottom = longest([panel.height + _ABOVE for panel in self._panels])
        force_setattr(self, "below", bottom + _JOIN if self.goes_on else bottom)

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return self.columns.left

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return max(self.columns.right, 0 if self.catch is not None else self.failure_lane)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self.below + (self.columns.room_below + _TAIL)

    @property
    def goes_on(self) -> bool:
        """Tell whether something comes out at the end: without a `catch`, a failure does."""
        return self.body.goes_on or (not self.final if self.catch is None else self.catch.goes_on)

    @property
    def fails_into_final(self) -> bool:
        """Tell whether a failure leads from the body to the last part."""
        return self.final and self.catch is None

    @property
    def failure_lane(self) -> int:
        """Return where the line of a failure that nothing catches turns down."""
        return self.body.right + _FAILURE_LANE

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of the body and the `catch`."""
        return self.columns.exits(self.below)

    @property
    def _panels(self) -> list[Figure]:
        return [self.body] if self.catch is None else [self.body, self.catch]

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw the panels, and the way of a failure from one to the other."""
        pen.path("line", f"M0 0V{_ABOVE}")
        ends: list[tuple[int, Length]] = []
        for index, (panel, spine) in enumerate(zip(self._panels, self.columns.spines, strict=True)):
            pen.open_at(spine, _ABOVE)
            panel.draw(pen, self.columns.lanes(index, lanes))
            pen.close()
            if panel.goes_on:
                ends.append((spine, panel.height + _ABOVE))
        self._draw_failure(pen)
        if self.goes_on:
            pen.path("line", gathered(ends, self.below, self.height))
        self.columns.draw_exits(pen, lanes, self.below)

    def _draw_failure(self, pen: Pen) -> None:
        if self.catch is not None:
            y, edge = _ABOVE + _FAILURE, self.columns.spines[1] - self.catch_edge
            pen.path("failure", f"M{self.body.right} {y}H{edge - 6}")
            pen.path("failure head", f"M{edge - 8} {y - 4}L{edge - 1} {y}L{edge - 8} {y + 4}z")
        elif not self.final:
            self.draw_failure_to(pen, self.failure_lane, self.below, 1)

    def draw_failure_to(self, pen: Pen, lane: int, y: Length, end: int) -> None:
        """Draw the line of a failure that nothing catches, in a lane down to `y`, and as an arrow left to `end`."""
        pen.path("failure", f"{self._failure_out(lane)}V{y - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H{end + 5}")
        pen.path("failure head", f"M{end + 7} {y - 4}L{end} {y}L{end + 7} {y + 4}z")

    def draw_failure_onto(self, pen: Pen, lane: int, y: Length) -> None:
        """Draw the line of a failure that nothing catches, in a lane down onto what begins at `y`."""
        pen.path("failure", f"{self._failure_out(lane)}V{y - 6}")
        pen.path("failure head", f"M{lane - 4} {y - 8}L{lane} {y - 1}L{lane + 4} {y - 8}z")

    def _failure_out(self, lane: int) -> str:
        return f"M{self.body.right} {_ABOVE + _FAILURE}H{lane - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"


class TryFinally(Struct, frozen=True):
    """What is protected, and below it what runs in any case: ways out of the first lead through it, and then on.

    `ways_on` are the pills of the ways out that go on after it, those that lead farther first.
    """

    panels: TryPanels
    final: Figure
    ways_on: Sequence[ExitPill]

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return max(self.panels.left, self.final.left)

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        pills = (_PILL_AWAY + 2 * pill.left for pill in self.ways_on)
        lanes = [self._lane] if self.panels.exits else []
        lanes += [self._failure_lane] if self.panels.fails_into_final else []
        return max([*lanes, self.panels.right, self.final.right, *pills])

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self._end + (len(self.ways_on) * _PILL_ROOM + _TAIL)

    @property
    def goes_on(self) -> bool:
        """Tell whether something comes out of the last part, other than ways out."""
        return self.final.goes_on and (self.panels.goes_on or self.panels.fails_into_final)

    @property
    def exits(self) -> EarlyExits:
        """Return the exits of the last part, and after it those that led through it."""
        exits = self.final.exits.lowered(self._final_top)
        for index, pill in enumerate(self.ways_on):
            exits = exits.before(pill.exits.lowered(self._end + self._pill_top(index)))
        return exits

    @property
    def _end(self) -> Length:
        return self._final_top + self.final.height

    @property
    def _failure_lane(self) -> int:
        """Return where the line of a failure that nothing catches turns down."""
        return self._beside_or_above(self.panels.failure_lane)

    @property
    def _lane(self) -> int:
        """Return where ways out turn down: beyond a failure."""
        right = self.panels.right
        if self.panels.fails_into_final:
            right = max(right, self._failure_lane)
        return self._beside_or_above(right + _LEAVING)

    def _beside_or_above(self, lane: int) -> int:
        """Return a lane from which an arrow gets to the last part: past its side with room for it, or well within."""
        side = self.final.right
        return max(lane, side + _ENTRANCE) if lane > side - _CORNER else lane

    @property
    def _final_top(self) -> Length:
        return self.panels.height + GAP

    def _pill_top(self, index: int) -> int:
        return _ABOVE + index * _PILL_ROOM

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        """Draw both parts, and the ways from one to the other."""
        lane = self._lane
        self.panels.draw(pen, Lanes(lane, lane))
        pen.open_at(0, self._final_top)
        if self.panels.goes_on:
            pen.down()
        self.final.draw(pen, lanes)
        pen.close()
        self._draw_ways_into_final(pen, lane)
        if self.goes_on:
            pen.path("line", f"M0 {self._end}V{self.height}")
        for index, pill in enumerate(self.ways_on):
            top = self._end + self._pill_top(index)
            middle = top + pill.height // 2
            pen.path("line", f"M0 {self._end}V{middle - RADIUS}q0 {RADIUS} {RADIUS} {RADIUS}H{_PILL_AWAY}")
            spine = _PILL_AWAY + pill.left
            pen.open_at(spine, top)
            pill.draw(pen, lanes.seen_from(spine))
            pen.close()

    def _draw_ways_into_final(self, pen: Pen, lane: int) -> None:
        """Draw the ways of exits and of a failure into the last part: to its side if it is free, else onto its top."""
        before, side, top = self.panels.exits, self.final.right, self._final_top
        fails_aside = self.panels.fails_into_final and self._failure_lane > side
        # A failure is nearer to the panel: it enters above the exits, for none of them to cross another.
        exits_enter = _NEXT_ENTERS if fails_aside else _ENTERS
        for begin in (before.breaks, before.returns):
            if begin is not None and lane > side:
                pen.out((lane, begin), top + exits_enter, side + 1)
            elif begin is not None:
                pen.onto((lane, begin), top)
        if fails_aside:
            self.panels.draw_failure_to(pen, self._failure_lane, top + _ENTERS, side + 1)
        elif self.panels.fails_into_final:
            self.panels.draw_failure_onto(pen, self._failure_lane, top)
