"""Drawings of workflows in the library, and in notebooks."""

from __future__ import annotations

import pytest

from stepgraph import WorkflowAnalysis, analyze_source, check_analysis
from stepgraph.testing import WorkflowGraph

SOURCE = """\
from workers import WorkflowEntrypoint


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for item in event["payload"]["items"]:
            await step.sleep("cool down", "5 min")
        await unknown(step)


class Nothing(WorkflowEntrypoint):
    async def run(self, event, step):
        pass
"""


def orders() -> WorkflowAnalysis:
    return analyze_source(SOURCE, "orders.py").workflows[0]


def nothing() -> WorkflowAnalysis:
    return analyze_source(SOURCE, "orders.py").workflows[1]


def test_findings_are_badges_of_their_own_workflow() -> None:
    analysis = analyze_source(SOURCE.replace("Nothing", "Other").replace("pass", 'await step.sleep("a", "1 min")'))
    first, second = (each.svg(findings=check_analysis(analysis)) for each in analysis.workflows)
    assert first.count("SG205") == 1
    assert "SG205: unknown unit min: the engine reads &#39;5 min&#39;" in first
    assert "SG205: unknown unit min: the engine reads &#39;1 min&#39;" in second


def test_a_page_without_findings_lists_notes() -> None:
    page = orders().html()
    assert "<summary>Notes " in page
    assert "SG205" not in page


def test_a_notebook_shows_the_picture() -> None:
    workflow = orders()
    picture = workflow.svg(theme="auto", fit=800)
    assert workflow._repr_svg_() == picture
    assert workflow._repr_mimebundle_() == {"text/plain": repr(workflow), "image/svg+xml": picture}


def test_a_workflow_without_a_graph_is_only_text_in_a_notebook() -> None:
    workflow = nothing()
    assert workflow._repr_svg_() is None
    assert workflow._repr_mimebundle_() == {"text/plain": "<WorkflowAnalysis Nothing: no graph, complete>"}


def test_a_workflow_without_a_graph_has_no_drawings_but_a_page() -> None:
    with pytest.raises(ValueError, match="`Nothing` has no graph: no step can run"):
        nothing().svg()
    assert "No step of this workflow can run" in nothing().html()


def test_invalid_arguments_are_rejected() -> None:
    with pytest.raises(ValueError, match=r"invalid theme `drak`\. Available: auto, light, dark\."):
        orders().html(theme="drak")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`depth` must be at least 1, got 0\."):
        orders().outline(depth=0)
    with pytest.raises(ValueError, match=r"`fit` must be at least 1, got -1\."):
        orders().svg(fit=-1)


def test_graphs_of_tests_have_the_same_drawings() -> None:
    graph, workflow = WorkflowGraph.of(orders()), orders()
    assert graph.svg() == workflow.svg()
    assert graph.mermaid() == workflow.mermaid()
    assert graph.dot() == workflow.dot()
    assert graph._repr_mimebundle_()["image/svg+xml"] == workflow.svg()
    assert "cool down" in graph.html(theme="light", depth=1)


def test_a_payload_has_drawings() -> None:
    graph = WorkflowGraph.of(orders().version_graph())
    assert "cool down" in graph.svg()
    assert graph.outline() == "Orders  1 step\npayload: {items}\n└─ ↻ loop\n   └─ ◔ cool down  sleep 5 min\n"
