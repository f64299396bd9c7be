"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.fails import step_called_with_arguments
from stepgraph.checks.rules.surprises import (
    sleep_not_awaited,
    step_not_awaited,
    task_never_awaited,
)

RULES: Final[tuple[Rule, ...]] = (
    step_called_with_arguments.RULE,
    step_not_awaited.RULE,
    sleep_not_awaited.RULE,
    task_never_awaited.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
