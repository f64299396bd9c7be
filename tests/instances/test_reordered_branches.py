"""The effects of handlers and cases that the new code tests before the one that an instance has taken."""

from __future__ import annotations

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from tests.instances.short_logs import ended, failed, log_of, opened
from tests.instances.test_raising_code import replay

CAUGHT = "try:\n    <a>\n{}<c>"
VALUE, TYPE, ANY = (
    f"except {name}:\n    <{step}>\n" for name, step in (("ValueError", "b"), ("TypeError", "d"), ("Exception", "e"))
)
FAILED = log_of("running", failed("a", "ValueError: no"), ended("b"), opened("c"))


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        (VALUE + ANY, ANY + VALUE, "unknown"),
        (VALUE, ANY + VALUE, "unknown"),
        (VALUE, "except Exception:\n    pass\n" + VALUE, "unknown"),
        (VALUE + TYPE, TYPE + VALUE, "resumes"),
        (VALUE, TYPE + VALUE, "resumes"),
        (VALUE, VALUE + ANY, "resumes"),
    ],
)
def test_handlers_in_front_of_the_handler_of_an_error(old: str, new: str, effect: InstanceEffect) -> None:
    assert replay(CAUGHT.format(old), CAUGHT.format(new), FAILED).effect == effect


SWITCH = "<a>\nmatch order['kind']:\n{}<c>"
X, Y, PATTERN = (
    f"    case {pattern}:\n        <{step}>\n" for pattern, step in (("'x'", "b"), ("'y'", "d"), ("str()", "e"))
)
TAKEN = log_of("running", ended("a"), ended("b"), opened("c"))


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        (X + PATTERN, PATTERN + X, "unknown"),
        (X, PATTERN + X, "unknown"),
        (X + Y, Y + X, "resumes"),
        (X, Y + X, "resumes"),
        (X, X + PATTERN, "resumes"),
    ],
)
def test_cases_in_front_of_the_case_of_an_instance(old: str, new: str, effect: InstanceEffect) -> None:
    assert replay(SWITCH.format(old), SWITCH.format(new), TAKEN).effect == effect


def test_calls_that_exchange_the_cases_of_their_functions() -> None:
    first, second = ("async def one():\n    <a>\n", "async def two():\n    <b>\n")
    code = f"{first}{second}await {{{{'x': {{}}, 'y': {{}}}}}}[order['kind']]()\n<c>"
    result = replay(code.format("one", "two"), code.format("two", "one"), log_of("running", opened("a")))
    reason = "The new code does not reach `a` on the path that the instance took."
    assert (result.effect, result.reasons) == ("unknown", (reason,))
