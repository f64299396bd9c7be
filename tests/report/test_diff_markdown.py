"""Comparisons as Markdown."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.model.payload import Branch as BranchNode
from stepgraph.model.payload import Node
from stepgraph.render.flow.mermaid import utf16_length
from stepgraph.render.flow.mermaid_document import MAX_LENGTH
from stepgraph.report.diff.markdown import render_markdown
from tests.render.graphs import do, loop
from tests.report.comparisons import everything, everywhere, example, large, report, unchanged, version
from tests.report.reports import HOSTILE
from tests.report.test_markdown import OUR_TAGS, Reading


def test_realistic_diff(snapshot: SnapshotAssertion) -> None:
    assert render_markdown(example()) == snapshot


def test_report_without_changes_is_one_line() -> None:
    assert render_markdown(unchanged()) == (
        "Workflows: no structural changes in 1 workflow. Compared main with the working tree.\n"
    )


def test_incomplete_graph_is_noted_without_changes() -> None:
    sample = report(version(do("a")), version(do("a"), complete=False))
    assert render_markdown(sample).splitlines()[2:] == [
        "- `orders (Orders)` has an incomplete graph: some changes may not be shown."
    ]


def test_condition_with_bars_stays_in_its_cell() -> None:
    old = version({"type": "if", "branches": [{"condition": "a | b", "nodes": [do("x")]}]})
    new = version({"type": "if", "branches": [{"condition": "a || `b`", "nodes": [do("x")]}]})
    reading = Reading(render_markdown(report(old, new)))
    assert "condition a | b changed to" in reading.text or "a | b" in reading.text
    assert reading.text.count("✅ safe") == 1


def test_diagram_marks_additions_and_removals() -> None:
    output = render_markdown(report(version(do("a"), do("b")), version(do("a"), loop(do("c"), do("d")))))
    assert '("a"):::stepBox' in output
    assert '("#45; b"):::removedBox' in output
    assert '["#43; loop"]' in output
    assert '("#43; c"):::addedBox' in output
    assert "class n_2 addedFrame" in output
    assert "`+` (green) marks additions, `-` (red) removals, and `~` (amber) other changes." in output


def test_changed_elements_show_old_values() -> None:
    output = render_markdown(report(version(do("charge"), do("b")), version(do("charge card"), do("b"))))
    assert '("#126; charge card<br/>#40;was #39;charge#39;#41;"):::changedBox' in output


def test_branch_is_marked_at_its_arrow() -> None:
    either: list[BranchNode] = [{"condition": "x", "nodes": [do("a")]}, {"condition": "y", "nodes": [do("b")]}]
    old = version({"type": "if", "branches": either[:1]})
    output = render_markdown(report(old, version({"type": "if", "branches": either})))
    assert '-->|"#43; y"|' in output
    assert '-->|"x"|' in output


def test_only_marks_are_colored() -> None:
    output = render_markdown(report(version(loop(do("a"))), version(loop(do("a"), do("b")))))
    assert "classDef loopFrame fill:#5b68750d,stroke:#7d8996" in output
    assert "linkStyle" not in output


def test_effects_are_named_in_diagrams() -> None:
    rest: Node = {"type": "step_sleep", "name": "rest", "duration": "1 day"}
    output = render_markdown(report(version(do("charge"), rest), version(do("charge card"), rest)))
    assert "#126; charge card<br/>#40;breaking, was #39;charge#39;#41;" in output


def test_added_workflow_has_no_marks() -> None:
    output = render_markdown(report(None, version(do("a"))))
    assert '("a")' in output
    assert "mark what" not in output
    assert "addedBox" not in output


@pytest.mark.slow
@pytest.mark.parametrize("changes", [300, 3000])
def test_comment_fits_githubs_limit(changes: int) -> None:
    assert utf16_length(render_markdown(large(changes))) <= MAX_LENGTH


@pytest.mark.slow
def test_omitted_parts_are_counted() -> None:
    output = render_markdown(large(3000))
    shown = output.count("timeout")
    assert (
        f"{3000 - shown} more changes would exceed GitHub's limit. Run `stepgraph diff` to see all changes.\n" in output
    )
    assert "1 diagram would exceed GitHub's limit. Run `stepgraph diff -f svg` to see all diagrams.\n" in output


@pytest.mark.parametrize("text", HOSTILE)
def test_source_text_is_escaped(text: str) -> None:
    reading = Reading(render_markdown(everywhere(text)))
    assert reading.tags <= OUR_TAGS
    assert reading.links == set()
    assert "@everyone" not in reading.calling


@pytest.mark.slow
def test_every_change_is_a_row() -> None:
    sample = everything()
    output = render_markdown(sample)
    assert sum(line.startswith(("| `+`", "| `-`", "| `~`")) for line in output.splitlines()) == len(sample.changes)
