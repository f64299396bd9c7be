"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.analysis import dynamic_config
from stepgraph.checks.rules.fails import (
    duration_out_of_bounds,
    invalid_duration,
    invalid_event_type,
    invalid_step_config,
    invalid_timestamp,
    sleep_with_keywords,
    step_called_with_arguments,
    unstorable_result,
)
from stepgraph.checks.rules.replay import long_step_timeout
from stepgraph.checks.rules.surprises import milliseconds_like_seconds, unknown_duration_unit

RULES: Final[tuple[Rule, ...]] = (
    dynamic_config.RULE,  # SG005
    invalid_step_config.RULE,  # SG108
    invalid_duration.RULE,  # SG109
    duration_out_of_bounds.RULE,  # SG110
    invalid_event_type.RULE,  # SG112
    step_called_with_arguments.RULE,  # SG118
    sleep_with_keywords.RULE,  # SG119
    invalid_timestamp.RULE,  # SG120
    unstorable_result.RULE,  # SG121
    unknown_duration_unit.RULE,  # SG205
    milliseconds_like_seconds.RULE,  # SG206
    long_step_timeout.RULE,  # SG309
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
