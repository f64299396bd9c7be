"""An instance in stepgraph's JSON format, which `stepgraph schema instance` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from stepgraph.execution.instance import Instance, NodeProgress, PlacedEntry, all_entries
from stepgraph.json_text import pretty_json
from stepgraph.phrases import utc_text
from stepgraph.render.instance_text import log_defect
from stepgraph.version import __version__

if TYPE_CHECKING:
    from stepgraph.execution.log import Attempt
    from stepgraph.model import instance_report as shapes


def render_json(instance: Instance) -> str:
    """Return an instance as JSON text, which preserves the strings of the log and the graph."""
    return pretty_json(instance_report(instance))


def instance_report(instance: Instance) -> shapes.InstanceReport:
    """Return an instance as JSON data."""
    log, entries = instance.log, all_entries(instance)
    return {
        "version": 1,
        "tool": {"name": "stepgraph", "version": __version__},
        "id": log.id or None,
        "fits": instance.fits,
        "status": log.status,
        "error": log.error,
        "start": reported_time(log.start),
        "end": reported_time(log.end),
        "workflow": {"name": instance.name, "class_name": instance.class_name},
        "entries": [_entry(entry) for entry in entries],
        "ignored_entries": log.ignored_entries,
        "defect": log_defect(log.entries) or None,
        "nodes": {path: _node(progress) for path, progress in instance.nodes.items()},
        "current": [entry.log.index for entry in entries if entry.is_open],
        "failure": instance.failure,
        "next": _next_steps(instance),
        "misfit": _misfit(instance),
        "unknown": instance.unknown or None,
    }


def _entry(entry: PlacedEntry) -> shapes.ReportedEntry:
    log, place = entry.log, entry.place
    return {
        "index": log.index,
        "name": log.log_name,
        "kind": log.kind,
        "node": place.path if place else None,
        "call_path": list(place.calls) if place else [],
        "possible_call_paths": [list(calls) for calls in entry.possible_calls],
        "passes": [{"loop": each.loop, "number": each.number} for each in place.passes] if place else [],
        "alternatives": [each.path for each in entry.alternatives],
        "state": entry.state,
        "attempts": len(log.attempts),
        "attempt_log": [reported_attempt(attempt) for attempt in log.attempts],
        "start": reported_time(log.start),
        "end": reported_time(log.end),
        "duration": log.duration,
        "error": log.error,
    }


def reported_attempt(attempt: Attempt) -> shapes.ReportedAttempt:
    """Return an attempt as JSON data."""
    return {
        "start": reported_time(attempt.start),
        "end": reported_time(attempt.end),
        "succeeded": attempt.succeeded,
        "error": attempt.error,
    }


def _node(progress: NodeProgress) -> shapes.ReportedNode:
    return {
        "kind": cast("shapes.NodeKind", progress.kind),
        "name": progress.name,
        "state": progress.state,
        "runs": progress.runs,
        "possible_runs": progress.possible_runs,
        "attempts": progress.attempts,
        "start": reported_time(progress.start),
        "end": reported_time(progress.end),
        "duration": progress.duration,
        "errors": list(progress.errors),
        "entries": [entry.log.index for entry in progress.entries],
    }


def _next_steps(instance: Instance) -> list[shapes.ReportedNextStep]:
    after_error: dict[str, bool] = {}
    for place in instance.next:
        after_error[place.path] = instance.begins_after_error(place) and after_error.get(place.path, True)
    return [
        {
            "node": path,
            "name": instance.nodes[path].name,
            "after_error": needs_error,
            "waits_for": list(instance.awaited_by(path)),
        }
        for path, needs_error in after_error.items()
    ]


def _misfit(instance: Instance) -> shapes.ReportedMisfit | None:
    misfit = instance.misfit
    if misfit is None:
        return None
    return {
        "index": misfit.index,
        "message": instance.problem,
        "expected": [*dict.fromkeys(place.path for place in misfit.expected)],
    }


def reported_time(milliseconds: int | None) -> str | None:
    """Return a time in ISO 8601, or None if it is unknown."""
    return None if milliseconds is None else utc_text(milliseconds)
