"""Where the documentation is, and sources are, on the web."""

from __future__ import annotations

from typing import Final

from stepgraph.escaping.report_fields import url_path
from stepgraph.model.span import Span
from stepgraph.report.report import Report

HOME: Final = "https://github.com/stepgraph/stepgraph"
RULES: Final = f"{HOME}/blob/main/docs/reference/rules.md"


def rule_url(code: str) -> str:
    """Return where a rule is explained."""
    return f"{RULES}#{code.lower()}"


def source_link(report: Report, span: Span) -> str:
    """Return where a place in the source can be seen; empty where that is not known."""
    path = report.file(span.path).from_root
    if not report.source_url or path is None:
        return ""
    return f"{report.source_url}/{url_path(path)}#L{span.line}"
