"""A diff as a person reads it."""

from __future__ import annotations

import re

from syrupy.assertion import SnapshotAssertion

from stepgraph.report.diff.text import render_text
from tests.render.graphs import do
from tests.report.differences import everything, example, report, unchanged, version


def test_a_realistic_diff_in_full(snapshot: SnapshotAssertion) -> None:
    assert render_text(example()) == snapshot


def test_a_realistic_diff_in_colour(snapshot: SnapshotAssertion) -> None:
    assert render_text(example(), colour=True) == snapshot


def test_colour_adds_nothing_that_signs_and_words_do_not_say() -> None:
    coloured = render_text(everything(), colour=True)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render_text(everything())


def test_what_is_added_is_green_and_what_is_removed_is_red() -> None:
    added = render_text(report(version(do("a")), version(do("a"), do("b"))), colour=True)
    removed = render_text(report(version(do("a"), do("b")), version(do("a"))), colour=True)
    assert "\x1b[32m  + step 'b' added after 'a'\x1b[0m" in added
    assert "\x1b[31m  - step 'b' removed\x1b[0m" in removed


def test_what_is_elsewhere_is_cyan_and_all_else_is_yellow() -> None:
    moved = render_text(report(version(do("a"), do("b")), version(do("b"), do("a"))), colour=True)
    renamed = render_text(report(version(do("charge card")), version(do("charge the card"))), colour=True)
    assert "\x1b[36m  ~ step" in moved
    assert "\x1b[33m  ~ step 'charge card' renamed to 'charge the card'\x1b[0m" in renamed


def test_each_line_of_a_change_is_that_of_the_diff() -> None:
    made = everything()
    lines = [line[2:] for line in render_text(made).splitlines() if line.startswith("  ")]
    assert lines == [change.line for change in made.changes]


def test_without_changes_there_is_one_line() -> None:
    assert render_text(unchanged()) == "no change of structure in 1 workflow (from main to the work tree)\n"


def test_what_may_be_missing_is_said_where_nothing_changed() -> None:
    made = report(version(do("a")), version(do("a"), complete=False))
    assert render_text(made) == (
        "no change of structure in 1 workflow; 1 with a graph that is incomplete (from main to the work tree)\n"
    )
