"""Reports as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from stepgraph.checks.diagnostic import Severity
from stepgraph.report.junit import render_junit
from stepgraph.report.report import Report
from tests.report.reports import HOSTILE, everywhere, finding, report, span, workflow


def cases_of(sample: Report) -> list[tuple[str | None, list[str]]]:
    """Return the name of each test case with its outcomes."""
    suites = ET.fromstring(render_junit(sample))  # noqa: S314 - it is our own
    return [(case.get("name"), [outcome.tag for outcome in case]) for case in suites.iter("testcase")]


def test_errors_and_warnings_fail_and_notes_are_skipped() -> None:
    sample = report(
        finding("no.", "Mend it.", at=span(line=4, column=9)),
        finding("odd.", code="SG205", severity=Severity.WARNING),
        finding("look.", code="SG004", severity=Severity.NOTE),
    )
    assert cases_of(sample) == [
        ("SG118 step-called-with-arguments", ["failure"]),
        ("SG205 unknown-duration-unit", ["failure"]),
        ("SG004", ["skipped"]),
    ]
    (suite,) = ET.fromstring(render_junit(sample))  # noqa: S314 - it is our own
    assert suite.attrib == {"name": "stepgraph", "tests": "3", "failures": "2", "errors": "0", "skipped": "1"}
    case = suite[0]
    assert case.attrib["file"] == case.attrib["classname"] == "src/orders.py"
    assert (case.attrib["line"], case[0].get("message"), case[0].text) == ("4", "no.", "src/orders.py:4:9: Mend it.")


def test_workflow_without_findings_passes() -> None:
    assert cases_of(report(workflows=[workflow("orders"), workflow("refunds")])) == [("orders", []), ("refunds", [])]
    missing = replace(report(workflows=[workflow(has_dag=False)]), require_dag=True)
    assert cases_of(missing) == [("require-dag", ["failure"])]


def test_check_without_workflows_fails() -> None:
    assert cases_of(report(workflows=[])) == [("check", ["failure"])]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_valid_xml(text: str) -> None:
    ET.fromstring(render_junit(everywhere(text)).encode("utf-8", "backslashreplace"))  # noqa: S314 - it is our own
