"""x."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.changes.edit_groups import Action
from stepgraph.diff.diff import Change
from stepgraph.diff.in_flight.effects import Effect
from stepgraph.render.outline.terminal import Ink, Piece, Terminal
from stepgraph.report.diff.report import INCOMPLETE, ComparedWorkflow, DiffReport, count_line, versions_line

# Green, red and cyan; all else, which has a `~` too, is yellow.
_INKS: Final = {
    Action.ADDED: Ink.LOOP,
    Action.REMOVED: Ink.TRY,
    Action.MOVED: Ink.STEP,
    Action.REORDERED: Ink.STEP,
}
_EFFECTS: Final = {Effect.LATE: Ink.WARNING, Effect.BREAKING: Ink.EXIT}


def render_text(report: DiffReport, *, colour: bool = False) -> str:
    """Return the workflows that changed, a line for each change, and at last what all comes to.

    What is said in colour is said in signs and words as well.
    """
    terminal = Terminal(colour=colour, width=None)
    blocks = ["".join(f"{terminal.line(line)}\n" for line in _lines(workflow)) for workflow in report.changed]
    end = f"{count_line(report)} ({versions_line(report)})"
    return "\n".join([*blocks, f"{terminal.line([Piece(end, Ink.QUIET if blocks else Ink.PLAIN)])}\n"])


def _lines(workflow: ComparedWorkflow) -> Iterator[list[Piece]]:
    place = f"  {workflow.place}" if workflow.place else ""
    yield [Piece(workflow.name, Ink.STRONG), Piece(place, Ink.QUIET)]
    for change in workflow.diff.changes:
        yield _line(change)
    if workflow.incomplete:
        yield [Piece("  ? ", Ink.WARNING), Piece(INCOMPLETE)]


def _line(change: Change) -> list[Piece]:
    effect = change.impact.effect
    ink = _INKS.get(change.action, Ink.CHOICE)
    told = "" if effect is Effect.SAFE else f"  {effect.label}: "
    reason = change.impact.reason if told else ""
    return [Piece(f"  {change.sign} {change.title}", ink), Piece(told, _EFFECTS.get(effect, Ink.PLAIN)), Piece(reason)]
