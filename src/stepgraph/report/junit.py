"""The report as JUnit XML, which CI systems show as test results: a suite for each file, a failure for each finding.

https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.checks.diagnostic import Finding, Severity
from stepgraph.escaping.markup import markup_text
from stepgraph.report.report import NOTHING_CHECKED, Report, Verdict, WorkflowSummary, missing_dag_message
from stepgraph.report.text import location_text

_SUITE: Final = "stepgraph"


def render_junit(report: Report) -> str:
    """Return a test case for each finding, and a passed one for each workflow without failures.

    Errors and warnings are failures. Notes are skipped tests.
    """
    cases = [*_cases(report)]
    failures = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    counts = f'tests="{len(cases)}" failures="{failures}"'
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            f'<testsuites name="{_SUITE}" {counts}>',
            f'<testsuite name="{_SUITE}" {counts} errors="0" skipped="{skipped}">',
            *cases,
            "</testsuite>",
            "</testsuites>",
            "",
        ]
    )


def _cases(report: Report) -> Iterator[str]:
    for reported in report.findings:
        yield _finding_case(report, reported.finding)
    for workflow in report.workflows_without_dag:
        yield _case("require-dag", workflow.path, workflow.line, _failure("error", missing_dag_message(workflow), ""))
    failed = {(reported.finding.workflow, reported.finding.span.path) for reported in report.findings}
    incomplete = {workflow.name for workflow in report.workflows_without_dag}
    for workflow in report.workflows:
        if (workflow.name, workflow.path) not in failed and workflow.name not in incomplete:
            yield _passed_case(workflow)
    if report.verdict is Verdict.EMPTY:
        yield _case("check", _SUITE, 1, _failure("error", NOTHING_CHECKED, ""))


def _finding_case(report: Report, finding: Finding) -> str:
    name = f"{finding.code} {report.rule_name(finding.code)}".rstrip()
    details = f"{location_text(report, finding.span)}: {finding.advice}".rstrip(": ")
    if finding.severity is Severity.NOTE:
        content = f'<skipped message="{markup_text(finding.message)}"/>'
    else:
        content = _failure(finding.severity.value, finding.message, details)
    return _case(name, finding.span.path, finding.span.line, content)


def _failure(level: str, message: str, details: str) -> str:
    return f'<failure type="{level}" message="{markup_text(message)}">{markup_text(details)}</failure>'


def _passed_case(workflow: WorkflowSummary) -> str:
    return _case(workflow.name, workflow.path, workflow.line, "")


def _case(name: str, path: str, line: int, content: str) -> str:
    file = markup_text(path)
    return f'<testcase name="{markup_text(name)}" classname="{file}" file="{file}" line="{line}">{content}</testcase>'
