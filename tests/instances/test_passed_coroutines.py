"""Functions that get coroutines: each call decides the names and conditions in the function of its coroutine."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph import analyze_source, instance
from stepgraph.diff.diff import diff_workflows
from tests.instances.instance_logs import running, step
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
{}
        await step.sleep("nap", "1 hour")

    async def charge(self, step, what, amount=1):
        if amount > 1:
            await step.do(f"charge {{what}}")(self.work)()

    async def timed(self, charged):
        return await charged

    async def logged(self, charged):
        return await self.timed(charged)

    async def started(self, begin):
        return await begin()

    async def work(self): ...
"""


def source_of(run: str) -> str:
    return SOURCE.format(indent(run, " " * 8))


_CALLS = [
    "await self.timed(self.charge(step, {!r}, {}))",
    "await self.logged(self.charge(step, {!r}, {}))",
    "charged = self.charge(step, {!r}, {})\nawait self.timed(charged)",
    "await self.started(lambda: self.charge(step, {!r}, {}))",
]


@pytest.mark.parametrize("call", _CALLS)
def test_each_call_decides_names(call: str) -> None:
    calls = "\n".join(call.format(what, 2) for what in ("card", "gift"))
    (workflow,) = analyze_source(source_of(calls)).workflows
    log = running(step("charge card-1", 0, 5), step("charge gift-1", 10, 15))
    assert instance(log, workflow).fits


@pytest.mark.parametrize("call", _CALLS)
def test_other_arguments_of_a_later_call(call: str) -> None:
    old, new = (source_of(f"{call.format('card', 2)}\n{call.format('gift', amount)}") for amount in (3, 0))
    (before,), (after,) = (analyze_source(source).workflows for source in (old, new))
    assert before.graph is not None
    assert after.graph is not None
    details = before.comparable_details, after.comparable_details
    diff = diff_workflows(before.graph["workflow"], after.graph["workflow"], details=lambda: details)
    log = log_of("running", ended("charge card"), ended("charge gift"), opened("nap", kind="sleep"))

    assert diff.effect.label == "breaking"
    assert new_code(old, new).replay(log).effect == "unknown"
    assert new_code(old, old).replay(log).effect == "resumes"
