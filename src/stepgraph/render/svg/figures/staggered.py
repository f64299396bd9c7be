"""Concurrent work in two rows between two bars, for groups that are too wide for one row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr

from stepgraph.render.svg.figures.clock_rows import ABOVE_BAR, FORK, OVERHANG, TAIL
from stepgraph.render.svg.figures.columns import THICK, UNPLACED, Column, ColumnLayout, draw_bar, stagger
from stepgraph.render.svg.figures.figure import GAP, NO_EXITS, EarlyExits, Figure, Lanes
from stepgraph.render.svg.lengths import Length, longest, shortest
from stepgraph.render.svg.pen import Pen, faded_first
from stepgraph.render.traversal import Traversal

_TOP: Final = FORK + THICK + GAP


class StaggeredRows(Struct, frozen=True):
    """A group whose figures are alternately in an upper and a lower row.

    The lines from the lower row to the upper bar, and those from the upper row to the lower bar, run between figures.
    The fields from `columns` on are computed from the figures, which have no exits.
    """

    figures: Sequence[Figure]
    ends_with_first: bool
    """Whether the group ends with the first of its figures. The look of the last bar shows this."""

    columns: ColumnLayout = UNPLACED
    lower: Sequence[bool] = ()
    """Whether each figure is in the lower row."""

    lower_top: Length = 0
    """The top of the lower row."""

    end: Length = 0
    """The height of the last bar."""

    def __post_init__(self) -> None:
        columns = [Column(figure.left_extent, figure.right_extent) for figure in self.figures]
        layout = stagger(columns)
        force_setattr(self, "columns", layout.columns)
        force_setattr(self, "lower", [layout.is_lower(index) for index in range(len(columns))])
        upper = [figure.height for figure, is_lower in zip(self.figures, self.lower, strict=True) if not is_lower]
        force_setattr(self, "lower_top", longest(upper) + (_TOP + GAP))
        bottoms = (self._top(index) + figure.height for index, figure in enumerate(self.figures))
        force_setattr(self, "end", longest(list(bottoms)) + ABOVE_BAR)

    @property
    def left_extent(self) -> Length:
        return self.columns.left_extent

    @property
    def right_extent(self) -> Length:
        return self.columns.right_extent

    @property
    def height(self) -> Length:
        return self.end + (THICK + TAIL)

    @property
    def continues(self) -> bool:
        return all(figure.continues for figure in self.figures)

    @property
    def traversal(self) -> Traversal:
        return Traversal(exited=all(figure.traversal.exited for figure in self.figures))

    @property
    def exits(self) -> EarlyExits:
        return NO_EXITS

    def draw(self, pen: Pen, lanes: Lanes) -> None:
        for faded, paths in faded_first(((f"M0 0V{FORK}", False), *self._lines())):
            pen.path("line", "".join(paths), faded=faded)
        ends = (self.columns.spines[0] - OVERHANG, self.columns.spines[-1] + OVERHANG)
        draw_bar(pen, "bar", FORK, ends, ())
        leading = [spine for spine, figure in zip(self.columns.spines, self.figures, strict=True) if figure.continues]
        if leading:
            # The spine of the group is between the outer spines, or beyond those that lead on.
            ends = (shortest([0, leading[0]]) - OVERHANG, longest([0, leading[-1]]) + OVERHANG)
            css = "bar first" if self.ends_with_first else "bar"
            draw_bar(pen, css if self.traversal.exited else f"{css} faded", self.end, ends, ())
        for index, (figure, spine) in enumerate(zip(self.figures, self.columns.spines, strict=True)):
            pen.open_at(spine, self._top(index), faded=not figure.traversal.entered)
            pen.down()
            figure.draw(pen, lanes.relative_to(spine))
            pen.close()
        if self.continues:
            pen.path("line", f"M0 {self.end + THICK}V{self.height}", faded=not self.traversal.exited)

    def _top(self, index: int) -> Length:
        return self.lower_top if self.lower[index] else _TOP

    def _lines(self) -> Iterator[tuple[str, bool]]:
        """Yield the paths of the lines between the bars and the figures, and whether they are faded."""
        for index, (figure, spine) in enumerate(zip(self.figures, self.columns.spines, strict=True)):
            if self.lower[index]:
                yield f"M{spine} {FORK + THICK}V{self.lower_top + -GAP}", not figure.traversal.entered
            if figure.continues:
                yield f"M{spine} {self._top(index) + figure.height}V{self.end}", not figure.traversal.exited
