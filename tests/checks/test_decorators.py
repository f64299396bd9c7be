"""`step.do` and the step object, used as the SDK does not know them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.run_bodies import LEGACY, codes_in, found_in


def test_a_decorator_without_parentheses_is_told_what_to_write(tmp_path: Path) -> None:
    body = """
        @step.do
        async def charge():
            return 10

        await charge()
    """
    (found,) = found_in(tmp_path, body)
    assert found.code == "SG117"
    assert found.message == (
        "`step.do` without parentheses takes the function `charge` for the step's name: `charge` is no step then, and"
        " calling it fails with a TypeError."
    )
    assert found.advice == "Write `@step.do()` above `charge`."


def test_where_a_name_is_needed_it_is_in_the_advice(tmp_path: Path) -> None:
    body = """
        @step.do
        async def charge():
            return 10

        await charge()
    """
    (found,) = found_in(tmp_path, body, mode=LEGACY)
    assert found.advice == 'Write `@step.do("charge")` above `charge`.'


def test_a_function_and_a_config_as_in_javascript_are_told_of_once(tmp_path: Path) -> None:
    body = """
        async def charge():
            return 10

        await step.do("charge", {"timeout": "1 minute"}, charge)

        @step.do("other")
        async def other():
            return 1

        await other()
    """
    (found,) = found_in(tmp_path, body)
    assert found.code == "SG117"
    assert found.advice == (
        'Write `@step.do("charge", config={"timeout": "1 minute"})` above `def charge`, and run it with'
        " `await charge()`."
    )


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        ("step.sleepUntil('later', 5)", "Write `step.sleep_until`."),
        ("step.waitForEvent('e', {})", "Write `wait_for_event(name, event_type, timeout=...)`."),
        ("step.run('charge', event)", "Decorate the function with `@step.do(...)`, and await a call of it."),
        ("step.sleep_for('later', 5)", "Write `step.sleep`."),
        ("step.repeat(5)", "There are `do`, `sleep`, `sleep_until` and `wait_for_event`."),
    ],
)
def test_a_method_that_the_step_object_lacks_is_told_which_there_is(call: str, advice: str, tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, f"await {call}")

    assert (found.code, found.advice) == ("SG117", advice)


@pytest.mark.parametrize(
    ("argument", "advice"),
    [
        ("timeout=1000", 'Write it in the config: `config={"timeout": 1000}`.'),
        ("retry=3", "`step.do` takes `name`, `concurrent`, `config`."),
    ],
)
def test_an_argument_that_a_decorator_lacks_is_told_where_it_goes(argument: str, advice: str, tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, f"await step.do('charge', {argument})(lambda: 10)()")

    assert (found.code, found.advice) == ("SG117", advice)


@pytest.mark.parametrize(
    ("arguments", "what"), [("", "without a function"), ("lambda: 10, event", "with more than a function")]
)
def test_a_decorator_is_called_with_a_function_alone(arguments: str, what: str, tmp_path: Path) -> None:
    (found,) = found_in(tmp_path, f"await step.do('charge')({arguments})()")

    assert found.code == "SG117"
    assert found.message == f"the decorator that `step.do(...)` makes is called {what}, so it fails with a TypeError."


_CLEAN = {
    "a method that is given to the step object": """
        step.note = print
        step.note("begun")
    """,
    "a method of an object of one's own": """
        class Steps:
            def __init__(self, step):
                self.step = step

            async def run(self, name, function):
                return await self.step.do(name)(function)()

        await Steps(step).run("charge", lambda: 10)
    """,
    "a function for a `do` of one's own": """
        async def do(name, function):
            return await step.do(name)(function)()

        await do("charge", lambda: 10)
    """,
    "decorators in a list": """
        for decorator in [step.do("first"), step.do("second")]:
            await decorator(lambda: 1)()
    """,
    "a part of the arguments": """
        do = functools.partial(step.do, config={"timeout": 1000})

        @do("charge")
        async def charge():
            return 10

        await charge()
    """,
    "arguments that are passed on": """
        def do(*args, **kwargs):
            kwargs.setdefault("config", {"timeout": 1000})
            return step.do(*args, **kwargs)

        @do("charge")
        async def charge():
            return 10

        await charge()
    """,
}


@pytest.mark.parametrize("body", _CLEAN.values(), ids=_CLEAN)
def test_other_uses_are_not_flagged(body: str, tmp_path: Path) -> None:
    assert "SG117" not in codes_in(tmp_path, body, imports="import functools")


def test_arguments_that_a_helper_passes_on_are_none_where_it_got_none(tmp_path: Path) -> None:
    body = """
        async def retried(function, *args, **kwargs):
            return await function(*args, **kwargs)

        @step.do("charge")
        async def charge():
            return 10

        await retried(charge)
    """
    assert codes_in(tmp_path, body) == []


def test_arguments_that_may_be_none_are_not_flagged(tmp_path: Path) -> None:
    body = """
        given = []
        if event["payload"]["amount"]:
            given.append(10)

        @step.do("charge")
        async def charge():
            return 10

        await charge(*given)
    """
    assert codes_in(tmp_path, body) == []


def test_an_argument_that_a_helper_passes_on_is_flagged(tmp_path: Path) -> None:
    body = """
        async def retried(function, *args):
            return await function(*args)

        @step.do("charge")
        async def charge():
            return 10

        await retried(charge, 10)
    """
    assert codes_in(tmp_path, body) == ["SG118"]


def test_a_method_that_is_not_there_is_told_once(tmp_path: Path) -> None:
    assert [found.code for found in found_in(tmp_path, "await step.sleepUntil('due', 1)")] == ["SG117"]
