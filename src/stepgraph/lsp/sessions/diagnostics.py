"""The findings of `stepgraph check` as diagnostics of the protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from lsprotocol.types import (
    CodeDescription,
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity,
    DiagnosticTag,
    Location,
    Position,
    Range,
)

from stepgraph.checks.catalogue import BY_CODE
from stepgraph.checks.diagnostic import Finding, RelatedLocation, Severity, fold_findings
from stepgraph.checks.rule import rule_url
from stepgraph.escaping.plain_text import visible
from stepgraph.limits import PUBLISHED_DIAGNOSTICS
from stepgraph.lsp.protocol.text_lines import TextLines
from stepgraph.lsp.sessions.views import FolderView
from stepgraph.model.span import Span
from stepgraph.phrases import counted
from stepgraph.report.json_report import finding_data
from stepgraph.report.report import FingerprintedFinding

SOURCE: Final = "stepgraph"

_SEVERITIES: Final[Mapping[Severity, DiagnosticSeverity]] = {
    Severity.ERROR: DiagnosticSeverity.Error,
    Severity.WARNING: DiagnosticSeverity.Warning,
    Severity.NOTE: DiagnosticSeverity.Information,
}
_UNNECESSARY: Final = (DiagnosticTag.Unnecessary,)

# A string, or a word, number or operator. The line ends a string without an end.
_WORD: Final = re.compile(r"\"[^\"]*+\"?|'[^']*+'?|[\w.-]++|[^\w\s\"'.-]++")


def diagnostics_of(view: FolderView) -> dict[str, list[Diagnostic]]:
    """Return the diagnostics of each file with findings, by URI."""
    by_path: dict[str, list[Finding]] = {}
    for finding in fold_findings(view.state.filtered.findings):
        by_path.setdefault(finding.span.path, []).append(finding)
    by_uri: dict[str, list[Diagnostic]] = {}
    for path, findings in by_path.items():
        shown = _most_severe(findings)
        diagnostics = by_uri.setdefault(view.uri_of(path), [])
        diagnostics += [diagnostic_of(view, finding) for finding in shown]
        if len(shown) < len(findings):
            diagnostics.append(_diagnostic_of_excess(len(findings) - len(shown)))
    return by_uri


def diagnostic_of(view: FolderView, finding: Finding) -> Diagnostic:
    """Return a finding as a diagnostic, with its form in the JSON report as its data."""
    rule = BY_CODE[finding.code]
    reported = FingerprintedFinding(finding, view.state.filtered.fingerprint(finding))
    return Diagnostic(
        range=range_of(view, finding.span),
        message=_message(finding),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=CodeDescription(rule_url(finding.code)),
        source=SOURCE,
        tags=_UNNECESSARY if rule.flags_unused_code else None,
        related_information=[_related(view, related) for related in finding.related] or None,
        data=_with_valid_characters(finding_data(reported, rule.name)),
    )


def range_of(view: FolderView, span: Span) -> Range:
    """Return the range of a span in the analyzed text. An empty span grows to a word, which an editor can show."""
    lines = _analyzed_lines(view, span.path)
    if lines is None:
        return Range(Position(span.line - 1, span.column - 1), Position(span.end_line - 1, span.end_column - 1))
    is_empty = (span.line, span.column) == (span.end_line, span.end_column)
    return lines.range(_word_at(lines, span) if is_empty else span)


def _most_severe(findings: list[Finding]) -> list[Finding]:
    """Return at most `PUBLISHED_DIAGNOSTICS` findings, in their order: the first ones of the highest severities."""
    if len(findings) <= PUBLISHED_DIAGNOSTICS:
        return findings
    order = sorted(range(len(findings)), key=lambda index: (_SEVERITIES[findings[index].severity].value, index))
    return [findings[index] for index in sorted(order[:PUBLISHED_DIAGNOSTICS])]


def _diagnostic_of_excess(count: int) -> Diagnostic:
    """Return the diagnostic, at the start of a file, about further findings in it."""
    start = Position(0, 0)
    message = f"{counted(count, 'more finding')} in this file. `stepgraph check` reports all of them."
    return Diagnostic(Range(start, start), message, severity=DiagnosticSeverity.Information, source=SOURCE)


def _message(finding: Finding) -> str:
    """Return the problem on one line, and the advice on the next one."""
    message = visible(finding.message)
    return f"{message}\n{visible(finding.advice)}" if finding.advice else message


def _related(view: FolderView, related: RelatedLocation) -> DiagnosticRelatedInformation:
    location = Location(view.uri_of(related.span.path), range_of(view, related.span))
    return DiagnosticRelatedInformation(location, visible(related.message))


def _analyzed_lines(view: FolderView, path: str) -> TextLines | None:
    """Return the analyzed lines of a file, or None without its text, as for settings in a closed document."""
    lines = view.code(view.state.contents, path).analyzed
    return lines if path in view.state.contents or any(lines.lines) else None


def _word_at(lines: TextLines, span: Span) -> Span:
    """Return the span of the word at the start of a span.

    Without a word, return the text of the line or of the last nonempty line above.

    Errors at the end of a file are on empty lines.
    """
    if span.line > len(lines.lines):
        return span
    word = _WORD.match(lines.lines[span.line - 1], span.column - 1)
    if word:
        return Span(span.path, span.line, word.start() + 1, span.line, word.end() + 1)
    number = next((number for number in range(span.line, 0, -1) if lines.lines[number - 1].strip()), span.line)
    line = lines.lines[number - 1].rstrip()
    return Span(span.path, number, len(line) - len(line.lstrip()) + 1, number, len(line) + 1)


def _with_valid_characters(data: object) -> object:
    """Return JSON data without lone surrogates, which JSON parsers of many editors reject."""
    match data:
        case str() if not data.isascii():
            return data.encode("utf-8", "replace").decode()
        case dict():
            return {name: _with_valid_characters(value) for name, value in data.items()}
        case list():
            return [_with_valid_characters(value) for value in data]
    return data
