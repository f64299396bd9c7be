"""The effects of edits of helper functions on instances."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from stepgraph.execution.log import LogEntry
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, failed, log_of, opened

HEAD = """
import asyncio
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()
"""


def replay(old: str, new: str, *entries: LogEntry) -> Replay:
    """Replay a log on new methods."""
    code = new_code(*(HEAD + indent(dedent(each), "    ") for each in (old, new)))
    return code.replay(log_of("running", *entries))


WRAPPED = """
async def run(self, event, step):
    await self.do(step, "load")
    await self.do(step, "pay")
    await step.sleep("pause", "1 day")
    await self.do(step, "close")

async def do(self, step, name):
    await step.do(name)(self.work)()
"""
LOGGED = WRAPPED.replace(
    "    await step.do(name)(self.work)()",
    """    try:
        await step.do(name)(self.work)()
    except Exception:
        await step.do(f"report {name}")(self.work)()
        raise""",
)


def test_a_handler_that_raises_again_runs_no_later_steps() -> None:
    result = replay(WRAPPED, LOGGED, ended("load"), failed("pay"))
    assert result.effect == "resumes"


def test_a_handler_that_raises_nothing_runs_later_steps() -> None:
    result = replay(WRAPPED, LOGGED.replace("        raise", ""), ended("load"), failed("pay"))
    assert result.effect == "out_of_order"


TOOLS = """
async def run(self, event, step):
    for turn in range({passes}):
        thought = await step.do(f"think {{turn}}")(self.work)()
        if thought["done"]:
            break
        await self.call_tool(step, turn, thought)
    await step.do("answer")(self.work)()
    await step.sleep("pause", "1 day")

async def call_tool(self, step, turn, thought):
    if thought["tool"] == "search":
        await step.do(f"search {{turn}}")(self.work)()
        return
    {tool}
    await step.do(f"run {{turn}}")(self.work)()
"""
ASK = 'if thought["tool"] == "ask": return await step.wait_for_event(f"ask {turn}", "answer")'


@pytest.mark.slow
def test_an_exit_of_a_function_that_has_not_run_skips_nothing() -> None:
    """Each call of the function begins a step, and the log has none."""
    old, new = TOOLS.format(passes=3, tool=ASK), TOOLS.format(passes=3, tool="pass")
    assert replay(old, new, ended("think 0"), ended("answer"), opened("pause", "sleep")).effect == "resumes"


def test_a_new_step_of_a_function_without_runs_precedes_nothing() -> None:
    old, new = TOOLS.format(passes=3, tool="pass"), TOOLS.format(passes=3, tool=ASK)
    assert replay(old, new, ended("think 0"), ended("answer"), opened("pause", "sleep")).effect == "resumes"
    assert replay(old, new, ended("think 0"), ended("run 0")).effect == "out_of_order"


ASKING = """
async def run(self, event, step):
    for level in range(3):
        await self.ask(step, level, event.payload)
    await step.sleep("pause", "1 day")

async def ask(self, step, level, payload):
    try:
        await step.wait_for_event(f"answer {level}", "answer")
    except Exception:
        return
    if payload["vip"]:
        await step.do("reject")(self.work)()
"""


def test_a_removed_exit_in_a_handler_needs_an_exception() -> None:
    new = ASKING.replace("        return", "        pass")
    answers = [ended(f"answer {level}", kind="wait") for level in range(3)]
    assert replay(ASKING, new, *answers, opened("pause", "sleep")).effect == "resumes"
    answers[0] = ended("answer 0", kind="wait", outcome="failed")
    assert replay(ASKING, new, *answers, opened("pause", "sleep")).effect == "out_of_order"


def test_surplus_passes_have_surplus_steps_of_a_function() -> None:
    begun = [ended(f"{name} {turn}") for turn in range(3) for name in ("think", "run")]
    old, new = TOOLS.format(passes=3, tool="pass"), TOOLS.format(passes=2, tool="pass")
    result = replay(old, new, *begun, ended("answer"), opened("pause", "sleep"))
    assert result.effect == "resumes"
    assert result.orphans == ("think 2-1", "run 2-1")


APPROVAL = """
async def run(self, event, step):
    if event["payload"]["approved"]:
        await self.do(step, "pay")
        await self.do(step, "close")
    else:
        await self.do(step, "decline")
    await self.do(step, "archive")
    await step.sleep("pause", "1 day")

async def do(self, step, name):
    await step.do(name)(self.work)()
"""


def test_the_arguments_of_calls_show_the_branch_of_an_instance() -> None:
    new = APPROVAL.replace('"decline")', '"decline")\n        await self.do(step, "tell")')
    assert replay(APPROVAL, new, ended("pay"), opened("close")).effect == "resumes"
    assert replay(APPROVAL, new, ended("decline"), opened("archive")).effect == "out_of_order"


def test_a_callable_object_passes_arguments() -> None:
    wrapped = APPROVAL.replace("async def do(", "async def __call__(").replace("self.do(", "self(")
    new = wrapped.replace('"decline")', '"decline")\n        await self(step, "tell")')
    assert replay(wrapped, new, ended("pay"), opened("close")).effect == "resumes"


def test_another_argument_renames_a_step() -> None:
    new = APPROVAL.replace('"close"', '"close order"')
    result = replay(APPROVAL, new, ended("pay"), ended("close"), opened("archive"))
    assert (result.effect, result.reruns) == ("reruns", ("close order-1",))
    assert result.reasons == (
        "`close order-1` runs, because the result of its work is stored under another name, `close-1`.",
    )
    assert replay(APPROVAL, new, opened("pay")).effect == "resumes"


SHARDS = """
async def run(self, event, step):
    await self.scan_all(step)
    await step.sleep("pause", "1 day")

async def scan_all(self, step):
    await asyncio.gather(*[self.scan(step, shard) for shard in range({shards})])

async def scan(self, step, shard):
    await step.do(f"scan {{shard}}")(self.work)()
"""


def test_further_members_of_a_group() -> None:
    old, new = SHARDS.format(shards=2), SHARDS.format(shards=3)
    assert replay(old, new, ended("scan 0"), opened("scan 1")).effect == "resumes"
    result = replay(old, new, ended("scan 0"), ended("scan 1"), opened("pause", "sleep"))
    assert result.effect == "out_of_order"


CONDITIONAL = """
async def run(self, event, step):
    await self.tell(step, "owner", True)
    await self.tell(step, "team", event.payload)
    await step.sleep("pause", "1 day")

async def tell(self, step, who, urgent):
    if urgent:
        await step.do(f"call {who}")(self.work)()
    await step.do(f"mail {who}")(self.work)()
"""
TOLD = ended("call owner"), ended("mail owner"), ended("mail team"), opened("pause", "sleep")


def test_another_call_does_not_change_a_condition() -> None:
    new = CONDITIONAL.replace('"1 day")', '"1 day")\n    await self.tell(step, "finance", False)')
    assert replay(CONDITIONAL, new, *TOLD).effect == "resumes"


def test_another_argument_changes_a_condition() -> None:
    new = CONDITIONAL.replace("event.payload", "event.payload.urgent")
    assert replay(CONDITIONAL, new, *TOLD).reasons == (
        "The values in the condition `urgent` changed, so the instance may now take another branch.",
    )


def test_the_arguments_around_a_call_decide_a_condition() -> None:
    old = CONDITIONAL.replace("run(self, event, step)", "tell_all(self, step, payload)").replace("event.", "")
    old += "\nasync def run(self, event, step):\n    await self.tell_all(step, event.payload)\n"
    new = old.replace("step, event.payload", "step, event.payload.urgent")
    assert replay(old, new, *TOLD).effect == "unknown"


RECORDED = """
async def run(self, event, step):
    await self.do(step, "load")
    await self.do(step, "pay"{argument})
    await step.sleep("pause", "1 day")

async def do(self, step, name, is_recorded={default}):
    await step.do(name)(self.work)()
    if is_recorded:
        await step.do(f"record {{name}}")(self.work)()
"""


@pytest.mark.parametrize(
    ("default", "argument", "effect"),
    [
        ("False", "", "resumes"),
        ("False", ", is_recorded=True", "out_of_order"),
        ("True", "", "out_of_order"),
    ],
)
def test_a_constant_that_all_calls_pass_decides_conditions(default: str, argument: str, effect: str) -> None:
    new = RECORDED.format(default=default, argument=argument)
    result = replay(WRAPPED, new, ended("load"), ended("pay"), opened("pause", "sleep"))
    assert result.effect == effect


REFUND = """
async def run(self, event, step):
    try:
        await self.do(step, "pay")
    except Exception:
        {handler}await self.notify(step, event["payload"])
        await self.do(step, "refund")

async def notify(self, step, people):
    {notify}for person in people:
        await step.do(f"notify {{person}}")(self.work)()

async def do(self, step, name):
    await step.do(name)(self.work)()
"""
RECORD = 'if self.env.RECORD: await step.do("record")(self.work)()\n'


@pytest.mark.parametrize(
    ("handler", "notify"),
    [(f"{RECORD}        ", ""), ("", f"{RECORD}    ")],
    ids=["in the handler", "in a function that it calls"],
)
def test_a_new_step_precedes_steps_of_an_entered_handler(handler: str, notify: str) -> None:
    old, new = REFUND.format(handler="", notify=""), REFUND.format(handler=handler, notify=notify)
    assert replay(old, new, failed("pay"), opened("refund")).effect == "out_of_order"


def test_a_new_step_of_a_handler_needs_an_error() -> None:
    pause = '\n    await step.sleep("pause", "1 day")\n\nasync def notify'
    old, new = (
        REFUND.format(handler=handler, notify="").replace("\nasync def notify", pause)
        for handler in ("", f"{RECORD}        ")
    )
    assert replay(old, new, ended("pay"), opened("pause", "sleep")).effect == "resumes"


ENCODE = """
async def run(self, event, step):
    await asyncio.gather(*[self.encode(step, name) for name in ("small", "large")])
    await step.sleep("pause", "1 day")

async def encode(self, step, name):
    {before}await step.do(f"encode {{name}}")(self.work)()
    {after}return name
"""


@pytest.mark.slow
def test_a_new_step_precedes_a_step_that_other_members_run_too() -> None:
    condition = 'if self.env.CHECKS: await step.do(f"check {name}")(self.work)()\n    '
    old = ENCODE.format(before="", after="")
    before, after = ENCODE.format(before=condition, after=""), ENCODE.format(before="", after=condition)
    assert replay(old, before, opened("encode small")).effect == "out_of_order"
    assert replay(old, after, opened("encode small")).effect == "resumes"
    assert replay(old, after, opened("encode small"), opened("encode large")).effect == "resumes"


CHECKED = """
async def run(self, event, step):
    self.total = 0
    await self.process(step)

async def process(self, step):
    await step.do("load")(self.work)()
    self.add(1)
    if self.total > 2:
        await step.do("check")(self.work)()
    await step.sleep("pause", "1 day")

def add(self, amount):
    self.total += amount
"""


@pytest.mark.slow
def test_a_method_changes_the_object_of_another_one() -> None:
    result = replay(CHECKED, CHECKED.replace("+= amount", "+= 3"), ended("load"), opened("pause", "sleep"))
    assert result.reasons == (
        "The values in the condition `self.total > 2` changed, so the instance may now take another branch.",
    )


def test_a_moved_condition_reads_the_same_object() -> None:
    new = CHECKED.replace("self.add(1)", "").replace("self.total > 2", "self.env.STRICT")
    old = new.replace("    await self.process(step)\n\nasync def process(self, step):\n", "")
    assert replay(old, new, ended("load"), opened("pause", "sleep")).effect == "resumes"


LIMITED = """
async def run(self, event, step):
    await self.prepare(step)
    if self.limit > 3:
        await step.do("check")(self.work)()
    await step.sleep("pause", "1 day")

async def prepare(self, step):
    self.limit = 3
    await step.do("load")(self.work)()
"""


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ("self.limit = 3", "resumes"),
        ("self.limit = 4", "unknown"),
        ("self.limit, self.size = 3, 4", "unknown"),
        ("self.limit += 3", "unknown"),
    ],
)
def test_an_attribute_has_the_values_that_methods_assign(change: str, effect: str) -> None:
    new = LIMITED.replace("self.limit = 3", change)
    assert replay(LIMITED, new, ended("load"), opened("pause", "sleep")).effect == effect


def test_an_attribute_has_the_values_that_methods_append() -> None:
    old = LIMITED.replace("self.limit = 3", "self.rows.append(1)").replace("self.limit > 3", "len(self.rows) > 1")
    new = old.replace("append(1)", "extend([1, 2])")
    assert replay(old, new, ended("load"), opened("pause", "sleep")).effect == "unknown"
    other = old.replace('"load"', '"load", config={"timeout": 1}')
    assert replay(old, other, ended("load"), opened("pause", "sleep")).effect == "resumes"


MODES = """
async def run(self, event, step):
    mode = "slow"
    if event.payload["paid"]:
        mode = event.payload["mode"]
    await step.do("load")(self.work)()
    if mode == "fast":
        await step.do("check")(self.work)()
    await step.sleep("pause", "1 day")
"""


@pytest.mark.slow
def test_a_condition_decides_the_value_of_a_variable() -> None:
    log = ended("load"), opened("pause", "sleep")
    assert replay(MODES, MODES.replace("paid", "vip"), *log).effect == "unknown"
    assert replay(MODES, MODES.replace("mode", "speed"), *log).effect == "unknown"
    assert replay(MODES, MODES.replace("mode =", "speed =").replace("if mode", "if speed"), *log).effect == "resumes"


@pytest.mark.parametrize(("old", "new"), [("total = 1", "total = 3"), ("count(1)", "count(3)")])
def test_a_statement_changes_a_local_object(old: str, new: str) -> None:
    body = MODES.replace('    if event.payload["paid"]:\n        mode = event.payload["mode"]\n', f"    mode.{old}\n")
    log = ended("load"), opened("pause", "sleep")
    assert replay(body, body.replace(old, new), *log).effect == "unknown"
    assert replay(body, body, *log).effect == "resumes"


MATCHED = """
async def run(self, event, step):
    await self.do(step, "load")
    match {"limit": 1}:
        case {"limit": limit}:
            await self.pay(step, limit)
    await step.sleep("pause", "1 day")

async def do(self, step, name):
    await step.do(name)(self.work)()

async def pay(self, step, limit):
    if limit > 2:
        await step.do("approve")(self.work)()
"""


@pytest.mark.slow
def test_arguments_without_a_definition_decide_conditions() -> None:
    new = MATCHED.replace("1}:", "3}:")
    assert replay(MATCHED, new, ended("load"), opened("pause", "sleep")).effect == "unknown"
    assert replay(MATCHED, MATCHED + "    return limit", ended("load"), opened("pause", "sleep")).effect == "resumes"


NAMED = """
async def run(self, event, step):
    await self.do(step, "load")
    await self.do(step, "pay")
    for page in range(2):
        await self.do(step, f"page {page}")
    await step.sleep("pause", "1 day")

async def do(self, step, name):
    @step.do(name)
    async def call():
        return await self.work()
    await call()
"""


@pytest.mark.parametrize("passed", [1, 2, 3])
def test_other_calls_do_not_get_results_of_a_removed_call(passed: int) -> None:
    entries = [ended("load"), ended("pay"), ended("page 0")]
    result = replay(NAMED, NAMED.replace('    await self.do(step, "load")\n', ""), *entries[:passed])
    assert (result.effect, result.orphans) == ("resumes", ("load-1",))


def test_call_gets_the_result_of_a_removed_call_with_its_name() -> None:
    code = NAMED.replace('"pay"', '"load"')
    result = replay(code, code.replace('    await self.do(step, "load")\n', "", 1), ended("load"))
    assert result.effect == "resumes"
    assert result.orphans == ()
