"""Patterns of a `match`: the names that they bind are not part of their condition."""

from __future__ import annotations

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows

SOURCE = """
from workers import WorkflowEntrypoint

class Verdict:
    REJECT = {value}

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        for attempt in range({passes}):
            decision = await step.wait_for_event(f"decision {{attempt}}", "decision")
            match decision["payload"]:
                case {pattern}:
                    await step.sleep("nap", 1000)
"""


def titles(pattern: str, *, passes: int = 3, value: int = 1) -> list[str]:
    """Return the changes if the number of passes or the constant differs from that of the old version."""
    old = analyze_source(SOURCE.format(pattern=pattern, passes=3, value=1)).workflows[0]
    new = analyze_source(SOURCE.format(pattern=pattern, passes=passes, value=value)).workflows[0]
    assert old.graph is not None
    assert new.graph is not None
    details = old.comparable_details, new.comparable_details
    return [
        each.title
        for each in diff_workflows(old.graph["workflow"], new.graph["workflow"], details=lambda: details).changes
    ]


@pytest.mark.parametrize(
    "pattern",
    ["{'reason': reason}", "reason", "[1, reason]", "[1, *reason]", "{'a': 1, **reason}", "str() as reason", "_"],
)
def test_captured_name(pattern: str) -> None:
    assert titles(pattern, passes=4) == [
        "loop around 'decision {attempt}': `for attempt in range(3)` changed to `for attempt in range(4)`"
    ]


def test_constant_beside_a_captured_name() -> None:
    assert titles("[Verdict.REJECT, reason]", value=2) == [
        'case `[Verdict.REJECT, reason]` of switch `decision["payload"]`: value 1 changed to 2'
    ]
