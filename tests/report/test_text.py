"""The report as a person reads it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from stepgraph.checks.severity import Severity
from stepgraph.render.cells import cell_width
from stepgraph.report.text import render_text
from tests.report.example import example
from tests.report.reports import finding, report, span, workflow

SOURCE = "a\nb\nc\n        charge(10)\n"


def test_a_realistic_report_in_full(snapshot: SnapshotAssertion) -> None:
    assert render_text(example()) == snapshot


def test_a_realistic_report_in_a_terminal(snapshot: SnapshotAssertion) -> None:
    assert render_text(example(), width=80) == snapshot


def test_no_line_is_wider_than_the_terminal() -> None:
    assert max(map(cell_width, render_text(example(), width=80).splitlines())) <= 80


def test_a_finding_is_a_place_a_message_the_source_and_what_to_do() -> None:
    made = report(finding(at=span(column=16, end=(4, 18))), files={"src/orders.py": SOURCE})
    assert render_text(made) == (
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


def test_without_findings_there_is_nothing_to_explain() -> None:
    assert render_text(report()).endswith("\nno findings in 1 workflow\n")


def test_without_a_source_there_is_no_excerpt_and_without_advice_none() -> None:
    assert render_text(report(finding("no such file.", "", code="SG001")), quiet=True) == (
        "src/orders.py:4:9: error[SG001]: no such file.\n"
    )


def test_quiet_has_no_summary() -> None:
    assert render_text(report(), quiet=True) == ""


def test_a_clean_report_is_the_summary() -> None:
    assert render_text(report()).splitlines()[-1] == "no findings in 1 workflow"


@pytest.mark.parametrize("quiet", [True, False])
def test_nothing_to_check_is_said_in_any_case(*, quiet: bool) -> None:
    assert render_text(report(workflows=[]), quiet=quiet) == "no workflow was found, so nothing was checked\n"


def test_a_graph_that_is_required_and_lacks_is_told_at_its_class() -> None:
    workflows = [workflow(), workflow("a", has_dag=False), workflow("b", complete=False)]
    start = "src/orders.py:1: error: the graph of the workflow"
    end = "and --require-dag demands a complete one."
    assert render_text(replace(report(workflows=workflows), require_dag=True), quiet=True) == (
        f"{start} `a` is missing, {end}\n\n{start} `b` is incomplete, {end}\n"
    )


def test_in_a_narrow_terminal_classes_that_name_workflows_go_and_places_lose_their_beginning() -> None:
    made = report(workflows=[workflow("OrderWorkflow", "fixtures/gallery/orders/entry.py")])
    assert render_text(made, width=64).splitlines()[:2] == [
        "NAME           WHERE                    STEPS  HAS_DAG  COMPLETE",
        "OrderWorkflow  …lery/orders/entry.py:1      3  yes      yes",
    ]


def test_in_a_narrow_terminal_other_classes_stay() -> None:
    made = report(workflows=[workflow("orders", "fixtures/gallery/orders/entry.py")])
    assert render_text(made, width=64).splitlines()[:2] == [
        "NAME    CLASS          WHERE             STEPS  HAS_DAG  COMPLETE",
        "orders  OrderWorkflow  …ders/entry.py:1      3  yes      yes",
    ]


def test_colours_are_for_terminals_only() -> None:
    made = report(finding("no.", at=span(column=16, end=(4, 18))), files={"src/orders.py": SOURCE})
    assert "\x1b" not in render_text(made)
    assert render_text(made, color=True).splitlines()[:3] == [
        "\x1b[1msrc/orders.py:4:16: \x1b[0m\x1b[1;31merror[SG118]\x1b[0m: no.",
        "\x1b[2m4 | \x1b[0m        charge(10)",
        "\x1b[2m  | \x1b[0m\x1b[1;31m               ^^\x1b[0m",
    ]


def test_a_message_begins_on_its_own_line_where_the_place_leaves_no_room() -> None:
    made = report(finding("one two three.", "", at=span("a/very/long/path/to/some/module.py")))
    assert render_text(made, width=60, quiet=True) == (
        "a/very/long/path/to/some/module.py:4:9: error[SG118]:\n    one two three.\n"
    )


def test_the_first_error_is_the_one_that_is_offered_to_be_explained() -> None:
    found = [finding(code="SG205", severity=Severity.WARNING), finding(code="SG118")]
    assert render_text(report(*found)).splitlines()[-1] == "`stepgraph rules SG118` explains SG118"
    assert render_text(report(*found[:1])).splitlines()[-1] == "`stepgraph rules SG205` explains SG205"
