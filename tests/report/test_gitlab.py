"""The report for GitLab's Code Quality, which shows what is new beside the lines of a merge request."""

from __future__ import annotations

import json

from msgspec.structs import replace

from stepgraph.checks.severity import Severity
from stepgraph.report.gitlab import render_gitlab
from stepgraph.report.report import FingerprintedFinding, Report, SourceFile
from tests.report.reports import finding, report, span, workflow


def test_a_finding_is_a_violation_with_all_that_gitlab_asks_for() -> None:
    found = finding("It fails.", "Mend it.", at=span(line=4, end=(6, 2)))
    made = replace(report(), findings=(FingerprintedFinding(found, "300f304eaf49a7610e6f5590"),))
    assert render_gitlab(made) == (
        "[\n"
        "  {\n"
        '    "description": "It fails. Mend it.",\n'
        '    "check_name": "SG118 step-called-with-arguments",\n'
        '    "fingerprint": "ddea09009faa1104dff3eeb6",\n'
        '    "severity": "major",\n'
        '    "location": {\n'
        '      "path": "src/orders.py",\n'
        '      "lines": {\n'
        '        "begin": 4,\n'
        '        "end": 6\n'
        "      }\n"
        "    }\n"
        "  }\n"
        "]\n"
    )


def test_severities_are_those_of_gitlab() -> None:
    made = report(*(finding(severity=severity) for severity in Severity))
    assert [violation["severity"] for violation in json.loads(render_gitlab(made))] == ["major", "minor", "info"]


def test_a_file_is_named_from_the_root_of_the_repository() -> None:
    made = replace(report(finding()), files={"src/orders.py": SourceFile((), "apps/shop/src/orders.py")})
    assert json.loads(render_gitlab(made))[0]["location"]["path"] == "apps/shop/src/orders.py"


def test_a_graph_that_is_required_and_lacks_is_a_violation() -> None:
    made = replace(report(workflows=[workflow("orders", complete=False)]), require_dag=True)
    (violation,) = json.loads(render_gitlab(made))
    assert violation["check_name"] == "require-dag"
    assert violation["severity"] == "major"
    assert violation["description"] == (
        "the graph of the workflow `orders` is incomplete, and --require-dag demands a complete one."
    )


def test_nothing_found_is_an_empty_list() -> None:
    assert render_gitlab(report()) == "[]\n"


def prints(made: Report) -> set[str]:
    return {violation["fingerprint"] for violation in json.loads(render_gitlab(made))}


def test_violations_of_one_report_are_told_apart() -> None:
    assert len(prints(report(finding("one"), finding("another"), finding("one", code="SG205")))) == 3
    twice = [workflow("orders", complete=False), workflow("orders-staging", complete=False)]
    assert len(prints(replace(report(workflows=twice), require_dag=True))) == 2


def test_those_of_two_folders_that_are_checked_by_themselves_are_told_apart() -> None:
    one = replace(report(), findings=(FingerprintedFinding(finding(), "300f304eaf49a7610e6f5590"),))
    found = [replace(one, files={"src/orders.py": SourceFile((), f"{name}/src/orders.py")}) for name in ("a", "b")]
    assert prints(found[0]) != prints(found[1])
