"""The effects on running instances in stepgraph's JSON format, which `stepgraph schema replay` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepgraph.json_text import pretty_json
from stepgraph.report.replay.replay_report import ReplayedInstance, ReplayReport, assumption, count_line

if TYPE_CHECKING:
    from stepgraph.model import replay_report as shapes


def render_json(report: ReplayReport) -> str:
    """Return the effects as JSON text."""
    return pretty_json(json_report(report))


def json_report(report: ReplayReport) -> shapes.ReplayDocument:
    """Return the effects as JSON data."""
    return {
        "version": 1,
        "tool": {"name": "stepgraph", "version": report.version},
        "deployed": report.deployed,
        "summary": {
            "text": count_line(report),
            "assumption": assumption(report),
            "fail_on": report.fail_on.value,
            "fails": report.fails,
            "instances": len(report.instances),
            "ended": report.ended,
            "resumes": report.count("resumes"),
            "out_of_order": report.count("out_of_order"),
            "unknown": report.count("unknown"),
            "reruns": report.count("reruns"),
            "stuck": report.count("stuck"),
            "fails_to_resume": report.count("fails"),
        },
        "instances": [_instance(instance) for instance in report.instances],
    }


def _instance(instance: ReplayedInstance) -> shapes.ReportedReplay:
    replay = instance.replay
    shape: shapes.ReportedReplay = {
        "workflow": instance.workflow,
        "location": instance.location or None,
        "status": instance.status,
        "effect": replay.effect,
        "reruns": list(replay.reruns),
        "added": list(replay.added),
        "reused": list(replay.reused),
        "taken_up": list(replay.taken_up),
        "restarted_waits": list(replay.restarted_waits),
        "begun_anew": list(replay.restarted_waits),
        "orphans": list(replay.orphans),
        "reasons": list(replay.reasons),
        "notes": list(replay.notes),
        "at": replay.at,
    }
    if instance.id:
        shape["id"] = instance.id
    if instance.path is not None:
        shape["file"] = instance.path
    return shape
