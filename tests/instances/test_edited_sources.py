"""The effects of edited source code on instances."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import counted, new_code
from tests.instances.short_logs import ended, failed, log_of, opened

HEAD = """
import asyncio
from workers import WorkflowEntrypoint

FLAG = False

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()

    def is_large(self, order, limit):
        return order["total"] > limit

    async def run(self, event, step):
        order = event["payload"]
"""


def replay(old: str, new: str, log: InstanceLog) -> Replay:
    """Replay a log on a new body of `run`, in which `a` stands for a call of the step `a`."""
    return new_code(*(HEAD + indent(_with_steps(body), " " * 8) for body in (old, new))).replay(log)


def _with_steps(body: str) -> str:
    for name in "abcd":
        body = body.replace(f"<{name}>", f'await step.do("{name}")(self.work)()')
    return body


NESTED = """
@step.do("outer")
async def outer():
    @step.do("{}")
    async def read():
        return await self.env.DB.read()
    return await read()

@step.do("{}")
async def write():
    return await self.env.DB.write()

await outer()
await step.sleep("nap", 1000)
await write()
"""


@pytest.mark.parametrize(("handler", "effect"), [("raise", "fails"), ("print(error)", "resumes")])
def test_a_handler_raises_the_stored_error(handler: str, effect: InstanceEffect) -> None:
    new = f"try:\n    <a>\nexcept Exception as error:\n    print(error)\n    {handler}\n<b>"
    assert replay("<a>\n<b>", new, log_of("running", failed("a"))).effect == effect


@pytest.mark.parametrize(
    ("log", "effect"),
    [
        (log_of("running", ended("a"), opened("c")), "unknown"),
        (log_of("running", failed("a"), opened("c")), "fails"),
        (log_of("running", ended("a"), opened("b")), "resumes"),
    ],
)
def test_a_removed_handler_of_an_exception_of_the_code(log: InstanceLog, effect: InstanceEffect) -> None:
    body = 'if order["bad"]:\n    raise ValueError("bad")\n<b>\n'
    old = f"try:\n    <a>\n{indent(body, '    ')}except Exception:\n    <c>\n<d>"
    reason = "The error that led to `c` may end the instance, as its `except` block was removed."
    replayed = replay(old, f"<a>\n{body}<d>", log)
    assert replayed.effect == effect
    assert (reason in replayed.reasons) == (effect == "unknown")


def test_a_step_gets_the_result_of_a_nested_one() -> None:
    old, new = (NESTED.format(*names) for names in ("ab", "ba"))
    log = log_of("running", ended("outer", end=17), ended("a"), ended("nap", kind="sleep"))
    reason = "`a` may get the stored result of `a-1`, a run of another step, so that it never runs itself."
    assert replay(old, new, log).reasons == (reason,)
    assert replay(old, old, log).effect == "resumes"


def test_a_new_branch_in_a_loop_may_take_the_place_of_a_step() -> None:
    old = "for n in range(3):\n    <a>\n    <b>"
    new = "for n in range(3):\n    <a>\n    if order['vip']:\n        <b>\n    else:\n        <c>"
    log = counted(log_of("running", ended("a"), ended("b"), opened("a")))
    result = replay(old, new, log)
    reason = "`c` may run when the instance resumes, before steps that have already run."
    assert (result.effect, result.reasons) == ("out_of_order", (reason,))


def test_a_call_that_moves_forward_runs_its_last_steps() -> None:
    helper = "async def helper():\n    <a>\n    if order['vip']:\n        <b>\n"
    log = log_of("running", ended("c"), ended("a"))
    result = replay(f"{helper}<c>\nawait helper()", f"{helper}await helper()\n<c>", log)
    assert result.reasons == ("`b` may run when the instance resumes, before steps that have already run.",)


@pytest.mark.parametrize(
    ("condition", "effect"),
    [("FLAG", "resumes"), ("order['vip']", "out_of_order")],
)
def test_a_false_constant_skips_a_new_branch(condition: str, effect: InstanceEffect) -> None:
    new = f"if {condition}:\n    <c>\nelse:\n    <a>\n<b>"
    result = replay("<a>\n<b>", new, log_of("running", ended("a"), opened("b")))
    assert result.effect == effect
    assert bool(result.notes) == (condition != "FLAG")


@pytest.mark.parametrize(
    ("passes", "effect"),
    [
        ("<a>\n    break", "resumes"),
        ("try:\n        <a>\n        break\n    except ValueError:\n        continue", "resumes"),
        ("<a>\n    if order['vip']:\n        break", "unknown"),
        ("if order['vip']:\n        <c>\n    <a>\n    break", "out_of_order"),
    ],
)
def test_a_new_loop_that_its_first_pass_leaves(passes: str, effect: InstanceEffect) -> None:
    new = f"for n in range(3):\n    {passes}\n<b>"
    assert replay("<a>\n<b>", new, log_of("running", ended("a"), opened("b"))).effect == effect


def test_an_unchanged_condition_in_a_new_loop_with_one_pass() -> None:
    old = "<a>\nif order['vip']:\n    <c>"
    log = log_of("running", ended("a"), opened("b"))
    assert replay(f"{old}\n<b>", f"for n in range(3):\n{indent(old, ' ' * 4)}\n    break\n<b>", log).effect == "resumes"


@pytest.mark.parametrize(
    ("helper", "condition", "effect"),
    [
        ("async def read(): return await load()", "await read()", "resumes"),
        ("async def read(load):\n    data = await load()\n    return data", "await read(load)", "resumes"),
        ("async def read(load, default=1):\n    return await load()", "await read(load)", "resumes"),
        ("async def read(load): return await load() or 1", "await read(load)", "unknown"),
        ("async def read(*steps): return await steps[0]()", "await read(load)", "unknown"),
        ("async def read(load): return load", "await (await read(load))()", "resumes"),
    ],
)
def test_a_helper_that_returns_a_value(helper: str, condition: str, effect: InstanceEffect) -> None:
    load = '@step.do("load")\nasync def load():\n    return await self.work()\n'
    values = "data = await load()", f"{helper}\ndata = {condition}"
    old, new = (f"{load}{value}\nif data['vip']:\n    <a>\n<b>" for value in values)
    log = log_of("running", ended("load"), opened("b"))
    assert [replay(*pair, log).effect for pair in ((old, new), (new, old))] == [effect] * 2


def test_a_condition_in_a_method() -> None:
    old = "limit = order['limit']\nif order['total'] > limit:\n    <a>\n<b>"
    new = "if self.is_large(order, limit=order['limit']):\n    <a>\n<b>"
    log = log_of("running", opened("b"))
    assert [replay(*pair, log).effect for pair in ((old, new), (new, old))] == ["resumes"] * 2
    assert replay(old, new.replace("order['limit']", "order['total']"), log).effect == "unknown"


@pytest.mark.parametrize("body", ["{}<a>", "<a>{}"])
def test_a_new_exception_runs_a_handler(body: str) -> None:
    raises = "\nif order['vip']:\n    raise ValueError\n"
    old = "try:\n    <a>\nexcept ValueError:\n    <b>\n<c>"
    new = f"try:\n{indent(body.format(raises), ' ' * 4)}\nexcept ValueError:\n    <b>\n<c>"
    log = log_of("running", ended("a"), opened("c"))
    reason = "`b` may run when the instance resumes, because the new code raises an exception if `order['vip']`."
    assert replay(old, new, log).reasons == (reason,)
    assert replay(new, new, log).effect == "resumes"


@pytest.mark.parametrize(
    ("value", "condition", "effect"),
    [
        ("{}", "paid['ok']", "out_of_order"),
        ("paid", "not paid['ok']", "out_of_order"),
        ("dict(paid)", "paid['ok']", "out_of_order"),
        ("paid", "paid['ok']", "resumes"),
    ],
)
def test_another_value_may_raise_an_exception(value: str, condition: str, effect: InstanceEffect) -> None:
    code = "try:\n    paid = <a>\n    paid = {}\n    if {}:\n        raise ValueError\nexcept ValueError:\n    <b>\n<c>"
    old, new = code.format("paid", "paid['ok']"), code.format(value, condition)
    assert replay(old, new, log_of("running", ended("a"), opened("c"))).effect == effect


def test_an_exception_under_the_same_condition_in_other_words() -> None:
    code = "try:\n    paid = <a>\n    {}\n        raise ValueError\nexcept ValueError:\n    <b>\n<c>"
    log = log_of("running", ended("a"), opened("c"))
    old, new = code.format("if paid['ok']:"), code.format("is_paid = paid['ok']\n    if is_paid:")
    assert [replay(*pair, log).effect for pair in ((old, new), (new, old))] == ["resumes"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("new", "effect", "reason"),
    [
        (
            "try:\n    <a>\nexcept Exception:\n    <c>\n    return\nif order['bad']:\n    raise ValueError\n<b>",
            "unknown",
            "The exception that led to `c` may end the instance, because no handler catches it now.",
        ),
        (
            "try:\n    <a>\n    <b>\n    if order['bad']:\n        raise ValueError\nexcept:\n    <c>\n    return",
            "out_of_order",
            "`b` may run when the instance resumes, before steps that have already run.",
        ),
    ],
)
def test_a_moved_raise_leads_elsewhere(new: str, effect: InstanceEffect, reason: str) -> None:
    raises = "if order['bad']:\n        raise ValueError"
    old = f"try:\n    <a>\n    {raises}\n    <b>\nexcept Exception:\n    <c>\n    return"
    result = replay(old, new, log_of("running", ended("a"), opened("c")))
    assert (result.effect, result.reasons) == (effect, (reason,))


@pytest.mark.parametrize("limit", ["asyncio.Semaphore(1)", "asyncio.Condition()"])
@pytest.mark.parametrize(("before", "effect"), [("if True", "out_of_order"), ("async with limit", "resumes")])
def test_members_of_a_group_now_wait_for_a_semaphore(before: str, effect: InstanceEffect, limit: str) -> None:
    """The instance now runs `b` of the first member before it finds `a` of the second one."""
    member = "async def one():\n    {}:\n        <a>\n        <b>\n"
    body = f"limit = {limit}\n{member}await asyncio.gather(one(), one())\n<c>"
    log = counted(log_of("running", ended("a"), ended("a"), opened("b")))
    assert replay(body.format(before), body.format("async with limit"), log).effect == effect


def test_a_handler_that_catches_fewer_errors() -> None:
    old = "try:\n    <a>\nexcept Exception:\n    <b>\n    return\n<c>"
    result = replay(old, old.replace("Exception", "ValueError"), log_of("running", failed("a"), opened("b")))
    reason = "The error of `a` may end the instance, as its `except` block catches fewer errors."
    assert (result.effect, result.reasons) == ("unknown", (reason,))
    clauses = "try:\n    <a>\nexcept ValueError:\n    <b>\n    return\nexcept {}:\n    pass\n<c>"
    log = log_of("running", failed("a"), opened("b"))
    assert replay(clauses.format("Exception"), clauses.format("TypeError"), log).effect == "resumes"


@pytest.mark.parametrize(("bound", "surplus"), [(5, ()), (2, ("a-3",))])
def test_other_numbers_of_passes_that_begin_in_a_helper(bound: int, surplus: tuple[str, ...]) -> None:
    body = "async def one():\n    <a>\n    return await self.work()\n"
    body += "for number in range({}):\n    if await one():\n        break\n<b>"
    log = counted(log_of("running", ended("a"), ended("a"), opened("a")))
    result = replay(body.format(4), body.format(bound), log)
    assert (result.effect, result.orphans) == ("resumes", surplus)


def test_a_failed_step_moved_out_of_its_try() -> None:
    body = "async def one():\n    try:\n        <a>\n{}    except Exception:\n        pass\n{}"
    body += "await asyncio.gather(one(), one())\n<c>"
    old, new = body.format("        <b>\n", ""), body.format("", "    <b>\n")
    log = counted(log_of("running", ended("a"), ended("a"), failed("b"), ended("b"), opened("c")))
    result = replay(old, new, log)
    reason = "The stored error of `b-1` may end the instance, as its `except` block does not catch it now."
    assert (result.effect, result.reasons) == ("unknown", (reason,))


def test_an_exit_has_ended_an_infinite_loop() -> None:
    body = "for number in range(9):\n    <a>\n    if await self.work():\n        break\n<b>"
    log = counted(log_of("running", ended("a"), ended("a"), opened("b")))
    assert replay(body.replace("for number in range(9)", "while True"), body, log).effect == "resumes"


def test_an_open_sleep_with_a_computed_name_begins_anew() -> None:
    old = "while True:\n    value = await self.work()\n    await step.sleep(f'nap {value}', 10)\n    <a>"
    result = replay(old, old.replace("10", "30"), log_of("running", opened("nap 1", "sleep")))
    assert (result.effect, result.restarted_waits) == ("reruns", ("nap {value}",))


def test_a_new_else_in_the_first_pass_of_a_loop() -> None:
    old = "last = None\nfor item in order['items']:\n    if last:\n        <a>\n    <b>\n    last = item"
    new = old.replace("<a>", "<a>\n    else:\n        <c>")
    log = log_of("running", ended("b"), ended("a"))
    assert replay(old, new, log).reasons == (
        "`c` may run when the instance resumes, before steps that have already run.",
    )
    assert replay(old, old, log).effect == "resumes"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(data := await self.work()) != 1", "not (data := await self.work()) == 1"),
        ("order['total'] < 3", "not not order['total'] < 3"),
        ("order['total'] < 3", "3 > order['total']"),
    ],
)
def test_the_test_of_a_loop_in_other_words(old: str, new: str) -> None:
    log = log_of("running", ended("a"), opened("b"))
    before, after = (f"while {test}:\n    <a>\n<b>" for test in (old, new))
    assert replay(before, after, log).effect == "resumes"


def test_calls_that_change_places_run_in_another_order() -> None:
    helper = 'async def send(name):\n    await step.do(f"send {name}")(self.work)()\n'
    old, new = (f"{helper}await send({first})\nawait send({second})\n<a>" for first, second in ("12", "21"))
    reason = "`send(2)` may run when the instance resumes, before steps that have already run."
    assert replay(old, new, log_of("running", opened("send 1"))).reasons == (reason,)
    assert replay(old, new, log_of("running", ended("send 1"), ended("send 2"), opened("a"))).effect == "resumes"


COLLECTED = """
errors = []
for item in range(4):
    try:
        <a>
    except Exception:
        errors.append(item)
if errors:
    <b>
<c>
"""


def test_conditions_of_filled_collections_are_not_constant() -> None:
    log = log_of("running", failed("a"), ended("a"), ended("a"), ended("a"), ended("b"), opened("c"))
    assert replay(COLLECTED, COLLECTED.replace("    <b>", "    <d>\n    <b>"), counted(log)).effect == "out_of_order"


@pytest.mark.parametrize(
    ("start", "change"),
    [("x = []", "x.append(<a>)"), ("x = 0", "x += <a>"), ("x = {}", "x[item] = <a>")],
)
def test_surplus_passes_may_change_later_conditions(start: str, change: str) -> None:
    old = f"{start}\nfor item in range(3):\n    {change}\nif check(x):\n    <b>\n<c>"
    log = counted(log_of("running", ended("a"), ended("a"), ended("a"), opened("c")))
    assert replay(old, old.replace("range(3)", "range(2)"), log).effect == "unknown"
    assert replay(old, old, log).effect == "resumes"


MEMBERS = """
async def load():
    <a>
    if order["large"]:
        <b>

async def send():
    <c>
    <d>
"""
GROUP = f"{MEMBERS}\nawait asyncio.gather(load(), send())\nawait step.sleep('nap', 1000)"


@pytest.mark.parametrize(
    ("log", "effect"),
    [
        (log_of("running", ended("a"), opened("c")), "out_of_order"),
        (log_of("running", ended("a"), ended("b"), opened("c")), "resumes"),
        (log_of("running", ended("a"), ended("c"), ended("d"), opened("nap", "sleep")), "resumes"),
    ],
)
def test_members_of_groups_are_awaited_in_sequence(log: InstanceLog, effect: InstanceEffect) -> None:
    in_sequence = GROUP.replace("asyncio.gather(load(), send())", "load()\nawait send()")
    assert replay(GROUP, in_sequence, log).effect == effect
    assert replay(GROUP, GROUP.replace("load(), send()", "send(), load()"), log).effect == "resumes"


ROUNDS = """
async def note(title):
    await step.do(f"note {title}")(self.work)()

for number in order["rounds"]:
    <a>
    if order["stops"]:
        <b>
        break
    await note(number)
await note("end")
"""


@pytest.mark.slow
def test_a_break_leaves_only_a_new_loop() -> None:
    """The rest of the pass then runs, and its steps may get the result of the step after the loop."""
    body = ROUNDS[ROUNDS.index("    <a>") : ROUNDS.index("    await note(number)")]
    new = ROUNDS.replace(body, "    for attempt in range(1):\n" + indent(body, "    "))
    log = log_of("running", ended("a"), ended("b"), opened("note end"))
    assert replay(ROUNDS, ROUNDS, log).effect == "resumes"
    assert replay(ROUNDS, new, log).effect == "unknown"


FLAGGED = """
<a>
if is_enabled:
    <b>
else:
    <d>
<c>
"""


@pytest.mark.parametrize(
    ("log", "effect"),
    [
        (("a", "d", "c"), "out_of_order"),
        (("a", "d"), "unknown"),
        (("a",), "resumes"),
    ],
)
def test_a_constant_that_enables_a_branch(log: tuple[str, ...], effect: InstanceEffect) -> None:
    old, new = (f"is_enabled = {flag}\n{FLAGGED}" for flag in (False, True))
    result = replay(old, new, log_of("running", *map(ended, log)))
    assert result.effect == effect


def test_an_enabled_branch_has_a_reason() -> None:
    code = "flag = False\n<a>\nif flag:\n    <b>\n<c>"
    result = replay(code, code.replace("False", "True"), log_of("running", ended("a"), opened("c")))
    reason = "The condition `flag` is now always true, so `b` runs when the instance resumes, before steps that have"
    assert result.reasons == (f"{reason} already run.",)


@pytest.mark.parametrize(("members", "effect"), [(("a", "b"), "resumes"), (("b", "a"), "unknown")])
def test_a_gather_returns_the_results_of_a_sequence(members: tuple[str, str], effect: InstanceEffect) -> None:
    first, second = (f'step.do("{name}")(self.work)()' for name in members)
    deployed = "x = <a>\ny = <b>\nif x:\n    <c>"
    changed = f"x, y = await asyncio.gather({first}, {second})\nif x:\n    <c>"
    log = log_of("running", ended("a"), ended("b"), opened("c"))
    assert replay(deployed, changed, log).effect == effect


def test_a_new_exception_names_its_condition() -> None:
    new = "<a>\nif order.total > 3:\n    raise ValueError\n<b>"
    result = replay("<a>\n<b>", new, log_of("running", ended("a"), opened("b")))
    reason = "The new code may raise an exception if `order.total > 3`, at a point that the instance has passed."
    assert (result.effect, result.reasons) == ("unknown", (reason,))


def test_a_continue_that_skips_a_step_has_a_clause() -> None:
    old = "for each in order:\n    try:\n        <a>\n    except Exception:\n        {}\n    <b>"
    log = log_of("running", ended("a"), opened("b"))
    result = replay(old.format("<c>"), old.format("<c>\n        continue"), log)
    assert result.notes == ("If a `continue` ends the pass, the new code does not call `b-1`.",)


def test_steps_with_one_name_share_a_reason() -> None:
    code = """
tasks = {"x": self.work, "y": self.work}
for name, task in tasks.items():
    await step.do(name)(task)()
"""
    result = replay(code, code.replace("work}", 'work, "z": self.work}'), log_of("running", ended("x"), ended("y")))
    changed = "The values in the name `{name}` may have changed."
    assert result.reasons == (
        f"{changed} If so, `{{name}}` does not find the results of `x-1` and `y-1`, and runs again.",
    )


COUNTED = """
month = 0
while month < 3:
    await step.do(f"invoice {month}")(self.work)()
    month += 1
<d>
"""


@pytest.mark.parametrize(
    ("old", "new", "log", "effect"),
    [
        ("< 3", "< 12", ("invoice 0", "invoice 1"), "resumes"),
        ("< 3", "< 12", ("invoice 0", "invoice 1", "invoice 2", "d"), "out_of_order"),
        ("month = 0", "month = 1", ("invoice 0", "invoice 1"), "unknown"),
    ],
)
def test_a_larger_bound_continues_a_loop(old: str, new: str, log: tuple[str, ...], effect: InstanceEffect) -> None:
    assert replay(COUNTED, COUNTED.replace(old, new), log_of("running", *map(ended, log))).effect == effect


def test_an_exit_may_have_left_a_loop_with_a_larger_bound() -> None:
    old = COUNTED.replace("    month += 1", "    if order.paid:\n        break\n    month += 1")
    log = log_of("running", *map(ended, ("invoice 0", "invoice 1", "invoice 2", "d")))
    assert replay(old, old.replace("< 3", "< 12"), log).effect == "unknown"
