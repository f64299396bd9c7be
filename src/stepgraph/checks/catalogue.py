"""All rules, by code."""

from __future__ import annotations

from typing import Final

from stepgraph.checks.rule import Rule
from stepgraph.checks.rules.analysis import (
    configuration_error,
    dynamic_config,
    incomplete,
    syntax_error,
    unknown_ignore,
    unreadable_input,
    unused_ignore,
)
from stepgraph.checks.rules.failures.dependencies import (
    dependency_cycle,
    depends_in_implicit_mode,
    depends_not_a_step,
    missing_depends,
    unknown_step_parameter,
    wrong_depends_count,
)
from stepgraph.checks.rules.failures.deployment import (
    invalid_workflow_name,
    missing_class,
    missing_compatibility_flag,
    missing_import,
    no_run,
    unexported_class,
    unloadable_import,
    unsubscriptable_base,
    unusable_run,
    unwrapped_run,
    wrong_import,
)
from stepgraph.checks.rules.failures.steps import (
    decorator_misuse,
    missing_step_name,
    no_step,
    sleep_as_task,
    sleep_with_keywords,
    step_called_with_arguments,
    too_many_steps,
    wrong_helper_arguments,
)
from stepgraph.checks.rules.failures.values import (
    duration_out_of_bounds,
    invalid_create_option,
    invalid_duration,
    invalid_event_type,
    invalid_step_config,
    invalid_step_name,
    invalid_timestamp,
    unknown_context_key,
    unstorable_result,
)
from stepgraph.checks.rules.replay import (
    event_mutated,
    long_step_timeout,
    module_state_branch,
    nested_step,
    nondeterministic_branch,
    nondeterministic_duration,
    nondeterministic_step_name,
    race_outside_step,
    side_effect_outside_step,
    sleep_outside_step,
    state_changed_in_step,
    timestamp_past_on_replay,
    value_changes_on_replay,
)
from stepgraph.checks.rules.unexpected_behavior import (
    ambiguous_dependency_name,
    concurrent_steps_of_one_name,
    create_in_loop,
    declaration_error_hidden,
    dependency_after_failure,
    dependency_runs_twice,
    event_without_payload,
    exception_type_lost,
    late_bound_loop_variable,
    milliseconds_like_seconds,
    missing_f_prefix,
    params_without_needed_keys,
    sleep_not_awaited,
    step_never_run,
    step_not_awaited,
    task_never_awaited,
    timeout_around_step,
    unknown_duration_unit,
)

RULES: Final[tuple[Rule, ...]] = (
    unreadable_input.RULE,  # SG001
    syntax_error.RULE,  # SG002
    configuration_error.RULE,  # SG003
    incomplete.RULE,  # SG004
    dynamic_config.RULE,  # SG005
    unknown_ignore.RULE,  # SG006
    unused_ignore.RULE,  # SG007
    unknown_step_parameter.RULE,  # SG101
    wrong_depends_count.RULE,  # SG102
    depends_not_a_step.RULE,  # SG103
    depends_in_implicit_mode.RULE,  # SG104
    missing_depends.RULE,  # SG105
    missing_step_name.RULE,  # SG106
    dependency_cycle.RULE,  # SG107
    invalid_step_config.RULE,  # SG108
    invalid_duration.RULE,  # SG109
    duration_out_of_bounds.RULE,  # SG110
    invalid_step_name.RULE,  # SG111
    invalid_event_type.RULE,  # SG112
    invalid_workflow_name.RULE,  # SG113
    missing_class.RULE,  # SG114
    unexported_class.RULE,  # SG115
    missing_compatibility_flag.RULE,  # SG116
    decorator_misuse.RULE,  # SG117
    step_called_with_arguments.RULE,  # SG118
    sleep_with_keywords.RULE,  # SG119
    invalid_timestamp.RULE,  # SG120
    unstorable_result.RULE,  # SG121
    no_run.RULE,  # SG122
    no_step.RULE,  # SG123
    too_many_steps.RULE,  # SG124
    wrong_import.RULE,  # SG125
    unwrapped_run.RULE,  # SG126
    sleep_as_task.RULE,  # SG127
    invalid_create_option.RULE,  # SG128
    unloadable_import.RULE,  # SG129
    missing_import.RULE,  # SG130
    unusable_run.RULE,  # SG131
    unsubscriptable_base.RULE,  # SG132
    unknown_context_key.RULE,  # SG133
    wrong_helper_arguments.RULE,  # SG134
    step_not_awaited.RULE,  # SG201
    step_never_run.RULE,  # SG202
    sleep_not_awaited.RULE,  # SG203
    task_never_awaited.RULE,  # SG204
    unknown_duration_unit.RULE,  # SG205
    milliseconds_like_seconds.RULE,  # SG206
    concurrent_steps_of_one_name.RULE,  # SG207
    ambiguous_dependency_name.RULE,  # SG208
    dependency_runs_twice.RULE,  # SG209
    exception_type_lost.RULE,  # SG210
    declaration_error_hidden.RULE,  # SG211
    event_without_payload.RULE,  # SG212
    timeout_around_step.RULE,  # SG213
    dependency_after_failure.RULE,  # SG214
    params_without_needed_keys.RULE,  # SG215
    create_in_loop.RULE,  # SG216
    late_bound_loop_variable.RULE,  # SG217
    missing_f_prefix.RULE,  # SG218
    nondeterministic_step_name.RULE,  # SG301
    nondeterministic_branch.RULE,  # SG302
    side_effect_outside_step.RULE,  # SG303
    value_changes_on_replay.RULE,  # SG304
    state_changed_in_step.RULE,  # SG305
    event_mutated.RULE,  # SG306
    race_outside_step.RULE,  # SG307
    nested_step.RULE,  # SG308
    long_step_timeout.RULE,  # SG309
    nondeterministic_duration.RULE,  # SG310
    timestamp_past_on_replay.RULE,  # SG311
    sleep_outside_step.RULE,  # SG312
    module_state_branch.RULE,  # SG313
)

BY_CODE: Final = {rule.code: rule for rule in RULES}
