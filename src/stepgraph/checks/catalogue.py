"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.fails import (
    decorator_misuse,
    dependency_cycle,
    depends_in_implicit_mode,
    depends_not_a_step,
    invalid_step_name,
    missing_depends,
    missing_step_name,
    step_called_with_arguments,
    unknown_step_parameter,
    wrong_depends_count,
)
from stepgraph.checks.rules.surprises import (
    ambiguous_dependency_name,
    dependency_after_failure,
    dependency_runs_twice,
)

RULES: Final[tuple[Rule, ...]] = (
    unknown_step_parameter.RULE,
    wrong_depends_count.RULE,
    depends_not_a_step.RULE,
    depends_in_implicit_mode.RULE,
    missing_depends.RULE,
    missing_step_name.RULE,
    dependency_cycle.RULE,
    invalid_step_name.RULE,
    decorator_misuse.RULE,
    step_called_with_arguments.RULE,
    ambiguous_dependency_name.RULE,
    dependency_runs_twice.RULE,
    dependency_after_failure.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
