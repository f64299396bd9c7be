"""Verdicts of checks."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity
from stepgraph.checks.settings import FailOn
from stepgraph.report.report import Verdict, verdict_line
from tests.report.reports import finding, report, with_others, workflow


def test_workflows_without_findings_pass() -> None:
    assert report().verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("severity", "fail_on", "verdict"),
    [
        (Severity.ERROR, FailOn.ERROR, Verdict.FAILED),
        (Severity.WARNING, FailOn.ERROR, Verdict.PASSED),
        (Severity.WARNING, FailOn.WARNING, Verdict.FAILED),
        (Severity.NOTE, FailOn.WARNING, Verdict.PASSED),
    ],
)
def test_findings_fail_from_configured_severity(severity: Severity, fail_on: FailOn, verdict: Verdict) -> None:
    assert replace(report(finding(severity=severity)), fail_on=fail_on).verdict is verdict


@pytest.mark.parametrize("code", ["SG001", "SG002", "SG003"])
def test_unreadable_input_has_priority(code: str) -> None:
    assert report(finding(), finding(code=code)).verdict is Verdict.UNREADABLE


def test_allowed_unreadable_input_is_an_ordinary_finding() -> None:
    allowed = finding(code="SG002", severity=Severity.WARNING)
    assert report(allowed).verdict is Verdict.PASSED
    assert replace(report(allowed), fail_on=FailOn.WARNING).verdict is Verdict.FAILED


@pytest.mark.parametrize(("has_dag", "complete"), [(False, True), (True, False)])
def test_missing_or_incomplete_graph_fails_if_required(*, has_dag: bool, complete: bool) -> None:
    sample = report(workflows=[workflow(), workflow("returns", has_dag=has_dag, complete=complete)])
    assert sample.verdict is Verdict.PASSED
    assert replace(sample, require_dag=True).verdict is Verdict.FAILED


def test_nothing_to_check_does_not_pass() -> None:
    assert report(workflows=[]).verdict is Verdict.EMPTY
    assert report(finding(severity=Severity.WARNING), workflows=[]).verdict is Verdict.EMPTY


def test_configuration_finding_fails_without_workflows() -> None:
    assert report(finding(), workflows=[]).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("severities", "line"),
    [
        ("", "no findings in 1 workflow"),
        ("e", "1 error in 1 workflow"),
        ("eeewnn", "3 errors, 1 warning, 2 notes in 1 workflow"),
        ("n", "1 note in 1 workflow"),
    ],
)
def test_last_line_counts_findings(severities: str, line: str) -> None:
    by_letter = {severity[0]: severity for severity in Severity}
    assert verdict_line(report(*(finding(severity=by_letter[letter]) for letter in severities))) == line


def test_uncounted_findings_are_listed_separately() -> None:
    sample = with_others()
    assert verdict_line(sample) == "1 error in 1 workflow, 1 in the baseline, 1 ignored"
    assert replace(sample, findings=()).verdict is Verdict.PASSED


def test_fixable_findings_are_counted() -> None:
    source = "from workers import NonRetryableError, WorkflowEntrypoint\n\n\nclass Flow(WorkflowEntrypoint):\n"
    source += "    async def run(self, event, step):\n        return 1\n"
    (fixable,) = (results for results in check_analysis(analyze_source(source)) if results.fix)
    assert verdict_line(report(fixable, finding())) == "2 errors in 1 workflow, 1 fixable with --fix"


def test_last_line_counts_unchecked_workflows() -> None:
    nothing = report(workflows=[])
    assert verdict_line(nothing) == "no workflow was found, so nothing was checked"
    lacking = replace(report(workflows=[workflow(), workflow(has_dag=False)]), require_dag=True)
    assert verdict_line(lacking) == "no findings in 2 workflows, 1 without a complete graph"
