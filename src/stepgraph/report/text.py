"""The report for terminals and logs: findings with excerpts, then a table of workflows and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.finding import Finding
from stepgraph.escaping.plain_text import log_line, visible
from stepgraph.model.span import Span
from stepgraph.render.terminal import Ink, Piece, Terminal, table
from stepgraph.render.text_width import cell_width, clip_start, wrap
from stepgraph.report.excerpt import Excerpt, excerpt_of
from stepgraph.report.report import (
    LABELS,
    Report,
    Verdict,
    WorkflowSummary,
    missing_dag_message,
    verdict_line,
    yes_or_no,
)

# Without a terminal, the usual maximum length of source lines.
_UNBOUNDED_EXCERPT: Final = 120
_MIN_WIDTH: Final = 40
_MAX_LINES: Final = 1000
_INKS: Final = {Severity.ERROR: Ink.EXIT, Severity.WARNING: Ink.WARNING, Severity.INFORMATION: Ink.NOTE}

_HEADINGS: Final = ("NAME", "CLASS", "WHERE", "STEPS", "HAS_DAG", "COMPLETE")
_MIN_LOCATION_WIDTH: Final = 16


def render_text(report: Report, *, color: bool = False, width: int | None = None, quiet: bool = False) -> str:
    """Return the findings with excerpts, then the summary unless `quiet`.

    Messages are wrapped at `width` cells if it is set.
    """
    formatter = _TextFormatter(Terminal(color=color, width=None), None if width is None else max(width, _MIN_WIDTH))
    blocks = [formatter.finding(report, reported.finding) for reported in report.findings]
    blocks += [
        formatter.statement(f"{workflow.path}:{workflow.line}", "error", Ink.EXIT, missing_dag_message(workflow))
        for workflow in report.workflows_without_dag
    ]
    if not quiet or report.verdict is Verdict.NOTHING:
        blocks.append(summary_text(report, formatter.width) + formatter.hint(report))
    return "\n".join(blocks)


def finding_text(report: Report, finding: Finding) -> str:
    """Return the excerpt of a finding as plain text with line number and carets, empty without a source."""
    excerpt = excerpt_of(report.file(finding.span.path), finding.span, _UNBOUNDED_EXCERPT)
    formatter = _TextFormatter(Terminal(color=False, width=None), None)
    return "" if excerpt is None else "".join(formatter.excerpt(excerpt, Ink.PLAIN))


class _TextFormatter(Struct, frozen=True):
    """Formats lines."""

    terminal: Terminal
    """Colors of the terminal."""
    width: int | None
    """Width for wrapping in cells, None for no wrapping."""

    def finding(self, report: Report, finding: Finding) -> str:
        """Return the lines of a finding: location, message, excerpt, help."""
        ink = _INKS[finding.severity]
        label = f"{LABELS[finding.severity]}[{finding.code}]"
        margin = " " * len(str(finding.span.line))
        room = (self.width or _UNBOUNDED_EXCERPT + len(margin) + 3) - len(margin) - 3
        excerpt = excerpt_of(report.file(finding.span.path), finding.span, room)
        lines = [self.statement(_location(finding.span), label, ink, finding.message)]
        if excerpt is not None:
            lines += self.excerpt(excerpt, ink)
        if finding.advice:
            lines += self._advice(finding.advice, margin)
        return "".join(lines)

    def statement(self, location: str, label: str, ink: Ink, message: str) -> str:
        """Return `place: label: message`, wrapped."""
        used_cells = cell_width(visible(f"{location}: {label}: "))
        first, *rest = self._wrapped(message, used_cells, 4)
        start = [Piece(f"{location}: ", Ink.STRONG), Piece(label, ink), Piece(f": {first}")]
        return self._line(*start) + "".join(self._line(Piece(f"    {line}")) for line in rest)

    def hint(self, report: Report) -> str:
        """Return the command that explains the first error or else the first finding, empty without findings."""
        findings = [reported.finding for reported in report.findings]
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        code = next((finding.code for finding in errors or findings), None)
        return "" if code is None else self._line(Piece(f"`stepgraph rules {code}` explains {code}", Ink.QUIET))

    def excerpt(self, excerpt: Excerpt, ink: Ink) -> Iterator[str]:
        """Yield the source line with its number, and the carets below."""
        number = str(excerpt.number)
        yield self._line(Piece(f"{number} | ", Ink.QUIET), Piece(excerpt.text))
        yield self._line(Piece(f"{' ' * len(number)} | ", Ink.QUIET), Piece(excerpt.carets, ink))

    def _advice(self, advice: str, margin: str) -> Iterator[str]:
        start = f"{margin} = help: "
        first, *rest = self._wrapped(advice, len(start), len(start))
        yield self._line(Piece(start, Ink.QUIET), Piece(first))
        for line in rest:
            yield self._line(Piece(" " * len(start) + line))

    def _wrapped(self, text: str, used_cells: int, indent: int) -> tuple[str, ...]:
        """Return the wrapped lines of a text. The first follows `used_cells` cells, the others `indent`."""
        shown = visible(text)
        if self.width is None or used_cells + cell_width(shown) <= self.width:
            return (shown,)
        if self.width - used_cells < _MIN_WIDTH // 2:
            return ("", *wrap(shown, self.width - indent, _MAX_LINES))
        first = wrap(shown, self.width - used_cells, _MAX_LINES)[0]
        return (first, *wrap(shown[len(first) :].lstrip(), self.width - indent, _MAX_LINES))

    def _line(self, *pieces: Piece) -> str:
        return self.terminal.line(pieces) + "\n"


def _location(span: Span) -> str:
    return f"{span.path}:{span.line}:{span.column}"


def summary_text(report: Report, width: int | None = None) -> str:
    """Return the table of workflows and the verdict, for a terminal of `width` cells if it is set."""
    verdict = f"{verdict_line(report)}\n"
    return f"{_workflow_table(report, width)}\n{verdict}" if report.workflows else verdict


def _workflow_table(report: Report, width: int | None) -> str:
    """Return the workflows as rows.

    In a narrow terminal, classes that name workflows are omitted, and locations are clipped at the start.
    """
    rows = [_cells(workflow) for workflow in report.workflows]
    full_table = table(_HEADINGS, rows)
    if width is None or _table_width(full_table) <= width:
        return full_table
    if any(name != class_name for name, class_name, *_ in rows):
        return _with_clipped_locations(_HEADINGS, rows, width)
    return _with_clipped_locations(_without_class(_HEADINGS), [_without_class(row) for row in rows], width)


def _cells(workflow: WorkflowSummary) -> tuple[str, ...]:
    return (
        workflow.name,
        workflow.class_name,
        f"{workflow.path}:{workflow.line}",
        str(workflow.steps),
        yes_or_no(value=workflow.has_dag),
        yes_or_no(value=workflow.complete),
    )


def _without_class(row: Sequence[str]) -> tuple[str, ...]:
    return (row[0], *row[2:])


def _with_clipped_locations(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    column = headings.index("WHERE")
    locations = [log_line(row[column]) for row in rows]
    longest = max(map(cell_width, locations))
    location_width = max(_MIN_LOCATION_WIDTH, longest - max(0, _table_width(table(headings, rows)) - width))
    clipped_rows = [
        (*row[:column], clip_start(location, location_width), *row[column + 1 :])
        for row, location in zip(rows, locations, strict=True)
    ]
    return table(headings, clipped_rows)


def _table_width(text: str) -> int:
    return max(map(cell_width, text.splitlines()))
