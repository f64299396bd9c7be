"""The page on the rules of the check, from the rules themselves."""

from __future__ import annotations

from stepgraph.checks.catalogue import RULES
from stepgraph.report.rules import rules_page

PAGE = "docs/reference/rules.md"


def rules_files() -> dict[str, str]:
    """Return the page."""
    return {PAGE: rules_page(RULES)}
