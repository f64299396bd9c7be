"""Reports for the tests of formats."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from stepgraph.checks.catalogue import BY_CODE
from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.checks.rule import Rule
from stepgraph.checks.suppression_index import SuppressedFinding
from stepgraph.model.payload import Graph
from stepgraph.model.span import Span
from stepgraph.report.report import FingerprintedFinding, Report, SourceFile, WorkflowSummary

RULE = BY_CODE["SG118"]
OTHER_RULE: Rule = replace(RULE, code="SG205", name="unknown-duration-unit", severity=Severity.WARNING)

HOSTILE = (
    "::error file=x,line=1::owned",
    "first\n::error::second",
    "##[error]old",
    "carriage\rreturn %0A",
    "a, b: c=d",
    "`code` and ``more`` and a lone `",
    "```\n# heading\n```",
    "| cell | cell \\| end \\",
    "</summary></details><script>alert(1)</script><img src=x onerror=y>",
    "<!-- comment",
    "@everyone #1 GH-2 octo/cat#3",
    "[text](https://evil.example) ![image](//evil.example/x.png)",
    "https://evil.example www.evil.example mailto:a@evil.example :smile:",
    "**bold** __bold__ ~~gone~~ $x^2$ &lt;&amp;",
    "1. one",
    "- item",
    "    indented",
    "\x1b[2J\x1b]0;title\x07",
    "invoice\u202efdp.exe",
    "lone \udc80 surrogate \ud83d",
    "注文 é́ 👩‍👧",
    '"quoted" \\ backslash',
    "{0} {braces} %SRCROOT%",
    " ",
    "",
)


def span(path: str = "src/orders.py", line: int = 4, column: int = 9, *, end: tuple[int, int] | None = None) -> Span:
    """Return a span of one character, or up to an end."""
    return Span(path, line, column, *(end or (line, column + 1)))


def finding(
    message: str = "the step 'charge' is called with `10`, and the SDK refuses arguments.",
    advice: str = "Call it without arguments.",
    *,
    code: str = "SG118",
    severity: Severity = Severity.ERROR,
    at: Span | None = None,
    workflow: str = "orders",
) -> Finding:
    return Finding(code, severity, message, advice, at or span(), workflow)


def workflow(
    name: str = "orders",
    path: str = "src/orders.py",
    graph: Graph | None = None,
    *,
    has_dag: bool = True,
    complete: bool = True,
) -> WorkflowSummary:
    """Return a checked workflow."""
    return WorkflowSummary(name, "OrderWorkflow", path, 1, has_dag, 3, complete, graph)


def report(
    *findings: Finding,
    workflows: Sequence[WorkflowSummary] = (workflow(),),
    files: dict[str, str] | None = None,
) -> Report:
    """Return a report with findings, and the sources of files."""
    sources = {path: SourceFile(tuple(text.split("\n")), path) for path, text in (files or {}).items()}
    return Report(
        findings=tuple(map(FingerprintedFinding, findings)),
        workflows=tuple(workflows),
        rules=(RULE, OTHER_RULE),
        version="1.2.3",
        files=sources,
    )


def with_others() -> Report:
    """Return a report with one finding that counts, one in the baseline, and one suppressed."""
    return replace(
        report(finding()),
        baselined=(FingerprintedFinding(finding("known.", code="SG205"), "9c1e"),),
        suppressed=(SuppressedFinding(finding("ignored.", code="SG201"), "on purpose"),),
    )


def everywhere(text: str, count: int = 1) -> Report:
    """Return a report with a text at every position for text from sources. Messages start with their number."""
    severities = tuple(Severity)
    findings = [
        finding(f"m{number}m {text}", text, severity=severities[number % 3], at=span(text), workflow=text)
        for number in range(count)
    ]
    summary = WorkflowSummary(text, text, text, 1, has_dag=False, steps=0, complete=False)
    lines = tuple(text.split("\n"))
    sample = report(*findings, workflows=[summary])
    return replace(sample, files={text: SourceFile((text, "", "", *lines), text)}, require_dag=True)
