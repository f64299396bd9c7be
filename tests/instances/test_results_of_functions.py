"""The code behind the results of functions with steps, in conditions that an instance has passed."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import LogEntry
from tests.instances.short_logs import ended, opened
from tests.instances.test_edited_helpers import replay

WAITING = ended("load"), opened("pause", "sleep")


def run(condition: str) -> str:
    """Return a method `run` that sleeps under a condition, and loads data in front of it."""
    return f"""
async def run(self, event, step):
    ok = {condition}
    if ok:
        await step.sleep("pause", "1 day")
        await step.do("close")(self.work)()
"""


def effect(condition: str, old: str, new: str, *entries: LogEntry) -> InstanceEffect:
    """Return the effect of other methods beside `run` on an instance in the sleep."""
    head = run(condition)
    return replay(head + dedent(old), head + dedent(new), *entries or WAITING).effect


LOADED = """
async def validate(self, step, limit=3):
    data = await step.do("load")(self.work)()
    {}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if data > limit: return True\n    return False", "if data >= limit: return True\n    return False"),
        ("for item in data:\n        if item: return True", "for item in data[1:]:\n        if item: return True"),
        ("total = 0\n    for item in data: total += item\n    return total", "return sum(data)"),
        (
            "try: return int(data)\n    except ValueError: return 0",
            "try: return int(data)\n    except ValueError: return 1",
        ),
        ("match data:\n        case 1: return True", "match data:\n        case 2: return True"),
        ("ok = False\n    if data: ok = True\n    return ok", "ok = False\n    if not data: ok = True\n    return ok"),
    ],
    ids=["condition", "loop", "sum", "handler", "pattern", "variable"],
)
def test_other_code_behind_a_result_may_change_it(old: str, new: str) -> None:
    assert effect("await self.validate(step)", LOADED.format(old), LOADED.format(new)) == "unknown"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "if data > limit: return True\n    return False",
            "much = data\n    if much > limit: return True\n    return False",
        ),
        ("if data > limit: return True", "print(data)\n    if data > limit: return True"),
    ],
    ids=["variable", "log"],
)
def test_other_code_beside_a_result_does_not_change_it(old: str, new: str) -> None:
    assert effect("await self.validate(step)", LOADED.format(old), LOADED.format(new)) == "resumes"


RUN_STEP = """
async def run_step(self, step, name, work, *arguments, config=None):
    @step.do(name, config=config)
    async def execute():
        return await work(*arguments)

    result = await execute()
    if result is None:
        return False
    return result["ok"]

async def check(self, limit):
    return {"ok": limit > 3}
"""
CALL = 'await self.run_step(step, "load", self.check, 5)'


def replaced_call(new: str) -> InstanceEffect:
    """Return the effect of another call of `run_step`."""
    return replay(run(CALL) + RUN_STEP, run(new) + RUN_STEP, *WAITING).effect


def test_the_result_of_a_step_is_kept() -> None:
    assert effect(CALL, RUN_STEP, RUN_STEP.replace("limit > 3", "limit > 7")) == "resumes"


def test_arguments_in_a_step_body_do_not_decide_its_result() -> None:
    assert replaced_call(CALL.replace("self.check, 5", "self.work, 8, config={'timeout': 5}")) == "resumes"


def test_the_name_of_a_step_decides_its_result() -> None:
    assert replaced_call(CALL.replace('"load"', "event['name']")) != "resumes"


def test_other_code_after_a_step_may_change_a_result() -> None:
    assert effect(CALL, RUN_STEP, RUN_STEP.replace('result["ok"]', 'not result["ok"]')) == "unknown"


@pytest.mark.slow
def test_methods_of_objects_have_results_of_their_own() -> None:
    def program(result: str) -> str:
        methods = indent(RUN_STEP.replace('result["ok"]', result), "    ")
        return f"class Steps:{methods}\n{run(CALL.replace('self.run', 'Orders.Steps().run'))}async def check(self): ..."

    old, new = (program(each) for each in ('result["ok"]', 'not result["ok"]'))
    assert [replay(old, each, *WAITING).effect for each in (old, new)] == ["resumes", "unknown"]
