"""Results at a prompt: each is one short line."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph import Analysis, Finding, InputError, Problem, Span, analyze_source, check_analysis
from stepgraph.testing import StepSettings, WorkflowGraph, WorkflowGraphs

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("rest", "5 min")
        await unknown(step)
        for item in event["payload"]:
            pass
"""
COMPLETE = SOURCE.replace("        await unknown(step)\n", "")
LONG = "x" * 10_000


@pytest.fixture
def analysis() -> Analysis:
    return analyze_source(SOURCE, "orders.py")


def finding_of(analysis: Analysis) -> Finding:
    return next(finding for finding in check_analysis(analysis) if finding.code == "SG205")


def test_an_analysis_has_its_counts(analysis: Analysis) -> None:
    assert repr(analysis) == "<Analysis: 1 workflow, 0 problems>"


def test_an_incomplete_workflow_says_so(analysis: Analysis) -> None:
    assert repr(analysis.workflows) == "(<WorkflowAnalysis Orders: 1 step, incomplete>,)"


def test_a_configured_workflow_has_both_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders.py").write_text(COMPLETE, encoding="utf-8")
    Path("wrangler.toml").write_text(
        'main = "orders.py"\n[[workflows]]\nname = "orders"\nbinding = "ORDERS"\nclass_name = "Orders"\n',
        encoding="utf-8",
    )
    assert repr(WorkflowGraphs().analyze().workflows[0]) == "<WorkflowAnalysis orders (Orders): 1 step, complete>"


def test_a_workflow_without_steps_has_no_graph() -> None:
    source = COMPLETE.replace("await step.sleep", "step.do")
    assert repr(analyze_source(source).workflows[0]) == "<WorkflowAnalysis Orders: no graph, complete>"


def test_a_note_has_its_code_location_and_cause(analysis: Analysis) -> None:
    (note,) = analysis.workflows[0].notes
    assert repr(note) == (
        "<Note escapes at orders.py:7:23: the step object is passed to `unknown`, which stepgraph does not model.>"
    )


def test_a_finding_has_its_code_location_and_problem(analysis: Analysis) -> None:
    assert repr(finding_of(analysis)) == (
        "<Finding SG205 warning at orders.py:6:34: unknown unit `min`: the engine reads '5 min' as 5 milliseconds.>"
    )


def test_a_fix_has_its_applicability(analysis: Analysis) -> None:
    assert repr(finding_of(analysis).fix) == "<Fix safe>"


def test_a_span_has_both_ends(analysis: Analysis) -> None:
    assert repr(analysis.workflows[0].span) == "<Span orders.py:4:1-4:13>"


def test_a_problem_has_its_kind_location_and_cause() -> None:
    with pytest.raises(InputError) as caught:
        analyze_source("def (:", "orders.py")
    assert repr(caught.value.problem).startswith("<Problem syntax at orders.py:1:5: ")


def test_details_have_their_count(analysis: Analysis) -> None:
    assert repr(analysis.workflows[0].details) == "<Details of 0 parts>"


def test_a_graph_has_a_fingerprint() -> None:
    graph = WorkflowGraph.of(analyze_source(COMPLETE).workflows[0])
    assert repr(graph) == "<WorkflowGraph Orders: 1 step, complete, da03da7cc739>"
    assert repr(graph.as_outline()) == "<outline of <WorkflowGraph Orders: 1 step, complete, da03da7cc739>>"


def test_graphs_of_a_project_have_its_directory() -> None:
    assert repr(WorkflowGraphs("/projects/shop")) == "<WorkflowGraphs of /projects/shop>"


def test_settings_of_a_step_have_the_set_values(analysis: Analysis) -> None:
    settings = WorkflowGraph.of(analysis.workflows[0]).step("rest")
    assert repr(settings) == "StepSettings(name='rest', kind='sleep', duration='5 min')"


@pytest.mark.parametrize(
    "result",
    [
        Span(LONG, 1, 1, 1, 2),
        Problem(LONG, LONG),
        StepSettings(name=LONG, kind="do"),
        analyze_source(COMPLETE.replace("Orders", LONG)).workflows[0],
        WorkflowGraph.of(analyze_source(COMPLETE.replace("Orders", LONG)).workflows[0]),
        finding_of(analyze_source(COMPLETE.replace("5 min", f"5 {LONG}"), LONG)),
        analyze_source(SOURCE.replace("unknown", LONG), LONG).workflows[0].notes[0],
    ],
    ids=lambda result: type(result).__name__,
)
def test_long_texts_are_truncated(result: object) -> None:
    assert len(repr(result)) < 500
    assert "x…" in repr(result)


def test_control_characters_are_escaped() -> None:
    assert repr(Problem("a\n\x1b[31m", "is\u202e bad.")) == "<Problem unreadable at a\\n\\x1b[31m: is\\u202e bad.>"


def test_commands_of_ci_runners_are_broken() -> None:
    assert repr(Span("##[error]", 1, 1, 1, 2)) == "<Span #\\#[error]:1:1-1:2>"
