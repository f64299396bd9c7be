"""The effects of edited code in the body of a `try` that may raise exceptions on instances."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, failed, log_of, opened

HEAD = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()

    async def run(self, event, step):
        order = event["payload"]
"""
CAUGHT = "<a>\ntry:\n    {}\nexcept Exception:\n    {}\n<c>"
CAUSE = "because the code whose exceptions its `try` catches changed."


def replay(old: str, new: str, log: InstanceLog) -> Replay:
    """Replay a log on a new body of `run`, in which `<a>` stands for a call of the step `a`."""
    for name in "abcde":
        old, new = (body.replace(f"<{name}>", f'await step.do("{name}")(self.work)()') for body in (old, new))
    return new_code(*(HEAD + indent(body, " " * 8) for body in (old, new))).replay(log)


@pytest.mark.parametrize(
    ("handler", "entries", "effect", "reason"),
    [
        ("<b>", "ac", "out_of_order", f"`b` may run when the instance resumes, {CAUSE}"),
        ("<b>", "abc", "unknown", f"`b` may not run when the instance resumes, {CAUSE}"),
        ("return", "ac", "unknown", f"The new code may return earlier, {CAUSE}"),
    ],
)
def test_other_exceptions_of_a_body_without_steps(
    handler: str, entries: str, effect: InstanceEffect, reason: str
) -> None:
    old, new = (CAUGHT.format(f"int(order['{key}'])", handler) for key in ("total", "limit"))
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    result = replay(old, new, log)
    assert (result.effect, result.reasons) == (effect, (reason,))
    assert replay(old, old, log).effect == "resumes"


@pytest.mark.parametrize(
    ("old", "new", "handler"),
    [
        ("int(order['total'])", "total = int(order['total'])", "<b>"),
        ("int(order['total'])", "total = order['total']; int(total)", "<b>"),
        ("int(order['total'])", "int(order['limit'])", "pass"),
    ],
)
def test_the_same_effects_of_a_body_without_steps(old: str, new: str, handler: str) -> None:
    log = log_of("running", ended("a"), opened("c"))
    assert replay(CAUGHT.format(old, handler), CAUGHT.format(new, handler), log).effect == "resumes"


@pytest.mark.parametrize(
    "code",
    [
        "async def read():\n    try:\n        int(order['{}'])\n    except:\n        <b>\n<a>\nawait read()\n<c>",
        "<a>\ntry:\n    int(order['{}'])\nexcept Exception:\n    <b>\nfinally:\n    <c>",
    ],
)
def test_other_exceptions_in_a_call_and_before_a_finally(code: str) -> None:
    log = log_of("running", ended("a"), opened("c"))
    assert replay(code.format("total"), code.format("limit"), log).effect == "out_of_order"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("int(order['total']) if order['vip'] else 0", "total = order['total']; int(total) if order['vip'] else 0"),
        ("for n in order['all']: int(n)", "for n in order['all']:\n        if n: break\n        int(n)"),
        ("try: order['vip']\n    except KeyError: raise", "try: order['vip']\n    except TypeError: raise"),
        ("match order['kind']:\n        case 'a': int('x')", "match order['kind']:\n        case 'b': int('x')"),
    ],
)
def test_other_conditions_of_exceptions_in_a_body_without_steps(old: str, new: str) -> None:
    log = log_of("running", ended("a"), opened("c"))
    pair = CAUGHT.format(old, "<b>"), CAUGHT.format(new, "<b>")
    assert [replay(*each, log).effect for each in (pair, pair[::-1])] == ["out_of_order"] * 2


def test_other_exceptions_in_a_branch_that_has_not_run() -> None:
    code = "<a>\nif order['vip']:\n    try:\n        int(order['{}'])\n    except Exception:\n        <b>\n    <d>\n<c>"
    log = log_of("running", ended("a"), opened("c"))
    assert replay(code.format("total"), code.format("limit"), log).effect == "resumes"


def test_a_body_that_reads_a_variable_before_its_assignment() -> None:
    code = "try:\n    if not seat['ok']:\n        raise ValueError\nexcept Exception:\n    <b>\n"
    log = log_of("running", ended("a"), opened("c"))
    assert replay(f"seat = <a>\n{code}<c>", f"{code}seat = <a>\n<c>", log).effect == "out_of_order"


def test_a_removed_exception_after_a_step() -> None:
    code = "try:\n    <a>\n    if {}:\n        raise ValueError\nexcept Exception:\n    <b>\n<c>"
    old = code.format("order['free']")
    log = log_of("running", ended("a"), ended("b"), opened("c"))
    result = replay(old, code.format("not order['free']"), log)
    reason = "`b` may not run when the instance resumes, because the new code has no `raise` under `order['free']`."
    assert (result.effect, result.reasons) == ("unknown", (reason,))
    assert replay(old, f"is_free = order['free']\n{code.format('is_free')}", log).effect == "resumes"
    log = log_of("running", failed("a"), ended("b"), opened("c"))
    assert replay(old, code.format("not order['free']"), log).effect == "resumes"


BETWEEN = "<a>\ntry:\n    seat = <b>\n    {}\n    <d>\nexcept Exception:\n    {}\n<c>"


@pytest.mark.parametrize(
    ("handler", "entries", "effect", "reasons"),
    [
        ("<e>", "ab", "resumes", []),
        ("<e>", "abd", "out_of_order", [f"`e` may run when the instance resumes, {CAUSE}"]),
        ("<e>", "abec", "unknown", [f"`e` may not run when the instance resumes, {CAUSE}"]),
        ("<e>", "abdec", "resumes", []),
        ("return", "abdc", "unknown", [f"The new code may return earlier, {CAUSE}"]),
        ("pass", "abdc", "resumes", []),
    ],
)
def test_other_exceptions_between_steps(handler: str, entries: str, effect: InstanceEffect, reasons: list[str]) -> None:
    old, new = (BETWEEN.format(f"int(seat['{key}'])", handler) for key in ("row", "column"))
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    result = replay(old, new, log)
    assert (result.effect, [*result.reasons]) == (effect, reasons)
    assert replay(old, old, log).effect == "resumes"


def test_other_exceptions_behind_a_failed_step() -> None:
    old, new = (BETWEEN.format(f"int(seat['{key}'])", "<e>") for key in ("row", "column"))
    log = log_of("running", ended("a"), failed("b"), ended("e"), opened("c"))
    assert replay(old, new, log).effect == "resumes"


@pytest.mark.parametrize(("entries", "effect"), [("abc", "out_of_order"), ("adc", "resumes")])
def test_other_exceptions_in_a_branch_with_steps(entries: str, effect: InstanceEffect) -> None:
    body = "if order['vip']:\n        int(order['{}'])\n        <b>\n    else:\n        <d>"
    old, new = (CAUGHT.format(body.format(key), "<e>") for key in ("total", "limit"))
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    assert replay(old, new, log).effect == effect


def test_other_exceptions_behind_a_branch_that_has_not_run() -> None:
    body = "if order['vip']:\n        <b>\n    int(order['{}'])\n    <d>"
    old, new = (CAUGHT.format(body.format(key), "<e>") for key in ("total", "limit"))
    log = log_of("running", ended("a"), ended("d"), opened("c"))
    assert replay(old, new, log).effect == "out_of_order"
