"""The report for people, in a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from stepgraph.checks.finding import Finding
from stepgraph.checks.severity import Severity
from stepgraph.escaping.visible import visible
from stepgraph.model.span import Span
from stepgraph.render.cells import cell_width, wrap
from stepgraph.render.outline.terminal import Ink, Piece, Terminal
from stepgraph.report.excerpt import Excerpt, excerpt_of
from stepgraph.report.report import Report, Verdict
from stepgraph.report.summary import summary_text
from stepgraph.report.wording import LABELS, unmet_message

# Where there is no terminal: as long as lines of source usually may be.
_UNBOUNDED_EXCERPT: Final = 120
_NARROWEST: Final = 40
_MOST_LINES: Final = 1000
_INKS: Final = {Severity.ERROR: Ink.EXIT, Severity.WARNING: Ink.WARNING, Severity.INFORMATION: Ink.NOTE}


def render_text(report: Report, *, colour: bool = False, width: int | None = None, quiet: bool = False) -> str:
    """Return the findings with what they are about, then a summary unless it is to be `quiet`.

    Messages are broken into lines of `width` cells if it is given, and are a line each otherwise.
    """
    page = _Page(Terminal(colour=colour, width=None), None if width is None else max(width, _NARROWEST))
    blocks = [page.finding(report, reported.finding) for reported in report.findings]
    blocks += [
        page.statement(f"{workflow.path}:{workflow.line}", "error", Ink.EXIT, unmet_message(workflow))
        for workflow in report.unmet
    ]
    if not quiet or report.verdict is Verdict.NOTHING:
        blocks.append(summary_text(report, page.width) + page.hint(report))
    return "\n".join(blocks)


def finding_text(report: Report, finding: Finding) -> str:
    """Return a finding's excerpt as plain text, with its line number and the carets below; empty without a source."""
    excerpt = excerpt_of(report.file(finding.span.path), finding.span, _UNBOUNDED_EXCERPT)
    page = _Page(Terminal(colour=False, width=None), None)
    return "" if excerpt is None else "".join(page.excerpt(excerpt, Ink.PLAIN))


class _Page(Struct, frozen=True):
    """How lines are painted, and after how many cells they are broken, if at all."""

    terminal: Terminal
    width: int | None

    def finding(self, report: Report, finding: Finding) -> str:
        """Return the lines on a finding: where and what, the excerpt, what to do."""
        ink = _INKS[finding.severity]
        label = f"{LABELS[finding.severity]}[{finding.code}]"
        margin = " " * len(str(finding.span.line))
        room = (self.width or _UNBOUNDED_EXCERPT + len(margin) + 3) - len(margin) - 3
        excerpt = excerpt_of(report.file(finding.span.path), finding.span, room)
        lines = [self.statement(_place(finding.span), label, ink, finding.message)]
        if excerpt is not None:
            lines += self.excerpt(excerpt, ink)
        if finding.advice:
            lines += self._advice(finding.advice, margin)
        return "".join(lines)

    def statement(self, place: str, label: str, ink: Ink, message: str) -> str:
        """Return `place: label: message`, broken between the words of the message."""
        used = cell_width(visible(f"{place}: {label}: "))
        first, *others = self._broken(message, used, 4)
        start = [Piece(f"{place}: ", Ink.STRONG), Piece(label, ink), Piece(f": {first}")]
        return self._line(*start) + "".join(self._line(Piece(f"    {line}")) for line in others)

    def hint(self, report: Report) -> str:
        """Return how to learn more of the first error, or else the first finding; nothing where there is none."""
        found = [reported.finding for reported in report.findings]
        errors = [finding for finding in found if finding.severity is Severity.ERROR]
        code = next((finding.code for finding in errors or found), None)
        return "" if code is None else self._line(Piece(f"`stepgraph rules {code}` explains {code}", Ink.QUIET))

    def excerpt(self, excerpt: Excerpt, ink: Ink) -> Iterator[str]:
        """Yield the line of the source behind its number, and the carets below it."""
        number = str(excerpt.number)
        yield self._line(Piece(f"{number} | ", Ink.QUIET), Piece(excerpt.text))
        yield self._line(Piece(f"{' ' * len(number)} | ", Ink.QUIET), Piece(excerpt.carets, ink))

    def _advice(self, advice: str, margin: str) -> Iterator[str]:
        start = f"{margin} = help: "
        first, *others = self._broken(advice, len(start), len(start))
        yield self._line(Piece(start, Ink.QUIET), Piece(first))
        for line in others:
            yield self._line(Piece(" " * len(start) + line))

    def _broken(self, text: str, used: int, indent: int) -> tuple[str, ...]:
        """Return the lines that a text takes; the first has `used` cells before it, the others `indent`."""
        shown = visible(text)
        if self.width is None or used + cell_width(shown) <= self.width:
            return (shown,)
        if self.width - used < _NARROWEST // 2:
            return ("", *wrap(shown, self.width - indent, _MOST_LINES))
        first = wrap(shown, self.width - used, _MOST_LINES)[0]
        return (first, *wrap(shown[len(first) :].lstrip(), self.width - indent, _MOST_LINES))

    def _line(self, *pieces: Piece) -> str:
        return self.terminal.line(pieces) + "\n"


def _place(span: Span) -> str:
    return f"{span.path}:{span.line}:{span.column}"
