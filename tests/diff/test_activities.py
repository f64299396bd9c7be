"""Activities: objects that decorators make from functions, with the names and settings of steps."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass(frozen=True)
class Policy:
    attempts: int = 5

DEFAULT = Policy()

@dataclass(frozen=True)
class Activity:
    function: object
    name: str
    policy: Policy

def activity(name=None, *, policy=DEFAULT):
    def decorate(function):
        return Activity(function, name or function.__name__.replace("_", " "), policy)
    return decorate

@activity("charge card")
async def charge():
    return 1

@activity(policy=Policy(3))
async def send_mail():
    return 2

class Runner:
    def __init__(self, step):
        self.step = step

    async def run(self, activity):
        name = activity.name
        return await self.step.do(name, config={"retries": {"limit": activity.policy.attempts}})(activity.function)()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        runner = Runner(step)
        await runner.run(charge)
        await runner.run(send_mail)
"""


def changes(before: str, after: str, *, code: str = SOURCE) -> list[str]:
    """Return the lines for a replacement in the module."""
    assert before in code
    old, new = (analyze_source(each).workflows[0] for each in (code, code.replace(before, after)))
    assert old.graph is not None
    assert new.graph is not None
    workflows = old.graph["workflow"], new.graph["workflow"]
    return [
        change.line
        for change in diff_workflows(
            *workflows, details=lambda: (old.comparable_details, new.comparable_details)
        ).changes
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ('"charge card"', '"charge"', "~ call to 'Runner.run(charge)': step 'charge card' renamed to 'charge'"),
        ("send_mail", "send_note", "~ call to 'Runner.run(send_note)': step 'send mail' renamed to 'send note'"),
        (
            "Policy(3)",
            "Policy(4)",
            "~ call to 'Runner.run(send_mail)': the settings of step 'send mail' changed (retries 3 → 4)",
        ),
    ],
)
def test_a_changed_activity_changes_only_its_calls(before: str, after: str, line: str) -> None:
    assert changes(before, after) == [line]


@pytest.mark.slow
def test_the_body_of_an_activity_changes_no_name() -> None:
    assert changes("return 1", "return 3") == []


@pytest.mark.slow
def test_an_assigned_name_is_not_that_of_the_decorator() -> None:
    code = SOURCE.replace("class Runner", 'charge.name = "pay"\n\nclass Runner')
    (line, *_) = changes('"pay"', '"collect"', code=code)
    assert line == "~ call to 'Runner.run(charge)': the values in the name of step '{name}' changed"


FORMS = """
from workers import WorkflowEntrypoint

$definitions

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.work(step, charge_card)
        await self.work(step, send_mail)

    async def work(self, step, activity):
        await step.do($name)(self.body)()

    async def body(self): ...
"""
CALLABLE = """
class activity:
    def __init__(self, name):
        self.name = name

    def __call__(self, function):
        self.function = function
        return self

@activity("charge card")
async def charge_card(): ...

@activity("send mail")
async def send_mail(): ...
"""
NAMED = """
class Named:
    def __init__(self, function):
        self.name = function
"""
REGISTRY = """
class Activity:
    def __init__(self, function, name):
        self.name = name

class Registry:
    def __init__(self):
        self.names = []

    def activity(self, name):
        self.names.append(name)

        def decorate(function):
            return Activity(function, name)

        return decorate

registry = Registry()

@registry.activity("charge card")
async def charge_card(): ...

@registry.activity("send mail")
async def send_mail(): ...
"""
FUNCTIONS = """
async def charge_card(): ...

async def send_mail(): ...
"""


@pytest.mark.parametrize(
    ("definitions", "name", "before", "after", "line"),
    [
        (CALLABLE, "activity.name", '"charge card"', '"charge"', "'charge card' renamed to 'charge'"),
        (REGISTRY, "activity.name", '"charge card"', '"charge"', "'charge card' renamed to 'charge'"),
        (FUNCTIONS, "activity.__name__", "send_mail", "send_note", "'send_mail' renamed to 'send_note'"),
        (FUNCTIONS, 'activity.__name__.replace("_", " ")', "send_m", "send_e", "'send mail' renamed to 'send eail'"),
    ],
)
def test_forms_of_activities(definitions: str, name: str, before: str, after: str, line: str) -> None:
    code = FORMS.replace("$definitions", definitions).replace("$name", name)
    (only,) = changes(before, after, code=code)
    assert only.endswith(f"step {line}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return self", "return Named(function)"),
        ("self.name = name", "self.name = name\n        self.name = name.upper()"),
        ("self.name = name", 'if name == "charge":\n            self.name = name'),
    ],
)
def test_names_that_decorators_may_replace_are_unknown(before: str, after: str) -> None:
    definitions = NAMED + CALLABLE.replace(before, after)
    code = FORMS.replace("$definitions", definitions).replace("$name", "activity.name")
    assert not any("renamed" in line for line in changes('"charge card"', '"charge"', code=code))


def test_names_of_functions_in_unknown_values_are_compared() -> None:
    code = FORMS.replace("$definitions", FUNCTIONS).replace("$name", "activity.__name__")
    code = code.replace("self.work(step, charge_card)", "self.work(step, [charge_card][0])")
    (only,) = changes("charge_card", "pay_card", code=code)
    assert only == "~ call to 'work(step, [pay_card][0])': the values in the name of step '{activity.__name__}' changed"
