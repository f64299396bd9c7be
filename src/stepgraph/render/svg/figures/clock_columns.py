"""Which column each member of a group takes, and which columns meet above each row. Numbers only, no drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import Final

from msgspec import Struct

from stepgraph.render.group_order import RowSpan


class FreeColumns:
    """Columns that are taken for some rows, and free again from one on; further columns are free from the beginning.

    A tree of least rows finds the first that is free without a look at each: there may be as many as there is work.
    """

    def __init__(self, most: int) -> None:
        self._leaves = 1 << max(0, most - 1).bit_length()
        self._rows = [0] * (2 * self._leaves)
        self._ending: dict[int, list[int]] = {}

    def take(self, begins: int, ends: int) -> int:
        """Take a column for these rows: the first that gets free just then, else the first that is free."""
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


_BESIDE: Final = 0.5


class Track(Struct, frozen=True):
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
    """The tracks of a group, work first and in its order, then wires; the column of each; what meets above each row.

    The last meeting is where the group ends.
    """

    tracks: Sequence[Track]
    columns: Sequence[int]
    meetings: Sequence[Meeting]


UNPLANNED: Final = ColumnPlan((), (), ())
"""What stands for the tracks of a group while it is being made."""


def column_plan(work: Sequence[Track]) -> ColumnPlan:
    """Return the columns for work, that of what it follows where that is free, and for wires, beside their sources."""
    rows = max(track.rows.ends for track in work)
    free = FreeColumns(len(work))
    columns = [free.take(track.rows.begins, track.rows.ends) for track in work]
    tracks = [*work, *_wires(work, rows)]
    positions = [*map(float, columns), *_beside(tracks[len(work) :], work, columns)]
    order = {position: column for column, position in enumerate(sorted(set(positions)))}
    final = [order[position] for position in positions]
    return ColumnPlan(tracks, final, _meetings(tracks, final, rows))


def _wires(work: Sequence[Track], rows: int) -> list[Track]:
    """Return wires to the bars that not all of what is over above them leads to."""
    wires: list[Track] = []
    over = [0]  # for each bar, all that is over there, as bits
    ending: dict[int, list[int]] = {}
    for bit, track in enumerate(work):
        if track.awaited:
            ending.setdefault(track.rows.ends, []).append(bit)
    for row in range(1, rows + 1):
        leading, expected = 0, over[-1]
        for bit in ending.get(row, ()):
            expected |= 1 << bit
            leading |= over[work[bit].rows.begins] | 1 << bit
        if leading != expected:
            wires.append(Track(RowSpan(row - 1, row), wire=True))
        over.append(expected)
    return wires


def _beside(wires: Sequence[Track], work: Sequence[Track], columns: Sequence[int]) -> Iterator[float]:
    """Yield positions for wires: next to what ends where one begins, on the side of where it leads."""
    ending: dict[int, list[int]] = {}
    beginning: dict[int, list[int]] = {}
    for track, column in zip(work, columns, strict=True):
        ending.setdefault(track.rows.ends, []).append(column)
        beginning.setdefault(track.rows.begins, []).append(column)
    for wire in wires:
        # Each row but the first begins where something ends.
        sources, targets = ending[wire.rows.begins], beginning.get(wire.rows.ends)
        if targets and max(targets) < min(sources):
            yield min(sources) - _BESIDE
        else:
            yield min(sources) + _BESIDE


def _meetings(tracks: Sequence[Track], columns: Sequence[int], rows: int) -> list[Meeting]:
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
        Meeting(*(tuple(sorted(found.get(row, empty))) for found in (ending, beginning, occupied)))
        for row in range(rows + 1)
    ]
