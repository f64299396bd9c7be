"""x."""

from __future__ import annotations

from functools import partial
from typing import Final

from stepgraph.diff.diff import Change
from stepgraph.diff.in_flight.effects import Effect
from stepgraph.escaping.markdown import cell_prose, code, prose
from stepgraph.model.payload import Graph
from stepgraph.model.walk import count_steps
from stepgraph.phrases.durations import counted
from stepgraph.render.view import View
from stepgraph.report.diff.marks import marked_graph
from stepgraph.report.diff.report import INCOMPLETE, ComparedWorkflow, DiffReport, count_line, versions_line
from stepgraph.report.markdown_blocks import LONGEST, diagram, fitting, fitting_diagrams, length

_LEGEND: Final = "`+` and green mark what was added, `-` and red what was removed, `~` and amber what was changed."
_SIGNS: Final = {Effect.SAFE: "✅", Effect.LATE: "⚠️", Effect.BREAKING: "❌"}
_TABLE_HEAD: Final = "| | Change | Running instances |\n| :-: | --- | --- |\n"
# Kept free for what is said of what was left out.
_FOR_NOTES: Final = 500


def render_markdown(report: DiffReport) -> str:
    """Return what all comes to, a table of the changes of each workflow, and a diagram with marks, folded.

    Nothing but a line where nothing changed. What would be longer than GitHub takes goes, and it is said: diagrams
    first, then the last changes.
    """
    if not report.changes:
        incomplete = [f"- {_incomplete(workflow)}\n" for workflow in report.incomplete]
        return "\n".join([f"Workflows: {prose(_end(report))}.\n", *_fitting(incomplete, LONGEST - _FOR_NOTES)])
    worst = max(change.impact.effect for change in report.changes)
    start = f"## {_SIGNS[worst]} Workflows: {prose(count_line(report))}\n\nCompared {prose(versions_line(report))}.\n"
    room = LONGEST - _FOR_NOTES - length(start)
    tables = _tables(report, room)
    room -= length("\n".join(tables))
    return "\n".join([start, *tables, *_diagrams(report, room)])


def _end(report: DiffReport) -> str:
    return f"{count_line(report)} ({versions_line(report)})"


def _tables(report: DiffReport, room: int) -> list[str]:
    """Return a section for each workflow that changed, as far as there is room, and how many changes there is none."""
    sections: list[str] = []
    shown = 0
    for workflow in report.changed:
        head = f"{_heading(workflow)}\n{_TABLE_HEAD}"
        rows = [_row(change) for change in workflow.diff.changes]
        count = fitting(rows, room - length(head))
        if count:
            sections.append(head + "".join(rows[:count]))
            room -= length(sections[-1]) + 1
            shown += count
        if count < len(rows):
            left_out = counted(len(report.changes) - shown, "more change")
            return [*sections, f"{left_out} would be too long for GitHub: `stepgraph diff` prints all.\n"]
    return sections


def _heading(workflow: ComparedWorkflow) -> str:
    place = f" at {code(workflow.place)}" if workflow.place else ""
    incomplete = f"\nThis is incomplete: {INCOMPLETE}.\n" if workflow.incomplete else ""
    return f"### {code(workflow.name)}{place}\n{incomplete}"


def _incomplete(workflow: ComparedWorkflow) -> str:
    return f"{code(workflow.name)}: {INCOMPLETE}."


def _row(change: Change) -> str:
    effect = change.impact.effect
    reason = f": {cell_prose(change.impact.reason)}" if change.impact.reason else ""
    return f"| {code(change.sign)} | {cell_prose(change.title)} | {_SIGNS[effect]} {effect.label}{reason} |\n"


def _fitting(lines: list[str], room: int) -> list[str]:
    return lines[: fitting(lines, room)]


def _diagrams(report: DiffReport, room: int) -> list[str]:
    """Return the diagrams that there is room for, after what their marks mean."""
    drawable = [
        (workflow, workflow.new.graph)
        for workflow in report.changed
        if workflow.new is not None and workflow.new.graph is not None
    ]
    is_marked = any(workflow.old is not None for workflow, _ in drawable)
    legend = [f"{_LEGEND}\n"] if is_marked and room > len(_LEGEND) else []
    room -= sum(map(len, legend))
    return [*legend, *fitting_diagrams([partial(_diagram, *one) for one in drawable], room, "stepgraph diff -f svg")]


def _diagram(workflow: ComparedWorkflow, graph: Graph) -> str:
    """Return the diagram of a workflow, of its new graph: of one in both versions with what was removed, and marks."""
    steps = count_steps(graph["workflow"])
    if workflow.old is None:
        return diagram(workflow.name, steps, graph)
    union, marks = marked_graph(workflow.diff, graph["workflow"]["class_name"])
    return diagram(workflow.name, steps, union, View(marks=marks))
