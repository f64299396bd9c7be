"""The log of an instance as a table: a row for each entry, with its node, its state, its times and its bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from stepgraph.execution.failures.errors import summary_of
from stepgraph.execution.instance import EntryState, PlacedEntry
from stepgraph.execution.log import LogEntry
from stepgraph.execution.matching.placed_entry import entry_state
from stepgraph.phrases import counted, elapsed_text
from stepgraph.render.html.instance.log_view import (
    ERROR_CHARACTERS,
    WIDTH,
    LogView,
    attempts_of,
    clock_time,
    figure_link,
    text_of,
)
from stepgraph.render.html.instance.style import ENTRY_STATES
from stepgraph.render.timeline import TimeAxis

_BLOCK: Final = 100
"""The number of rows in a block. Browsers skip blocks out of view when they lay out the page."""

_ATTEMPT_STATES: Final[dict[bool | None, EntryState]] = {True: "done", False: "failed", None: "running"}
_STRIPES: Final = (
    '<svg class="stripes" aria-hidden="true" width="0" height="0"><pattern id="failed-bar" width="6" height="6" '
    'patternUnits="userSpaceOnUse"><rect width="6" height="6"/><path d="M-1 7l8-8M-1 1l2-2M5 7l2-2"/></pattern></svg>'
)
"""The fill of bars of failures, which distinguishes them without colors."""

_DAY: Final = 24 * 60 * 60 * 1000


def log_table(view: LogView) -> Iterator[str]:
    """Yield the lines of the table, or none for an empty log."""
    rows = list(view.rows())
    if not rows:
        return
    name = f"{view.identity}.log"
    yield f'<details class="log" id="{name}" open><summary>Log {" ".join(_counts(rows))}</summary>'
    yield from (f'<p class="omission">{remark}</p>' for remark in _omissions(view))
    yield _STRIPES
    yield f'<div class="rows" tabindex="0" role="region" aria-labelledby="{name}.caption"><table>'
    yield f'<caption class="said" id="{name}.caption">Entries of the log</caption>'
    yield "<thead><tr>"
    yield '<th scope="col">#</th><th scope="col">Entry</th><th scope="col">State</th>'
    yield '<th scope="col">Started (UTC)</th><th scope="col" class="number">Took</th>'
    yield f'<th scope="col" class="axis">{"".join(_axis(view))}<span class="said">Time axis</span></th>'
    yield "</tr></thead>"
    times = [entry.start for entry, _ in rows if entry.start is not None]
    form = "%m-%d %H:%M:%S" if times and max(times) // _DAY != min(times) // _DAY else "%H:%M:%S"
    for start in range(0, len(rows), _BLOCK):
        yield "<tbody>"
        for entry, placed in rows[start : start + _BLOCK]:
            yield _row(view, entry, placed, form)
        yield "</tbody>"
    yield "</table></div>"
    yield "</details>"


def state_of(entry: LogEntry, placed: PlacedEntry | None) -> EntryState:
    """Return the state of an entry."""
    return entry_state(entry) if placed is None else placed.state


def _omissions(view: LogView) -> Iterator[str]:
    log, shown = view.instance.log, len(view.entries)
    if shown < len(log.entries):
        yield f"Only the last {shown:,} of {len(log.entries):,} entries are listed."
    if log.ignored_entries:
        yield f"{counted(log.ignored_entries, 'entry', 'entries')} of unknown types, such as rollbacks, are not listed."


def _counts(rows: list[tuple[LogEntry, PlacedEntry | None]]) -> Iterator[str]:
    yield f'<span class="level is-entries">{len(rows):,} {"entry" if len(rows) == 1 else "entries"}</span>'
    counts = Counter(state_of(*row) for row in rows)
    for state in ENTRY_STATES:
        if counts[state] and state != "done":
            yield f'<span class="level is-{state}">{counts[state]:,} {state}</span>'


def _row(view: LogView, entry: LogEntry, placed: PlacedEntry | None, form: str) -> str:
    identity, state = view.row_identity(entry.index), state_of(entry, placed)
    attempts = f' <span class="attempts">{counted(len(entry.attempts), "attempt")}</span>' if entry.was_retried else ""
    error = f'<p class="error-text">{text_of(summary_of(entry.error), ERROR_CHARACTERS)}</p>' if entry.error else ""
    start = "" if entry.start is None else clock_time(entry.start, form)
    took = "" if entry.duration is None else elapsed_text(entry.duration)
    return (
        f'<tr id="{identity}" class="is-{state}"><td><a class="row" href="#{identity}">{entry.index + 1}</a></td>'
        f'<th scope="row">{_name(view, entry, placed)}{error}</th>'
        f'<td><span class="run-state is-{state}">{state}</span>{attempts}</td>'
        f'<td class="time">{start}</td><td class="number">{took}</td><td>{_bars(view, entry, state)}</td></tr>'
    )


def _name(view: LogView, entry: LogEntry, placed: PlacedEntry | None) -> str:
    """Return the name of an entry as a link to its node, or with links to its possible nodes."""
    name, figures = text_of(entry.log_name), view.figures_of(placed)
    if len(figures) == 1:
        return f'<a class="place" href="#{figures[0].identity}">{name}</a>'
    if figures:
        return f'{name} <span class="maybe">one of {", ".join(map(figure_link, figures))}</span>'
    if placed is not None:
        return name
    misfit = view.instance.misfit
    remark = "does not fit" if misfit is not None and misfit.index == entry.index else "not matched"
    return f'{name} <span class="maybe">{remark}</span>'


def _bars(view: LogView, entry: LogEntry, state: EntryState) -> str:
    """Return the attempts of a step, or the time of a sleep or wait, as bars."""
    if entry.start is None or view.axis is None:
        return ""
    bars = [_bar(f"of-{entry.kind} is-{state}", view.axis, entry.start, entry.end)]
    for attempt in attempts_of(entry):
        if attempt.start is not None:
            css = f"of-attempt is-{_ATTEMPT_STATES[attempt.succeeded]}"
            bars.append(_bar(css, view.axis, attempt.start, attempt.end))
    return f'<svg class="bars" aria-hidden="true">{"".join(bars)}</svg>'


def _bar(css: str, axis: TimeAxis, start: int, end: int | None) -> str:
    left, right = axis.position(start), WIDTH if end is None else axis.position(end)
    return f'<rect class="{css}" x="{left:.2f}%" width="{max(0.0, right - left):.2f}%"/>'


def _axis(view: LogView) -> Iterator[str]:
    """Yield the axis: its shortened idle periods with their lengths."""
    yield '<svg class="scale" aria-hidden="true">'
    for idle in () if view.axis is None else view.axis.breaks:
        yield f'<rect class="idle" x="{idle.left:.2f}%" width="{idle.right - idle.left:.2f}%"/>'
        yield f'<text class="length" x="{(idle.left + idle.right) / 2:.2f}%" y="13">{idle.text}</text>'
    yield "</svg>"
