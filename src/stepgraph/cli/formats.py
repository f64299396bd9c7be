"""Workflows in the formats of `stepgraph graph`. Each import is made by the format that needs it, for start-up."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.cli.dates import Dates
from stepgraph.cli.terminal import Look

FORMATS = ("text", "json", "dot")


def as_text(workflows: Sequence[WorkflowAnalysis], look: Look) -> str:
    """Return the outlines of the workflows that have a graph, an empty line between them."""
    from stepgraph.render.outline import render_outline

    return "\n".join(
        render_outline(
            workflow.graph,
            colour=look.colour,
            notes=workflow.notes,
            width=look.width,
            place=f"{workflow.path}:{workflow.span.line}",
        )
        for workflow in workflows
        if workflow.graph is not None
    )


def as_dot(workflows: Sequence[WorkflowAnalysis]) -> str:
    """Return a DOT graph for each workflow that has one."""
    from stepgraph.render.dot import render_dot

    return "".join(render_dot(workflow.graph) for workflow in workflows if workflow.graph is not None)


def as_json(workflows: Sequence[WorkflowAnalysis], dates: Dates) -> str:
    """Return a version graph, or an array of them where there are several workflows."""
    from stepgraph.json_text import pretty_json

    graphs = [workflow.version_graph(dates=dates.of(workflow)) for workflow in workflows]
    return pretty_json(graphs[0] if len(graphs) == 1 else graphs)
