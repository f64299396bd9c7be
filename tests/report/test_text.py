"""Reports as text."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from stepgraph.checks.diagnostic import Severity
from stepgraph.render.text_width import cell_width
from stepgraph.report.text import render_text
from tests.report.example import example
from tests.report.reports import finding, report, span, workflow

SOURCE = "a\nb\nc\n        charge(10)\n"


def test_realistic_report(snapshot: SnapshotAssertion) -> None:
    assert render_text(example()) == snapshot


def test_realistic_report_in_a_terminal(snapshot: SnapshotAssertion) -> None:
    assert render_text(example(), width=80) == snapshot


def test_lines_fit_the_terminal() -> None:
    assert max(map(cell_width, render_text(example(), width=80).splitlines())) <= 80


def test_finding_has_location_message_source_and_help() -> None:
    sample = report(finding(at=span(column=16, end=(4, 18))), files={"src/orders.py": SOURCE})
    assert render_text(sample) == (
        "src/orders.py:4:16: error[SG118]: the step 'charge' is called with `10`, and the SDK refuses arguments.\n"
        "4 |         charge(10)\n"
        "  |                ^^\n"
        "  = help: Call it without arguments.\n"
        "\n"
        "NAME    CLASS          WHERE            STEPS  HAS_DAG  COMPLETE\n"
        "orders  OrderWorkflow  src/orders.py:1      3  yes      yes\n"
        "\n"
        "1 error in 1 workflow\n"
        "`stepgraph rules SG118` explains SG118\n"
    )


def test_no_hint_without_findings() -> None:
    assert render_text(report()).endswith("\nno findings in 1 workflow\n")


def test_no_source_no_excerpt_no_advice_no_help() -> None:
    assert render_text(report(finding("no such file.", "", code="SG001")), quiet=True) == (
        "src/orders.py:4:9: error[SG001]: no such file.\n"
    )


def test_quiet_has_no_summary() -> None:
    assert render_text(report(), quiet=True) == ""


def test_report_without_findings_is_the_summary() -> None:
    assert render_text(report()).splitlines()[-1] == "no findings in 1 workflow"


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_to_check_is_always_reported(*, quiet: bool) -> None:
    assert render_text(report(workflows=[]), quiet=quiet) == "no workflow was found, so nothing was checked\n"


def test_required_graph_is_reported_at_class() -> None:
    workflows = [workflow(), workflow("a", has_dag=False), workflow("b", complete=False)]
    start = "src/orders.py:1: error: the graph of the workflow"
    end = "and --require-dag demands a complete one."
    assert render_text(replace(report(workflows=workflows), require_dag=True), quiet=True) == (
        f"{start} `a` is missing, {end}\n\n{start} `b` is incomplete, {end}\n"
    )


def test_narrow_terminal_omits_redundant_classes() -> None:
    sample = report(workflows=[workflow("OrderWorkflow", "fixtures/gallery/orders/entry.py")])
    assert render_text(sample, width=64).splitlines()[:2] == [
        "NAME           WHERE                    STEPS  HAS_DAG  COMPLETE",
        "OrderWorkflow  …lery/orders/entry.py:1      3  yes      yes",
    ]


def test_narrow_terminal_keeps_distinct_classes() -> None:
    sample = report(workflows=[workflow("orders", "fixtures/gallery/orders/entry.py")])
    assert render_text(sample, width=64).splitlines()[:2] == [
        "NAME    CLASS          WHERE             STEPS  HAS_DAG  COMPLETE",
        "orders  OrderWorkflow  …ders/entry.py:1      3  yes      yes",
    ]


def test_colors_are_optional() -> None:
    sample = report(finding("no.", at=span(column=16, end=(4, 18))), files={"src/orders.py": SOURCE})
    assert "\x1b" not in render_text(sample)
    assert render_text(sample, color=True).splitlines()[:3] == [
        "\x1b[1msrc/orders.py:4:16: \x1b[0m\x1b[1;31merror[SG118]\x1b[0m: no.",
        "\x1b[2m4 | \x1b[0m        charge(10)",
        "\x1b[2m  | \x1b[0m\x1b[1;31m               ^^\x1b[0m",
    ]


def test_message_wraps_after_a_long_location() -> None:
    sample = report(finding("one two three.", "", at=span("a/very/long/path/to/some/module.py")))
    assert render_text(sample, width=60, quiet=True) == (
        "a/very/long/path/to/some/module.py:4:9: error[SG118]:\n    one two three.\n"
    )


def test_hint_names_the_first_error() -> None:
    results = [finding(code="SG205", severity=Severity.WARNING), finding(code="SG118")]
    assert render_text(report(*results)).splitlines()[-1] == "`stepgraph rules SG118` explains SG118"
    assert render_text(report(*results[:1])).splitlines()[-1] == "`stepgraph rules SG205` explains SG205"
