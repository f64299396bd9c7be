"""The number of findings by rule."""

from __future__ import annotations

from collections import Counter
from typing import Final

from stepgraph.render.terminal import table
from stepgraph.report.report import Report, verdict_line

_HEADINGS: Final = ("COUNT", "CODE", "NAME", "SEVERITY", "FIXABLE")


def render_statistics(report: Report, *, quiet: bool = False) -> str:
    """Return the number of findings by rule and severity, the most frequent first, and the verdict unless `quiet`."""
    findings = [reported.finding for reported in report.findings]
    counts = Counter((finding.code, finding.severity) for finding in findings)
    fixable = Counter((finding.code, finding.severity) for finding in findings if finding.fix is not None)
    rows = [
        (str(count), code, report.rule_name(code), severity.value, str(fixable[code, severity]))
        for (code, severity), count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    ]
    text = table(_HEADINGS, rows) if rows else ""
    if quiet:
        return text
    return f"{text}\n{verdict_line(report)}\n" if rows else f"{verdict_line(report)}\n"
