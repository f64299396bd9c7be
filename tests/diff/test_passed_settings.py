"""Settings that calls pass to a method with a step. The payload contains the default."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

FAST = {"timeout": "30 seconds"}
SLOW = {"timeout": "1 hour"}

class Orders(WorkflowEntrypoint):
    async def work(self): ...

    async def do(self, step, name, config):
        await step.do(name, config=config)(self.work)()

    async def run(self, event, step):
        await self.do(step, "charge", FAST)
        await self.do(step, "ship", SLOW)
        await step.sleep("cool down", "1 day")
"""


def changes(before: str, after: str) -> list[str]:
    """Return the lines for the changes between two versions."""
    old, new = (analyze_source(each).workflows[0] for each in (before, after))
    assert old.graph is not None
    assert new.graph is not None
    workflows = old.graph["workflow"], new.graph["workflow"]
    return [
        change.line
        for change in diff_workflows(
            *workflows, details=lambda: (old.comparable_details, new.comparable_details)
        ).changes
    ]


def test_changed_constant_changes_settings_of_calls_that_pass_it() -> None:
    (line,) = changes(SOURCE, SOURCE.replace("30 seconds", "45 seconds"))
    call, settings = "~ call to 'do(step, \"charge\", FAST)'", "the settings of step 'charge' changed"
    assert line == f"{call}: {settings} (timeout 30 seconds → 45 seconds)"


def test_another_argument_changes_the_settings() -> None:
    assert changes(SOURCE, SOURCE.replace('"ship", SLOW', '"ship", FAST')) == [
        """~ call to 'do(step, "ship", FAST)': the settings of step 'ship' changed (timeout 1 hour → 30 seconds)"""
    ]


OBJECTS = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

@dataclass
class Policy:
    limit: int

    def settings(self):
        return {"limit": self.limit}

@dataclass
class Activity:
    policy: Policy

def activity(policy):
    def decorate(function):
        return Activity(policy)
    return decorate

@activity(Policy(3))
async def charge(): ...

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.work(step, charge)

    async def work(self, step, activity):
        await step.do("charge", config={"retries": activity.policy.settings()})(self.body)()

    async def body(self): ...
"""


def test_the_settings_may_be_in_fields_without_values() -> None:
    lines = changes(OBJECTS, OBJECTS.replace("Policy(3)", "Policy(4)"))
    assert "~ call to 'work': the settings of step 'charge' changed" in lines


CLASSES = """
from workers import WorkflowEntrypoint

class Activity:
    timeout = "1 minute"

class Charge(Activity):
    name = "charge"
    timeout = "2 minutes"

    async def execute(self):
        return 1

class Ship(Activity):
    name = "ship"

    async def execute(self):
        return 2

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.call(step, Charge())
        await self.call(step, Ship())

    async def call(self, step, act):
        await step.do(act.name, config={"timeout": act.timeout})(act.execute)()
"""


def test_methods_of_a_passed_object_are_no_settings() -> None:
    assert changes(CLASSES, CLASSES.replace("return 1", "return 3")) == []


def test_assigned_attributes_of_a_passed_object_are_settings() -> None:
    source = CLASSES.replace("step, act):\n", "step, act):\n        act.timeout = act.execute\n")
    lines = changes(source, source.replace("return 1", "return 3"))
    assert "~ call to 'call': the settings of step 'charge' changed" in lines


def test_settings_in_the_payload_are_reported_once() -> None:
    assert changes(CLASSES, CLASSES.replace("2 minutes", "3 minutes")) == [
        "~ step 'charge': timeout 2 minutes → 3 minutes"
    ]


COMPUTED = """
from workers import WorkflowEntrypoint

TIMEOUTS = {"reply": "1 day"}

def config():
    timeout = "5 minutes"
    return {"timeout": timeout}

class Orders(WorkflowEntrypoint):
    async def work(self): ...

    async def run(self, event, step):
        await step.do("charge", config=config())(self.work)()
        await step.wait_for_event("reply", "reply", timeout=TIMEOUTS.get("reply", "2 days"))
"""


PARTLY_KNOWN = """
from workers import WorkflowEntrypoint

def settings(n):
    return {returned}

class Orders(WorkflowEntrypoint):
    async def work(self): ...

    async def run(self, event, step):
        await step.do("charge", config=settings(event["n"]))(self.work)()
"""


def test_settings_that_a_function_returns_may_change() -> None:
    assert changes(COMPUTED, COMPUTED.replace("5 minutes", "6 minutes")) == [
        "~ step 'charge': timeout 5 minutes → 6 minutes"
    ]


def test_timeouts_in_a_dictionary_may_change() -> None:
    assert changes(COMPUTED, COMPUTED.replace('"1 day"', '"3 days"')) == [
        "~ event wait 'reply': timeout 1 day → 3 days"
    ]


@pytest.mark.parametrize(
    ("returned", "other", "expected"),
    [
        ("{'timeout': n}", "{'timeout': n, 'retries': {'limit': 2}}", "retries 5 → 2"),
        ("{'retries': {'limit': 2}}", "{'timeout': 60000, 'retries': {'limit': 3}}", "retries 2 → 3, timeout {}"),
        ("{'timeout': n * 2}", "{'timeout': n * 3}", "timeout: value 2 changed to 3"),
        ("table(n, 2)", "table(n, 3)", "value 2 changed to 3"),
        ("{'timeout': n}", "{'timeout': n + n}", "the code or values behind its settings changed"),
        ("{'timeout': n}", "{'timeout': other(n)}", "the code or values behind its settings changed"),
        ("{'jitter': 2}", "{'jitter': 3}", "value 2 changed to 3"),
    ],
)
def test_differences_of_settings_have_the_words_of_payloads(returned: str, other: str, expected: str) -> None:
    source = PARTLY_KNOWN.format(returned=returned)
    expected = expected.format("10 minutes → 1 minute")
    assert changes(source, PARTLY_KNOWN.format(returned=other)) == [f"~ step 'charge': {expected}"]


def test_equal_settings_may_be_computed_otherwise() -> None:
    assert changes(COMPUTED, COMPUTED.replace("timeout}", '"5 minutes"}')) == []


WRAPPER = """
from workers import WorkflowEntrypoint

class Defaults:
    timeout = "5 minutes"

def durable(function, timeout=Defaults.timeout):
    async def wrapper(step):
        return await step.do("charge", config={"timeout": timeout})(function)()
    return wrapper

async def work(): ...

charge = durable(work)

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await charge(step)
"""


def test_defaults_of_decorators_may_be_settings() -> None:
    assert changes(WRAPPER, WRAPPER.replace("5 minutes", "6 minutes")) == [
        "~ step 'charge': timeout 5 minutes → 6 minutes"
    ]


FACTORY = """
from workers import WorkflowEntrypoint

def config(limit, timeout):
    return {"retries": {"limit": limit}, "timeout": timeout}

def durable(name, settings=config(3, "1 minute")):
    def decorate(function):
        async def wrapper(step):
            return await step.do(name, config=settings)(function)()
        return wrapper
    return decorate

@durable("charge", config(5, "2 minutes"))
async def charge(): ...

@durable(name="ship")
async def ship(): ...

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await charge(step)
        await ship(step)
"""


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("config(5", "config(6", ["~ step 'charge': retries 5 → 6"]),
        ("2 minutes", "3 minutes", ["~ step 'charge': timeout 2 minutes → 3 minutes"]),
        ("config(3", "config(4", ["~ step 'ship': retries 3 → 4"]),
        ('name="ship"', '"ship", config(5, "1 minute")', ["~ step 'ship': retries 3 → 5"]),
    ],
)
def test_arguments_of_decorators_are_settings_of_their_steps(before: str, after: str, lines: list[str]) -> None:
    assert changes(FACTORY, FACTORY.replace(before, after)) == lines


@pytest.mark.parametrize("name", ["lookup('ship')", '"charge"'])
def test_settings_of_ambiguous_names_count_for_all_steps(name: str) -> None:
    source = FACTORY.replace('name="ship"', f'{name}, config(8, "1 minute")')
    lines = changes(source, source.replace("config(8", "config(9"))
    assert lines.count("~ step 'charge': the code or values behind its settings changed") >= 1


ACTIVITIES = """
from workers import WorkflowEntrypoint

class Meta:
    def __init__(self, timeout):
        self.timeout = timeout
    def config(self):
        return {"timeout": self.timeout}

def activity(timeout):
    def decorate(function):
        function.meta = Meta(timeout)
        return function
    return decorate

def meta_of(function):
    meta = getattr(function, "meta", None)
    if meta is None:
        raise TypeError(function)
    return meta

@activity("1 minute")
async def charge(): ...

@activity("2 minutes")
async def ship(): ...

class Orders(WorkflowEntrypoint):
    async def do(self, step, name, function):
        meta = meta_of(function)
        await step.do(name, config=meta.config())(function)()

    async def run(self, event, step):
        await self.do(step, "charge", charge)
        await self.do(step, "ship", ship)
"""


@pytest.mark.slow
def test_settings_that_a_call_decides_are_reported_once() -> None:
    assert changes(ACTIVITIES, ACTIVITIES.replace('"1 minute"', '"3 minutes"')) == [
        """~ call to 'do(step, "charge", charge)': the settings of step 'charge' changed"""
    ]


ABSTRACT = """
from abc import ABC, abstractmethod
from workers import WorkflowEntrypoint

class Job(ABC):
    retries = 3

    def __init__(self, step):
        self.step = step

    async def execute(self, name):
        await self.step.do(name, config=self.config())(self.work)()

    def config(self):
        return {"retries": {"limit": self.retries}}

    @abstractmethod
    async def work(self): ...

class Review(Job):
    retries = 5

    async def work(self): ...

class Publish(Job):
    async def work(self): ...

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await Review(step).execute("review")
        await Publish(step).execute("publish")
"""


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (
            "retries = 5",
            "retries = 6",
            """~ call to 'execute("review")': the settings of step 'review' changed (retries 5 → 6)""",
        ),
        (
            "retries = 3",
            "retries = 4",
            """~ call to 'execute("publish")': the settings of step 'publish' changed (retries 3 → 4)""",
        ),
    ],
)
def test_constants_of_abstract_classes_are_settings_of_calls(before: str, after: str, line: str) -> None:
    assert changes(ABSTRACT, ABSTRACT.replace(before, after)) == [line]
