"""Test which exceptions reach an `except` around a step."""

from __future__ import annotations

import pytest

from tests.execution.errors import NonRetryableError
from tests.execution.run_body import run

_FAILING = """
    class Custom(Exception):
        pass

    class CustomValue(ValueError):
        pass

    class Lasting(NonRetryableError):
        pass

    @step.do("bad")
    async def bad():
        raise {raised}

    try:
        await bad()
    except Exception as error:
        return [type(error).__module__, type(error).__name__, str(error).splitlines()[-1]]
"""


@pytest.mark.parametrize(
    ("raised", "caught"),
    [
        ("ValueError('no')", ["builtins", "ValueError", "ValueError: no"]),
        ("ValueError", ["builtins", "ValueError", "ValueError"]),
        ("TypeError('no')", ["builtins", "TypeError", "TypeError: no"]),
        ("NonRetryableError('no')", ["workers.workflows", "NonRetryableError", "no"]),
    ],
)
def test_exception_types_that_survive(raised: str, caught: list[str]) -> None:
    assert run(_FAILING.replace("{raised}", raised)).result == caught


@pytest.mark.parametrize(
    "raised",
    [
        "KeyError('no')",
        "RuntimeError('no')",
        "TimeoutError('no')",
        "Custom('no')",
        "CustomValue('no')",
        "ExceptionGroup('no', [ValueError('no')])",
        "ValueError('of two\\nlines')",
        "AssertionError",
        "asyncio.CancelledError",
    ],
)
def test_other_types_become_js_exceptions(raised: str) -> None:
    result = run(_FAILING.replace("{raised}", raised)).result
    assert result[1] == "JsException"


def test_message_contains_traceback() -> None:
    execution = run('await step.do("bad")(lambda: {}["missing"])()')
    assert str(execution.error).startswith("Error: PythonError: Traceback (most recent call last):\n")
    assert str(execution.error).endswith("\nKeyError: 'missing'\n")


def test_non_retryable_error_is_not_retried() -> None:
    execution = run(_FAILING.replace("{raised}", "NonRetryableError('no')"))
    assert [event.type for event in execution.events] == ["start", "fail"]


def test_subclass_of_non_retryable_error_is_retried() -> None:
    execution = run(_FAILING.replace("{raised}", "Lasting('no')"))
    assert [event.type for event in execution.events] == ["start", *["retry"] * 5, "fail"]


def test_injected_errors_are_caught_like_raised_ones() -> None:
    body = _FAILING.replace("{raised}", "AssertionError('not reached')")
    for error in (ValueError("no"), KeyError("no"), NonRetryableError("no")):
        result = run(body, fails=lambda *_, error=error: error).result
        assert result[1] == ("JsException" if isinstance(error, KeyError) else type(error).__name__)
        assert result[2].removesuffix("'").endswith("no")


def test_uncaught_error_fails_the_execution() -> None:
    execution = run("return {}['missing']")
    assert isinstance(execution.error, KeyError)
    assert execution.failed
    assert execution.result is None


def test_caught_error_does_not_fail_the_execution() -> None:
    execution = run("""
        try:
            await step.do("bad")(lambda: 1 / 0)()
        except JsException:
            return "compensated"
    """)
    assert not execution.failed
    assert execution.result == "compensated"
