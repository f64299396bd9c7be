"""A `try`: what is protected on the spine, what catches its failures beside it, what runs in any case below both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from stepgraph.render.svg.figures.connectors import gathered
from stepgraph.render.svg.figures.figure import GAP, Drawing, Exits, Figure, Lanes
from stepgraph.render.svg.figures.side_by_side import Extent, SideBySide, side_by_side
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


@dataclass(frozen=True, slots=True)
class Protected:
    """The panels of a `try`. Without a `catch`, a failure leads past the body, through `final` if there is one."""

    body: Figure
    catch: Figure | None
    beside: SideBySide = field(init=False)
    below: Length = field(init=False)

    def __post_init__(self) -> None:
        panels = [panel for panel in (self.body, self.catch) if panel]
        extents = [Extent(panel.left, panel.right, panel.exits.lowered(_ABOVE)) for panel in panels]
        object.__setattr__(self, "beside", side_by_side(extents, 0, _BETWEEN))
        bottom = longest([panel.height + _ABOVE for panel in panels])
        object.__setattr__(self, "below", bottom + _JOIN if self.goes_on else bottom)

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return self.beside.left

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return self.beside.right + (0 if self.catch else _FAILURE_LANE)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self.below + (self.beside.room_below + _TAIL)

    @property
    def goes_on(self) -> bool:
        """Tell whether something comes out: without a `catch`, a failure does."""
        return self.body.goes_on or self.catch is None or self.catch.goes_on

    @property
    def exits(self) -> Exits:
        """Return the exits of the body and the `catch`."""
        return self.beside.exits(self.below)

    def draw(self, pen: Pen, lanes: Lanes) -> Drawing:
        """Draw the panels, and the way of a failure from one to the other."""
        pen.path("line", f"M0 0V{_ABOVE}")
        ends: list[tuple[int, Length]] = []
        panels = [panel for panel in (self.body, self.catch) if panel]
        for index, (panel, place) in enumerate(zip(panels, self.beside.places, strict=True)):
            pen.open_at(place, _ABOVE)
            yield panel.draw(pen, self.beside.lanes(index, lanes))
            pen.close()
            if panel.goes_on:
                ends.append((place, panel.height + _ABOVE))
        self._draw_failure(pen)
        if self.goes_on:
            pen.path("line", gathered(ends, self.below, self.height))
        self.beside.draw_exits(pen, lanes, self.below)

    def _draw_failure(self, pen: Pen) -> None:
        y = _ABOVE + _FAILURE
        if self.catch is None:
            out = f"M{self.body.right} {y}h{_FAILURE_LANE - RADIUS}q{RADIUS} 0 {RADIUS} {RADIUS}"
            pen.path("failure", f"{out}V{self.below - RADIUS}q0 {RADIUS} {-RADIUS} {RADIUS}H6")
            pen.path("failure head", f"M8 {self.below - 4}L1 {self.below}L8 {self.below + 4}z")
            return
        edge = self.beside.places[1] - self.catch.left
        pen.path("failure", f"M{self.body.right} {y}H{edge - 6}")
        pen.path("failure head", f"M{edge - 8} {y - 4}L{edge - 1} {y}L{edge - 8} {y + 4}z")


@dataclass(frozen=True, slots=True)
class Finally:
    """What is protected, and below it what runs in any case: ways out of the first lead through it, and then on."""

    protected: Protected
    final: Figure

    @property
    def left(self) -> int:
        """Return how far it reaches to the left."""
        return max(self.protected.left, self.final.left)

    @property
    def right(self) -> int:
        """Return how far it reaches to the right."""
        return max(self._lane if self.protected.exits else self.protected.right, self.final.right)

    @property
    def height(self) -> Length:
        """Return how high it is."""
        return self._final_top + self.final.height + _TAIL

    @property
    def goes_on(self) -> bool:
        """Tell whether something comes out of the last part, other than ways out."""
        return self.final.goes_on and self.protected.goes_on

    @property
    def exits(self) -> Exits:
        """Return the exits of the last part, and after it those that led through it."""
        own = self.final.exits.lowered(self._final_top)
        if not self.final.goes_on:
            return own
        end, before = self._final_top + self.final.height, self.protected.exits
        return own.before(
            Exits(
                None if before.breaks is None else end - _LEAVING,
                None if before.returns is None else end - 2 * _LEAVING,
            )
        )

    @property
    def _lane(self) -> int:
        """Return where ways out turn down: past the side of the last part with room for an arrow, or well within it."""
        lane, side = self.protected.right + _LEAVING, self.final.right
        return max(lane, side + _ENTRANCE) if lane > side - _CORNER else lane

    @property
    def _final_top(self) -> Length:
        return self.protected.height + GAP

    def draw(self, pen: Pen, lanes: Lanes) -> Drawing:
        """Draw both parts, and the ways from one to the other."""
        lane = self._lane
        yield self.protected.draw(pen, Lanes(lane, lane))
        pen.open_at(0, self._final_top)
        if self.protected.goes_on:
            pen.down()
        yield self.final.draw(pen, lanes)
        pen.close()
        before, end = self.protected.exits, self._final_top + self.final.height
        if before:
            self._draw_way_into_final(pen, lane)
        if self.final.goes_on:
            if before.breaks is not None:
                pen.path("out", f"M{self.final.right} {end - _LEAVING}H{lanes.breaks}")
            if before.returns is not None:
                pen.path("out", f"M{self.final.right} {end - 2 * _LEAVING}H{lanes.returns}")
        if self.goes_on:
            pen.path("line", f"M0 {end}V{self.height}")

    def _draw_way_into_final(self, pen: Pen, lane: int) -> None:
        """Draw the way of exits into the last part: from its side if that is free, else from above."""
        before, side, top = self.protected.exits, self.final.right, self._final_top
        for begin in (before.breaks, before.returns):
            if begin is not None and lane > side:
                pen.out((lane, begin), top + _FAILURE, side + 1)
            elif begin is not None:
                pen.path("out", f"M{lane} {begin}V{top - 1}m-4-7 4 7 4-7")
