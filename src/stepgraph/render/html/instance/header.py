"""The header of an instance: its status, its times, its error, its open entries, and the steps that can be next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from stepgraph.execution.failures.errors import summary_of
from stepgraph.execution.instance import EntryState, PlacedEntry
from stepgraph.phrases import counted, elapsed_text
from stepgraph.render.html.instance.log_view import (
    ERROR_CHARACTERS,
    LogView,
    clock_time,
    text_of,
)
from stepgraph.render.instance_text import log_defect, next_conditions, status_words
from stepgraph.render.progress_text import time_text

_MOST_LINKS: Final = 8
"""The maximum number of entries or steps that a row of the header lists."""

_SHORT_ERROR: Final = 120
"""The maximum number of characters of an error that a phone shows in three lines."""

_STATUS_STATES: Final[Mapping[str, EntryState]] = {
    "complete": "done",
    "errored": "failed",
    "rollingBack": "failed",
    "paused": "sleeping",
}
"""The states whose colors and signs statuses have. A running instance has those of its last open entry."""

_VERBS: Final[Mapping[EntryState, str]] = {
    "waiting": "waits for",
    "sleeping": "sleeps in",
    "retrying": "retries",
    "running": "runs",
}


def header(view: LogView) -> Iterator[str]:
    """Yield the lines of the header."""
    log = view.instance.log
    current = view.instance.current
    state = _STATUS_STATES.get(log.status)
    if state is None and not log.has_ended:
        state = current[-1].state if current else "running"
    yield f'<div class="instance" id="{view.identity}.instance">'
    yield '<div class="headline">'
    css = "run-state" if state is None else f"run-state is-{state}"
    yield f'<strong class="{css}">{text_of(status_words(log))}</strong>'
    if text := _current(view, current) if current else _failure(view):
        yield f'<p class="current">{text}</p>'
    yield from _list(_times(view), "times")
    yield "</div>"
    yield from _banner(view)
    yield from _list(_rows(view), "rows")
    yield "</div>"


def _current(view: LogView, current: Sequence[PlacedEntry]) -> str:
    """Return the open entries in words."""
    shown = current[:_MOST_LINKS]
    if view.instance.log.has_ended:
        parts = [f"{_entry_link(view, entry)} ({entry.state})" for entry in shown]
        return f"open at the end: {', '.join(parts)}{_more(len(current))}"
    parts = [f"{_VERBS[entry.state]} {_entry_link(view, entry)}{_since(entry)}" for entry in shown]
    return ", ".join(parts) + _more(len(current))


def _failure(view: LogView) -> str:
    """Return the entry whose failure ended the instance in words, or an empty string if it is unknown."""
    for entry in view.instance.entries:
        if entry.log.index == view.instance.failure:
            return f"failed at {_entry_link(view, entry)}"
    return ""


def _since(entry: PlacedEntry) -> str:
    if entry.state == "retrying":
        return f" after {counted(len(entry.log.attempts), 'failed attempt')}"
    return "" if entry.log.start is None else f" since {_time(entry.log.start)}"


def _entry_link(view: LogView, entry: PlacedEntry) -> str:
    """Return a link to the node of an entry or, if the log does not determine it, to its row."""
    name, figures = text_of(entry.log.name or entry.log.log_name), view.figures_of(entry)
    if len(figures) == 1:
        return f'<a class="place" href="#{figures[0].identity}">{name}</a>'
    return view.row_link(entry.log.index, name)


def _banner(view: LogView) -> Iterator[str]:
    """Yield a warning if the log has a defect, does not fit, or could not be matched."""
    instance, defect = view.instance, log_defect(view.instance.log.entries)
    if instance.unknown:
        yield _warning(f"The log cannot be matched with the graph: {text_of(instance.unknown, ERROR_CHARACTERS)}.")
    if instance.misfit is None:
        if defect:
            yield _warning(_prose(defect))
        return
    names = {entry.index: entry.log_name for entry in instance.log.entries}
    if instance.misfit.index is None:
        problem = "The instance is complete, but the graph continues"
    else:
        index = instance.misfit.index
        row = view.row_link(index, text_of(names.get(index, "")))
        does_not_fit = "has ended too early" if instance.misfit.ended_early else "does not fit"
        problem = f"Entry {index + 1}, {row}, {does_not_fit}"
    expected = [place.path for place in instance.misfit.expected]
    links = f": expected {_links(view, expected)}" if expected else ""
    advice = defect or "The instance may have run another version of the code."
    yield _warning(f"{problem}{links}. {_prose(advice)}")


def _prose(sentence: str) -> str:
    """Return a sentence without the backquotes around names."""
    return text_of(sentence.replace("`", ""))


def _warning(content: str) -> str:
    return f'<p class="banner" role="note">{content}</p>'


def _links(view: LogView, paths: Iterable[str]) -> str:
    """Return links to nodes as alternatives."""
    different = list(dict.fromkeys(paths))
    return " or ".join(map(view.link, different[:_MOST_LINKS])) + _more(len(different))


def _next(view: LogView, following: Mapping[str, str]) -> str:
    """Return links to the next steps with their conditions, by path, as alternatives."""
    links = [
        f"{view.link(path)} {_prose(condition)}" if condition else view.link(path)
        for path, condition in list(following.items())[:_MOST_LINKS]
    ]
    return (", or " if any(following.values()) else " or ").join(links) + _more(len(following))


def _list(rows: Iterable[str], css: str) -> Iterator[str]:
    """Yield a list of rows, or nothing without rows."""
    lines = list(rows)
    if lines:
        yield f'<dl class="{css}">'
        yield from lines
        yield "</dl>"


def _rows(view: LogView) -> Iterator[str]:
    error = view.instance.log.error
    if error:
        summary = summary_of(error)
        yield _row("Error", _error(error if summary == error.strip() else f"{summary}\n{error}"))
    likely = {place.path for place in view.instance.next if not view.instance.begins_after_error(place)}
    following = {path: text for path, text in next_conditions(view.instance).items() if path in likely}
    if following:
        yield _row("Next", _next(view, following))


def _error(error: str) -> str:
    """Return the error. On a narrow screen, a long one is cut to a few lines until a person opens it."""
    text = text_of(error, ERROR_CHARACTERS)
    if len(error) <= _SHORT_ERROR:
        return f'<code class="error-text">{text}</code>'
    cut = f'<details><summary><code class="error-text">{text}</code></summary></details>'
    return f'<code class="error-text on-wide-screens">{text}</code>{cut}'


def _times(view: LogView) -> Iterator[str]:
    start, end, identity = view.instance.log.start, view.instance.log.end, view.instance.log.id
    if identity:
        yield _row("Instance", f"<code>{text_of(identity)}</code>")
    if start is not None:
        yield _row("Started", _time(start))
    if end is not None:
        yield _row("Ended", _time(end))
    if start is not None and end is not None:
        yield _row("Took", elapsed_text(end - start))


def _row(label: str, content: str) -> str:
    return f"<div><dt>{label}</dt><dd>{content}</dd></div>"


def _time(time: int) -> str:
    return f'<time datetime="{clock_time(time, "%Y-%m-%dT%H:%M:%S")}Z">{time_text(time)}</time>'


def _more(count: int) -> str:
    return f" and {counted(count - _MOST_LINKS, 'other')}" if count > _MOST_LINKS else ""
