"""Concise text, JSON Lines and statistics."""

from __future__ import annotations

import json

from msgspec.structs import replace

from stepgraph.checks.diagnostic import Applicability, Fix, Severity
from stepgraph.report.json_report import json_report, render_json_lines
from stepgraph.report.text import render_concise, render_statistics
from tests.report.example import example
from tests.report.reports import finding, report, span, workflow


def test_concise_report_has_a_line_for_each_finding() -> None:
    sample = report(finding("no.", at=span(line=4, column=9)), finding("odd.", code="SG205", severity=Severity.WARNING))
    assert render_concise(sample) == (
        "src/orders.py:4:9: SG118 no.\nsrc/orders.py:4:9: SG205 odd.\n1 error, 1 warning in 1 workflow\n"
    )
    assert render_concise(report(), quiet=True) == ""


def test_concise_report_of_a_missing_file_has_no_position() -> None:
    sample = report(finding("file not found.", code="SG001", at=span("nope.py", 1, 1, end=(1, 1))))
    assert render_concise(sample, quiet=True) == "nope.py: SG001 file not found.\n"


def test_concise_report_names_workflows_without_a_required_graph() -> None:
    sample = replace(report(workflows=[workflow(has_dag=False)]), require_dag=True)
    assert render_concise(sample, quiet=True) == (
        "src/orders.py:1: error the graph of the workflow `orders` is missing, but --require-dag requires a complete"
        " one.\n"
    )


def test_json_lines_are_the_findings_of_the_json_report() -> None:
    lines = render_json_lines(example()).splitlines()
    assert [json.loads(line) for line in lines] == json_report(example())["findings"]
    assert lines[0].startswith('{"code":"SG')


def test_statistics_count_findings_by_rule() -> None:
    fixable = replace(finding("odd.", code="SG205", severity=Severity.WARNING), fix=Fix(Applicability.SAFE))
    assert render_statistics(report(finding("no."), fixable, fixable)) == (
        "COUNT  CODE   NAME                        SEVERITY  FIXABLE\n"
        "    2  SG205  unknown-duration-unit       warning         2\n"
        "    1  SG118  step-called-with-arguments  error           0\n"
        "\n"
        "1 error, 2 warnings in 1 workflow, 2 fixable with --fix\n"
    )
    assert render_statistics(report()) == "no findings in 1 workflow\n"
