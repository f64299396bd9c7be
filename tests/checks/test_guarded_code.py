"""What the program makes sure of itself: names that may stand for nothing, and errors that it expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from tests.checks import bodies
from tests.checks.run_bodies import LEGACY, codes_in

_NOTHING = """
PAUSE = None
KIND = ""
TIMEOUT = 0
UNTIL = None
LIMIT = None
"""


@pytest.mark.parametrize(
    "body",
    [
        'if PAUSE is not None:\n    await step.sleep("a", PAUSE)',
        'if KIND:\n    await step.wait_for_event("a", KIND)',
        'if TIMEOUT:\n    await step.wait_for_event("a", "paid", timeout=TIMEOUT)',
        'if UNTIL:\n    await step.sleep_until("a", UNTIL)',
        "if TIMEOUT:\n    " + bodies.configured('{"timeout": TIMEOUT}').replace("\n", "\n    "),
        bodies.configured('{"retries": {"limit": LIMIT, "delay": 0}} if LIMIT is not None else {}'),
        'pause = None\nfor _ in "ab":\n    if pause:\n        await step.sleep("a", pause)\n    pause = "1 second"',
    ],
)
def test_a_name_for_nothing_may_be_asked_for_before_it_is_used(body: str) -> None:
    assert bodies.codes_in(body, _NOTHING) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('await step.sleep("a", None)', "SG109"),
        ('await step.wait_for_event("a", "")', "SG112"),
        ('await step.sleep_until("a", None)', "SG120"),
        (bodies.configured('{"timeout": 0}'), "SG110"),
    ],
)
def test_nothing_in_the_place_of_something_is_flagged(body: str, code: str) -> None:
    assert bodies.codes_in(body) == [code]


def test_a_name_that_a_function_gives_a_value_is_not_known() -> None:
    source = """
from workers import WorkflowEntrypoint

PAUSE = None

def configure():
    global PAUSE
    PAUSE = "1 minute"

configure()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("a", f"{PAUSE}" if PAUSE is None else PAUSE)
        await step.sleep("b", PAUSE)
"""
    assert list(check_analysis(analyze_source(source))) == []


_EITHER_MODE = """
def durable(step, name, depends=None):
    try:
        return step.do(name, depends=depends)
    except TypeError:
        return step.do(name)
"""
_DURABLE = """
@durable(step, "a")
async def a():
    return 1

await a()
"""


def test_an_error_that_is_expected_by_name_is_no_finding(tmp_path: Path) -> None:
    assert codes_in(tmp_path, _DURABLE, imports=_EITHER_MODE) == []
    assert codes_in(tmp_path, _DURABLE, imports=_EITHER_MODE, mode=LEGACY) == []


def test_any_error_that_is_caught_is_still_one(tmp_path: Path) -> None:
    imports = _EITHER_MODE.replace("TypeError", "Exception")

    assert codes_in(tmp_path, _DURABLE, imports=imports) == ["SG104"]


@pytest.mark.parametrize(
    "decorator", ['step.do("a") if event else step.do("b")', 'step.do("a") if event else (lambda function: function)']
)
def test_one_of_several_decorators_declares_a_step(decorator: str) -> None:
    body = f"durable = {decorator}\n\n@durable\nasync def work(order):\n    return 1\n\nawait work()"

    assert "SG101" in bodies.codes_in(body)


def test_whether_a_decorator_declares_a_step_may_not_be_known() -> None:
    source = """
from workers import WorkflowEntrypoint
import framework

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        durable = step.do("a") if event["payload"] else framework.durable

        @durable
        async def work(order):
            return 1

        await work()
"""
    assert {finding.code for finding in check_analysis(analyze_source(source))} == {"SG004"}
