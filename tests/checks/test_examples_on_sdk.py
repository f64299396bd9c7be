"""Test the behavior that rules claim for their examples, by running them on the published SDK with a fake engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from stepgraph.checks.catalogue import RULES
from stepgraph.checks.page import Example, read_page
from tests.checks.execution import (
    error_text,
    execute_example,
    execute_only,
    flagged_example,
    modules_of,
    parametrize_flagged,
    parametrize_flagged_with_code,
)
from tests.execution.modules import NotExportedError
from tests.execution.triggers import run_fetch

# Rules about failing code whose flagged examples do not fail with the fake engine, and why.
DO_NOT_FAIL: Final = {
    "SG113": "an invalid name of a workflow has its effect at deployment",
    "SG116": "a missing compatibility flag has its effect at deployment",
    "SG123": "code without steps runs to its end, but nothing in it is durable",
}

# Titles of clean examples that contain no workflow to execute.
_WITHOUT_WORKFLOW: Final = (
    "Hyphen in the name of another Worker's workflow",
    "Required flag and date",
    "Worker that only uses another Worker's workflow",
)

_CLEAN = [
    pytest.param(example, id=f"{rule.code} {example.title}")
    for rule in RULES
    for example in read_page(rule).clean
    if example.title not in _WITHOUT_WORKFLOW
]


@pytest.mark.slow
@pytest.mark.parametrize("example", _CLEAN)
def test_clean_examples_run_to_their_end(example: Example, tmp_path: Path) -> None:
    for execution in execute_example(example, tmp_path):
        assert execution.error is None
        assert execution.warnings == []


# Errors raised by the SDK when a step is declared or called, before it reaches the engine.
SDK_ERRORS: Final = {
    "SG101": r"Received unexpected parameter (order|load|profile|invioce|messages|rate)",
    "SG102": r"Step declares \d non-ctx parameter\(s\) but 'depends' has [01] item\(s\)",
    "SG103": r"'depends' entry for parameter 'rows' is not a function .*|object of type 'function' has no len\(\)",
    "SG104": r".*_do_implicit\(\) (got an unexpected keyword argument 'depends'|takes from 1 to 2 positional .*)",
    "SG105": r"Step has 1 non-ctx parameter\(s\) but no 'depends' list provided",
    "SG106": r".*_do_legacy\(\) missing 1 required positional argument: 'name'",
    "SG118": r".*\(\) (takes 0 positional arguments but 1 was given|got an unexpected keyword argument 'amount')",
}


_BY_NAME_ONLY: Final = "Context as a keyword-only parameter"
_RESULT: Final = "Result of a step in the list"


@parametrize_flagged_with_code(SDK_ERRORS, excluding=(_BY_NAME_ONLY,))
def test_invalid_declarations_raise_type_errors(code: str, example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert re.fullmatch(f"TypeError: ({SDK_ERRORS[code]})", error_text(execution))
    assert execution.started == (["load-1"] if example.title == _RESULT else [])


def test_keyword_only_context_raises_in_the_step(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG101", _BY_NAME_ONLY), tmp_path)
    assert isinstance(execution.error, TypeError)
    assert error_text(execution).endswith("takes 0 positional arguments but 1 was given")
    assert execution.started == ["attempt-1"]


@parametrize_flagged("SG107")
def test_dependency_cycle_raises_recursion_error(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert isinstance(execution.error, RecursionError)
    assert execution.started == []


MISUSED_DECORATORS: Final = {
    "Decorator without parentheses": "TypeError: .* missing 1 required positional argument: 'func'",
    "Function as an argument, as in JavaScript": "TypeError: .* takes from 1 to 2 positional arguments .*",
    "Lambda as an argument": "TypeError: .* takes from 1 to 2 positional arguments .*",
    "Config as the second argument": "TypeError: .* takes from 1 to 2 positional arguments .*",
    "Name passed twice": r"TypeError: .*_do_implicit\(\) got multiple values for argument 'name'",
    "Coroutines passed to `asyncio.wait`": "TypeError: Passing coroutines is forbidden, use tasks explicitly.",
    "Awaited decorator": "TypeError: object function can't be used in 'await' expression",
    "Awaited result of a function that is not async": "TypeError: object NoneType can't be used in 'await' expression",
    "Decorator as a context manager": (
        "TypeError: 'function' object does not support the asynchronous context manager protocol"
    ),
    "Awaited step object": "TypeError: object _WorkflowStepWrapper can't be used in 'await' expression",
    "Step that is awaited but not called": "TypeError: object function can't be used in 'await' expression",
    "Step in a group that is not called": "TypeError: An asyncio.Future, a coroutine or an awaitable is required",
    "List of calls as one argument": "TypeError: unhashable type: 'list'",
    "List of calls that is not converted for JavaScript": "JsException: .* automatically destroyed when .*",
    # Until Python 3.11, asyncio takes a generator for a coroutine.
    "Generator of calls without a star": "TypeError: .* awaitable is required|RuntimeError: Task got bad yield: .*",
    "Function in the position of `depends`": "TypeError: object function can't be used in .*",
    "Config key as a keyword argument": "TypeError: .* unexpected keyword argument 'timeout'",
    "Unknown argument of a wait": "TypeError: .* unexpected keyword argument 'config'",
    "JavaScript method name": "AttributeError: .* has no attribute 'waitForEvent'",
    "Result as an attribute": "AttributeError: 'function' object has no attribute 'result'",
    "Coroutine instead of a function": "TypeError: <coroutine object .*> is not a callable object",
    "Step object as a decorator": r"TypeError: '_WorkflowStepWrapper' object is not callable",
}


@parametrize_flagged("SG117")
def test_misused_decorator_fails_before_a_step_starts(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert re.fullmatch(MISUSED_DECORATORS[example.title], error_text(execution))
    assert execution.started == []


# Errors raised by the fake engine for invalid arguments.
ENGINE_ERRORS: Final = {
    "SG108": r"Error: The configuration of step 'charge' is invalid",
    "SG109": r"Error: The duration of sleep '.*' is none|Error: The configuration of step 'charge' is invalid"
    r"|DataCloneError: timedelta could not be serialized\.|Error: The timeout of wait 'approval' is not between .*",
    "SG110": r"Error: Sleep 'renewal' is longer than 365 days|Error: The configuration of step 'charge' is invalid"
    r"|Error: The timeout of wait 'approval' is not between 1 second and 365 days",
    "SG111": r"Error: The name of step .* is too long or has control characters"
    r"|DataCloneError: Names could not be serialized\.",
    "SG119": r"TypeError: Cannot read properties of undefined .*|Error: The duration of sleep 'cool down' is none",
    "SG120": r"Error: The (duration of sleep 'renewal' is none|time that sleep 'renewal' ends is past)"
    r"|DataCloneError: timedelta could not be serialized\.",
}


_WITHOUT_TIMEOUT: Final = "`None` as the timeout of a step"
_DELAY_FUNCTION: Final = "Delay function without a parameter"


@parametrize_flagged_with_code(ENGINE_ERRORS, excluding=(_WITHOUT_TIMEOUT, _DELAY_FUNCTION))
def test_rejected_arguments_fail_before_a_step_starts(code: str, example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert re.fullmatch(f"JsException: ({ENGINE_ERRORS[code]})", error_text(execution))
    assert execution.started == []


def test_timeout_of_none_fails_each_attempt(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG109", _WITHOUT_TIMEOUT), tmp_path)
    assert error_text(execution) == "TypeError: Cannot read properties of undefined (reading 'match')"
    assert [event.type for event in execution.events] == ["start", *["retry"] * 5, "fail"]


def test_failing_delay_function_ends_the_step(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG108", _DELAY_FUNCTION), tmp_path, fails=lambda *_: KeyError())
    assert error_text(execution).endswith("takes 0 positional arguments but 1 was given")
    assert [event.type for event in execution.events] == ["start", "fail"]


@parametrize_flagged("SG112")
def test_wait_without_event_type_never_starts(example: Example, tmp_path: Path) -> None:
    has_type = example.title in ("Dot in the type", "Colon in a computed type")
    pattern = (
        "JsException: Error: Event type '(order.|)approved.*' is invalid" if has_type else "TypeError: .*event_type.*"
    )
    execution = execute_only(example, tmp_path)
    assert re.fullmatch(pattern, error_text(execution))
    assert execution.started == []


_RESULT_OF_RUN: Final = "Date in the result of `run`"


@parametrize_flagged("SG121", excluding=(_RESULT_OF_RUN,))
def test_unsupported_result_fails_the_step(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    refused = r"TypeError: TypeError: (<class 'tuple'>|Awaitable <class 'coroutine'>) cannot be sent over RPC\."
    failed = rf"{refused}|JsException: DataCloneError: \w+ could not be serialized\."
    ended = "JsException: Error: The run was ended, as step .* gave what cannot be serialised"
    assert re.fullmatch(ended if "Response" in example.title else failed, error_text(execution))
    assert [event.type for event in execution.events][-1] == "fail"


def test_unsupported_result_of_run_fails_at_the_end(tmp_path: Path) -> None:
    execution = execute_only(flagged_example("SG121", _RESULT_OF_RUN), tmp_path)
    assert error_text(execution) == "JsException: DataCloneError: date could not be serialized."
    assert [event.type for event in execution.events] == ["start", "end"]


@parametrize_flagged("SG114", "SG115")
def test_missing_class_is_not_exported(example: Example, tmp_path: Path) -> None:
    assert isinstance(execute_only(example, tmp_path).error, NotExportedError)


@parametrize_flagged("SG122")
def test_class_without_run_fails(example: Example, tmp_path: Path) -> None:
    assert error_text(execute_only(example, tmp_path)) == "AttributeError: 'Orders' object has no attribute 'run'"


@parametrize_flagged("SG123")
def test_workflow_without_steps_starts_nothing(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert execution.events == []


@pytest.mark.slow
@parametrize_flagged("SG124")
def test_too_many_steps_fail_at_the_limit(example: Example, tmp_path: Path) -> None:
    limit = 500 if example.title == "More steps than the configuration allows" else 10_000
    execution = execute_only(example, tmp_path, seconds=60)
    assert error_text(execution) == f"JsException: Error: The limit of {limit} steps has been reached"
    assert len(execution.started) == limit


@parametrize_flagged("SG125")
def test_wrong_import_raises_import_error(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert isinstance(execution.error, ImportError)
    assert str(execution.error).startswith("cannot import name '")


# Errors of unwrapped JavaScript objects.
UNWRAPPED_ERRORS: Final = {
    "Mixin that runs a step": "TypeError: 'Promise' object is not callable",
    "Abstract base class that waits for an event": "AttributeError: 'Engine' object has no attribute 'wait_for_event'",
    "Mixin that reads an event key": "TypeError: 'JsObject' object is not subscriptable",
}


@parametrize_flagged("SG126")
def test_unwrapped_run_receives_javascript_objects(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert error_text(execution) == UNWRAPPED_ERRORS[example.title]
    assert execution.events == []


@parametrize_flagged("SG127")
def test_task_of_a_sleep_raises_type_error(example: Example, tmp_path: Path) -> None:
    error = execute_only(example, tmp_path).error
    assert error is not None
    (cause,) = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    assert isinstance(cause, TypeError)
    assert str(cause) == "a coroutine was expected, got <Promise pending>"


@parametrize_flagged("SG128")
def test_ignored_options_lose_the_payload(example: Example) -> None:
    started = run_fetch(modules_of(example))
    if example.title == "Colon in a computed id":
        assert str(started.error) == "Error: Workflow instance has invalid id"
        assert started.payloads == []
    else:
        assert started.error is None
        assert started.payloads == [{}]


@parametrize_flagged("SG129")
def test_unloadable_import_raises_import_error(example: Example, tmp_path: Path) -> None:
    error = execute_only(example, tmp_path).error
    assert isinstance(error, ImportError)
    assert re.fullmatch(r"attempted relative import .*|No module named 'src(.rates)?'", str(error))


@parametrize_flagged("SG130")
def test_missing_name_raises_an_error(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert re.search(
        r"NameError: name '(fetch|NonRetryableError|asyncio|WorkflowEntrypoint|chrge|step|Decimal)' is not defined"
        r"|AttributeError: 'Orders' object has no attribute 'pay'"
        r"|AttributeError: (LOGN|type object 'Pause' has no attribute 'LOGN')"  # since Python 3.12, with the class
        r"|AttributeError: module 'datetime' has no attribute 'now'",
        error_text(execution),
    )


UNUSABLE_RUN_ERRORS: Final = {
    "Missing parameter for the event": r"TypeError: Orders.run\(\) takes 2 positional arguments but 3 were given",
    "Required parameter that the engine does not pass": r"TypeError: .* missing 1 required positional argument: .*",
    "Step before the event": r"AttributeError: do",
    "Static method": r"TypeError: Orders.run\(\) takes 2 positional arguments but 3 were given",
    "Initializer without `ctx` and `env`": (
        r"TypeError: Orders.__init__\(\) takes 1 positional argument but 3 were given"
    ),
    "Initializer that does not call the one of the base class": (
        r"AttributeError: 'Orders' object has no attribute 'env'"
    ),
    "Result yielded instead of returned": r"JsException: DataCloneError: async_generator could not be serialized\.",
}


@parametrize_flagged("SG131")
def test_unusable_run_starts_no_step(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert re.fullmatch(UNUSABLE_RUN_ERRORS[example.title], error_text(execution))
    assert execution.started == []


@parametrize_flagged_with_code(DO_NOT_FAIL)
def test_examples_that_do_not_fail_are_listed(code: str, example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert DO_NOT_FAIL[code]
    assert execution.error is None or isinstance(execution.error, NotImplementedError)


@parametrize_flagged("SG132")
def test_unsubscriptable_base_fails_at_load(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    assert re.fullmatch(
        r"AttributeError: type object 'Flow' has no attribute '__parameters__'|TypeError: type '\w+' is not .*",
        error_text(execution),
    )
    assert execution.started == []


@parametrize_flagged("SG133")
def test_unknown_context_key_fails_in_the_step(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    error = error_text(execution).splitlines()[-1]
    assert error in ("KeyError: 'attempts'", "KeyError: 'name'", "AttributeError: waitUntil")
    assert execution.started == ["charge-1"]


@parametrize_flagged("SG134")
def test_wrong_arguments_raise_a_type_error(example: Example, tmp_path: Path) -> None:
    execution = execute_only(example, tmp_path)
    problem = r"missing 1 required .*|takes 1 .*|got an unexpected keyword argument '\w+'"
    assert re.fullmatch(rf"TypeError: .*(charge|__init__|total)\(\) ({problem})", error_text(execution))
    assert execution.started == []


def test_every_rule_on_failing_code_is_covered() -> None:
    shown = {*SDK_ERRORS, *ENGINE_ERRORS, *DO_NOT_FAIL, "SG107", "SG112", "SG114", "SG115", "SG117", "SG121", "SG122"}
    shown |= {"SG124", "SG125", "SG126", "SG127", "SG128", "SG129", "SG130", "SG131", "SG132", "SG133", "SG134"}
    assert {rule.code for rule in RULES if rule.code.startswith("SG1")} == shown
