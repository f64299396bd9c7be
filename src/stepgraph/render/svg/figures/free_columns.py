"""Which columns are free from which row on, and the first of them that is."""

from __future__ import annotations

from heapq import heappop, heappush


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
