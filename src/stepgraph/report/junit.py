"""The report as JUnit XML, which CI systems show as test results.

https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.escaping.markup import markup_text
from stepgraph.report.report import NOTHING_CHECKED, Report, Verdict, missing_dag_message
from stepgraph.report.text import location_text


class _TestCase(Struct, frozen=True):
    """A test case, which has passed if it has no severity."""

    name: str
    path: str
    line: int = 1
    severity: Severity | None = None
    message: str = ""
    details: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether the test has failed. Errors and warnings are failures, and notes are skipped tests."""
        return self.severity in {Severity.ERROR, Severity.WARNING}

    def xml(self) -> str:
        """Return the test case as an element."""
        message, file = markup_text(self.message), markup_text(self.path)
        outcome = ""
        if self.is_failure:
            outcome = f'<failure type="{self.severity}" message="{message}">{markup_text(self.details)}</failure>'
        elif self.severity is not None:
            outcome = f'<skipped message="{message}"/>'
        attributes = f'name="{markup_text(self.name)}" classname="{file}" file="{file}" line="{self.line}"'
        return f"<testcase {attributes}>{outcome}</testcase>"


def render_junit(report: Report) -> str:
    """Return a test case for each finding and each missing graph, and a passed one for each workflow without them."""
    cases = list(_cases(report))
    failures = sum(case.is_failure for case in cases)
    skipped = sum(case.severity is Severity.NOTE for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}"'
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<testsuites name="stepgraph" {counts}>',
        f'<testsuite name="stepgraph" {counts} errors="0" skipped="{skipped}">',
        *(case.xml() for case in cases),
        "</testsuite>",
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _cases(report: Report) -> Iterator[_TestCase]:
    yield from (_case_of_finding(report, reported.finding) for reported in report.findings)
    for workflow in report.workflows_without_dag:
        yield _TestCase("require-dag", workflow.path, workflow.line, Severity.ERROR, missing_dag_message(workflow))
    with_findings = {(reported.finding.workflow, reported.finding.span.path) for reported in report.findings}
    for workflow in report.workflows:
        if (workflow.name, workflow.path) not in with_findings and workflow not in report.workflows_without_dag:
            yield _TestCase(workflow.name, workflow.path, workflow.line)
    if report.verdict is Verdict.EMPTY:
        yield _TestCase("check", "stepgraph", severity=Severity.ERROR, message=NOTHING_CHECKED)


def _case_of_finding(report: Report, finding: Finding) -> _TestCase:
    name = f"{finding.code} {report.rule_name(finding.code)}".rstrip()
    details = f"{location_text(report, finding.span)}: {finding.advice}".rstrip(": ")
    return _TestCase(name, finding.span.path, finding.span.line, finding.severity, finding.message, details)
