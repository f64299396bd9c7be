"""Workflows in the formats of `stepgraph graph`. Each import is made by the format that needs it, for start-up."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.analysis import WorkflowAnalysis
from stepgraph.cli.terminal import Look
from stepgraph.project.module_dates import DateLookup, ModuleDates, dates_without_file
from stepgraph.project.sources import Sources

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
            place=f"{workflow.span.path}:{workflow.span.line}",
        )
        for workflow in workflows
        if workflow.graph is not None
    )


def as_dot(workflows: Sequence[WorkflowAnalysis]) -> str:
    """Return a DOT graph for each workflow that has one."""
    from stepgraph.render.dot import render_dot

    return "".join(render_dot(workflow.graph) for workflow in workflows if workflow.graph is not None)


def as_json(workflows: Sequence[WorkflowAnalysis], lookup: DateLookup, sources: Sources) -> str:
    """Return a version graph, or an array of them where there are several workflows."""
    from stepgraph.json_text import pretty_json

    without_file = {module.path for module in sources.modules if not module.on_disk}
    graphs = [workflow.version_graph(dates=_dates(workflow.span.path, lookup, without_file)) for workflow in workflows]
    return pretty_json(graphs[0] if len(graphs) == 1 else graphs)


def _dates(path: str, lookup: DateLookup, without_file: set[str]) -> ModuleDates:
    return dates_without_file() if path in without_file else lookup.dates(path)
