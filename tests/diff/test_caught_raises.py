"""Changed conditions of `raise` statements that a handler catches."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def book(self):
        return await self.env.API.book()

    async def run(self, event, step):
        try:
            seat = await step.do("book")(self.book)()
            {}
        except ValueError:
            {}
        await step.sleep("nap", 1000)
"""
CANCEL = 'await step.do("cancel")(self.book)()'
RAISE = "if seat['taken']: raise ValueError"


def changes(old: str, new: str, handler: str = CANCEL) -> list[tuple[str, str]]:
    """Return the titles and impacts of the changes between two statements in the `try`."""
    before, after = (analyze_source(SOURCE.format(each, handler)).workflows[0] for each in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    diff = diff_workflows(
        before.graph["workflow"],
        after.graph["workflow"],
        details=lambda: (before.comparable_details, after.comparable_details),
    )
    return [(each.title, each.impact.effect.label) for each in diff.changes]


@pytest.mark.parametrize(
    "new", ["pass", RAISE.replace("taken", "free"), f"seat = {{}}; seat['taken'] = True\n            {RAISE}"]
)
def test_exceptions_under_other_conditions(new: str) -> None:
    title = "`try` around 'book': the conditions of `raise` statements that it catches changed"
    assert changes(RAISE, new) == [(title, "breaking")]
    assert changes(new, RAISE) == [(title, "breaking")]


def test_exceptions_under_the_same_conditions() -> None:
    assert changes(RAISE, "is_taken = seat['taken']\n            if is_taken: raise ValueError") == []
    assert changes(RAISE, "pass", handler="pass") == []
