"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.fails import step_called_with_arguments
from stepgraph.checks.rules.replay import (
    event_mutated,
    nondeterministic_branch,
    nondeterministic_step_name,
    side_effect_outside_step,
    state_changed_in_step,
    value_changes_on_replay,
)

RULES: Final[tuple[Rule, ...]] = (
    step_called_with_arguments.RULE,
    nondeterministic_step_name.RULE,
    nondeterministic_branch.RULE,
    side_effect_outside_step.RULE,
    value_changes_on_replay.RULE,
    state_changed_in_step.RULE,
    event_mutated.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
