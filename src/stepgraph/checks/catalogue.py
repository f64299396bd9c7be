"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.analysis import unknown_ignore, unused_ignore
from stepgraph.checks.rules.fails import step_called_with_arguments

RULES: Final[tuple[Rule, ...]] = (
    unknown_ignore.RULE,
    unused_ignore.RULE,
    step_called_with_arguments.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
