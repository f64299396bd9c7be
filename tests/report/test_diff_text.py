"""Comparisons as text."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from stepgraph.model.details import ComparableDetails, Detail
from stepgraph.model.payload import Node
from stepgraph.report.diff.text import render_text
from tests.render.graphs import branch, do, either
from tests.report.comparisons import everything, example, report, unchanged, version


def test_realistic_diff(snapshot: SnapshotAssertion) -> None:
    assert render_text(example()) == snapshot


def test_realistic_diff_in_color(snapshot: SnapshotAssertion) -> None:
    assert render_text(example(), color=True) == snapshot


@pytest.mark.slow
def test_color_adds_no_text() -> None:
    colored = render_text(everything(), color=True)
    assert re.sub("\x1b\\[[0-9;]*m", "", colored) == render_text(everything())


def test_additions_are_green_and_removals_red() -> None:
    added = render_text(report(version(do("a")), version(do("a"), do("b"))), color=True)
    removed = render_text(report(version(do("a"), do("b")), version(do("a"))), color=True)
    assert "\x1b[32m  + step 'b' added after 'a'\x1b[0m" in added
    assert "\x1b[31m  - step 'b' removed\x1b[0m" in removed


def test_moves_are_cyan_and_other_changes_yellow() -> None:
    moved = render_text(report(version(do("a"), do("b")), version(do("b"), do("a"))), color=True)
    renamed = render_text(report(version(do("charge card")), version(do("charge the card"))), color=True)
    assert "\x1b[36m  ~ step" in moved
    assert "\x1b[33m  ~ step 'charge card' renamed to 'charge the card'\x1b[0m" in renamed


@pytest.mark.slow
def test_each_change_line_is_a_row() -> None:
    sample = everything()
    lines = [line[2:] for line in render_text(sample).splitlines() if line.startswith("  ")]
    assert lines == [change.line for change in sample.changes]


def test_report_without_changes_is_one_line() -> None:
    assert render_text(unchanged()) == "no structural changes in 1 workflow. Compared main with the working tree.\n"


def test_incomplete_graph_is_noted_without_changes() -> None:
    sample = report(version(do("a")), version(do("a"), complete=False))
    assert render_text(sample) == (
        "no structural changes in 1 workflow. 1 graph is incomplete. Compared main with the working tree.\n"
    )


def test_raise_is_not_called_return() -> None:
    leave: Node = {"type": "break", "kind": "return"}
    details = ComparableDetails([(leave, Detail("raise Closed()"))])
    new = replace(version(do("a"), either(branch("closed", leave))), details=lambda: details)
    assert render_text(report(version(do("a")), new)).splitlines()[1] == "  + `if closed` with `raise` added after 'a'"
