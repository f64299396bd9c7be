"""The impact of changes of the control flow that leave the conditions and the order of the steps as they are."""

from __future__ import annotations

import re
from textwrap import indent

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows
from stepgraph.execution.engine_rules import Effect

HEAD = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()

    async def run(self, event, step):
        order = event["payload"]
"""
NAP = 'await step.sleep("nap", 1000)'


def effect(old: str, new: str) -> Effect:
    """Return the effect of a new body of `run`: `<a>` stands for a call of the step `a`, and `NAP` for a sleep."""
    old, new = (re.sub(r"<(\w)>", r'await step.do("\1")(self.work)()', body.replace("NAP", NAP)) for body in (old, new))
    before, after = (analyze_source(HEAD + indent(body, " " * 8)).workflows[0] for body in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    details = before.comparable_details, after.comparable_details
    return diff_workflows(before.graph["workflow"], after.graph["workflow"], details=lambda: details).effect


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if order['x']:\n    <a>\n    NAP\nelse:\n    <b>", "if not order['x']:\n    <b>\n    return\n<a>\nNAP"),
        ("if order['x']:\n    <a>\n    NAP\n    <b>", "if not order['x']:\n    return\n<a>\nNAP\n<b>"),
        (
            "if order['x'] and order['y']:\n    <a>\n    NAP",
            "if not order['x'] or not order['y']:\n    return\n<a>\nNAP",
        ),
        ("if order['x']:\n    <a>\n    return\nNAP\n<b>", "if order['x']:\n    <a>\nelse:\n    NAP\n    <b>"),
        ("if order['x']:\n    <a>\nelse:\n    raise E\nNAP", "if not order['x']:\n    raise E\n<a>\nNAP"),
        ("if order['x']:\n    <a>\nif order['x']:\n    <b>\nNAP", "if order['x']:\n    <a>\n    <b>\nNAP"),
        (
            "for i in order['all']:\n    if i['x'] and i['y']:\n        <a>\nNAP",
            "for i in order['all']:\n    if not i['x']: continue\n    if not i['y']: continue\n    <a>\nNAP",
        ),
        (
            "if order['x'] and order['y']:\n    <a>\nelse:\n    <b>\nNAP",
            "if not order['x'] or not order['y']:\n    <b>\nelse:\n    <a>\nNAP",
        ),
        (
            "for i in order['all']:\n    if i['x'] and i['y']:\n        break\n    <a>\nNAP",
            "for i in order['all']:\n    if i['x']:\n        if i['y']:\n            break\n    <a>\nNAP",
        ),
        (
            "if order['x']:\n    if order['y']:\n        return\n<a>\nNAP",
            "if not order['x'] or not order['y']:\n    <a>\n    NAP",
        ),
        (
            "try:\n    if order['x']:\n        <a>\n        NAP\nfinally:\n    <b>",
            "try:\n    if not order['x']: return\n    <a>\n    NAP\nfinally:\n    <b>",
        ),
    ],
)
def test_other_control_flow_around_the_same_runs(old: str, new: str) -> None:
    assert (effect(old, new), effect(new, old)) == (Effect.SAFE, Effect.SAFE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # The step after the branch is skipped, too.
        ("if order['x']:\n    <a>\nNAP\n<b>", "if not order['x']:\n    return\n<a>\nNAP\n<b>"),
        # Both steps may run, in another order.
        ("if order['x']:\n    <a>\n    NAP\n    <b>", "if not order['x']:\n    return\n<b>\nNAP\n<a>"),
        # An exception ends instances that were complete.
        ("if order['x']:\n    <a>\n    NAP", "if not order['x']:\n    raise E\n<a>\nNAP"),
        # A handler now catches the errors of the step.
        ("if order['x']:\n    <a>\n    NAP", "if not order['x']: return\ntry:\n    <a>\nexcept E: pass\nNAP"),
        ("if order['x']:\n    <a>\n    NAP", "if not order['x']: return\nfor i in order['all']:\n    <a>\nNAP"),
        # The second condition has another value.
        (
            "n = order['x']\nif n:\n    <a>\nn = order['y']\nif n:\n    <b>\nNAP",
            "n = order['x']\nif n:\n    <a>\n    <b>\nNAP",
        ),
        # Each call may have another result.
        ("if self.x():\n    <a>\nif self.x():\n    <b>\nNAP", "if self.x():\n    <a>\n    <b>\nNAP"),
        # A `case` runs for another value.
        (
            "match order['x']:\n    case 1: <a>\n    case 2: <b>\nNAP",
            "match order['x']:\n    case 3: <a>\n    case 2: <b>\nNAP",
        ),
        # The loop ends before its next pass.
        (
            "for i in order['all']:\n    if i['x']: continue\n    <a>\nNAP",
            "for i in order['all']:\n    if i['x']: break\n    <a>\nNAP",
        ),
    ],
)
def test_other_control_flow_with_other_runs(old: str, new: str) -> None:
    assert effect(old, new) is Effect.BREAKING


def test_an_added_step_beside_another_control_flow() -> None:
    old = "if order['x']:\n    <a>\n    NAP\n    <b>"
    assert effect(old, "if not order['x']:\n    return\n<a>\n<c>\nNAP\n<b>") is Effect.OUT_OF_ORDER
