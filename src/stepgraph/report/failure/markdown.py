"""The reason of a failure in GitHub Markdown, for issues and incident reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stepgraph.escaping.markdown import cell_prose, code, fenced, prose
from stepgraph.execution.failures.errors import error_line
from stepgraph.phrases import capitalized, counted
from stepgraph.render.instance_text import status_text
from stepgraph.report.failure.report import FailureReport
from stepgraph.report.failure.restarting import (
    curl_command,
    point_effect,
    point_label,
    restart_remarks,
    shown_points,
    wrangler_command,
)
from stepgraph.report.failure.sentences import (
    attempt_rows,
    handler_sentences,
    handlers_title,
    misfit_text,
    outcome,
    remarks,
    retry_settings,
    verdict,
)

MAX_ROWS: Final = 20
"""The maximum number of rows of a table. The last rows are shown."""

_EXCERPT_WIDTH: Final = 120


def render_markdown(report: FailureReport) -> str:
    """Return the failure, the attempts, the steps before it, the handlers, and the commands for a restart."""
    return "\n".join(_blocks(report))


def _blocks(report: FailureReport) -> Iterator[str]:
    yield f"## {prose(f'{report.title} {status_text(report.failure.instance.log)}')}\n"
    if misfit := misfit_text(report):
        yield f"{prose(misfit)}\n"
    yield from _failure(report)
    yield from _attempts(report)
    yield from _before(report)
    yield from _handlers(report)
    yield from _restarts(report)


def _failure(report: FailureReport) -> Iterator[str]:
    location = "" if report.span is None else f" at {code(str(report.span))}"
    yield f"**{prose(capitalized(verdict(report)))}**{location}\n"
    if report.failure.error:
        yield f"> {code(error_line(report.failure.error))}\n"
    excerpt = report.excerpt(_EXCERPT_WIDTH)
    if excerpt is not None:
        number = str(excerpt.number)
        yield fenced(f"{number} | {excerpt.text}\n{' ' * len(number)} | {excerpt.carets}", "python")
    yield from (f"{prose(remark)}\n" for remark in remarks(report))


def _attempts(report: FailureReport) -> Iterator[str]:
    entry = report.failure.entry
    if entry is None or not entry.log.attempts:
        return
    settings = retry_settings(entry.log)
    yield f"### Attempts{f': {prose(settings)}' if settings else ''}\n"
    rows = [
        f"| {number} | {prose(start)} | {prose(duration)} | {cell_prose(f'`{result}`')} |\n"
        for number, (start, duration, result) in enumerate(attempt_rows(entry.log), start=1)
    ]
    yield _table("| | Start | Duration | Outcome |\n| ---: | --- | ---: | --- |\n", rows, "attempt", "attempts")


def _before(report: FailureReport) -> Iterator[str]:
    rows = [
        f"| {cell_prose(f'`{entry.log.log_name}`')} | {prose(entry.state)} | {cell_prose(outcome(entry))} |\n"
        for entry in report.failure.before
    ]
    if rows:
        yield "### Earlier steps\n"
        yield _table("| Step | State | |\n| --- | --- | --- |\n", rows, "entry", "entries")


def _table(head: str, rows: list[str], noun: str, plural: str) -> str:
    """Return a table with the last rows, after a row with the number of the omitted ones."""
    omitted = len(rows) - MAX_ROWS
    if omitted <= 0:
        return head + "".join(rows)
    columns = head.partition("\n")[0].count("|") - 2
    row = f"| … {counted(omitted, f'earlier {noun}', f'earlier {plural}')} {'| ' * columns}|\n"
    return head + row + "".join(rows[omitted:])


def _handlers(report: FailureReport) -> Iterator[str]:
    sentences = list(handler_sentences(report))
    if sentences:
        yield f"### {handlers_title(report)}\n"
        yield "".join(
            f"- {f'{code(location)}: ' if location else ''}{prose(sentence)}\n" for location, sentence in sentences
        )


def _restarts(report: FailureReport) -> Iterator[str]:
    if not report.failure.restarts:
        return
    yield "### Restart\n"
    yield from (f"{prose(remark)}\n" for remark in restart_remarks(report.failure))
    for number, point in enumerate(shown_points(report.failure)):
        yield f"From {prose(point_label(point))}: {prose(point_effect(point))}\n"
        commands = [wrangler_command(point, report.address)]
        commands += [curl_command(point, report.address)] if number == 0 else []
        yield fenced("\n".join(commands), "shell")
    yield "From the beginning: runs everything again\n"
    yield fenced(wrangler_command(None, report.address), "shell")
