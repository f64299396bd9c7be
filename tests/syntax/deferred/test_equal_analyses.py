"""An analysis that parses bodies on first use equals one that parses modules whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepgraph.api import analyze_paths, check_analysis
from stepgraph.model.payload import Node
from stepgraph.syntax import parse
from stepgraph.syntax.deferred import outline
from tests.effort import example_count, sample
from tests.fixtures.files import FIXTURES
from tests.proof.programs.modules import GeneratedProgram, programs

PROJECTS = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


def results(path: Path, *, is_deferred: bool) -> list[str]:
    """Return everything that the analysis of a path reports, with locations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parse, "_MIN_LENGTH_IN_PIECES", 0 if is_deferred else 10**9)
        patch.setattr(outline, "MIN_BODY_LENGTH", 1)
        analysis = analyze_paths(path)
        lines = [repr((analysis.problems, analysis.hints, sorted(analysis.files), check_analysis(analysis)))]
        for each in analysis.workflows:
            locations = [(each.span_of(node), each.code_of(node)) for node in _nodes(each.graph)]
            details = each.details.items, each.compute_texts()
            lines.append(repr((each.name, each.path, each.graph, each.notes, each.span, details, locations)))
    return lines


def _nodes(value: object) -> Iterator[Node]:
    match value:
        case dict():
            yield cast("Node", value)
            for inner in value.values():
                yield from _nodes(inner)
        case list():
            for inner in value:
                yield from _nodes(inner)


def assert_equal(path: Path) -> None:
    assert results(path, is_deferred=True) == results(path, is_deferred=False)


@pytest.mark.slow
def test_analyses_of_a_project_are_equal() -> None:
    assert_equal(FIXTURES / "shop")


@pytest.mark.slow
@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_analyses_of_all_fixtures_are_equal(path: Path) -> None:
    for file in sample(sorted(path.rglob("*.py")), 4):
        assert_equal(file)


@pytest.mark.slow
@settings(deadline=None, max_examples=example_count(6), derandomize=True, database=None)
@given(st.deferred(programs))
def test_analyses_of_random_programs_are_equal(program: GeneratedProgram) -> None:
    with TemporaryDirectory() as folder:
        for name, text in program.sources.items():
            (Path(folder) / f"{name}.py").write_text(text, encoding="utf-8")
        assert_equal(Path(folder))
