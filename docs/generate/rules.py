"""Generate the index and the pages of the rules."""

from __future__ import annotations

from stepgraph.checks.catalogue import RULES
from stepgraph.report.rules import rule_page, rule_path, rules_index

REFERENCE = "docs/reference"
INDEX = f"{REFERENCE}/rules.md"


def rules_files() -> dict[str, str]:
    """Return the index and the page of each rule by path."""
    return {INDEX: rules_index(RULES)} | {f"{REFERENCE}/{rule_path(rule.code)}": rule_page(rule) for rule in RULES}
