"""What reaches an `except` around a step."""

from __future__ import annotations

import pytest

from tests.execution.bodies import run
from tests.execution.errors import NonRetryableError

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
def test_three_types_are_kept(raised: str, caught: list[str]) -> None:
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
def test_all_others_arrive_as_an_error_of_javascripts(raised: str) -> None:
    result = run(_FAILING.replace("{raised}", raised)).result
    assert result[1] == "JsException"


def test_what_was_raised_is_in_the_message_of_the_error() -> None:
    execution = run('await step.do("bad")(lambda: {}["missing"])()')
    assert str(execution.error).startswith("Error: PythonError: Traceback (most recent call last):\n")
    assert str(execution.error).endswith("\nKeyError: 'missing'\n")


def test_an_error_that_is_not_to_be_retried_is_not() -> None:
    execution = run(_FAILING.replace("{raised}", "NonRetryableError('no')"))
    assert [event.what for event in execution.events] == ["start", "fail"]


def test_a_subclass_of_the_error_that_is_not_to_be_retried_is_retried() -> None:
    execution = run(_FAILING.replace("{raised}", "Lasting('no')"))
    assert [event.what for event in execution.events] == ["start", *["retry"] * 5, "fail"]


def test_an_error_from_outside_is_caught_like_one_of_the_steps_own() -> None:
    body = _FAILING.replace("{raised}", "AssertionError('not reached')")
    for error in (ValueError("no"), KeyError("no"), NonRetryableError("no")):
        result = run(body, fails=lambda *_, error=error: error).result
        assert result[1] == ("JsException" if isinstance(error, KeyError) else type(error).__name__)
        assert result[2].removesuffix("'").endswith("no")


def test_an_error_that_leaves_run_is_that_of_the_execution() -> None:
    execution = run("return {}['missing']")
    assert isinstance(execution.error, KeyError)
    assert execution.failed
    assert execution.result is None


def test_an_error_that_is_caught_is_none_of_the_execution() -> None:
    execution = run("""
        try:
            await step.do("bad")(lambda: 1 / 0)()
        except JsException:
            return "compensated"
    """)
    assert not execution.failed
    assert execution.result == "compensated"
