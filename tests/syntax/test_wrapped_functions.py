"""The results of functions with steps that decorators wrap: only the arguments that the wrapper reads decide them."""

from __future__ import annotations

import pytest

from tests.syntax.test_variable_definitions import definitions_in

WRAPPED = """
from functools import wraps
from workers import WorkflowEntrypoint

def durable(name, retries=3):
    def decorate(function):
        @wraps(function)
        async def wrapper(step, value=1):
            async def call():
                return await function(value)
            result = await step.do(name, config={{"retries": {{"limit": retries}}}})(call)()
            return {result}
        return wrapper
    return decorate

@durable("charge", retries=5)
async def charge(value):
    return value > 2

@durable("ship")
async def ship(value):
    return value > 7

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        if await charge(step, event["a"]):
            await step.sleep("nap", 1)
            await ship(step)
"""


@pytest.mark.parametrize(
    ("result", "old", "new", "expected"),
    [
        ("result", "value > 2", "value > 3", False),
        ("result", "retries=5", "retries=6", False),
        ("result", '"ship"', '"send"', False),
        ("result", "@wraps(function)", "@changed(function)", True),
        ("result", '"charge"', '"pay"', True),
        ("result", "return result", "return not result", True),
        ("result or retries", "retries=5", "retries=6", True),
        ("result or retries", '"charge", retries=5', '"charge"', True),
        ("result or value", 'event["a"]', 'event["b"]', True),
        ("result or function(1)", "value > 2", "value > 3", True),
        ("result or wrapper.__doc__", "value > 2", "value > 3", True),
    ],
)
def test_a_wrapper_decides_the_result_of_a_call(result: str, old: str, new: str, *, expected: bool) -> None:
    source = WRAPPED.format(result=result)
    assert old in source
    assert (definitions_in(source) != definitions_in(source.replace(old, new))) is expected


@pytest.mark.slow
def test_other_functions_may_replace_a_wrapped_function() -> None:
    source = WRAPPED.format(result="result").replace("class Orders", "charge = other(charge)\n\nclass Orders")
    assert definitions_in(source) != definitions_in(source.replace("value > 2", "value > 3"))


@pytest.mark.slow
@pytest.mark.parametrize("receiver", ["self", "owner"])
def test_a_wrapper_of_a_method_receives_its_object(receiver: str) -> None:
    source = WRAPPED.format(result="result or value").replace("def wrapper(step", f"def wrapper({receiver}, step")
    source = source.replace("await charge(", "await self.charge(").replace(
        "    async def run",
        '    @durable("charge", retries=5)\n    async def charge(self, value): ...\n\n    async def run',
    )
    assert definitions_in(source) != definitions_in(source.replace('event["a"]', 'event["b"]'))
    is_same = definitions_in(source) == definitions_in(
        source.replace('("charge", retries=5)\n    ', '("charge")\n    ')
    )
    assert is_same is (receiver == "self")
