"""Which column each member of a group takes, and which columns meet above each row. Numbers only, no drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.render.group_order import RowSpan
from stepgraph.render.svg.figures.free_columns import FreeColumns

_BESIDE: Final = 0.5


class Line(Struct, frozen=True):
    """What takes a column for some rows. Nothing waits for one that is not `awaited`.

    A `wire` is not work: it leads from one bar to the next, where what begins waits for all that is over above it and
    not only for what ends there.
    """

    rows: RowSpan
    awaited: bool = True
    wire: bool = False


class Meeting(Struct, frozen=True):
    """The columns that end above a row, those that begin with it, and those that pass by."""

    ending: tuple[int, ...]
    beginning: tuple[int, ...]
    passing: tuple[int, ...]

    @property
    def follows(self) -> bool:
        """Tell whether just one begins, straight below the only one that ends: an arrow says that."""
        return len(self.ending) == 1 and self.ending == self.beginning


class ColumnPlan(Struct, frozen=True):
    """The lines of a group, work first and in its order, then wires; the column of each; what meets above each row.

    The last meeting is where the group ends.
    """

    lines: Sequence[Line]
    columns: Sequence[int]
    meetings: Sequence[Meeting]


UNPLANNED: Final = ColumnPlan((), (), ())
"""What stands for the lines of a group while it is being made."""


def column_plan(work: Sequence[Line]) -> ColumnPlan:
    """Return the columns for work, that of what it follows where that is free, and for wires, beside their sources."""
    rows = max(line.rows.ends for line in work)
    free = FreeColumns(len(work))
    columns = [free.take(line.rows.begins, line.rows.ends) for line in work]
    lines = [*work, *_wires(work, rows)]
    positions = [*map(float, columns), *_beside(lines[len(work) :], work, columns)]
    order = {position: column for column, position in enumerate(sorted(set(positions)))}
    final = [order[position] for position in positions]
    return ColumnPlan(lines, final, _meetings(lines, final, rows))


def _wires(work: Sequence[Line], rows: int) -> list[Line]:
    """Return wires to the bars that not all of what is over above them leads to."""
    wires: list[Line] = []
    over = [0]  # for each bar, all that is over there, as bits
    ending: dict[int, list[int]] = {}
    for bit, line in enumerate(work):
        if line.awaited:
            ending.setdefault(line.rows.ends, []).append(bit)
    for row in range(1, rows + 1):
        leading, expected = 0, over[-1]
        for bit in ending.get(row, ()):
            expected |= 1 << bit
            leading |= over[work[bit].rows.begins] | 1 << bit
        if leading != expected:
            wires.append(Line(RowSpan(row - 1, row), wire=True))
        over.append(expected)
    return wires


def _beside(wires: Sequence[Line], work: Sequence[Line], columns: Sequence[int]) -> Iterator[float]:
    """Yield positions for wires: next to what ends where one begins, on the side of where it leads."""
    ending: dict[int, list[int]] = {}
    beginning: dict[int, list[int]] = {}
    for line, column in zip(work, columns, strict=True):
        ending.setdefault(line.rows.ends, []).append(column)
        beginning.setdefault(line.rows.begins, []).append(column)
    for wire in wires:
        # Each row but the first begins where something ends.
        sources, targets = ending[wire.rows.begins], beginning.get(wire.rows.ends)
        if targets and max(targets) < min(sources):
            yield min(sources) - _BESIDE
        else:
            yield min(sources) + _BESIDE


def _meetings(lines: Sequence[Line], columns: Sequence[int], rows: int) -> list[Meeting]:
    ending: dict[int, set[int]] = {}
    beginning: dict[int, set[int]] = {}
    occupied: dict[int, set[int]] = {}
    for line, column in zip(lines, columns, strict=True):
        beginning.setdefault(line.rows.begins, set()).add(column)
        if line.awaited:
            ending.setdefault(line.rows.ends, set()).add(column)
        for row in range(line.rows.begins + 1, line.rows.ends):
            occupied.setdefault(row, set()).add(column)
    empty: set[int] = set()
    return [
        Meeting(*(tuple(sorted(found.get(row, empty))) for found in (ending, beginning, occupied)))
        for row in range(rows + 1)
    ]
