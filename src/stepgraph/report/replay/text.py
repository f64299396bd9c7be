"""The effects on running instances as a table for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.escaping.plain_text import visible
from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.phrases import shortened
from stepgraph.render.terminal import Ink, LinePiece, Terminal
from stepgraph.render.text_width import cell_width
from stepgraph.report.replay.replay_report import (
    ReplayedInstance,
    ReplayReport,
    advice,
    assumption,
    count_line,
    effect_text,
    remarks_on,
)

_HEADINGS: Final = ("INSTANCE", "STATUS", "EFFECT", "DETAILS")
_INKS: Final[dict[InstanceEffect, Ink]] = {
    "resumes": Ink.LOOP,
    "out_of_order": Ink.WARNING,
    "unknown": Ink.WARNING,
    "reruns": Ink.FAILURE,
    "stuck": Ink.FAILURE,
    "fails": Ink.FAILURE,
}
_GAP: Final = 2


def render_text(report: ReplayReport, *, color: bool = False) -> str:
    """Return a line for each instance, with further reasons below, and a summary with advice and the assumption."""
    terminal = Terminal(color=color, width=None)
    helps = [[LinePiece(f"   = help: {each}", Ink.QUIET)] for each in advice(report)]
    lines = [*_table(report), [LinePiece(f"{count_line(report)}.")], *helps]
    lines.append([LinePiece(assumption(report), Ink.QUIET)])
    return "".join(f"{terminal.line(line)}\n" for line in lines)


def _table(report: ReplayReport) -> Iterator[list[LinePiece]]:
    rows = [_cells(instance) for instance in report.instances]
    widths = [max(map(cell_width, column)) for column in zip(_HEADINGS, *rows, strict=True)][:-1]
    yield _row(_HEADINGS, widths, [Ink.QUIET] * len(_HEADINGS))
    for instance, cells in zip(report.instances, rows, strict=True):
        row = _row(cells, widths, [Ink.STRONG, Ink.PLAIN, _INKS[instance.replay.effect], Ink.PLAIN])
        yield [*row, LinePiece(f"  {instance.location}" if instance.location else "", Ink.QUIET)]
        for remark in remarks_on(instance.replay)[1:]:
            yield [LinePiece(" " * (sum(widths) + _GAP * len(widths))), LinePiece(remark)]
    yield []


def _cells(instance: ReplayedInstance) -> tuple[str, ...]:
    remark = remarks_on(instance.replay)[0]
    status = shortened(instance.status)
    return tuple(map(visible, (instance.title, status, effect_text(instance.replay.effect), remark)))


def _row(cells: tuple[str, ...], widths: list[int], inks: list[Ink]) -> list[LinePiece]:
    pieces: list[LinePiece] = []
    for cell, width, ink in zip(cells, widths, inks, strict=False):
        pieces += [LinePiece(cell, ink), LinePiece(" " * (width - cell_width(cell) + _GAP))]
    return [*pieces, LinePiece(cells[-1], inks[-1])]
