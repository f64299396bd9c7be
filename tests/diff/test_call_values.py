"""Arguments whose parameters have other names in the new version, or that pass through a new function."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Notifier:
    def __init__(self, step, channel):
        self.step = step
        self._channel = channel

    async def send(self, template):
        channel = self._channel
        await self.step.do(f"{channel}: {template}")(work)()
        if channel == "email":
            await self.step.sleep("nap", "1 hour")

async def work(): ...

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        email, push = Notifier(step, event["payload"]["a"]), Notifier(step, event["payload"]["b"])
        await self.tell(step, email, "paid")
        await step.sleep("pause", "1 day")
        await self.tell(step, push, "sent")

    async def tell(self, step, notifier, template):
        await step.sleep("first", "1 hour")
        await step.sleep("second", "1 hour")
        await notifier.send(template)
"""
EXTRACTED = SOURCE.replace(
    '        await step.sleep("second", "1 hour")\n        await notifier.send(template)\n',
    """        await self.finish(step, notifier, template)

    async def finish(self, step, notifier, template):
        await step.sleep("second", "1 hour")
        await notifier.send(template)
""",
)
TEMPLATE = "the values in the name of step '{channel}: {template}' changed"


def titles(before: str, after: str) -> list[str]:
    """Return the titles of the changes between two versions."""
    old, new = (analyze_source(each).workflows[0] for each in (before, after))
    assert old.graph is not None
    assert new.graph is not None
    workflows = old.graph["workflow"], new.graph["workflow"]
    diff = diff_workflows(*workflows, details=lambda: (old.comparable_details, new.comparable_details))
    return [change.title for change in diff.changes]


@pytest.mark.slow
def test_names_of_attributes_do_not_matter() -> None:
    assert titles(SOURCE, SOURCE.replace("_channel", "_target")) == []


@pytest.mark.slow
def test_values_of_renamed_attributes_matter() -> None:
    swapped = SOURCE.replace("email, push =", "push, email =")
    assert titles(SOURCE, swapped.replace("_channel", "_target")) == [
        "step '{channel}: {template}': the code or values behind its name changed",
        'condition `channel == "email"`: the code or values behind it changed',
    ]


@pytest.mark.slow
def test_extracted_calls_pass_the_same_values() -> None:
    assert titles(SOURCE, EXTRACTED) == ["sleep 'second', call to 'send' moved into the new function 'finish'"]


@pytest.mark.slow
def test_inlined_calls_pass_the_same_values() -> None:
    assert titles(EXTRACTED, SOURCE) == ["sleep 'second', call to 'send' moved out of the removed function 'finish'"]


@pytest.mark.slow
def test_extracted_calls_may_pass_other_values() -> None:
    other = EXTRACTED.replace("self.finish(step, notifier, template)", "self.finish(step, notifier, template.upper())")
    assert titles(SOURCE, other) == [
        "sleep 'second', call to 'send' moved into the new function 'finish'",
        f"call to 'send': {TEMPLATE}",
    ]


@pytest.mark.slow
def test_inlined_calls_may_pass_other_values() -> None:
    other = EXTRACTED.replace("self.finish(step, notifier, template)", "self.finish(step, notifier, template.upper())")
    assert titles(other, SOURCE) == [
        "sleep 'second', call to 'send' moved out of the removed function 'finish'",
        f"call to 'send': {TEMPLATE}",
    ]


PROPERTY = """
from dataclasses import dataclass
from workers import WorkflowEntrypoint

EXTRA = 1

@dataclass
class Claim:
    amount: int

    @property
    def is_large(self):
        return self.amount > 500

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await self.assess(step, Claim(event["payload"]["a"]), 3)

    async def assess(self, step, claim, limit):
        if claim.is_large:
            await step.sleep("nap", "1 hour")
        if claim.amount > limit + EXTRA:
            await step.sleep("pause", "1 hour")
"""


def test_conditions_on_properties_of_arguments_are_reported_once() -> None:
    assert titles(PROPERTY, PROPERTY.replace("500", "600")) == ["condition `claim.is_large`: value 500 changed to 600"]


def test_arguments_are_reported_beside_other_code_of_a_condition() -> None:
    assert titles(PROPERTY, PROPERTY.replace("EXTRA = 1", "EXTRA = 2").replace('["a"]), 3)', '["a"]), 4)')) == [
        "call to 'assess': the values in condition `claim.amount > limit + EXTRA` changed",
        "condition `claim.amount > limit + EXTRA`: the code or values behind it changed",
    ]
