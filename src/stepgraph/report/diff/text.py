"""The comparison for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.changes import Action
from stepgraph.diff.diff import StructuralChange
from stepgraph.execution.engine_rules import Effect
from stepgraph.render.terminal import Ink, LinePiece, Terminal
from stepgraph.report.diff.comparison import INCOMPLETE, ComparedWorkflow, VersionComparison, assumption, summary_line

# Green, red and cyan. Other changes are yellow.
_INKS: Final = {
    Action.ADDED: Ink.LOOP,
    Action.REMOVED: Ink.TRY,
    Action.MOVED: Ink.STEP,
    Action.REORDERED: Ink.STEP,
}
_EFFECTS: Final = {Effect.OUT_OF_ORDER: Ink.WARNING, Effect.BREAKING: Ink.FAILURE}


def render_text(report: VersionComparison, *, color: bool = False) -> str:
    """Return the changed workflows with a line for each change, a summary, and the assumption behind the effects.

    Signs and words repeat the meaning of colors.
    """
    terminal = Terminal(color=color, width=None)
    blocks = ["".join(f"{terminal.line(line)}\n" for line in _lines(workflow)) for workflow in report.changed_workflows]
    lines = [summary_line(report), *([assumption(report)] if blocks else [])]
    ink = Ink.QUIET if blocks else Ink.PLAIN
    return "\n".join([*blocks, "".join(f"{terminal.line([LinePiece(line, ink)])}\n" for line in lines)])


def _lines(workflow: ComparedWorkflow) -> Iterator[list[LinePiece]]:
    location = f"  {workflow.location}" if workflow.location else ""
    yield [LinePiece(workflow.title, Ink.STRONG), LinePiece(location, Ink.QUIET)]
    for change in workflow.diff.changes:
        yield _line(change)
    if workflow.is_incomplete:
        yield [LinePiece("  ? ", Ink.WARNING), LinePiece(INCOMPLETE)]


def _line(change: StructuralChange) -> list[LinePiece]:
    effect = change.impact.effect
    ink = _INKS.get(change.action, Ink.CHOICE)
    label = "" if effect is Effect.SAFE else f"  {effect.label}: "
    reason = change.impact.reason if label else ""
    return [
        LinePiece(f"  {change.sign} {change.title}", ink),
        LinePiece(label, _EFFECTS.get(effect, Ink.PLAIN)),
        LinePiece(reason),
    ]
