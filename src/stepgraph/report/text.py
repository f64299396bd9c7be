"""The report for terminals and logs: findings with source excerpts, then a table of workflows and the verdict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from stepgraph.checks.diagnostic import Finding, Severity, empty_span
from stepgraph.escaping.plain_text import log_line, visible
from stepgraph.model.span import Span
from stepgraph.render.terminal import Ink, LinePiece, Terminal, table
from stepgraph.render.text_width import cell_width, clip, clip_start, wrap
from stepgraph.report.report import (
    Report,
    SourceFile,
    Verdict,
    WorkflowSummary,
    missing_dag_message,
    verdict_line,
    yes_or_no,
)

# The width without a terminal: the usual maximum length of source lines.
_UNBOUNDED_EXCERPT: Final = 120

MAX_EXCERPT_WIDTH: Final = 200
"""Maximum width of an excerpt in cells."""

_STATISTICS: Final = ("COUNT", "CODE", "NAME", "SEVERITY", "FIXABLE")
_TAB: Final = "    "
# Positions in a configuration have no extent, so the string or the TOML key that starts there is marked.
_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
# Longer than any excerpt. Further characters of a long line are skipped.
_MAX_DISTANCE: Final = 4 * MAX_EXCERPT_WIDTH
_MIN_WIDTH: Final = 40
_MAX_LINES: Final = 1000
INKS: Final = {Severity.ERROR: Ink.FAILURE, Severity.WARNING: Ink.WARNING, Severity.NOTE: Ink.NOTE}
"""The color of each severity."""

_HEADINGS: Final = ("NAME", "CLASS", "WHERE", "STEPS", "GRAPH", "COMPLETE")
_MIN_LOCATION_WIDTH: Final = 16


def render_text(report: Report, *, color: bool = False, width: int | None = None, quiet: bool = False) -> str:
    """Return the findings with excerpts, then the summary unless `quiet`.

    Messages are wrapped at `width` cells if it is set. If nothing was checked, even a `quiet` report has the summary.
    """
    formatter = _TextFormatter(Terminal(color=color, width=None), None if width is None else max(width, _MIN_WIDTH))
    blocks = [formatter.finding(report, reported.finding) for reported in report.findings]
    blocks += [
        formatter.statement(f"{workflow.path}:{workflow.line}", "error", Ink.FAILURE, missing_dag_message(workflow))
        for workflow in report.workflows_without_dag
    ]
    if not quiet or report.verdict is Verdict.EMPTY:
        blocks.append(summary_text(report, formatter.width) + formatter.hint(report))
    return "\n".join(blocks)


def render_concise(report: Report, *, color: bool = False, quiet: bool = False) -> str:
    """Return a line for each finding, `path:line:column: SG101 message`, and the verdict unless `quiet`."""
    terminal = Terminal(color=color, width=None)
    entries = [
        (location_text(report, finding.span), finding.code, INKS[finding.severity], finding.message)
        for finding in (reported.finding for reported in report.findings)
    ]
    entries += [
        (f"{workflow.path}:{workflow.line}", "error", Ink.FAILURE, missing_dag_message(workflow))
        for workflow in report.workflows_without_dag
    ]
    lines = [
        terminal.line([LinePiece(f"{location}: ", Ink.STRONG), LinePiece(label, ink), LinePiece(f" {message}")])
        for location, label, ink, message in entries
    ]
    if not quiet:
        lines.append(terminal.line([LinePiece(verdict_line(report))]))
    return "".join(f"{line}\n" for line in lines)


def render_statistics(report: Report, *, quiet: bool = False) -> str:
    """Return the number of findings by rule and severity, the most frequent first, and the verdict unless `quiet`."""
    findings = [reported.finding for reported in report.findings]
    counts = Counter((finding.code, finding.severity) for finding in findings)
    fixable = Counter((finding.code, finding.severity) for finding in findings if finding.fix is not None)
    rows = [
        (str(count), code, report.rule_name(code), severity.value, str(fixable[code, severity]))
        for (code, severity), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    text = table(_STATISTICS, rows) if rows else ""
    if quiet:
        return text
    return f"{text}\n{verdict_line(report)}\n" if rows else f"{verdict_line(report)}\n"


def finding_text(report: Report, finding: Finding) -> str:
    """Return the excerpt of a finding as plain text with line number and carets, or nothing without a source."""
    excerpt = excerpt_of(report.file(finding.span.path), finding.span, _UNBOUNDED_EXCERPT)
    terminal = Terminal(color=False, width=None)
    return "" if excerpt is None else "".join(f"{terminal.line(line)}\n" for line in excerpt.lines(Ink.PLAIN))


class _TextFormatter(Struct, frozen=True):
    """Formats the parts of a report as lines."""

    terminal: Terminal
    """Colors of the terminal."""
    width: int | None
    """Width for wrapping in cells, or None for no wrapping."""

    def finding(self, report: Report, finding: Finding) -> str:
        """Return the lines of a finding: location, message, excerpt, related locations, help."""
        ink = INKS[finding.severity]
        label = f"{finding.severity.value}[{finding.code}]"
        margin = " " * len(str(finding.span.line))
        room = (self.width or _UNBOUNDED_EXCERPT + len(margin) + 3) - len(margin) - 3
        excerpt = excerpt_of(report.file(finding.span.path), finding.span, room)
        lines = [self.statement(_location(finding.span, excerpt), label, ink, finding.message)]
        if excerpt is not None:
            lines += (self._line(*line) for line in excerpt.lines(ink))
        for related in finding.related:
            lines += self._remark("note", str(related), margin)
        if finding.advice:
            lines += self._remark("help", finding.advice, margin)
        return "".join(lines)

    def statement(self, location: str, label: str, ink: Ink, message: str) -> str:
        """Return `location: label: message`, wrapped at the width of the formatter."""
        used_cells = cell_width(visible(f"{location}: {label}: "))
        first, *continued = self._wrapped(message, used_cells, 4)
        start = [LinePiece(f"{location}: ", Ink.STRONG), LinePiece(label, ink), LinePiece(f": {first}")]
        return self._line(*start) + "".join(self._line(LinePiece(f"    {line}")) for line in continued)

    def hint(self, report: Report) -> str:
        """Return a line with the command that explains the rules of the findings, or nothing without findings."""
        codes = sorted({reported.finding.code for reported in report.findings})
        if not codes:
            return ""
        only = f"`stepgraph rules {codes[0]}` explains {codes[0]}."
        text = only if len(codes) == 1 else f"`stepgraph rules CODE` explains a rule: {', '.join(codes)}."
        return "".join(self._line(LinePiece(line, Ink.QUIET)) for line in self._wrapped(text, 0, 0))

    def _remark(self, label: str, text: str, margin: str) -> Iterator[str]:
        start = f"{margin} = {label}: "
        first, *continued = self._wrapped(text, len(start), len(start))
        yield self._line(LinePiece(start, Ink.QUIET), LinePiece(first))
        for line in continued:
            yield self._line(LinePiece(" " * len(start) + line))

    def _wrapped(self, text: str, used_cells: int, indent: int) -> tuple[str, ...]:
        """Wrap text into lines, with space for `used_cells` cells in the first line and for `indent` in the others."""
        shown = visible(text)
        if self.width is None or used_cells + cell_width(shown) <= self.width:
            return (shown,)
        if self.width - used_cells < _MIN_WIDTH // 2:
            return ("", *wrap(shown, self.width - indent, _MAX_LINES))
        first = wrap(shown, self.width - used_cells, _MAX_LINES)[0]
        return (first, *wrap(shown[len(first) :].lstrip(), self.width - indent, _MAX_LINES))

    def _line(self, *pieces: LinePiece) -> str:
        return self.terminal.line(pieces) + "\n"


def location_text(report: Report, span: Span) -> str:
    """Return the location of a finding: `path:line:column`, or the path alone for a file without a line to show."""
    return _location(span, excerpt_of(report.file(span.path), span, _UNBOUNDED_EXCERPT))


def _location(span: Span, excerpt: Excerpt | None) -> str:
    """Return `path:line:column`, or the path alone for the start of a file without a line to show."""
    is_whole_file = excerpt is None and span == empty_span(span.path, (1, 1))
    return span.path if is_whole_file else str(span)


class Excerpt(Struct, frozen=True):
    """A source line in three parts, without control characters.

    For a span of several lines, it is the first line, marked up to its end.
    """

    number: int
    """Line number."""
    before: str
    """Text before the marked part."""
    marked: str
    """The marked part."""
    after: str
    """Text after the marked part."""

    @property
    def text(self) -> str:
        """The whole line."""
        return self.before + self.marked + self.after

    @property
    def carets(self) -> str:
        """The line below the source line, with at least one caret under the marked part."""
        return " " * cell_width(self.before) + "^" * max(1, cell_width(self.marked))

    def lines(self, ink: Ink) -> Iterator[list[LinePiece]]:
        """Yield the source line with its number, and the carets below in a color."""
        number = str(self.number)
        yield [LinePiece(f"{number} | ", Ink.QUIET), LinePiece(self.text)]
        yield [LinePiece(f"{' ' * len(number)} | ", Ink.QUIET), LinePiece(self.carets, ink)]


def excerpt_of(file: SourceFile, span: Span, width: int) -> Excerpt | None:
    """Return the first line of a span, clipped to `width` cells, or None if the line is missing or blank."""
    if not 1 <= span.line <= len(file.lines):
        return None
    line = _stripped(file.lines[span.line - 1])
    if not line:
        return None
    start = min(max(span.column - 1, 0), len(line))
    end = len(line) if span.end_line > span.line else min(max(span.end_column - 1, start), len(line))
    if start == end:
        end = _marked_end(line, start, is_toml=span.path.endswith(".toml"))
    before = line[max(0, start - _MAX_DISTANCE) : start]
    marked = line[start : min(end, start + _MAX_DISTANCE)]
    after = line[end : end + _MAX_DISTANCE]
    return Excerpt(
        span.line,
        *_fitted(
            _visible_source(before), _visible_source(marked), _visible_source(after), min(width, MAX_EXCERPT_WIDTH)
        ),
    )


def _marked_end(line: str, start: int, *, is_toml: bool) -> int:
    """Return the end of the string or the TOML key at a position, or the position itself."""
    if string := _STRING.match(line, start):
        return string.end()
    key = _BARE_KEY.match(line, start) if is_toml else None
    return start if key is None or not line[key.end() :].lstrip().startswith("=") else key.end()


@lru_cache(maxsize=8)
def _stripped(line: str) -> str:
    """Return a line without trailing whitespace, cached for long lines with many findings."""
    return line.rstrip()


def _visible_source(text: str) -> str:
    return visible(text.replace("\t", _TAB))


def _fitted(before: str, marked: str, after: str, width: int) -> tuple[str, str, str]:
    """Return the parts of a line clipped to `width` cells. The marked part is clipped last."""
    if cell_width(before + marked + after) <= width:
        return before, marked, after
    if cell_width(before + marked) >= width:
        # The texts beside the marked part share the free space, and a long marked part leaves some room for the text
        # before it.
        free = width - cell_width(marked)
        before = clip_start(before, max(free // 2, free - cell_width(after), width // 4))
        marked = clip(marked, width - cell_width(before) - (1 if after else 0))
    return before, marked, clip(after, max(0, width - cell_width(before + marked)))


def summary_text(report: Report, width: int | None = None) -> str:
    """Return the table of workflows and the verdict, for a terminal of `width` cells if it is set."""
    verdict = f"{verdict_line(report)}\n"
    return f"{_workflow_table(report, width)}\n{verdict}" if report.workflows else verdict


def _workflow_table(report: Report, width: int | None) -> str:
    """Return the workflows as rows.

    If they exceed `width`, locations are clipped at the start, and the column of classes is omitted if it only repeats
    the names.
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
