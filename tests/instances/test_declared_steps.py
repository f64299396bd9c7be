"""The effects of edits that declare steps in other ways, with a decorator or with a call."""

from __future__ import annotations

from itertools import permutations
from textwrap import indent

import pytest

from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self): ...

    async def do(self, step, name, function):
{helper}

    async def run(self, event, step):
{body}
        if total > 2:
            await step.do("review")(self.work)()
        await step.sleep("pause", "1 day")
"""
WRAPPED = 'total = await self.do(step, "count", self.work)'
DECLARATIONS = {
    "decorator": '@step.do("count")\nasync def count(): ...\ntotal = await count()',
    "call": 'total = await step.do("count")(self.work)()',
    "function": 'async def run_step(): ...\ntotal = await step.do("count")(run_step)()',
    "settings": 'total = await step.do("count", config={"timeout": 5})(self.work)()',
}
HELPERS = {
    "decorator": "@step.do(name)\nasync def call():\n    return await function()\nreturn await call()",
    "call": "return await step.do(name)(function)()",
    "function": "async def call():\n    return await function()\nreturn await step.do(name)(call)()",
    "settings": 'return await step.do(name, config={"timeout": 5})(function)()',
}


def effect(old: str, new: str) -> str:
    """Return the effect of new code on an instance that has passed the decision."""
    return new_code(old, new).replay(log_of("running", ended("count"), opened("pause", "sleep"))).effect


def source_of(body: str, helper: str = "return None") -> str:
    """Return the code of a workflow."""
    return SOURCE.format(body=indent(body, " " * 8), helper=indent(helper, " " * 8))


@pytest.mark.parametrize(("old", "new"), [*permutations(DECLARATIONS, 2)])
def test_declarations_of_one_step_have_the_same_result(old: str, new: str) -> None:
    assert effect(source_of(DECLARATIONS[old]), source_of(DECLARATIONS[new])) == "resumes"


@pytest.mark.parametrize(("old", "new"), [*permutations(HELPERS, 2)])
def test_declarations_in_a_helper_have_the_same_result(old: str, new: str) -> None:
    assert effect(source_of(WRAPPED, HELPERS[old]), source_of(WRAPPED, HELPERS[new])) == "resumes"


def test_results_of_two_steps_differ_after_an_exchange() -> None:
    steps = '@step.do("count")\nasync def count(): ...\n@step.do("sum")\nasync def sum(): ...\n'
    old = source_of(f"{steps}total = await count()\nother = await sum()")
    new = source_of(f"{steps}other = await count()\ntotal = await sum()")
    assert effect(old, new) == "unknown"
