"""The comparison as a picture: both versions of each changed workflow in one drawing."""

from __future__ import annotations

from typing import Final

from stepgraph.diff.diff import StructuralChange
from stepgraph.phrases import counted, without_backquotes
from stepgraph.render.svg.drawing import Picture, SvgDrawing, draw, render_sheet
from stepgraph.render.svg.figures.marks import Listing, ListingEntry
from stepgraph.render.svg.fonts import max_width
from stepgraph.render.svg.layout.fitting import narrower_views
from stepgraph.render.svg.lengths import value_of
from stepgraph.render.view import Theme, View
from stepgraph.report.diff.comparison import (
    INCOMPLETE,
    ComparedWorkflow,
    VersionComparison,
    effect_counts,
    summary_line,
)
from stepgraph.report.diff.marks import MARK_KINDS, marked_graph
from stepgraph.report.diff.unchanged import fold_unchanged

_SHOWN_WIDTH: Final = 800
"""The width in pixels at which GitHub shows pictures in a README or a pull request."""


def render_svg(report: VersionComparison, theme: Theme = "auto", *, full: bool = False) -> Picture:
    """Return a picture with, for each changed workflow, a list of changes and a drawing marked by color and sign.

    Unchanged parts are folded, unless `full`. If names would be too small on GitHub, text is wrapped early, and wide
    choices and groups are in several rows.
    """
    drawings = [
        _drawing(workflow, number, report, View(theme=theme), full=full)
        for number, workflow in enumerate(report.changed_workflows)
    ]
    return render_sheet(drawings, summary_line(report), theme)


def _drawing(
    workflow: ComparedWorkflow, number: int, report: VersionComparison, view: View, *, full: bool
) -> SvgDrawing:
    marked = marked_graph(workflow.diff, workflow.title, *workflow.details)
    marked = marked if full else fold_unchanged(marked)
    changes = workflow.diff.changes
    incomplete = [INCOMPLETE] if workflow.is_incomplete else []
    effects = f"effect on running instances: {effect_counts(changes)}"
    remarks = [f"from {report.old} to {report.new}", effects, *incomplete]
    listing = Listing(counted(len(changes), "change"), remarks, [_entry(change) for change in changes])
    suffix, shown = f".{number + 1}" if number else "", marked.view(view)
    width = max_width(_SHOWN_WIDTH)
    for each in (shown, *narrower_views(shown, width)):
        drawing = draw(marked.graph, each, suffix=suffix, above=[listing])
        if value_of(drawing.width) <= width:
            break
    return drawing


def _entry(change: StructuralChange) -> ListingEntry:
    title, effect = without_backquotes(change.title), without_backquotes(change.impact.text)
    return ListingEntry(MARK_KINDS[change.sign], title, effect, change.impact.effect.label.replace(" ", "-"))
