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
    for name in "abcdef":
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


@pytest.mark.slow
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


AFTER_A_STEP = "try:\n    <a>\n    {}\nexcept Exception:\n    <b>\n<c>"
HANDLED = log_of("running", ended("a"), ended("b"), opened("c"))
NOT_HANDLED = log_of("running", ended("a"), opened("c"))


def effects(old: str, new: str) -> tuple[InstanceEffect, InstanceEffect]:
    """Return the effects on an instance that ran the handler, and on one that did not."""
    pair = AFTER_A_STEP.format(old), AFTER_A_STEP.format(new)
    return replay(*pair, HANDLED).effect, replay(*pair, NOT_HANDLED).effect


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if order['x'] and order['y']: raise E", "if order['x']:\n        if order['y']: raise E"),
        ("if order['x'] and order['y']: raise E", "if not order['x']: pass\n    elif order['y']: raise E"),
        ("if not order['x']: raise E", "if order['x']: pass\n    else: raise E"),
        ("if order['x'] or order['y']: raise E", "if order['x']: raise E\n    if order['y']: raise E"),
        ("if order['x'] or order['y']: raise E", "if order['x']: raise E\n    elif order['y']: raise E"),
        ("match order['x']:\n        case 'a': raise E", "if order['x'] == 'a': raise E"),
        ("match order['x']:\n        case 'a': pass\n        case _: raise E", "if order['x'] != 'a': raise E"),
        ("for a in order['x']:\n        if a['y']: raise E", "for b in order['x']:\n        if b['y']: raise E"),
        (
            "if order['x'] is None or {}: raise E",
            "if order['x'] is not None:\n        if {}: raise E\n    else: raise E",
        ),
    ],
)
def test_the_same_exceptions_in_another_form(old: str, new: str) -> None:
    old, new = (text.replace("{}", "order['x']['y']") for text in (old, new))
    assert [effects(old, new), effects(new, old)] == [("resumes", "resumes")] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if order['x']:\n        if order['y']: raise E", "pass"),
        ("if order['x']: pass\n    else: raise E", "pass"),
        ("match order['x']:\n        case 'a': raise E", "match order['x']:\n        case 'b': raise E"),
        ("for a in order['x']:\n        if a['y']: raise E", "for a in order['x']:\n        if a['z']: raise E"),
        ("for a in order['x']:\n        raise E", "for a in order['y']:\n        raise E"),
        # If `x` is false, only the second one evaluates `y`, which may raise an exception.
        ("if order['x'] and order['y']: raise E", "if order['y'] and order['x']: raise E"),
        # The outer condition reads another value of the variable.
        (
            "n = order['x']\n    if n:\n        n = order['y']\n        if n: raise E",
            "n = order['y']\n    if n: raise E",
        ),
    ],
)
def test_other_exceptions_in_another_form(old: str, new: str) -> None:
    added = "out_of_order" if new != "pass" else "resumes"
    assert effects(old, new) == ("unknown", added)
    assert effects(new, old)[1] == "out_of_order"


def test_an_exception_under_a_weaker_condition() -> None:
    """An instance that has raised the exception raises it again; another one may raise it now."""
    narrow, wide = "if order['x'] and order['y']: raise E", "if order['x']: raise E"
    assert effects(narrow, wide) == ("resumes", "out_of_order")
    assert effects(wide, narrow) == ("unknown", "resumes")


def test_a_removed_exception_without_a_condition() -> None:
    result = replay(AFTER_A_STEP.format("raise E"), AFTER_A_STEP.format("pass"), HANDLED)
    reason = "`b` may not run when the instance resumes, because the new code has no `raise` in its `try`."
    assert (result.effect, result.reasons) == ("unknown", (reason,))
    new = AFTER_A_STEP.format("if order['x']: raise E\n    raise E")
    assert replay(AFTER_A_STEP.format("raise E"), new, HANDLED).effect == "resumes"


def test_the_condition_of_nested_tests_in_a_reason() -> None:
    code = "if not (not order['x'] or order['y']):\n        if order['z']: raise E"
    result = replay(AFTER_A_STEP.format("pass"), AFTER_A_STEP.format(code), NOT_HANDLED)
    condition = "not (not order['x'] or order['y']) and order['z']"
    reason = f"`b` may run when the instance resumes, because the new code raises an exception if `{condition}`."
    assert (result.effect, result.reasons) == ("out_of_order", (reason,))


def test_an_equal_condition_in_another_try() -> None:
    """An exception that always leads to one handler does not lead to another one."""
    code = f"try:\n    <a>\n    raise E\nexcept Exception:\n    pass\n{AFTER_A_STEP.replace('<c>', '<d>')}"
    code = code.replace("<b>", "<c>").replace("    <a>\n    {}", "    <b>\n    {}")
    log = log_of("running", ended("a"), ended("b"), opened("d"))
    assert replay(code.format("pass"), code.format("if order['x']: raise E"), log).effect == "out_of_order"


@pytest.mark.parametrize(
    ("handlers", "effect"),
    [
        ("except ValueError:\n    <e>\nexcept Exception:\n    <f>", "out_of_order"),
        ("except ValueError:\n    pass\nexcept Exception:\n    <f>", "resumes"),
        ("except Exception:\n    <f>", "resumes"),
    ],
)
def test_other_exceptions_in_front_of_the_code_that_raised(handlers: str, effect: InstanceEffect) -> None:
    code = "<a>\ntry:\n    int(order['{}'])\n    <b>\n    self.check(order)\n    <d>\n" + handlers + "\n<c>"
    log = log_of("running", *map(ended, "abf"), opened("c"))
    assert replay(code.format("total"), code.format("limit"), log).effect == effect


@pytest.mark.parametrize(
    ("old", "new", "effect"),
    [
        ("int(order['n'])\n    <b>", "<b>", "resumes"),
        ("<b>", "int(order['n'])\n    <b>", "out_of_order"),
        ("int(order['n'])\n    <b>", "<b>\n    int(order['n'])", "resumes"),
        ("<b>\n    int(order['n'])", "int(order['n'])\n    <b>", "out_of_order"),
    ],
    ids=["removed", "added", "moved behind", "moved in front"],
)
def test_code_that_may_raise_exceptions_on_one_side_of_a_step(old: str, new: str, effect: InstanceEffect) -> None:
    log = log_of("running", *map(ended, "ab"), opened("d"))
    before, after = (BETWEEN.replace("seat = <b>\n    {}", body).replace("{}", "<e>") for body in (old, new))
    assert replay(before, after, log).effect == effect


def test_a_removed_jump_in_front_of_code_that_may_raise_exceptions() -> None:
    jump = "for n in seat:\n        {}\n        int(n)"
    log = log_of("running", *map(ended, "abd"), opened("c"))
    old, new = (BETWEEN.format(jump.format(each), "<e>") for each in ("if n == 0: continue", "pass"))
    assert replay(old, new, log).effect == "out_of_order"


def test_code_that_may_raise_exceptions_moved_to_another_branch() -> None:
    body = "if order['vip']:\n        <b>{}\n    if order['new']:\n        <d>{}"
    before, after = (
        CAUGHT.format(body.format(*code), "<e>")
        for code in (("\n        int(order['n'])", ""), ("", "\n        int(order['n'])"))
    )
    log = log_of("running", *map(ended, "ad"), opened("c"))
    assert replay(before, after, log).effect == "out_of_order"


CALLED = """async def book():
    seat = <b>
    {}
    <d>
<a>
try:
    await book()
except ValueError:
    <e>
<c>"""


@pytest.mark.parametrize(
    ("entries", "effect", "reasons"),
    [
        ("ab", "resumes", []),
        ("abd", "out_of_order", [f"`e` may run when the instance resumes, {CAUSE}"]),
        ("abdc", "out_of_order", [f"`e` may run when the instance resumes, {CAUSE}"]),
        ("abec", "unknown", [f"`e` may not run when the instance resumes, {CAUSE}"]),
    ],
)
def test_other_exceptions_in_a_called_function(entries: str, effect: InstanceEffect, reasons: list[str]) -> None:
    old, new = (CALLED.format(f"int(seat['{key}'])") for key in ("row", "column"))
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    result = replay(old, new, log)
    assert (result.effect, [*result.reasons]) == (effect, reasons)
    assert replay(old, old, log).effect == "resumes"


def test_a_raise_at_the_end_of_a_called_function() -> None:
    code = CALLED.replace("    <d>\n", "")
    old, new = (code.format(f"if seat['row'] > {limit}: raise ValueError") for limit in (3, 5))
    log = log_of("running", *map(ended, "abe"), opened("c"))
    assert replay(old, new, log).effect == "unknown"
    assert replay(old, new, log_of("running", *map(ended, "ab"), opened("c"))).effect == "out_of_order"


@pytest.mark.parametrize(("handler", "effect"), [("Exception", "resumes"), ("KeyError", "out_of_order")])
def test_other_exceptions_in_an_inner_try(handler: str, effect: InstanceEffect) -> None:
    body = f"try:\n        int(seat['{{}}'])\n    except {handler}: pass"
    old, new = (BETWEEN.format(body.format(key), "<e>") for key in ("row", "column"))
    log = log_of("running", *map(ended, "abd"), opened("c"))
    assert replay(old, new, log).effect == effect


def test_an_assignment_that_the_error_of_a_step_now_skips() -> None:
    code = (
        "charged = False\ntry:\n    <a>\n    {}\n    <b>\n    {}\nexcept Exception:\n    if charged:\n        <d>\n<c>"
    )
    old, new = code.format("charged = True", "pass"), code.format("pass", "charged = True")
    log = log_of("running", ended("a"), failed("b"), ended("d"), opened("c"))
    assert replay(old, new, log).effect == "unknown"
    assert replay(new, old, log_of("running", ended("a"), failed("b"), opened("c"))).effect == "unknown"


@pytest.mark.parametrize(("entries", "effect"), [("abc", "out_of_order"), ("ab", "resumes")])
def test_steps_behind_code_whose_exception_a_handler_swallowed(entries: str, effect: InstanceEffect) -> None:
    old, new = (BETWEEN.format(f"int(seat['{key}'])", "pass") for key in ("row", "column"))
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1]))
    assert replay(old, new, log).effect == effect
    assert replay(old, old, log).effect == "resumes"


def test_steps_behind_a_failed_step_whose_error_a_handler_swallowed() -> None:
    old, new = (BETWEEN.format(f"int(seat['{key}'])", "pass") for key in ("row", "column"))
    assert replay(old, new, log_of("running", ended("a"), failed("b"), opened("c"))).effect == "resumes"


@pytest.mark.parametrize(("entries", "effect"), [("aebc", "out_of_order"), ("abc", "resumes")])
def test_a_new_raise_in_the_handler_of_an_inner_try(entries: str, effect: InstanceEffect) -> None:
    inner = "    try:\n        <a>\n    except ValueError:\n        <e>\n        {}\n"
    code = f"try:\n{inner}    <b>\nexcept ValueError:\n    <d>\n<c>"
    first = failed("a", "ValueError: no") if "e" in entries else ended("a")
    log = log_of("running", first, *map(ended, entries[1:-1]), opened(entries[-1]))
    assert replay(code.format("pass"), code.format("if order['vip']: raise"), log).effect == effect


def test_another_condition_of_a_raise_in_the_handler_of_an_inner_try() -> None:
    inner = "    try:\n        <a>\n    except ValueError:\n        <e>\n        if order['{}']: raise\n"
    code = f"try:\n{inner}    <b>\nexcept ValueError:\n    <d>\n<c>"
    log = log_of("running", failed("a", "ValueError: no"), ended("e"), ended("d"), opened("c"))
    assert replay(code.format("vip"), code.format("new"), log).effect == "unknown"
    assert replay(code.format("vip"), code.format("vip"), log).effect == "resumes"
