"""The effects of changed calls on instances whose step names and durations depend on arguments."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph.execution.log import InstanceLog
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

SOURCE = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        vip = event["payload"]["vip"]
{}

    async def notify(self, step, who, days=3):
        @step.do(f"notify {{who}}")
        async def send():
            await self.env.MAIL.send(who)

        await send()
        await step.sleep(f"pause of {{who}}", f"{{days}} days")

    async def remind(self, step, name):
        await self.notify(step, f"{{name}} again")
"""


RUNNER = """
from workers import WorkflowEntrypoint

class Runner:
    async def run(self, step, who):
        @step.do(f"notify {{who}}")
        async def send():
            await MAIL.send(who)

        await send()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
{}
"""


def replay(old: str, new: str, log: InstanceLog, source: str = SOURCE) -> Replay:
    """Replay a log on a new body of `run`."""
    return new_code(*(source.format(indent(body, " " * 8)) for body in (old, new))).replay(log)


ONE = 'await self.notify(step, "lead")\n'
TWO = ONE + "await self.notify(step, vip)\n"
LEAD = ended("notify lead"), ended("pause of lead", kind="sleep")
LOG = log_of("running", *LEAD)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ONE, TWO),
        (TWO, ONE),
        (TWO, TWO + 'await self.notify(step, "owner", 7)\n'),
        (TWO, 'await self.notify(days=3, who="lead", step=step)\nawait self.notify(step, vip)\n'),
    ],
)
def test_other_calls_do_not_change_a_step_name(old: str, new: str) -> None:
    assert replay(old, new, LOG).effect == "resumes"


def test_an_argument_of_an_outer_call_decides_a_name() -> None:
    outer = 'await self.remind(step, "lead")\n'
    new = f'{outer}await self.remind(step, "owner")\n'
    assert replay(outer, new, log_of("running", ended("notify lead again"))).effect == "resumes"


def test_another_argument_changes_a_step_name() -> None:
    new = TWO.replace("vip", 'event["payload"]["agent"]')
    result = replay(TWO, new, log_of("running", *LEAD, opened("notify ann")))
    assert result.effect == "unknown"
    changed = "The values in the name `notify {who}` may have changed."
    assert result.reasons == (
        f"{changed} If so, `notify {{who}}` does not find the result of `notify ann-1`, and runs again.",
    )


def test_another_argument_changes_a_duration() -> None:
    new = TWO.replace('"lead"', '"lead", vip')
    assert replay(TWO, new, LOG).reasons == (
        "The duration of `pause of {who}` may have changed, so `pause of lead-1` may begin again.",
    )


@pytest.mark.slow
def test_helper_named_run_has_the_arguments_of_its_calls() -> None:
    old = 'await Runner().run(step, event["payload"]["vip"])\nawait step.sleep("pause", "1 day")\n'
    log = log_of("running", ended("notify ann"), opened("pause", kind="sleep"))
    assert replay(old, old.replace("vip", "agent"), log, RUNNER).effect == "unknown"
    assert replay(old, f"{old}await Runner().run(step, 'owner')\n", log, RUNNER).effect == "resumes"


def test_an_argument_decides_a_part_of_a_name() -> None:
    source = RUNNER.replace("notify {{who}}", "{{SHOP}}: notify {{who}}")
    old = 'await Runner().run(step, "lead")\nawait step.sleep("pause", "1 day")\n'
    result = replay(old, old.replace("lead", "owner"), log_of("running", ended("Oslo: notify lead")), source)
    stored = "the result of its work is stored under another name, `Oslo: notify lead-1`."
    assert result.effect == "reruns"
    assert result.reasons == (f"`{{SHOP}}: notify owner-1` runs, because {stored}",)


FACADE = """
from workers import WorkflowEntrypoint

class Runner:
    def __init__(self, step, prefix=""):
        self.step = step
        self.prefix = prefix

    async def run(self, name, work):
        @self.step.do(f"{{self.prefix}}{{name}}")
        async def call():
            return await work()
        return await call()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        runner = Runner(step)
{}

    async def lookup(self): ...

    async def is_paid(self, runner):
        return await runner.run("check", self.lookup)
"""
CHECK = 'if await self.is_paid(runner):\n    return\nawait step.sleep("pause", "1 day")\n'
PAUSED = log_of("running", ended("check"), opened("pause", kind="sleep"))


@pytest.mark.parametrize(
    ("new", "effect"),
    [
        (CHECK.replace("if await self.is_paid(runner)", "paid = await self.is_paid(runner)\nif paid"), "resumes"),
        (f'{CHECK}late = Runner(step, prefix="late ")\n', "resumes"),
        (f'runner = Runner(step, prefix="v2 ")\n{CHECK}', "unknown"),
    ],
)
def test_only_objects_made_before_a_condition_change_it(new: str, effect: str) -> None:
    assert replay(CHECK, new, PAUSED, FACADE).effect == effect


def test_an_argument_decides_a_name_with_an_attribute() -> None:
    old = 'await runner.run("check", self.lookup)\nawait step.sleep("pause", "1 day")\n'
    assert replay(old, old.replace("check", "verify"), PAUSED, FACADE).effect == "reruns"


PARTIAL = """
from functools import partial
from workers import WorkflowEntrypoint

async def work(): ...

async def notify(step, shop, who):
    await step.do(f"{{shop}} notifies {{who}}")(work)()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
{}
        await step.sleep("nap", "1 day")
"""


@pytest.mark.parametrize("new", ['partial(notify, step, "Bergen")("ann")', 'partial(notify, step, "Oslo")("bob")'])
def test_arguments_of_a_partial_may_change_a_name(new: str) -> None:
    log = log_of("waiting", ended("Oslo notifies ann"), opened("nap", "sleep"))
    assert replay('await partial(notify, step, "Oslo")("ann")', f"await {new}", log, PARTIAL).effect == "unknown"


def test_an_equal_call_of_a_partial_passes_the_same_values() -> None:
    log = log_of("waiting", ended("Oslo notifies ann"), opened("nap", "sleep"))
    old, new = 'await partial(notify, step, "Oslo")("ann")', 'send = partial(notify, step, "Oslo")\nawait send("ann")'
    assert replay(old, old, log, PARTIAL).effect == "resumes"
    assert replay(new, f"{new}\nprint(step)", log, PARTIAL).effect == "resumes"


NAMED = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
{}

    async def do(self, step, name):
        @step.do(name)
        async def body():
            return await self.env.DB.work(name)

        return await body()
"""
CALLS = """
for name in event["payload"]["names"]:
    await self.do(step, f"pack {name}")
await self.do(step, "report")
"""


def test_unchanged_code_with_a_name_that_may_be_any_other() -> None:
    body = (
        'for item in event["payload"]["items"]:\n    await self.do(step, item["name"])\nawait step.sleep("nap", 1000)\n'
    )
    body += 'await step.do("close")(self.do)()'
    assert replay(body, body, log_of("running", opened("close")), NAMED).effect == "resumes"


def test_the_arguments_of_a_call_show_the_call_of_an_entry() -> None:
    added = CALLS.replace("    await", '    await step.sleep("rest", 1000)\n    await')
    assert replay(CALLS, added, log_of("running", opened("pack pen")), NAMED).effect == "unknown"
    assert replay(CALLS, CALLS, log_of("running", opened("pack pen")), NAMED).effect == "resumes"
    assert replay(CALLS, added, log_of("running", opened("report")), NAMED).effect == "resumes"
