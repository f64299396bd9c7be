"""The report as text, and its excerpts of the source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from stepgraph.checks.diagnostic import RelatedLocation, Severity
from stepgraph.model.span import Span
from stepgraph.render.text_width import cell_width
from stepgraph.report.report import SourceFile
from stepgraph.report.text import Excerpt, excerpt_of, render_text
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
        "NAME    CLASS          WHERE            STEPS  GRAPH  COMPLETE\n"
        "orders  OrderWorkflow  src/orders.py:1      3  yes    yes\n"
        "\n"
        "1 error in 1 workflow\n"
        "`stepgraph rules SG118` explains SG118.\n"
    )


def test_related_location() -> None:
    related = RelatedLocation(Span("src/db.py", 3, 5, 3, 9), "`fetch` is called here")
    assert render_text(report(replace(finding(), related=(related,))), quiet=True) == (
        "src/orders.py:4:9: error[SG118]: the step 'charge' is called with `10`, and the SDK refuses arguments.\n"
        "  = note: src/db.py:3:5: `fetch` is called here\n"
        "  = help: Call it without arguments.\n"
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
    end = "but --require-dag requires a complete one."
    assert render_text(replace(report(workflows=workflows), require_dag=True), quiet=True) == (
        f"{start} `a` is missing, {end}\n\n{start} `b` is incomplete, {end}\n"
    )


def test_narrow_terminal_omits_redundant_classes() -> None:
    sample = report(workflows=[workflow("OrderWorkflow", "fixtures/gallery/orders/entry.py")])
    assert render_text(sample, width=64).splitlines()[:2] == [
        "NAME           WHERE                      STEPS  GRAPH  COMPLETE",
        "OrderWorkflow  …allery/orders/entry.py:1      3  yes    yes",
    ]


def test_narrow_terminal_keeps_distinct_classes() -> None:
    sample = report(workflows=[workflow("orders", "fixtures/gallery/orders/entry.py")])
    assert render_text(sample, width=64).splitlines()[:2] == [
        "NAME    CLASS          WHERE              STEPS  GRAPH  COMPLETE",
        "orders  OrderWorkflow  …rders/entry.py:1      3  yes    yes",
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


def test_last_line_explains_the_rules() -> None:
    results = [finding(code="SG205", severity=Severity.WARNING), finding(code="SG118"), finding(code="SG205")]
    assert render_text(report(*results)).splitlines()[-1] == "`stepgraph rules CODE` explains a rule: SG118, SG205."
    assert render_text(report(*results[:1])).splitlines()[-1] == "`stepgraph rules SG205` explains SG205."


PATH = "a.py"


def lines(text: str, begin: int, end: int, width: int = 80) -> list[str]:
    """Return the first line of a text, and the carets below the characters from `begin` to `end`."""
    sample = excerpt_of(SourceFile((text,)), Span(PATH, 1, begin, 1, end), width)
    assert sample is not None
    return [sample.text, sample.carets]


def test_carets_mark_the_span() -> None:
    assert lines("    await charge(10)", 18, 20) == [
        "    await charge(10)",
        "                 ^^",
    ]


def test_empty_span_has_one_caret() -> None:
    assert lines("def (:", 5, 5) == ["def (:", "    ^"]


@pytest.mark.parametrize(
    ("line", "carets"),
    [
        ('"name": "my \\"mail\\"",', "        ^^^^^^^^^^^^^"),
        ("name  = 'my mail' # x", "        ^^^^^^^^^"),
        ('"name": "my mail', "        ^"),
    ],
)
def test_empty_span_at_string_marks_the_string(line: str, carets: str) -> None:
    assert lines(line, 9, 9) == [line, carets]


def test_position_after_line_end_has_one_caret() -> None:
    assert lines("def f(", 9, 9) == ["def f(", "      ^"]


def test_wide_letters_have_two_carets() -> None:
    assert lines('注文("請求")', 4, 8) == ['注文("請求")', "     ^^^^^^"]


def test_combining_marks_have_no_caret() -> None:
    assert lines("e\u0301 = e\u0301x", 6, 9) == ["e\u0301 = e\u0301x", "    ^^"]


def test_tab_is_four_cells() -> None:
    assert lines("\tawait\tf(1)", 10, 11) == ["    await    f(1)", "               ^"]


def test_control_characters_are_escaped() -> None:
    assert lines('f("\x1b[2J", 1)', 11, 12) == ['f("\\x1b[2J", 1)', "             ^"]


def test_multiline_span_marks_the_first_line() -> None:
    file = SourceFile(("f(", "    a,  ", ")"))
    assert excerpt_of(file, Span(PATH, 2, 5, 3, 2), 80) == Excerpt(2, "    ", "a,", "")


def test_long_line_is_clipped_at_end() -> None:
    assert lines("f(10, " + "x" * 100, 3, 5, width=20) == ["f(10, xxxxxxxxxxxxx…", "  ^^"]


def test_long_line_is_clipped_on_both_sides() -> None:
    assert lines("a" * 50 + "HERE" + "b" * 50, 51, 55, width=24) == [
        "…aaaaaaaaaHEREbbbbbbbbb…",
        "          ^^^^",
    ]


def test_long_line_is_clipped_only_at_start_if_end_fits() -> None:
    assert lines("a" * 50 + "HERE)", 51, 55, width=24) == ["…aaaaaaaaaaaaaaaaaaHERE)", "                   ^^^^"]


def test_long_marked_part_is_clipped() -> None:
    assert lines("call(" + "x" * 200 + ")", 6, 206, width=30) == [
        "call(xxxxxxxxxxxxxxxxxxxxxxx…)",
        "     ^^^^^^^^^^^^^^^^^^^^^^^^",
    ]


@pytest.mark.parametrize("line", [0, 3])
def test_missing_line_has_no_excerpt(line: int) -> None:
    assert excerpt_of(SourceFile(("a", "b")), Span(PATH, line, 1, line, 2), 80) is None


def test_blank_line_has_no_excerpt() -> None:
    assert excerpt_of(SourceFile(("  ",)), Span(PATH, 1, 1, 1, 1), 80) is None


@given(st.text(max_size=300).filter(str.strip), st.integers(1, 320), st.integers(0, 50), st.integers(20, 250))
def test_excerpts_have_a_maximum_width(text: str, begin: int, size: int, width: int) -> None:
    sample = excerpt_of(SourceFile((text,)), Span(PATH, 1, begin, 1, begin + size), width)
    assert sample is not None
    assert cell_width(sample.text) <= min(width, 200)
    assert "\n" not in sample.text
    assert len(sample.carets) <= max(cell_width(sample.text), cell_width(sample.before) + 1)
