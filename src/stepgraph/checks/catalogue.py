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
    invalid_workflow_name,
    missing_class,
    missing_compatibility_flag,
    no_run,
    no_step,
    step_called_with_arguments,
    too_many_steps,
    unexported_class,
    wrong_import,
)

RULES: Final[tuple[Rule, ...]] = (
    unreadable_input.RULE,
    syntax_error.RULE,
    configuration_error.RULE,
    incomplete.RULE,
    unknown_ignore.RULE,
    unused_ignore.RULE,
    invalid_workflow_name.RULE,
    missing_class.RULE,
    unexported_class.RULE,
    missing_compatibility_flag.RULE,
    step_called_with_arguments.RULE,
    no_run.RULE,
    no_step.RULE,
    too_many_steps.RULE,
    wrong_import.RULE,
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
