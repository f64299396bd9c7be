"""A diff as a comment on a pull request."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.report.difference.markdown import render_markdown
from stepgraph.report.markdown.room import LONGEST, length
from tests.render.graphs import do
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


def test_steps_are_marked_in_the_diagram() -> None:
    told = render_markdown(report(version(do("a"), do("b")), version(do("a"), do("b"), do("c"))))
    assert '("#43; c")' in told
    assert '("a")' in told


def test_a_workflow_that_is_new_has_a_diagram_without_marks() -> None:
    told = render_markdown(report(None, version(do("a"))))
    assert '("a")' in told
    assert "marks steps" not in told


@pytest.mark.parametrize("changes", [300, 3000])
def test_a_comment_is_never_longer_than_github_takes(changes: int) -> None:
    assert length(render_markdown(large(changes))) <= LONGEST


def test_what_is_left_out_is_counted() -> None:
    told = render_markdown(large(3000))
    shown = told.count("timeout")
    assert f"{3000 - shown} more changes would be too long for GitHub: `stepgraph diff` prints all.\n" in told
    assert "1 diagram would be too long for GitHub: `stepgraph graph` draws all.\n" in told


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
