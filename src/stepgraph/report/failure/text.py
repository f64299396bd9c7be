"""The reason of a failure for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.escaping.plain_text import visible
from stepgraph.execution.failures.errors import error_line
from stepgraph.phrases import counted
from stepgraph.render.instance_text import status_text
from stepgraph.render.terminal import Ink, LinePiece, Terminal
from stepgraph.render.text_width import cell_width, wrap
from stepgraph.report.failure.report import FailureReport
from stepgraph.report.failure.restarting import (
    curl_command,
    point_effect,
    point_label,
    restart_remarks,
    shown_points,
    wrangler_command,
)
from stepgraph.report.failure.sentences import (
    attempt_rows,
    handler_sentences,
    handlers_title,
    misfit_text,
    outcome,
    remarks,
    retry_settings,
    verdict,
)

MAX_BEFORE: Final = 5
"""The maximum number of shown steps before the failure."""
MAX_ATTEMPTS: Final = 8
"""The maximum number of shown attempts: the first one, and the last ones."""

_EXCERPT_WIDTH: Final = 120
_MAX_LINES: Final = 100
_SIGNS: Final = {"done": ("✓", Ink.LOOP), "failed": ("✗", Ink.FAILURE)}
_ERROR: Final = LinePiece("error", Ink.FAILURE)
_INDENT: Final = "    "
_MIN_WIDTH: Final = 30
_OPEN_SIGN: Final = ("·", Ink.WARNING)


def render_text(report: FailureReport, *, color: bool = False, width: int | None = None) -> str:
    """Return the failure, the attempts, the steps before it, the handlers, and the commands for a restart."""
    return "\n".join(_TextWriter(report, Terminal(color=color, width=None), width).blocks())


class _TextWriter(Struct, frozen=True):
    """Writes the parts of the report as blocks of lines."""

    report: FailureReport
    terminal: Terminal
    width: int | None

    def blocks(self) -> Iterator[str]:
        """Yield the blocks, each with a final line break."""
        yield from filter(None, ("".join(lines) for lines in self._sections()))

    def _sections(self) -> Iterator[Iterator[str]]:
        yield self._head()
        yield self._failure()
        yield self._attempts()
        yield self._before()
        yield self._handlers()
        yield self._restarts()

    def _head(self) -> Iterator[str]:
        yield self._line(
            LinePiece(self.report.title, Ink.STRONG),
            LinePiece(f"  {status_text(self.report.failure.instance.log)}", Ink.QUIET),
        )
        if misfit := misfit_text(self.report):
            yield from self._sentence("", misfit)

    def _failure(self) -> Iterator[str]:
        span, excerpt = self.report.span, self.report.excerpt(self.width or _EXCERPT_WIDTH)
        location = "" if span is None else f"{span}: "
        label = LinePiece("retrying", Ink.WARNING) if self.report.failure.cause == "retrying" else _ERROR
        yield self._line(LinePiece(location, Ink.STRONG), label, LinePiece(f": {verdict(self.report)}"))
        if excerpt is not None:
            yield from (self._line(*line) for line in excerpt.lines(label.ink))
        yield from self._sentence("  ", error_line(self.report.failure.error) or "The log has no error.", label.ink)
        for remark in remarks(self.report):
            yield from self._sentence("  ", remark)

    def _attempts(self) -> Iterator[str]:
        entry = self.report.failure.entry
        if entry is None or not entry.log.attempts:
            return
        rows = list(enumerate(attempt_rows(entry.log), start=1))
        settings = retry_settings(entry.log)
        yield self._line(LinePiece("Attempts", Ink.STRONG), LinePiece(f"  {settings}" if settings else "", Ink.QUIET))
        skipped = len(rows) - MAX_ATTEMPTS
        shown = rows if skipped <= 0 else [rows[0], *rows[1 - MAX_ATTEMPTS :]]
        columns = _padded([(str(number), start, duration) for number, (start, duration, _) in shown])
        for position, (cells, (_, (_, _, result))) in enumerate(zip(columns, shown, strict=True)):
            if position == 1 and skipped > 0:
                yield self._line(LinePiece(f"  … {counted(skipped, 'more attempt')}", Ink.QUIET))
            yield self._line(LinePiece(f"  {cells}  "), LinePiece(result))

    def _before(self) -> Iterator[str]:
        before = self.report.failure.before
        if not before:
            return
        yield self._line(LinePiece("Earlier steps", Ink.STRONG))
        if len(before) > MAX_BEFORE:
            yield self._line(
                LinePiece(f"  … {counted(len(before) - MAX_BEFORE, 'earlier entry', 'earlier entries')}", Ink.QUIET)
            )
        shown = before[-MAX_BEFORE:]
        names = _padded([(visible(each.log.log_name),) for each in shown])
        for name, entry in zip(names, shown, strict=True):
            sign, ink = _SIGNS.get(entry.state, _OPEN_SIGN)
            yield self._line(LinePiece("  "), LinePiece(sign, ink), LinePiece(f" {name}  "), LinePiece(outcome(entry)))

    def _handlers(self) -> Iterator[str]:
        sentences = list(handler_sentences(self.report))
        if sentences:
            yield self._line(LinePiece(handlers_title(self.report), Ink.STRONG))
        for location, sentence in sentences:
            yield from self._sentence(f"  {location}: " if location else "  ", sentence)

    def _restarts(self) -> Iterator[str]:
        if not self.report.failure.restarts:
            return
        yield self._line(LinePiece("Restart", Ink.STRONG))
        for remark in restart_remarks(self.report.failure):
            yield from self._sentence("  ", remark)
        for number, point in enumerate(shown_points(self.report.failure)):
            yield from self._sentence("  ", f"from {point_label(point)}: {point_effect(point)}")
            yield self._line(LinePiece(f"    {wrangler_command(point, self.report.address)}", Ink.STEP))
            if number == 0:
                yield self._line(LinePiece(f"    {curl_command(point, self.report.address)}", Ink.STEP))
        yield from self._sentence("  ", "from the beginning: runs everything again")
        yield self._line(LinePiece(f"    {wrangler_command(None, self.report.address)}", Ink.STEP))

    def _sentence(self, start: str, text: str, ink: Ink = Ink.PLAIN) -> Iterator[str]:
        """Yield a sentence, wrapped at the width of the terminal."""
        shown, start_width = visible(text), cell_width(start)
        lines: Sequence[str] = (shown,)
        if self.width is not None and start_width + cell_width(shown) > self.width:
            lines = wrap(shown, max(_MIN_WIDTH, self.width - max(start_width, len(_INDENT))), _MAX_LINES)
        for number, line in enumerate(lines):
            yield self._line(LinePiece(_INDENT if number else start), LinePiece(line, ink))

    def _line(self, *pieces: LinePiece) -> str:
        return f"{self.terminal.line(pieces)}\n"


def _padded(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the cells of each row, aligned with those of the other rows."""
    widths = [max(map(cell_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
