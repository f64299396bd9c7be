"""A diff as a picture."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from syrupy.assertion import SnapshotAssertion

from stepgraph.render.view import THEMES, Theme
from stepgraph.report.diff.report import VersionComparison
from stepgraph.report.diff.svg import render_svg
from tests.render.graphs import do
from tests.report.differences import everything, everywhere, example, large, report, report_of, unchanged, version
from tests.report.reports import HOSTILE
from tests.svg.picture import SVG
from tests.svg.test_snapshots import SvgFile


def texts(made: VersionComparison) -> list[str]:
    """Return all text of the picture, a piece for each line of it."""
    root = ET.fromstring(render_svg(made).text)  # noqa: S314 - it is our own
    return [span.text or "" for span in root.iter(f"{SVG}tspan")]


@pytest.mark.parametrize("theme", THEMES)
def test_a_realistic_diff_in_each_theme(theme: Theme, snapshot: SnapshotAssertion) -> None:
    assert render_svg(example(), theme).text == snapshot.use_extension(SvgFile)


def test_what_changed_is_told_above_the_workflow_with_its_effect() -> None:
    rest = {"type": "step_sleep", "name": "rest", "duration": "1 day"}
    made = report(version(do("charge"), rest), version(do("charge card"), rest))  # type: ignore[arg-type]
    assert texts(made)[:6] == [
        "orders",
        "1 change",
        "from main to the work tree",
        "for running instances: 1 breaking",
        "step 'charge' renamed to 'charge card'",
        "breaking: instances waiting at 'rest' run it again under the new name",
    ]


def test_what_was_removed_is_in_the_picture() -> None:
    assert "pack" in texts(report(version(do("charge"), do("pack")), version(do("charge"))))


def test_each_workflow_that_changed_has_a_drawing_of_its_own_below_the_one_before() -> None:
    same = version(do("a"), name="same")
    pairs = [
        (version(do("a"), name="one"), version(do("b"), name="one")),
        (same, same),
        (version(do("c"), name="two"), version(do("d"), name="two")),
    ]
    text = render_svg(report_of(pairs)).text
    groups = re.findall(r'<g id="([^"]*)" transform="translate\(0 (\d+)\)"><title>([^<]*)</title>', text)
    assert [(identity, name) for identity, _, name in groups] == [("one", "one"), ("two.2", "two")]
    assert int(groups[0][1]) < int(groups[1][1])


def test_identities_are_unique_across_all_drawings() -> None:
    identities = re.findall(r' id="([^"]*)"', render_svg(everything()).text)
    assert len(identities) == len(set(identities))


def test_without_changes_the_picture_says_so() -> None:
    assert texts(unchanged()) == ["no change of structure in 1 workflow (from main to the work tree)"]


def test_what_may_be_missing_is_said() -> None:
    made = report(version(do("a")), version(do("b"), complete=False))
    assert "incomplete: its graph may lack steps, so that changes may be missing" in texts(made)


def test_of_many_changes_the_first_are_told_and_the_others_counted() -> None:
    told = texts(large(40))
    assert sum("retries" in text or "timeout" in text for text in told[:40]) > 0
    assert "and 16 more" in told


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_source_is_markup(text: str) -> None:
    root = ET.fromstring(render_svg(everywhere(text)).text)  # noqa: S314 - it is our own
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "style", "g", "rect", "circle", "path", "text", "tspan"}
