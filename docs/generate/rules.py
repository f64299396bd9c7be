"""Generate the page on the rules from their documentation."""

from __future__ import annotations

from stepgraph.checks.catalogue import RULES
from stepgraph.report.rules import rules_page

PAGE = "docs/reference/rules.md"


def rules_files() -> dict[str, str]:
    """Return the page by its path."""
    return {PAGE: rules_page(RULES)}
