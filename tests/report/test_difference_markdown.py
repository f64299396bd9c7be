"""A diff as a comment on a pull request."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.model.payload import Branch as BranchNode
from stepgraph.report.diff.markdown import render_markdown
from stepgraph.report.markdown_blocks import MAX_LENGTH, length
from tests.render.graphs import do, loop
from tests.report.differences import everything, everywhere, example, large, report, unchanged, version
from tests.report.reports import HOSTILE
from tests.report.test_markdown import OUR_TAGS, Reading


def test_a_realistic_diff_in_full(snapshot: SnapshotAssertion) -> None:
    assert render_markdown(example()) == snapshot


def test_without_changes_there_is_one_line() -> None:
    assert render_markdown(unchanged()) == (
        "Workflows: no change of structure in 1 workflow (from main to the work tree).\n"
    )


def test_what_may_be_missing_is_said_where_nothing_changed() -> None:
    made = report(version(do("a")), version(do("a"), complete=False))
    assert render_markdown(made).splitlines()[2:] == [
        "- `orders`: its graph may lack steps, so that changes may be missing."
    ]


def test_a_condition_with_bars_stays_in_its_cell() -> None:
    old = version({"type": "if", "branches": [{"condition": "a | b", "nodes": [do("x")]}]})
    new = version({"type": "if", "branches": [{"condition": "a || `b`", "nodes": [do("x")]}]})
    reading = Reading(render_markdown(report(old, new)))
    assert "condition a | b changed to" in reading.text or "a | b" in reading.text
    assert reading.text.count("✅ safe") == 1


def test_what_was_added_and_removed_is_marked_in_the_diagram_by_class_and_by_sign() -> None:
    told = render_markdown(report(version(do("a"), do("b")), version(do("a"), loop(do("c"), do("d")))))
    assert '("a"):::stepBox' in told
    assert '("#45; b"):::removedBox' in told
    assert '["#43; loop"]' in told
    assert '("#43; c"):::addedBox' in told
    assert "class n_2 addedFrame" in told
    assert "`+` and green mark what was added, `-` and red what was removed, `~` and amber what was changed." in told


def test_what_was_changed_is_marked_with_how_it_was() -> None:
    told = render_markdown(report(version(do("charge"), do("b")), version(do("charge card"), do("b"))))
    assert '("#126; charge card<br/>#40;was #39;charge#39;#41;"):::changedBox' in told


def test_a_branch_is_marked_at_its_arrow() -> None:
    either: list[BranchNode] = [{"condition": "x", "nodes": [do("a")]}, {"condition": "y", "nodes": [do("b")]}]
    old = version({"type": "if", "branches": either[:1]})
    told = render_markdown(report(old, version({"type": "if", "branches": either})))
    assert '-->|"#43; y"|' in told
    assert '-->|"x"|' in told


def test_beside_marks_nothing_has_a_colour() -> None:
    told = render_markdown(report(version(do("a"), loop(do("b"))), version(do("a"), loop(do("b")), do("c"))))
    assert "classDef loopFrame fill:#8080800d,stroke:#8c8c8c" in told
    assert "linkStyle" not in told


def test_a_workflow_that_is_new_has_a_diagram_without_marks() -> None:
    told = render_markdown(report(None, version(do("a"))))
    assert '("a")' in told
    assert "mark what" not in told
    assert "addedBox" not in told


@pytest.mark.parametrize("changes", [300, 3000])
def test_a_comment_is_never_longer_than_github_takes(changes: int) -> None:
    assert length(render_markdown(large(changes))) <= MAX_LENGTH


def test_what_is_left_out_is_counted() -> None:
    told = render_markdown(large(3000))
    shown = told.count("timeout")
    assert f"{3000 - shown} more changes would be too long for GitHub: `stepgraph diff` prints all.\n" in told
    assert "1 diagram would be too long for GitHub: `stepgraph diff -f svg` draws all.\n" in told


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_source_is_markup(text: str) -> None:
    reading = Reading(render_markdown(everywhere(text)))
    assert reading.tags <= OUR_TAGS
    assert reading.links == set()
    assert "@everyone" not in reading.calling


def test_every_change_is_a_row() -> None:
    made = everything()
    told = render_markdown(made)
    assert sum(line.startswith(("| `+`", "| `-`", "| `~`")) for line in told.splitlines()) == len(made.changes)
