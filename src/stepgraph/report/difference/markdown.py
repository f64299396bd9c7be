"""The report of a diff in Markdown as GitHub shows it: a comment on a pull request."""

from __future__ import annotations

from typing import Final

from stepgraph.diff.diff import Change
from stepgraph.diff.running.effect import Effect
from stepgraph.phrases.durations import counted
from stepgraph.render.nodes import count_steps
from stepgraph.report.difference.marks import LEGEND, marked_graph
from stepgraph.report.difference.report import ComparedWorkflow, DiffReport
from stepgraph.report.difference.wording import INCOMPLETE, count_line, versions_line
from stepgraph.report.markdown.diagrams import diagram
from stepgraph.report.markdown.room import LONGEST, fitting, length
from stepgraph.report.markdown.text import cell_prose, code, prose
from stepgraph.report.report import WorkflowSummary

_SIGNS: Final = {Effect.SAFE: "✅", Effect.LATE: "⚠️", Effect.BREAKING: "❌"}
_TABLE_HEAD: Final = "| | Change | Running instances |\n| :-: | --- | --- |\n"
# Kept free for what is said of what was left out.
_FOR_NOTES: Final = 500
# No diagram is shorter, so that none need be drawn where there is less room.
_SHORTEST_DIAGRAM: Final = 500


def render_markdown(report: DiffReport) -> str:
    """Return what all comes to, a table of the changes of each workflow, and a diagram of its new version, folded.

    Nothing but a line where nothing changed. What would be longer than GitHub takes goes, and it is said: diagrams
    first, then the last changes.
    """
    if not report.changes:
        incomplete = [f"- {_incomplete(workflow)}\n" for workflow in report.incomplete]
        return "\n".join([f"Workflows: {prose(_end(report))}.\n", *_fitting(incomplete, LONGEST - _FOR_NOTES)])
    worst = max(change.meaning.effect for change in report.changes)
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
    effect = change.meaning.effect
    reason = f": {cell_prose(change.meaning.reason)}" if change.meaning.reason else ""
    return f"| {code(change.sign)} | {cell_prose(change.title)} | {_SIGNS[effect]} {effect.name.lower()}{reason} |\n"


def _fitting(lines: list[str], room: int) -> list[str]:
    return lines[: fitting(lines, room)]


def _diagrams(report: DiffReport, room: int) -> list[str]:
    """Return the diagrams that there is room for, and how many there is none for."""
    drawable = [summary for workflow in report.changed if (summary := _summary(workflow)) is not None]
    shown: list[str] = []
    for summary in drawable:
        text = diagram(summary) if room > _SHORTEST_DIAGRAM else ""
        if text and length(text) < room:
            shown.append(text)
            room -= length(text) + 1
    left_out = len(drawable) - len(shown)
    legend = [f"{LEGEND}\n"] if shown and any(workflow.old and workflow.new for workflow in report.changed) else []
    more = f"{counted(left_out, 'diagram')} would be too long for GitHub: `stepgraph graph` draws all.\n"
    return [*legend, *shown, *([more] if left_out else [])]


def _summary(workflow: ComparedWorkflow) -> WorkflowSummary | None:
    """Return what a diagram of the new version is drawn from, None if there is none."""
    graph = marked_graph(workflow)
    if graph is None or workflow.new is None:
        return None
    new = workflow.new
    steps = count_steps(graph["workflow"])
    return WorkflowSummary(
        workflow.name, new.class_name, new.path, 1, has_dag=True, steps=steps, complete=True, graph=graph
    )
