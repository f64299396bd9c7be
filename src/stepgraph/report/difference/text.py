"""The report of a diff for people, in a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.diff.changes.group import Action
from stepgraph.diff.diff import Change
from stepgraph.diff.running.effect import Effect
from stepgraph.render.outline.terminal import Ink, Piece, Terminal
from stepgraph.report.difference.report import ComparedWorkflow, DiffReport
from stepgraph.report.difference.wording import INCOMPLETE, count_line, versions_line

# Green, red and cyan; all else, which has a `~` too, is yellow.
_INKS: Final = {
    Action.ADDED: Ink.LOOP,
    Action.REMOVED: Ink.TRY,
    Action.MOVED: Ink.STEP,
    Action.REORDERED: Ink.STEP,
}
_EFFECTS: Final = {Effect.LATE: Ink.WARNING, Effect.BREAKING: Ink.EXIT}


def render_text(report: DiffReport, *, color: bool = False) -> str:
    """Return the workflows that changed, a line for each change, and at last what all comes to.

    What is said in color is said in signs and words as well.
    """
    terminal = Terminal(color=color, width=None)
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
    effect = change.meaning.effect
    ink = _INKS.get(change.action, Ink.CHOICE)
    told = "" if effect is Effect.SAFE else f"  {effect.name.lower()}: "
    reason = change.meaning.reason if told else ""
    return [Piece(f"  {change.sign} {change.title}", ink), Piece(told, _EFFECTS.get(effect, Ink.PLAIN)), Piece(reason)]
