"""The columns of concurrent work, and the columns that meet at each bar, as numbers without drawing."""

from __future__ import annotations

from bisect import bisect_left
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
            first = min(self._rows[2 * node], self._rows[2 * node + 1])
            if self._rows[node] == first:
                break
            self._rows[node] = first
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

    has_lane: bool = False
    """Whether the line below the work leaves the column in its first row, to continue in a lane beside the column."""

    is_below: bool = False
    """Whether it is in the column of the previous track, below its work, in the same row."""

    @property
    def last_row(self) -> int:
        """The end of the rows in which the work occupies its column."""
        return self.rows.begins + 1 if self.has_lane else self.rows.ends


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

    ends: Sequence[int]
    """The column in which the line below each track ends: its own column, or a lane beside it."""

    bars: Sequence[Bar]
    """The synchronization bar above each row. The last one ends the group."""


UNPLANNED: Final = ColumnPlan((), (), (), ())
"""The placeholder until `__post_init__` has planned the columns."""


def column_plan(work: Sequence[Track]) -> ColumnPlan:
    """Assign columns to work, below its predecessor where possible, and to lanes and wires, beside their sources."""
    rows = max(track.rows.ends for track in work)
    free = FreeColumns(len(work))
    begins: list[float] = []
    for track in work:
        begins.append(begins[-1] if track.is_below else free.take(track.rows.begins, track.last_row))
    ends = _line_ends(work, begins) if any(track.has_lane for track in work) else begins
    tracks = [*work, *_wires(work, rows)]
    wires = list(_wire_positions(tracks[len(work) :], work, begins, ends))
    order = {position: column for column, position in enumerate(sorted({*begins, *ends, *wires}))}
    columns, last_columns = ([order[position] for position in (*positions, *wires)] for positions in (begins, ends))
    return ColumnPlan(tracks, columns, last_columns, _bars(tracks, columns, last_columns, rows))


def _line_ends(work: Sequence[Track], columns: Sequence[float]) -> Sequence[float]:
    """Return the position of the end of the line below each track.

    Lanes are to the right of their column. A line that turns later is nearer to the column, so that it crosses no other
    line. Lines that turn in the same row and lead to the same bar share a lane.
    """
    lanes: dict[float, list[RowSpan]] = {}
    for track, column in zip(work, columns, strict=True):
        if track.has_lane and track.awaited:
            spans = lanes.setdefault(column, [])
            if not spans or spans[-1] != track.rows:
                spans.append(track.rows)
    positions: dict[tuple[float, RowSpan], float] = {}
    for column, spans in lanes.items():
        levels = _levels(spans)
        count = max(levels) + 1
        positions.update(
            ((column, rows), column + _HALF_COLUMN * level / count) for rows, level in zip(spans, levels, strict=True)
        )
    return [
        positions[column, track.rows] if track.has_lane and track.awaited else column
        for track, column in zip(work, columns, strict=True)
    ]


def _levels(lanes: Sequence[RowSpan]) -> list[int]:
    """Return the distance of each lane from its column: 1, or more than all lanes that begin beside it.

    The lanes begin in the order of the sequence.
    """
    levels: list[int] = []
    # The lanes that are farther from the column than all lanes between their beginning and this one.
    farthest: list[tuple[int, int]] = []
    for rows in reversed(lanes):
        first = bisect_left(farthest, -rows.ends + 1, key=lambda lane: -lane[0])
        levels.append(farthest[first][1] + 1 if first < len(farthest) else 1)
        while farthest and farthest[-1][1] <= levels[-1]:
            farthest.pop()
        farthest.append((rows.begins, levels[-1]))
    return levels[::-1]


def _wires(work: Sequence[Track], rows: int) -> list[Track]:
    """Return a wire for each bar that the tracks alone do not connect with all work that is over above it.

    A wire shows that work waits for everything above the upper bar, not only for work that ends at the lower one.
    A bar also has a wire if no work leads to it, such as the last bar if all work may outlast the group.
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
        if leading != expected or not ending.get(row):
            wires.append(Track(RowSpan(row - 1, row)))
        over.append(expected)
    return wires


def _wire_positions(
    wires: Sequence[Track], work: Sequence[Track], begins: Sequence[float], ends: Sequence[float]
) -> Iterator[float]:
    """Yield positions between columns: next to the source of a wire, on the side of its target."""
    ending: dict[int, list[float]] = {}
    beginning: dict[int, list[float]] = {}
    for track, begin, end in zip(work, begins, ends, strict=True):
        ending.setdefault(track.rows.ends, []).append(end)
        beginning.setdefault(track.rows.begins, []).append(begin)
    for wire in wires:
        # Every row except the first begins at an end of work.
        sources = ending.get(wire.rows.begins) or beginning[wire.rows.begins]
        targets = beginning.get(wire.rows.ends)
        if targets and max(targets) < min(sources):
            yield min(sources) - _HALF_COLUMN
        else:
            yield min(sources) + _HALF_COLUMN


def _bars(tracks: Sequence[Track], columns: Sequence[int], ends: Sequence[int], rows: int) -> list[Bar]:
    ending, beginning, occupied = ([set[int]() for _ in range(rows + 1)] for _ in range(3))
    for track, column, end in zip(tracks, columns, ends, strict=True):
        begins = track.rows.begins
        beginning[begins].add(column)
        if track.awaited:
            ending[track.rows.ends].add(end)
        for passed in occupied[begins + 1 : track.rows.ends if track.awaited else track.last_row]:
            passed.add(end)
    return [Bar(*map(_sorted, sets)) for sets in zip(ending, beginning, occupied, strict=True)]


def _sorted(columns: set[int]) -> tuple[int, ...]:
    return tuple(sorted(columns)) if len(columns) > 1 else tuple(columns)
