"""Tables of counts in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Cell = str | int


@dataclass(frozen=True, slots=True)
class CountTable:
    """A table whose first column labels the rows, with remarks below."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    remarks: Sequence[str] = ()

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table in Markdown, with aligned numbers."""
        cells = [list(self.columns), *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        head, *rows = [_line(row, widths) for row in cells]
        yield from (head, _line(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], widths), *rows)
        if self.remarks:
            yield ""
            yield from (f"- {remark}" for remark in self.remarks)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return f"| {' | '.join([first, *others])} |"


def _text(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else cell
