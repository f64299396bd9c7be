"""Renamed steps, and the loops, conditions and names that their results decide."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()

    async def run(self, event, step):
        items = await step.do("{}")(self.work)()
        more = await step.do("{}")(self.work)()
        for item in {}:
            await step.do(f"ship {{item['id']}}")(self.work)()
        if items[0]["vip"]:
            await step.do("thank")(self.work)()
        await step.sleep("nap", 1000)
"""
Fields = tuple[str, str, str]


def titles(old: Fields, new: Fields) -> list[str]:
    before, after = (analyze_source(SOURCE.format(*fields)).workflows[0] for fields in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    details = before.comparable_details, after.comparable_details
    diff = diff_workflows(before.graph["workflow"], after.graph["workflow"], details=lambda: details)
    return [change.title for change in diff.changes]


def test_values_of_a_renamed_step_do_not_change() -> None:
    assert titles(("list", "count", "items"), ("fetch", "count", "items")) == ["step 'list' renamed to 'fetch'"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("list", "count", "items"), ("fetch", "count", "more")),
        (("list", "count", "items"), ("count", "list", "items")),
    ],
)
def test_results_of_other_steps_are_other_values(old: Fields, new: Fields) -> None:
    assert any("the loop" in title or "loop around" in title for title in titles(old, new))
