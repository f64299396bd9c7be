"""Constants that a workflow passes to its own functions, which pass them to the engine."""

from __future__ import annotations

import pytest

from tests.checks.snippets import flagged_in_run

_PAUSE = "async def pause(length, name='pause'):\n    {use}\n\n"
_SLEEP = "await step.sleep(name, length)"


@pytest.mark.parametrize(
    ("code", "call", "flagged"),
    [
        ("SG109", 'await pause("1h")', '"1h"'),
        ("SG110", 'await pause("2 years")', '"2 years"'),
        ("SG205", 'await pause("5 min")', '"5 min"'),
        ("SG206", "await pause(30)", "30"),
        ("SG206", "await asyncio.gather(pause(length=30), a())", "30"),
        ("SG206", "task = asyncio.create_task(pause(30))\nawait task", "30"),
    ],
)
def test_durations_passed_to_a_function(code: str, call: str, flagged: str) -> None:
    assert flagged_in_run(code, _PAUSE.format(use=_SLEEP) + call) == [flagged]


def test_event_type_passed_to_a_function() -> None:
    body = "async def wait(kind):\n    await step.wait_for_event('w', kind)\n\nawait wait('order.approved')"
    assert flagged_in_run("SG112", body) == ["'order.approved'"]


def test_timeout_of_a_config_passed_to_a_function() -> None:
    body = (
        "async def call(limit):\n    @step.do('c', config={'timeout': limit})\n    async def c(): return 1\n"
        "    await c()\n\nawait call('10 mins')"
    )
    assert flagged_in_run("SG205", body) == ["'10 mins'"]


@pytest.mark.parametrize(
    "use",
    [
        "await step.sleep(name, length * 1000)",
        "length *= 1000\n    await step.sleep(name, length)",
        "await step.sleep(name, length if isinstance(length, str) else length * 1000)",
        "if isinstance(length, str):\n        await step.sleep(name, length)",
        "if length > 1000:\n        await step.sleep(name, length)",
        "[await step.sleep(name, length) for length in rows]",
        "match length:\n        case str(): await step.sleep(name, length)",
    ],
)
def test_parameters_that_a_function_converts_or_tests(use: str) -> None:
    assert flagged_in_run("SG206", _PAUSE.format(use=use) + "await pause(30)") == []
