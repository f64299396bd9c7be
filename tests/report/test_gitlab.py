"""Reports for GitLab's Code Quality."""

from __future__ import annotations

import json

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Severity
from stepgraph.report.annotations import render_gitlab
from stepgraph.report.report import FingerprintedFinding, Report, SourceFile
from tests.report.reports import finding, report, span, workflow


def test_finding_has_all_fields_of_gitlab() -> None:
    results = finding("It fails.", "Mend it.", at=span(line=4, end=(6, 2)))
    sample = replace(report(), findings=(FingerprintedFinding(results, "300f304eaf49a7610e6f5590"),))
    assert render_gitlab(sample) == (
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


def test_severities_map_to_gitlab() -> None:
    sample = report(*(finding(severity=severity) for severity in Severity))
    assert [violation["severity"] for violation in json.loads(render_gitlab(sample))] == ["major", "minor", "info"]


def test_paths_are_relative_to_repository_root() -> None:
    sample = replace(report(finding()), files={"src/orders.py": SourceFile((), "apps/shop/src/orders.py")})
    assert json.loads(render_gitlab(sample))[0]["location"]["path"] == "apps/shop/src/orders.py"


def test_required_graph_is_a_violation() -> None:
    sample = replace(report(workflows=[workflow("orders", complete=False)]), require_dag=True)
    (violation,) = json.loads(render_gitlab(sample))
    assert violation["check_name"] == "require-dag"
    assert violation["severity"] == "major"
    assert violation["description"] == (
        "the graph of the workflow `orders` is incomplete, but --require-dag requires a complete one."
    )


def test_no_findings_are_an_empty_list() -> None:
    assert render_gitlab(report()) == "[]\n"


def prints(sample: Report) -> set[str]:
    return {violation["fingerprint"] for violation in json.loads(render_gitlab(sample))}


def test_fingerprints_are_unique_in_a_report() -> None:
    assert len(prints(report(finding("one"), finding("another"), finding("one", code="SG205")))) == 3
    twice = [workflow("orders", complete=False), workflow("orders-staging", complete=False)]
    assert len(prints(replace(report(workflows=twice), require_dag=True))) == 2


def test_reports_of_two_folders_have_distinct_fingerprints() -> None:
    single = replace(report(), findings=(FingerprintedFinding(finding(), "300f304eaf49a7610e6f5590"),))
    results = [replace(single, files={"src/orders.py": SourceFile((), f"{name}/src/orders.py")}) for name in ("a", "b")]
    assert prints(results[0]) != prints(results[1])
