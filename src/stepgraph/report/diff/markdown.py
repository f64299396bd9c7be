"""The comparison in GitHub Markdown, for comments on pull requests."""

from __future__ import annotations

from functools import partial
from typing import Final

from stepgraph.diff.diff import StructuralChange
from stepgraph.escaping.markdown import cell_prose, code, prose
from stepgraph.execution.engine_rules import Effect
from stepgraph.model.payload import Graph
from stepgraph.model.walk import count_steps
from stepgraph.phrases import capitalized, counted
from stepgraph.render.flow.mermaid import utf16_length
from stepgraph.render.flow.mermaid_document import (
    MAX_LENGTH,
    NOTES_LENGTH,
    count_fitting,
    fitting_diagrams,
    folded_diagram,
)
from stepgraph.render.view import View
from stepgraph.report.diff.comparison import (
    INCOMPLETE,
    ComparedWorkflow,
    VersionComparison,
    assumption,
    count_line,
    summary_line,
    versions_line,
)
from stepgraph.report.diff.marks import marked_graph
from stepgraph.report.diff.unchanged import fold_unchanged

_LEGEND: Final = "`+` (green) marks additions, `-` (red) removals, and `~` (amber) other changes."
_SIGNS: Final = {Effect.SAFE: "✅", Effect.OUT_OF_ORDER: "⚠️", Effect.BREAKING: "❌"}
_TABLE_HEAD: Final = "| | Change | Running instances |\n| :-: | --- | --- |\n"


def render_markdown(report: VersionComparison, *, full: bool = False) -> str:
    """Return a summary, a table of changes for each workflow, and collapsed diagrams with marks.

    Unchanged parts of diagrams are folded, unless `full`.

    Without changes, return the summary and the incomplete workflows. Text beyond GitHub's limit is omitted with a note:
    first diagrams, then the last changes.
    """
    if not report.changes:
        incomplete = [f"- {_incomplete(workflow)}\n" for workflow in report.incomplete_workflows]
        return "\n".join(
            [f"Workflows: {prose(summary_line(report))}\n", *_limited(incomplete, MAX_LENGTH - NOTES_LENGTH)]
        )
    worst = max(change.impact.effect for change in report.changes)
    lines = [versions_line(report), assumption(report)]
    start = f"## {_SIGNS[worst]} Workflows: {prose(count_line(report))}\n\n{prose(' '.join(lines))}\n"
    space = MAX_LENGTH - NOTES_LENGTH - utf16_length(start)
    tables = _tables(report, space)
    space -= utf16_length("\n".join(tables))
    return "\n".join([start, *tables, *_diagrams(report, space, full=full)])


def _tables(report: VersionComparison, space: int) -> list[str]:
    """Return the sections of changed workflows that fit, and a note with the number of omitted changes."""
    sections: list[str] = []
    shown_count = 0
    for workflow in report.changed_workflows:
        head = f"{_heading(workflow)}\n{_TABLE_HEAD}"
        rows = [_row(change) for change in workflow.diff.changes]
        count = count_fitting(rows, space - utf16_length(head))
        if count:
            sections.append(head + "".join(rows[:count]))
            space -= utf16_length(sections[-1]) + 1
            shown_count += count
        if count < len(rows):
            omitted = counted(len(report.changes) - shown_count, "more change")
            return [*sections, f"{omitted} would exceed GitHub's limit. Run `stepgraph diff` to see all changes.\n"]
    return sections


def _heading(workflow: ComparedWorkflow) -> str:
    location = f" at {code(workflow.location)}" if workflow.location else ""
    incomplete = f"\n{capitalized(INCOMPLETE)}.\n" if workflow.is_incomplete else ""
    return f"### {code(workflow.title)}{location}\n{incomplete}"


def _incomplete(workflow: ComparedWorkflow) -> str:
    return f"{code(workflow.title)} has an {INCOMPLETE}."


def _row(change: StructuralChange) -> str:
    effect = change.impact.effect
    reason = f": {cell_prose(change.impact.reason)}" if change.impact.reason else ""
    return f"| {code(change.sign)} | {cell_prose(change.title)} | {_SIGNS[effect]} {effect.label}{reason} |\n"


def _limited(lines: list[str], space: int) -> list[str]:
    return lines[: count_fitting(lines, space)]


def _diagrams(report: VersionComparison, space: int, *, full: bool) -> list[str]:
    """Return the diagrams that fit, after a legend."""
    drawable = [
        (workflow, workflow.new.graph)
        for workflow in report.changed_workflows
        if workflow.new is not None and workflow.new.graph is not None
    ]
    is_marked = any(workflow.old is not None for workflow, _ in drawable)
    legend = [f"{_LEGEND}\n"] if is_marked and space > len(_LEGEND) else []
    space -= sum(map(len, legend))
    return [
        *legend,
        *fitting_diagrams(
            [partial(_diagram, *arguments, full=full) for arguments in drawable], space, "stepgraph diff -f svg"
        ),
    ]


def _diagram(workflow: ComparedWorkflow, graph: Graph, *, full: bool) -> str:
    """Return the diagram of the new graph, with removed elements and marks if both versions have the workflow."""
    steps = count_steps(graph["workflow"])
    if workflow.old is None:
        return folded_diagram(workflow.title, steps, graph)
    marked = marked_graph(workflow.diff, graph["workflow"]["class_name"], *workflow.details)
    marked = marked if full else fold_unchanged(marked)
    return folded_diagram(workflow.title, steps, marked.graph, marked.view(View()))
