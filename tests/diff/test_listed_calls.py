"""Calls that one function receives as `*calls` and runs in a loop, as in `runner.all(charge.bind(1), mail.bind(2))`."""

from __future__ import annotations

import pytest

from tests.diff.test_activities import changes

SOURCE = """
import asyncio
from typing import Generic, TypeVar
from workers import WorkflowEntrypoint

R = TypeVar("R")

class Policy:
    def __init__(self, attempts):
        self.attempts = attempts

    def with_(self, attempts):
        return Policy(attempts)

SLOW = Policy(5)

class Activity(Generic[R]):
    def __init__(self, function, name, policy):
        self.function = function
        self.name = name
        self.policy = policy

    def bind(self, *args):
        return Bound(self, args)

class Bound(Generic[R]):
    def __init__(self, activity, args):
        self.activity = activity
        self.args = args

def activity(name=None, policy=SLOW):
    def decorate(function):
        return Activity(function, name or function.__name__, policy)
    return decorate

@activity("charge card")
async def charge(): ...

@activity(policy=Policy(3))
async def mail(): ...

class Runner:
    def __init__(self, step):
        self.step = step

    async def run(self, bound):
        activity = bound.activity
        config = {"retries": {"limit": activity.policy.attempts}}
        return await self.step.do(activity.name, config=config)(activity.function)()

    async def all(self, *calls):
        return await asyncio.gather(*(self.run(each) for each in calls))

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        runner = Runner(step)
        await runner.all(charge.bind(1), mail.bind(2))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ('"charge card"', '"charge"', "~ call to 'all': step 'charge card' renamed to 'charge'"),
        ("mail", "send", "~ call to 'all': step 'mail' renamed to 'send'"),
        ("Policy(3)", "Policy(4)", "~ call to 'all': the settings of step 'mail' changed"),
        ("Policy(5)", "Policy(4)", "~ call to 'all': the settings of step 'charge card' changed"),
        (
            "charge.bind(1), mail.bind(2)",
            "mail.bind(2), charge.bind(1)",
            "~ call to 'all': steps reordered to 'mail', 'charge card'",
        ),
    ],
)
def test_the_changed_call_is_named(before: str, after: str, line: str) -> None:
    assert changes(before, after, code=SOURCE) == [line]


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [("bind(1)", "bind(3)"), ("bound", "call"), ("calls", "bounds")])
def test_other_changes_are_none(before: str, after: str) -> None:
    assert changes(before, after, code=SOURCE) == []
