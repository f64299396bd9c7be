"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.fails import step_called_with_arguments
from stepgraph.checks.rules.replay import (
    nested_step,
    race_outside_step,
)
from stepgraph.checks.rules.surprises import (
    concurrent_steps_of_one_name,
    declaration_error_hidden,
    event_without_payload,
    exception_type_lost,
    sleep_not_awaited,
    step_never_run,
    step_not_awaited,
    task_never_awaited,
    timeout_around_step,
)

RULES: Final[tuple[Rule, ...]] = (
    step_called_with_arguments.RULE,
    step_not_awaited.RULE,
    step_never_run.RULE,
    sleep_not_awaited.RULE,
    task_never_awaited.RULE,
    concurrent_steps_of_one_name.RULE,
    exception_type_lost.RULE,
    declaration_error_hidden.RULE,
    event_without_payload.RULE,
    timeout_around_step.RULE,
    race_outside_step.RULE,
    nested_step.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
