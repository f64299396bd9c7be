"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.analysis import (
    configuration_error,
    incomplete,
    syntax_error,
    unknown_ignore,
    unreadable_input,
    unused_ignore,
)
from stepgraph.checks.rules.fails import (
    decorator_misuse,
    dependency_cycle,
    depends_in_implicit_mode,
    depends_not_a_step,
    invalid_step_name,
    invalid_workflow_name,
    missing_class,
    missing_compatibility_flag,
    missing_depends,
    missing_step_name,
    no_run,
    no_step,
    step_called_with_arguments,
    too_many_steps,
    unexported_class,
    unknown_step_parameter,
    wrong_depends_count,
    wrong_import,
)
from stepgraph.checks.rules.surprises import (
    ambiguous_dependency_name,
    dependency_after_failure,
    dependency_runs_twice,
)

RULES: Final[tuple[Rule, ...]] = (
    unreadable_input.RULE,
    syntax_error.RULE,
    configuration_error.RULE,
    incomplete.RULE,
    unknown_ignore.RULE,
    unused_ignore.RULE,
    unknown_step_parameter.RULE,
    wrong_depends_count.RULE,
    depends_not_a_step.RULE,
    depends_in_implicit_mode.RULE,
    missing_depends.RULE,
    missing_step_name.RULE,
    dependency_cycle.RULE,
    invalid_step_name.RULE,
    invalid_workflow_name.RULE,
    missing_class.RULE,
    unexported_class.RULE,
    missing_compatibility_flag.RULE,
    decorator_misuse.RULE,
    step_called_with_arguments.RULE,
    no_run.RULE,
    no_step.RULE,
    too_many_steps.RULE,
    wrong_import.RULE,
    ambiguous_dependency_name.RULE,
    dependency_runs_twice.RULE,
    dependency_after_failure.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
