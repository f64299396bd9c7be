"""An instance in GitHub Markdown, for an issue or a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from stepgraph.drawing.workflow import DrawnWorkflow
from stepgraph.escaping.markdown import cell, cell_prose, code, fenced, heading, prose
from stepgraph.execution.failures.errors import error_line
from stepgraph.execution.instance import Instance, PlacedEntry
from stepgraph.execution.log import LogEntry
from stepgraph.model.payload import Node
from stepgraph.phrases import counted, elapsed_text, instant_text, shortened
from stepgraph.render.flow.mermaid import utf16_length
from stepgraph.render.flow.mermaid_document import MAX_LENGTH, NOTES_LENGTH, count_fitting
from stepgraph.render.instance_text import (
    MAX_STEPS,
    InstanceText,
    ListedStep,
    misfit_advice,
    status_text,
    status_words,
)
from stepgraph.render.outline_progress import SIGNS
from stepgraph.render.progress_text import retry_text

_TIME: Final = re.compile(r"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC")
_TABLE_HEAD: Final = "| | Step | State | Start | Duration | Code |\n| :-: | --- | --- | --- | ---: | --- |\n"


def render_markdown(drawn: DrawnWorkflow) -> str:
    """Return the status, the next steps, and a table of the entries. `drawn` must have an instance.

    Entries beyond GitHub's limit are omitted with a note, the first ones before the last ones.
    """
    instance = drawn.instance
    if instance is None or drawn.graph is None:
        raise ValueError(f"`{drawn.name}` has no instance to show.")
    text = InstanceText.of(instance, drawn.graph["workflow"])
    start = "\n".join(_summary(drawn, text))
    return f"{start}\n{_table(drawn, text, MAX_LENGTH - NOTES_LENGTH - utf16_length(start))}"


def _summary(drawn: DrawnWorkflow, text: InstanceText) -> Iterator[str]:
    instance, log = text.instance, text.instance.log
    yield f"## {heading(drawn.title)}: {heading(status_words(log))}\n"
    names = [code(shortened(name)) for name in (log.id, drawn.location()) if name]
    state = [prose(f"graph {drawn.state}")] if drawn.state else []
    yield f"{' · '.join([_with_times(status_text(log)), *names, *state])}\n"
    if log.error:
        yield fenced(error_line(log.error), "text")
    if (failed := text.failed_step()) is not None:
        yield f"**Failed at:**\n\n{_next_line(drawn, failed)}"
    open_lines = list(text.open_lines())
    if open_lines:
        yield "".join(f"- {_with_times(line)}\n" for line in open_lines)
    if ignored := text.ignored():
        yield f"{prose(ignored)}\n"
    if defect := text.defect():
        yield f"{prose(defect)}\n"
    if instance.misfit is not None:
        advice = misfit_advice(instance, is_incomplete=bool(drawn.state))
        yield f"**The log does not fit the graph:** {prose(text.misfit())}\n\n{prose(advice)}\n"
    if instance.unknown:
        yield f"**The log cannot be matched with the graph:** {prose(instance.unknown)}\n"
    if ambiguity := text.ambiguity():
        yield f"{prose(ambiguity)}\n"
    following = list(text.next_steps())
    if following:
        yield f"**Next:**\n\n{''.join(_next_line(drawn, each) for each in following[:MAX_STEPS])}"
    elif end := text.end():
        yield f"**Next:** {end}\n"


def _with_times(text: str) -> str:
    """Return a sentence with its times as code, because prose escapes their colons."""
    return prose(_TIME.sub(r"`\g<0>`", text))


def _next_line(drawn: DrawnWorkflow, following: ListedStep) -> str:
    condition = f" {prose(following.condition)}" if following.condition else ""
    location = _location(drawn, following.step)
    return f"- {code(shortened(following.name))}{condition}{f' at {code(location)}' if location else ''}\n"


def _location(drawn: DrawnWorkflow, node: Node | None) -> str:
    return "" if node is None or drawn.node_location is None else drawn.node_location(node)


def _table(drawn: DrawnWorkflow, text: InstanceText, space: int) -> str:
    """Return the table of the entries that fit into a space: the last ones."""
    misfit = text.instance.misfit
    # A step that has ended too early has a place in the graph, so it is one of the other rows.
    rows = [] if misfit is None or misfit.ended_early else [_misfit_row(text.instance)]
    for entry in reversed(text.instance.entries):
        node = None if entry.place is None else text.nodes.get(entry.place.path)
        rows.append(_row(entry, _location(drawn, node)))
    if not rows:
        return ""
    shown = rows[: count_fitting(rows, space - len(_TABLE_HEAD))]
    omitted = counted(len(rows) - len(shown), "earlier entry", "earlier entries")
    note = f"{omitted} would exceed GitHub's limit.\n\n" if len(shown) < len(rows) else ""
    return f"{note}{_TABLE_HEAD}{''.join(reversed(shown))}"


def _misfit_row(instance: Instance) -> str:
    """Return the row of the first entry that does not fit, or an empty string if the instance ended too early."""
    index = None if instance.misfit is None else instance.misfit.index
    entry = next((each for each in instance.log.entries if each.index == index), None)
    return "" if entry is None else f"| ⚠️ | {cell(shortened(entry.log_name))} | does not fit | {_start(entry)} | | |\n"


def _start(log: LogEntry) -> str:
    return "" if log.start is None else instant_text(log.start)


def _row(entry: PlacedEntry, location: str) -> str:
    log = entry.log
    duration = "" if log.duration is None else elapsed_text(log.duration)
    where = cell(location) if location else "several steps" if entry.alternatives else ""
    name, state = cell(shortened(log.log_name)), cell_prose(_state(entry))
    return f"| {SIGNS[entry.state]} | {name} | {state} | {_start(log)} | {duration} | {where} |\n"


def _state(entry: PlacedEntry) -> str:
    log = entry.log
    attempts = f", {counted(len(log.attempts), 'attempt')}" if len(log.attempts) > 1 else ""
    words = f"retrying: {retry_text(log)}" if entry.state == "retrying" else f"{entry.state}{attempts}"
    return words if entry.state == "done" or not log.error else f"{words}: {error_line(log.error)}"
