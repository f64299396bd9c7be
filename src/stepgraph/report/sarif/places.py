"""Files and stretches of them as SARIF describes them."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.escaping.report_fields import shown_field, url_path
from stepgraph.model.span import Span
from stepgraph.report.report import Report

ROOT: Final = "%SRCROOT%"
"""Stands for the folder to which paths are relative. Where that is, a viewer knows, and the report does not say."""

_DRIVE: Final = re.compile(r"[A-Za-z]:/")


def location(report: Report, span: Span, workflow: str = "") -> dict[str, object]:
    """Return a `location`: a stretch of a file, and the workflow that it is in."""
    place: dict[str, object] = {
        "physicalLocation": {"artifactLocation": artifact(report, span.path), "region": _region(span)}
    }
    if workflow:
        place["logicalLocations"] = [{"name": shown_field(workflow), "kind": "type"}]
    return place


def artifact(report: Report, path: str) -> dict[str, object]:
    """Return an `artifactLocation`: relative to the root, or as an absolute URI of what is not in there."""
    known = report.path_from_root(path)
    if known.startswith("/"):
        return {"uri": f"file://{url_path(known)}"}
    if _DRIVE.match(known):
        return {"uri": f"file:///{known[0]}:{url_path(known[2:])}"}
    return {"uri": url_path(known), "uriBaseId": ROOT}


def _region(span: Span) -> dict[str, object]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
