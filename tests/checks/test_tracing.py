"""Test that tracing differences between runs does not change the graph or its notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import Analysis
from stepgraph.api import check_analysis
from stepgraph.checks.catalogue import RULES
from stepgraph.checks.page import read_page
from stepgraph.checks.rule import Rule
from stepgraph.interpreter.replay.replay_tracer import ReplayTracer
from stepgraph.interpreter.replay.tracer import Tracer
from stepgraph.model.payload import Graph
from stepgraph.project.sources import find_sources
from stepgraph.source_analysis import analyze_sources
from tests.checks.examples import write_example
from tests.effort import sample
from tests.fixtures.files import FIXTURES

REPLAY_RULES = [rule for rule in RULES if rule.code.startswith("SG3")]


def test_replay_tracer_overrides_every_hook() -> None:
    hooks = {name for name in vars(Tracer) if not name.startswith("_")}

    assert {name for name in vars(ReplayTracer) if name in hooks} == hooks


def analyze_path(path: Path, *, checked: bool) -> Analysis:
    return analyze_sources(find_sources([path]), checked=checked)


def graphs_of(analysis: Analysis) -> list[tuple[str, Graph | None, list[str]]]:
    return [(workflow.name, workflow.graph, [str(note) for note in workflow.notes]) for workflow in analysis.workflows]


@pytest.mark.slow
@pytest.mark.parametrize("folder", sample(sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()), 5))
def test_fixtures_have_equal_graphs_without_a_tracer(folder: str) -> None:
    traced, untraced = (graphs_of(analyze_path(FIXTURES / folder, checked=checked)) for checked in (True, False))

    assert untraced == traced


@pytest.mark.slow
@pytest.mark.parametrize("rule", REPLAY_RULES, ids=lambda rule: rule.code)
def test_flagged_examples_have_equal_graphs_without_a_tracer(rule: Rule, tmp_path: Path) -> None:
    for number, example in enumerate(read_page(rule).flagged):
        folder = tmp_path / str(number)
        write_example(example, folder)
        traced, untraced = (graphs_of(analyze_path(folder, checked=checked)) for checked in (True, False))

        assert untraced == traced


TAINTED = """
import random
import time
from guards import managers
from workers import WorkflowEntrypoint


class Example(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("a")
        async def a(value):
            return value

        async def repeated(value):
            await a(value)
            return value

        chosen = random.choices(managers)[0]
        moment = time.time() + 1
        moment()(a)
        {use}
"""


@pytest.mark.parametrize(
    "use",
    [
        "with chosen:\n            await a(1)\n            raise ValueError",
        "async with random.choice(managers):\n            await a(1)",
        "for one in chosen:\n            with one:\n                await a(one)",
        "await repeated(moment)\n        await repeated(time.time())\n        await repeated(1)",
        "if moment > 1:\n            await a(moment)",
        "async with self.env.DB.session() as session:\n            await a(session)",
    ],
)
def test_tainted_values_do_not_change_the_graph(use: str, tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(TAINTED.format(use=use))
    traced, untraced = (graphs_of(analyze_path(tmp_path / "entry.py", checked=checked)) for checked in (True, False))

    assert traced[0][1] is not None
    assert untraced == traced


def test_analysis_without_tracer_has_no_findings(tmp_path: Path) -> None:
    (tmp_path / "entry.py").write_text(TAINTED.format(use="await a(moment)"))

    assert [finding.code for finding in check_analysis(analyze_path(tmp_path / "entry.py", checked=False))] == []
