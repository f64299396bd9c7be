"""The names of waits in the effects of changes, for waits whose names calls of a method pass."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def pause(self, step, name):
        await step.sleep(name, "1 day")

    async def work(self): ...

    async def run(self, event, step):
        await step.do("{first}")(self.work)()
{pauses}
"""


def effect_of_renaming(*names: str) -> str:
    """Return the effect of another name of a step in front of waits with some names."""
    pauses = "\n".join(f"        await self.pause(step, {name})" for name in names)
    old, new = (
        analyze_source(SOURCE.format(first=first, pauses=pauses)).workflows[0] for first in ("render", "render pdf")
    )
    assert old.graph is not None
    assert new.graph is not None
    before, after = old.graph["workflow"], new.graph["workflow"]
    (change,) = diff_workflows(before, after, details=lambda: (old.comparable_details, new.comparable_details)).changes
    return change.line.partition("breaking: ")[2]


@pytest.mark.parametrize(
    ("names", "quoted"),
    [
        (['"settle"'], "'settle'"),
        (['"settle"', '"ship"'], "'settle' or 'ship'"),
        (['"settle"', '"ship"', '"close"'], "'{name}'"),
        (['event["payload"]["name"]'], "'{name}'"),
        (["f\"wait {event['payload']['days']} days\""], "'wait {…} days'"),
    ],
)
def test_effects_name_waits_by_the_names_that_calls_pass(names: list[str], quoted: str) -> None:
    assert effect_of_renaming(*names) == f"instances waiting at {quoted} run it again under the new name"
