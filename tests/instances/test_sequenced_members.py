"""The effects of awaiting the members of a group one after the other, while a member is running."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph.execution.log import LogEntry
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
import asyncio
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
{}

    async def load(self, step, table):
        await step.do(f"read {{table}}")(self.read)()
        await step.do(f"clean {{table}}")(self.clean)()

    async def read(self):
        return await self.env.DB.read()

    async def clean(self):
        return await self.env.DB.clean()
"""


def replay(old: str, new: str, *entries: LogEntry) -> Replay:
    """Replay a log on a new body of `run`."""
    code = new_code(*(SOURCE.format(indent(body, " " * 8)) for body in (old, new)))
    return code.replay(log_of("running", *entries))


CALLS = 'await asyncio.gather(self.load(step, "users"), self.load(step, "items"))\n'
CALLS_IN_SEQUENCE = 'await self.load(step, "users")\nawait self.load(step, "items")\n'
LOOP = "await asyncio.gather(*(self.load(step, each) for each in event.payload))\n"
SEQUENTIAL_LOOP = "for each in event.payload:\n    await self.load(step, each)\n"
PAIRS = pytest.mark.parametrize(("old", "new"), [(CALLS, CALLS_IN_SEQUENCE), (LOOP, SEQUENTIAL_LOOP)])


@PAIRS
def test_the_rest_of_a_running_member_precedes_later_members(old: str, new: str) -> None:
    result = replay(old, new, opened("read users"), ended("read items"))
    assert result.effect == "out_of_order"
    assert len(result.reasons) == 1
    result = replay(old, new, opened("read users"), ended("read items"), opened("clean items"))
    assert result.reasons == ("`clean {table}` may run when the instance resumes, before steps that have already run.",)


@PAIRS
def test_the_last_running_member_precedes_no_other_one(old: str, new: str) -> None:
    begun = ended("read users"), opened("read items"), ended("clean users")
    assert replay(old, new, *begun).effect == "resumes"
    assert replay(old, new, opened("read users")).effect == "resumes"


@PAIRS
def test_a_running_member_without_further_steps_precedes_nothing(old: str, new: str) -> None:
    begun = ended("read users"), ended("read items"), opened("clean users"), opened("clean items")
    assert replay(old, new, *begun).effect == "resumes"


INLINED_LOOP = """
for each in event.payload:
    await step.do(f"read {each}")(self.read)()
    await step.do(f"clean {each}")(self.clean)()
"""


def test_a_sequential_loop_becomes_a_group() -> None:
    log = ended("read users"), opened("clean users")
    assert replay(INLINED_LOOP, LOOP, *log).effect == "resumes"


def test_the_members_of_a_group_become_passes_of_a_loop() -> None:
    """`clean users` now runs before `read items`, but nothing runs before the last member."""
    log = opened("read users"), ended("read items"), opened("clean items")
    result = replay(LOOP, INLINED_LOOP, *log)
    assert (result.effect, result.reasons) == (
        "out_of_order",
        ("`clean {each}` may run when the instance resumes, before steps that have already run.",),
    )
    done = ended("read users"), ended("clean users"), ended("read items"), opened("clean items")
    assert replay(LOOP, INLINED_LOOP, *done).effect == "resumes"


READ_ONLY_LOOP = INLINED_LOOP.replace("""    await step.do(f"clean {each}")(self.clean)()\n""", "")
CLEAN_ONLY_LOOP = INLINED_LOOP.replace("""    await step.do(f"read {each}")(self.read)()\n""", "")


def test_member_without_a_running_step_precedes_later_ones() -> None:
    """`clean users` now runs before `clean items`, without `read users`."""
    begun = opened("read users"), ended("read items")
    result = replay(LOOP, CLEAN_ONLY_LOOP, *begun, opened("clean items"))
    assert result.effect == "out_of_order"
    assert replay(LOOP, CLEAN_ONLY_LOOP, *begun).effect == "resumes"
    assert replay(LOOP, READ_ONLY_LOOP, *begun).effect == "resumes"


@pytest.mark.parametrize("new", [SEQUENTIAL_LOOP, INLINED_LOOP, CLEAN_ONLY_LOOP])
def test_a_member_between_two_steps_precedes_later_members(new: str) -> None:
    begun = ended("read users"), ended("read items")
    assert replay(LOOP, new, *begun, ended("clean items")).effect == "out_of_order"
    assert replay(LOOP, new, *begun, ended("clean users")).effect == "resumes"
