"""Reports with a line for each finding or rule: concise text, JSON Lines, and statistics."""

from __future__ import annotations

from collections import Counter

from stepgraph.json_text import json_line
from stepgraph.render.terminal import Ink, Piece, Terminal, table
from stepgraph.report.json_report import finding_data
from stepgraph.report.report import Report, missing_dag_message, verdict_line
from stepgraph.report.text import INKS, location_text

_HEADINGS = ("COUNT", "CODE", "NAME", "SEVERITY", "FIXABLE")


def render_concise(report: Report, *, color: bool = False, quiet: bool = False) -> str:
    """Return a line for each finding, `path:line:column: SG101 message`, and the counts unless `quiet`."""
    terminal = Terminal(color=color, width=None)
    entries = [
        (location_text(report, finding.span), finding.code, INKS[finding.severity], finding.message)
        for finding in (reported.finding for reported in report.findings)
    ]
    entries += [
        (f"{workflow.path}:{workflow.line}", "error", Ink.EXIT, missing_dag_message(workflow))
        for workflow in report.workflows_without_dag
    ]
    lines = [
        terminal.line([Piece(f"{location}: ", Ink.STRONG), Piece(label, ink), Piece(f" {message}")])
        for location, label, ink, message in entries
    ]
    if not quiet:
        lines.append(terminal.line([Piece(verdict_line(report))]))
    return "".join(f"{line}\n" for line in lines)


def render_json_lines(report: Report) -> str:
    """Return each finding as a JSON object on its own line, with the fields of `findings` in the JSON report."""
    return "".join(f"{json_line(finding_data(report, reported))}\n" for reported in report.findings)


def render_statistics(report: Report, *, quiet: bool = False) -> str:
    """Return the number of findings by rule and severity, the most frequent first, and the counts unless `quiet`."""
    findings = [reported.finding for reported in report.findings]
    counts = Counter((finding.code, finding.severity) for finding in findings)
    fixable = Counter((finding.code, finding.severity) for finding in findings if finding.fixable)
    rows = [
        (str(count), code, report.rule_name(code), severity.value, str(fixable[code, severity]))
        for (code, severity), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    text = table(_HEADINGS, rows) if rows else ""
    if quiet:
        return text
    return f"{text}\n{verdict_line(report)}\n" if rows else f"{verdict_line(report)}\n"
