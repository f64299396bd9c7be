"""Comparisons as pictures."""

from __future__ import annotations

import re
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.render.view import Theme
from stepgraph.report.diff.comparison import VersionComparison
from stepgraph.report.diff.svg import render_svg
from tests.render.graphs import branch, do, either, switch
from tests.report.comparisons import everything, everywhere, example, large, report, report_of, unchanged, version
from tests.report.reports import HOSTILE
from tests.svg.picture import SVG
from tests.svg.test_snapshots import SvgFile


def texts(sample: VersionComparison) -> list[str]:
    """Return the lines of text in the picture."""
    root = ET.fromstring(render_svg(sample).text)  # noqa: S314 - it is our own
    return [span.text or "" for span in root.iter(f"{SVG}tspan")]


@pytest.mark.parametrize("theme", get_args(Theme))
def test_realistic_diff_in_each_theme(theme: Theme, snapshot: SnapshotAssertion) -> None:
    assert render_svg(example(), theme).text == snapshot.use_extension(SvgFile)


def test_changes_are_listed_above_the_workflow() -> None:
    rest = {"type": "step_sleep", "name": "rest", "duration": "1 day"}
    sample = report(version(do("charge"), rest), version(do("charge card"), rest))  # type: ignore[arg-type]
    assert texts(sample)[:6] == [
        "orders (Orders)",
        "1 change",
        "from main to the working tree",
        "effect on running instances: 1 breaking",
        "step 'charge' renamed to 'charge card'",
        "breaking: instances waiting at 'rest' run it again under the new name",
    ]


def test_code_has_no_backquotes() -> None:
    old, new = (version(do("a"), either(branch(condition, do("b")))) for condition in ("total > 5", "total > 8"))
    assert "condition total > 5 changed to total > 8" in texts(report(old, new))
    assert "`" not in render_svg(report(old, new)).text


def test_picture_contains_removed_elements() -> None:
    assert "pack" in texts(report(version(do("charge"), do("pack")), version(do("charge"))))


def test_each_changed_workflow_has_a_drawing() -> None:
    same = version(do("a"), name="same")
    pairs = [
        (version(do("a"), name="one"), version(do("b"), name="one")),
        (same, same),
        (version(do("c"), name="two"), version(do("d"), name="two")),
    ]
    text = render_svg(report_of(pairs)).text
    groups = re.findall(r'<g id="([^"]*)" transform="translate\(0 (\d+)\)"><title>([^<]*)</title>', text)
    assert [(identity, name) for identity, _, name in groups] == [
        ("one-orders", "one (Orders)"),
        ("two-orders.2", "two (Orders)"),
    ]
    assert int(groups[0][1]) < int(groups[1][1])


@pytest.mark.slow
def test_ids_are_unique_across_drawings() -> None:
    identities = re.findall(r' id="([^"]*)"', render_svg(everything()).text)
    assert len(identities) == len(set(identities))


def test_picture_without_changes() -> None:
    assert texts(unchanged()) == ["no structural changes in 1 workflow. Compared main with the working tree."]


def test_incomplete_graph_is_noted() -> None:
    sample = report(version(do("a")), version(do("b"), complete=False))
    assert "incomplete graph: some changes may not be shown" in texts(sample)


def test_many_changes_are_listed_in_part() -> None:
    output = texts(large(40))
    assert sum("retries" in text or "timeout" in text for text in output[:40]) > 0
    assert "and 16 more" in output


@pytest.mark.parametrize("text", HOSTILE)
def test_source_text_is_escaped(text: str) -> None:
    root = ET.fromstring(render_svg(everywhere(text)).text)  # noqa: S314 - it is our own
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "g", "rect", "circle", "path", "text", "tspan"}


def test_choice_that_is_too_wide_for_github_is_in_several_rows() -> None:
    old, new = (
        version(switch("kind", *(branch(f"{n}", do(f"{verb} {n}")) for n in range(20)))) for verb in ("do", "run")
    )
    assert render_svg(report(old, new)).width <= 1040
