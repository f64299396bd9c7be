"""The comparison in stepgraph's JSON format, which `stepgraph schema diff` describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from stepgraph.diff.diff import StructuralChange
from stepgraph.execution.engine_rules import Effect
from stepgraph.json_text import pretty_json
from stepgraph.report.diff.comparison import (
    ComparedWorkflow,
    VersionComparison,
    VersionedWorkflow,
    assumption,
    count_line,
)

if TYPE_CHECKING:
    from stepgraph.model import diff_report as shapes


_EFFECTS: Final[dict[Effect, shapes.Effect]] = {
    Effect.BREAKING: "breaking",
    Effect.OUT_OF_ORDER: "out_of_order",
    Effect.SAFE: "safe",
}


def render_json(report: VersionComparison) -> str:
    """Return the comparison as JSON text. Reading it gives strings of the source unchanged, even lone surrogates."""
    return pretty_json(json_report(report))


def json_report(report: VersionComparison) -> shapes.DiffReport:
    """Return the comparison as JSON data."""
    return {
        "version": 2,
        "tool": {"name": "stepgraph", "version": report.version},
        "old": report.old,
        "new": report.new,
        "summary": {
            "text": count_line(report),
            "in_flight": report.in_flight,
            "assumption": assumption(report),
            "fail_on": report.fail_on.value,
            "fails": report.fails,
            "workflows": len(report.workflows),
            "changed_workflows": len(report.changed_workflows),
            "changes": len(report.changes),
            "breaking": report.count(Effect.BREAKING),
            "out_of_order": report.count(Effect.OUT_OF_ORDER),
            "safe": report.count(Effect.SAFE),
            "incomplete_workflows": len(report.incomplete_workflows),
        },
        "workflows": [_workflow(workflow) for workflow in report.workflows],
    }


def _workflow(workflow: ComparedWorkflow) -> shapes.WorkflowDifference:
    return {
        "name": workflow.name,
        "status": _status(workflow),
        "effect": _EFFECTS[workflow.diff.effect],
        "old": _version(workflow.old),
        "new": _version(workflow.new),
        "changes": [_change(change) for change in workflow.diff.changes],
    }


def _status(workflow: ComparedWorkflow) -> shapes.Status:
    if workflow.old is None:
        return "added"
    if workflow.new is None:
        return "removed"
    return "changed" if workflow.diff.changes else "unchanged"


def _version(version: VersionedWorkflow | None) -> shapes.WorkflowVersion | None:
    if version is None:
        return None
    return {
        "name": version.name,
        "class_name": version.class_name,
        "place": version.location,
        "has_dag": version.graph is not None,
        "complete": version.complete,
    }


def _change(change: StructuralChange) -> shapes.WorkflowChange:
    return {
        "action": change.action.value,
        "sign": cast("shapes.Sign", change.sign),
        "text": change.title,
        "effect": _EFFECTS[change.impact.effect],
        "reason": change.impact.reason,
    }
