"""An instance as text: its status, the outline of its workflow with the states of its steps, and the next steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.execution.failures.errors import error_line
from stepgraph.execution.instance import Instance
from stepgraph.phrases import shortened
from stepgraph.render.instance_text import MAX_STEPS, InstanceText, ListedStep, misfit_advice, status_text
from stepgraph.render.terminal import Ink, LinePiece, Terminal
from stepgraph.render.view import DEFAULT_VIEW, View

_STATUS_INKS: Final = {
    "complete": Ink.LOOP,
    "errored": Ink.FAILURE,
    "rollingBack": Ink.FAILURE,
    "terminated": Ink.FAILURE,
}


def render_text(
    drawn: DrawnWorkflow, view: View = DEFAULT_VIEW, *, color: bool = False, width: int | None = None
) -> str:
    """Return an instance for a terminal. `drawn` must have one.

    Only the folding of the view applies. Lines of the outline are clipped to `width` cells.
    """
    instance = drawn.instance
    if instance is None or drawn.graph is None:
        raise ValueError(f"`{drawn.name}` has no instance to show.")
    terminal, unlimited = Terminal(color=color, width=width), Terminal(color=color, width=None)
    text = InstanceText.of(instance, drawn.graph["workflow"])
    lines = [unlimited.line(line) for line in _header(drawn, instance, text)]
    if not instance.unknown:
        lines += ["", *map(terminal.line, drawn.tree(view))]
        lines += [unlimited.line(line) for line in _following(drawn, text)]
    if instance.log.has_failed:
        lines += ["", unlimited.line([LinePiece("`stepgraph why` explains the failure.", Ink.QUIET)])]
    return "\n".join([*lines, ""])


def _header(drawn: DrawnWorkflow, instance: Instance, text: InstanceText) -> Iterator[list[LinePiece]]:
    log = instance.log
    details = [LinePiece(f"  {detail}", Ink.QUIET) for detail in (shortened(log.id), drawn.location()) if detail]
    state = [LinePiece("  "), LinePiece(drawn.state, Ink.WARNING)] if drawn.state else []
    yield [LinePiece(drawn.title, Ink.STRONG), *details, *state]
    yield [LinePiece(status_text(log), _STATUS_INKS.get(log.status, Ink.WARNING))]
    if log.error:
        yield [LinePiece(error_line(log.error), Ink.TRY)]
    if (failed := text.failed_step()) is not None:
        yield [LinePiece("failed at "), *_step_pieces(drawn, failed)]
    for line in text.open_lines():
        yield [LinePiece(line)]
    if ignored := text.ignored():
        yield [LinePiece(ignored, Ink.WARNING)]
    if defect := text.defect():
        yield [LinePiece(defect, Ink.WARNING)]
    if instance.misfit is not None:
        yield [LinePiece(text.misfit(), Ink.FAILURE)]
        yield [LinePiece(f"   = help: {misfit_advice(instance, is_incomplete=bool(drawn.state))}", Ink.QUIET)]
    if instance.unknown:
        yield [LinePiece("the log cannot be matched with the graph: ", Ink.FAILURE), LinePiece(instance.unknown)]


def _following(drawn: DrawnWorkflow, text: InstanceText) -> Iterator[list[LinePiece]]:
    """Yield the lines below the outline: the ambiguous entries, and the steps that can begin next."""
    if ambiguity := text.ambiguity():
        yield []
        yield [LinePiece(ambiguity, Ink.WARNING)]
    expected = list(text.expected_steps())
    following = expected or list(text.next_steps())
    if following:
        yield []
    elif end := text.end():
        yield []
        yield [LinePiece("next: ", Ink.STRONG), LinePiece(end)]
    word = "expected: " if expected else "next: "
    for number, each in enumerate(following[:MAX_STEPS]):
        yield [LinePiece(word if number == 0 else " " * len(word), Ink.STRONG), *_step_pieces(drawn, each)]
    if len(following) > MAX_STEPS:
        yield [LinePiece(f"{' ' * len(word)}{len(following) - MAX_STEPS} more")]


def _step_pieces(drawn: DrawnWorkflow, following: ListedStep) -> Iterator[LinePiece]:
    yield LinePiece(shortened(following.name))
    if following.condition:
        yield LinePiece(f"  {following.condition}")
    if drawn.node_location is not None and (location := drawn.node_location(following.step)):
        yield LinePiece(f"  {location}", Ink.QUIET)
