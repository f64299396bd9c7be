"""What a check comes to."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.settings import FailOn
from stepgraph.checks.severity import Severity
from stepgraph.report.report import Verdict
from stepgraph.report.wording import verdict_line
from tests.report.reports import finding, report, with_others, workflow


def test_workflows_without_findings_pass() -> None:
    assert report().verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("severity", "fail_on", "verdict"),
    [
        (Severity.ERROR, FailOn.ERROR, Verdict.FAILED),
        (Severity.WARNING, FailOn.ERROR, Verdict.PASSED),
        (Severity.WARNING, FailOn.WARNING, Verdict.FAILED),
        (Severity.INFORMATION, FailOn.WARNING, Verdict.PASSED),
    ],
)
def test_a_finding_fails_the_check_from_the_severity_on_that_is_asked_for(
    severity: Severity, fail_on: FailOn, verdict: Verdict
) -> None:
    assert replace(report(finding(severity=severity)), fail_on=fail_on).verdict is verdict


@pytest.mark.parametrize("code", ["SG001", "SG002", "SG003"])
def test_an_input_that_cannot_be_read_is_more_than_a_finding(code: str) -> None:
    assert report(finding(), finding(code=code)).verdict is Verdict.UNREADABLE


def test_an_unreadable_input_that_settings_allow_is_a_finding_like_others() -> None:
    allowed = finding(code="SG002", severity=Severity.WARNING)
    assert report(allowed).verdict is Verdict.PASSED
    assert replace(report(allowed), fail_on=FailOn.WARNING).verdict is Verdict.FAILED


@pytest.mark.parametrize(("has_dag", "complete"), [(False, True), (True, False)])
def test_a_graph_that_is_missing_or_incomplete_fails_where_one_is_required(*, has_dag: bool, complete: bool) -> None:
    made = report(workflows=[workflow(), workflow("returns", has_dag=has_dag, complete=complete)])
    assert made.verdict is Verdict.PASSED
    assert replace(made, require_dag=True).verdict is Verdict.FAILED


def test_nothing_to_check_is_no_pass() -> None:
    assert report(workflows=[]).verdict is Verdict.NOTHING
    assert report(finding(severity=Severity.WARNING), workflows=[]).verdict is Verdict.NOTHING


def test_what_a_configuration_is_found_guilty_of_fails_the_check_without_workflows_too() -> None:
    assert report(finding(), workflows=[]).verdict is Verdict.FAILED


@pytest.mark.parametrize(
    ("severities", "line"),
    [
        ("", "no findings in 1 workflow"),
        ("e", "1 error in 1 workflow"),
        ("eeewii", "3 errors, 1 warning, 2 notes in 1 workflow"),
        ("i", "1 note in 1 workflow"),
    ],
)
def test_the_last_line_counts(severities: str, line: str) -> None:
    by_letter = {severity[0]: severity for severity in Severity}
    assert verdict_line(report(*(finding(severity=by_letter[letter]) for letter in severities))) == line


def test_what_does_not_count_is_counted_apart() -> None:
    made = with_others()
    assert verdict_line(made) == "1 error in 1 workflow, 1 in the baseline, 1 ignored"
    assert replace(made, findings=()).verdict is Verdict.PASSED


def test_what_has_one_right_answer_is_counted_apart() -> None:
    source = "from workers import NonRetryableError, WorkflowEntrypoint\n\n\nclass Flow(WorkflowEntrypoint):\n"
    source += "    async def run(self, event, step):\n        return 1\n"
    (fixable,) = (found for found in check_analysis(analyze_source(source)) if found.edits)
    assert verdict_line(report(fixable, finding())) == "2 errors in 1 workflow, 1 fixable with --fix"


def test_the_last_line_tells_of_what_was_not_checked() -> None:
    nothing = report(workflows=[])
    assert verdict_line(nothing) == "no workflow was found, so nothing was checked"
    lacking = replace(report(workflows=[workflow(), workflow(has_dag=False)]), require_dag=True)
    assert verdict_line(lacking) == "no findings in 2 workflows, 1 without a complete graph"
