"""The reason of a failure in stepgraph's JSON format, which `stepgraph schema why` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepgraph.execution.matching.placed_entry import PlacedEntry
from stepgraph.execution.open_entries import next_attempt
from stepgraph.json_text import pretty_json
from stepgraph.report.failure.report import FailureReport
from stepgraph.report.failure.restarting import wrangler_command
from stepgraph.report.failure.sentences import passed_sentence, remarks, retry_settings, verdict
from stepgraph.report.instance.json_report import reported_attempt, reported_time

if TYPE_CHECKING:
    from stepgraph.execution.failures.handlers import PassedStatement
    from stepgraph.execution.log import LogEntry
    from stepgraph.execution.restarts import RestartPoint
    from stepgraph.model import failure_report as shapes
    from stepgraph.model.details import Part


def render_json(report: FailureReport) -> str:
    """Return the report as JSON text."""
    return pretty_json(json_report(report))


def json_report(report: FailureReport) -> shapes.FailureDocument:
    """Return the report as JSON data."""
    failure = report.failure
    return {
        "version": 1,
        "tool": {"name": "stepgraph", "version": report.version},
        "workflow": {"name": failure.instance.name, "class_name": failure.instance.class_name},
        "status": failure.instance.log.status,
        "fits": failure.instance.fits,
        "cause": failure.cause,
        "text": verdict(report),
        "remarks": list(remarks(report)),
        "error": failure.error,
        "step": None if failure.entry is None else _failed_step(report, failure.entry),
        "candidates": [_logged_step(entry) for entry in failure.candidates],
        "rejected": list(failure.rejected),
        "location": None if report.step is None else _location(report, report.step),
        "before": [_logged_step(entry) for entry in failure.before],
        "after": None if failure.last is None else failure.last.log.log_name,
        "expected": list(failure.expected),
        "raises": [location for part in failure.raises if (location := _location(report, part)) is not None],
        "passed": [_passed(report, passed) for passed in failure.passed],
        "restarts": [_restart(report, point) for point in failure.restarts],
    }


def _logged_step(entry: PlacedEntry) -> shapes.LoggedStep:
    return {
        "index": entry.log.index,
        "name": entry.log.log_name,
        "state": entry.state,
        "nodes": list(dict.fromkeys(place.path for place in entry.places)),
        "error": entry.log.error,
    }


def _failed_step(report: FailureReport, entry: PlacedEntry) -> shapes.FailedStep:
    inner = report.failure.inner
    return {
        **_logged_step(entry),
        "attempts": [reported_attempt(attempt) for attempt in entry.log.attempts],
        "retries": retry_settings(entry.log),
        "next_attempt": _next_attempt(report, entry.log),
        "caught_as": report.failure.type_name,
        "inner": None if inner is None else _logged_step(inner),
    }


def _next_attempt(report: FailureReport, log: LogEntry) -> str | None:
    return None if report.failure.instance.log.has_ended else reported_time(next_attempt(log))


def _passed(report: FailureReport, passed: PassedStatement) -> shapes.ReportedStatement:
    return {
        "node": passed.path,
        "reason": passed.reason,
        "text": passed_sentence(passed, report),
        "handlers": [{"clause": handler.clause, "catches": handler.catches} for handler in passed.handlers],
        "location": _location(report, report.nodes[passed.path]),
    }


def _location(report: FailureReport, part: Part) -> shapes.SourceRange | None:
    span = report.span_of(part)
    if span is None:
        return None
    return {
        "path": span.path,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _restart(report: FailureReport, point: RestartPoint) -> shapes.ReportedRestart:
    return {
        "step": {"name": point.name, "count": point.count, "type": point.type},
        "reruns": [entry.log_name for entry in point.reruns],
        "retained": [entry.log_name for entry in point.retained],
        "command": wrangler_command(point, report.address),
    }
