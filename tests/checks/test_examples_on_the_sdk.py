"""What the rules say of their examples is what happens: the SDK as published runs them, with a stand-in engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.example import Example
from tests.checks.executing import each_flagged, each_flagged_of, executed, failure, flagged, only
from tests.execution.modules import NotExportedError

# Rules on code that fails whose flagged examples do not fail here, and why.
DO_NOT_FAIL: Final = {
    "SG113": "what the engine makes of a workflow's name shows when it is deployed",
    "SG116": "what a compatibility flag lacks shows when it is deployed",
    "SG123": "without a step, the code runs as any other: what is missing is all that steps are for",
}

# The one example in which there is no workflow.
_WITHOUT_WORKFLOW: Final = "a Worker without workflows of its own"

_CLEAN = [
    pytest.param(example, id=f"{rule.code} {example.title}")
    for rule in RULES
    for example in rule.clean()
    if example.title != _WITHOUT_WORKFLOW
]


@pytest.mark.slow
@pytest.mark.parametrize("example", _CLEAN)
def test_a_clean_example_runs_to_its_end(example: Example, tmp_path: Path) -> None:
    for execution in executed(example, tmp_path):
        assert execution.error is None
        assert execution.warnings == []


# What the SDK itself raises where a step is declared or called, before the engine hears of it.
RAISED: Final = {
    "SG101": r"Received unexpected parameter (order|load|profile|invioce|messages|rate)",
    "SG102": r"Step declares \d non-ctx parameter\(s\) but 'depends' has 1 item\(s\)",
    "SG103": r"'depends' entry for parameter 'rows' is not a function .*|object of type 'function' has no len\(\)",
    "SG104": r".*_do_implicit\(\) (got an unexpected keyword argument 'depends'|takes from 1 to 2 positional .*)",
    "SG105": r"Step has 1 non-ctx parameter\(s\) but no 'depends' list provided",
    "SG106": r".*_do_legacy\(\) missing 1 required positional argument: 'name'",
    "SG118": r".*\(\) (takes 0 positional arguments but 1 was given|got an unexpected keyword argument 'amount')",
}


_BY_NAME_ONLY: Final = "a context that is taken by name only"


@each_flagged_of(RAISED, but=_BY_NAME_ONLY)
def test_a_declaration_that_the_sdk_rejects_is_a_type_error(code: str, example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert re.fullmatch(f"TypeError: ({RAISED[code]})", failure(execution))
    assert execution.started == []


def test_a_context_that_is_taken_by_name_only_is_a_type_error_in_the_step(tmp_path: Path) -> None:
    execution = only(flagged("SG101", _BY_NAME_ONLY), tmp_path)
    assert isinstance(execution.error, TypeError)
    assert failure(execution).endswith("takes 0 positional arguments but 1 was given")
    assert execution.started == ["attempt-1"]


@each_flagged("SG107")
def test_a_dependency_cycle_never_ends(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert isinstance(execution.error, RecursionError)
    assert execution.started == []


MISUSED: Final = {
    "a decorator without parentheses": "TypeError: .* missing 1 required positional argument: 'func'",
    "the function as an argument, as in JavaScript": "TypeError: .* takes from 1 to 2 positional arguments .*",
    "a lambda as an argument, not awaited": "TypeError: .* takes from 1 to 2 positional arguments .*",
    "the config in second place, as in JavaScript": "TypeError: .* takes from 1 to 2 positional arguments .*",
    "awaited instead of applied to a function": "TypeError: object function can't be used in 'await' expression",
    "the function as an argument, where dependencies are listed": "TypeError: object function can't be used in .*",
    "a key of the config as an argument": "TypeError: .* unexpected keyword argument 'timeout'",
    "a method by its name in JavaScript": "AttributeError: .* has no attribute 'waitForEvent'",
    "a call in place of the function": "TypeError: <coroutine object .*> is not a callable object",
}


@each_flagged("SG117")
def test_a_decorator_that_is_misused_fails_before_a_step_starts(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert re.fullmatch(MISUSED[example.title], failure(execution))
    assert execution.started == []


# What the engine answers to what it is given, in the words of the stand-in.
REFUSED: Final = {
    "SG108": r"Error: The configuration of step 'charge' is invalid",
    "SG109": r"Error: The duration of sleep '.*' is none|Error: The configuration of step 'charge' is invalid"
    r"|DataCloneError: timedelta could not be serialized\.|Error: The timeout of wait 'approval' is not between .*",
    "SG110": r"Error: Sleep 'renewal' is longer than 365 days|Error: The configuration of step 'charge' is invalid"
    r"|Error: The timeout of wait 'approval' is not between 1 second and 365 days",
    "SG111": r"Error: The name of step .* is too long or has control characters",
    "SG119": r"TypeError: Cannot read properties of undefined .*|Error: The duration of sleep 'cool down' is none",
    "SG120": r"Error: The (duration of sleep 'renewal' is none|time that sleep 'renewal' ends is past)"
    r"|DataCloneError: timedelta could not be serialized\.",
}


_WITHOUT_TIMEOUT: Final = "no timeout where a step has to have one"


@each_flagged_of(REFUSED, but=_WITHOUT_TIMEOUT)
def test_what_the_engine_refuses_never_starts(code: str, example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert re.fullmatch(f"JsException: ({REFUSED[code]})", failure(execution))
    assert execution.started == []


def test_each_attempt_fails_of_a_step_whose_timeout_is_none(tmp_path: Path) -> None:
    execution = only(flagged("SG109", _WITHOUT_TIMEOUT), tmp_path)
    assert failure(execution) == "TypeError: Cannot read properties of undefined (reading 'match')"
    assert [event.type for event in execution.events] == ["start", *["retry"] * 5, "fail"]


@each_flagged("SG112")
def test_a_wait_without_an_event_type_never_starts(example: Example, tmp_path: Path) -> None:
    given = example.title in ("a dot", "a colon in text that is made")
    pattern = (
        "JsException: Error: Event type '(order.|)approved.*' is invalid" if given else "TypeError: .*event_type.*"
    )
    execution = only(example, tmp_path)
    assert re.fullmatch(pattern, failure(execution))
    assert execution.started == []


_OF_RUN: Final = "the result of the workflow itself"


@each_flagged("SG121", but=_OF_RUN)
def test_a_result_that_cannot_be_stored_fails_its_step(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    refused = r"TypeError: TypeError: <class 'tuple'> cannot be sent over RPC\."
    assert re.fullmatch(rf"{refused}|JsException: DataCloneError: \w+ could not be serialized\.", failure(execution))
    assert [event.type for event in execution.events][-1] == "fail"


def test_a_result_that_cannot_be_sent_fails_the_run_when_all_is_done(tmp_path: Path) -> None:
    execution = only(flagged("SG121", _OF_RUN), tmp_path)
    assert failure(execution) == "JsException: DataCloneError: date could not be serialized."
    assert [event.type for event in execution.events] == ["start", "end"]


@each_flagged("SG114", "SG115")
def test_a_class_that_is_not_there_is_not_found(example: Example, tmp_path: Path) -> None:
    assert isinstance(only(example, tmp_path).error, NotExportedError)


@each_flagged("SG122")
def test_a_class_without_run_fails_when_it_is_run(example: Example, tmp_path: Path) -> None:
    assert failure(only(example, tmp_path)) == "AttributeError: 'Orders' object has no attribute 'run'"


@each_flagged("SG123")
def test_without_a_step_nothing_is_started(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert execution.events == []


@pytest.mark.slow
@each_flagged("SG124")
def test_too_many_steps_fail_at_the_limit(example: Example, tmp_path: Path) -> None:
    limit = 500 if example.title == "more than the configuration allows" else 10_000
    execution = only(example, tmp_path, seconds=60)
    assert failure(execution) == f"JsException: Error: The limit of {limit} steps has been reached"
    assert len(execution.started) == limit


@each_flagged("SG125")
def test_a_name_that_moved_cannot_be_imported(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert isinstance(execution.error, ImportError)
    assert "cannot import name 'NonRetryableError'" in str(execution.error)


# What JavaScript's objects answer.
BARE: Final = {
    "what two workflows have in common, in a mixin": "TypeError: 'Promise' object is not callable",
    "an abstract base class above a workflow": "AttributeError: 'Engine' object has no attribute 'wait_for_event'",
    "an event that is read, and a sleep": "TypeError: 'JsObject' object is not subscriptable",
}


@each_flagged("SG126")
def test_a_run_that_is_not_wrapped_gets_the_objects_of_javascript(example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert failure(execution) == BARE[example.title]
    assert execution.events == []


@each_flagged("SG127")
def test_a_task_cannot_be_made_of_a_sleep(example: Example, tmp_path: Path) -> None:
    error = only(example, tmp_path).error
    assert error is not None
    (cause,) = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    assert isinstance(cause, TypeError)
    assert str(cause) == "a coroutine was expected, got <Promise pending>"


@each_flagged_of(DO_NOT_FAIL)
def test_what_does_not_fail_here_is_known(code: str, example: Example, tmp_path: Path) -> None:
    execution = only(example, tmp_path)
    assert DO_NOT_FAIL[code]
    assert execution.error is None or isinstance(execution.error, NotImplementedError)


def test_every_rule_on_code_that_fails_is_shown() -> None:
    shown = {*RAISED, *REFUSED, *DO_NOT_FAIL, "SG107", "SG112", "SG114", "SG115", "SG117", "SG121", "SG122"}
    shown |= {"SG124", "SG125", "SG126", "SG127"}
    assert {rule.code for rule in RULES if rule.code.startswith("SG1")} == shown
