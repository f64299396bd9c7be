"""The columns of concurrent work, and the columns that meet at each bar, as numbers without drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Final

from msgspec import Struct

from stepgraph.render.group_order import RowSpan

_HALF_COLUMN: Final = 0.5


class FreeColumns:
    """An allocator of columns, each occupied for a range of rows.

    A tree of minima finds the first free column in logarithmic time, because there may be as many columns as pieces of
    work.
    """

    def __init__(self, most: int) -> None:
        self._leaves = 1 << max(0, most - 1).bit_length()
        self._rows = [0] * (2 * self._leaves)
        self._ending: dict[int, list[int]] = {}

    def take(self, begins: int, ends: int) -> int:
        """Occupy a column for these rows and return it: the first that ends at `begins`, or else the first free one."""
        column = self._just_free(begins)
        if column is None:
            column = self._first_free(begins)
        heappush(self._ending.setdefault(ends, []), column)
        node = self._leaves + column
        self._rows[node] = ends
        while node := node // 2:
            self._rows[node] = min(self._rows[2 * node], self._rows[2 * node + 1])
        return column

    def _just_free(self, row: int) -> int | None:
        columns = self._ending.get(row, [])
        while columns:
            column = heappop(columns)
            if self._rows[self._leaves + column] == row:
                return column
        return None

    def _first_free(self, row: int) -> int:
        node = 1
        while node < self._leaves:
            node *= 2
            if self._rows[node] > row:
                node += 1
        return node - self._leaves


class Track(Struct, frozen=True):
    """The occupation of a column by work or by a wire."""

    rows: RowSpan
    awaited: bool = True
    """Whether the end of the group, or other work, waits for it."""

    wire: bool = False
    """Whether it only connects two bars.

    A wire shows that work waits for everything above the upper bar, not only for work that ends at the lower one.
    """


class Bar(Struct, frozen=True):
    """The columns at the bar above a row."""

    ending: tuple[int, ...]
    """The columns whose work ends at the bar."""

    beginning: tuple[int, ...]
    """The columns whose work begins at the bar."""

    passing: tuple[int, ...]
    """The columns whose work continues past the bar."""

    @property
    def follows(self) -> bool:
        """Whether an arrow replaces the bar, because one column begins directly below the only column that ends."""
        return len(self.ending) == 1 and self.ending == self.beginning


class ColumnPlan(Struct, frozen=True):
    """The columns of a group."""

    tracks: Sequence[Track]
    """The work in its order, then the wires."""

    columns: Sequence[int]
    """The column of each track."""

    bars: Sequence[Bar]
    """The synchronization bar above each row. The last one ends the group."""


UNPLANNED: Final = ColumnPlan((), (), ())
"""The placeholder until `__post_init__` has planned the columns."""


def column_plan(work: Sequence[Track]) -> ColumnPlan:
    """Assign columns to work, below its predecessor where possible, and to wires, beside their sources."""
    rows = max(track.rows.ends for track in work)
    free = FreeColumns(len(work))
    columns = [free.take(track.rows.begins, track.rows.ends) for track in work]
    tracks = [*work, *_wires(work, rows)]
    positions = [*map(float, columns), *_wire_positions(tracks[len(work) :], work, columns)]
    order = {position: column for column, position in enumerate(sorted(set(positions)))}
    final = [order[position] for position in positions]
    return ColumnPlan(tracks, final, _bars(tracks, final, rows))


def _wires(work: Sequence[Track], rows: int) -> list[Track]:
    """Return a wire for each bar that the tracks alone do not connect with all work that is over above it.

    The last bar also has a wire if all work of the last rows may outlast the group.
    """
    wires: list[Track] = []
    over = [0]  # for each bar, the work that is over there, as bits
    ending: dict[int, list[int]] = {}
    for bit, track in enumerate(work):
        if track.awaited:
            ending.setdefault(track.rows.ends, []).append(bit)
    for row in range(1, rows + 1):
        leading, expected = 0, over[-1]
        for bit in ending.get(row, ()):
            expected |= 1 << bit
            leading |= over[work[bit].rows.begins] | 1 << bit
        if leading != expected or (row == rows and not ending.get(row)):
            wires.append(Track(RowSpan(row - 1, row), wire=True))
        over.append(expected)
    return wires


def _wire_positions(wires: Sequence[Track], work: Sequence[Track], columns: Sequence[int]) -> Iterator[float]:
    """Yield positions between columns: next to the source of a wire, on the side of its target."""
    ending: dict[int, list[int]] = {}
    beginning: dict[int, list[int]] = {}
    for track, column in zip(work, columns, strict=True):
        ending.setdefault(track.rows.ends, []).append(column)
        beginning.setdefault(track.rows.begins, []).append(column)
    for wire in wires:
        # Every row except the first begins at an end of work.
        sources = ending.get(wire.rows.begins) or beginning[wire.rows.begins]
        targets = beginning.get(wire.rows.ends)
        if targets and max(targets) < min(sources):
            yield min(sources) - _HALF_COLUMN
        else:
            yield min(sources) + _HALF_COLUMN


def _bars(tracks: Sequence[Track], columns: Sequence[int], rows: int) -> list[Bar]:
    ending: dict[int, set[int]] = {}
    beginning: dict[int, set[int]] = {}
    occupied: dict[int, set[int]] = {}
    for track, column in zip(tracks, columns, strict=True):
        beginning.setdefault(track.rows.begins, set()).add(column)
        if track.awaited:
            ending.setdefault(track.rows.ends, set()).add(column)
        for row in range(track.rows.begins + 1, track.rows.ends):
            occupied.setdefault(row, set()).add(column)
    empty: set[int] = set()
    return [
        Bar(*(tuple(sorted(columns_by_row.get(row, empty))) for columns_by_row in (ending, beginning, occupied)))
        for row in range(rows + 1)
    ]
