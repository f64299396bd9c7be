"""The effects of conditions that are written in other ways on instances."""

from __future__ import annotations

from textwrap import indent

import pytest

from stepgraph import analyze_source
from stepgraph.diff.diff import diff_workflows
from stepgraph.execution.engine_rules import Effect, InstanceEffect
from stepgraph.execution.log import InstanceLog
from stepgraph.replay.replay import Replay
from tests.instances.replay_pairs import counted, new_code
from tests.instances.short_logs import ended, log_of, opened

HEAD = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        order = await self.env.DB.load(event)
        total = order["total"]
        lines = order["lines"]
        vip = order["vip"]
"""
CHOICE = """
if $condition:
    await step.do("$first")(self.work)()
else:
    await step.do("$second")(self.work)()
await step.sleep("nap", 1000)
"""
PASSED = log_of("paused", ended("a"), opened("nap", "sleep"))
INSIDE = log_of("paused", opened("a"))
ELSEWHERE = log_of("paused", ended("b"), opened("nap", "sleep"))


def choice(condition: str, first: str = "a", second: str = "b") -> str:
    body = CHOICE.replace("$condition", condition).replace("$first", first).replace("$second", second)
    return HEAD + indent(body, " " * 8) + "\n    async def work(self):\n        return await self.env.DB.work()\n"


def effect(old: str, new: str, log: InstanceLog) -> InstanceEffect:
    return replay(old, new, log).effect


def replay(old: str, new: str, log: InstanceLog) -> Replay:
    return new_code(old, new).replay(log)


def diff_effect(old: str, new: str) -> Effect:
    (deployed,), (changed,) = analyze_source(old).workflows, analyze_source(new).workflows
    assert deployed.graph is not None
    assert changed.graph is not None
    before, after = deployed.graph["workflow"], changed.graph["workflow"]
    return diff_workflows(
        before, after, details=lambda: (deployed.comparable_details, changed.comparable_details)
    ).effect


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("not total == 1", "total != 1"),
        ("(total == (1))", "total == 1"),
        ('order["state"] == "new"', "order['state'] == 'new'"),
        ("not (vip and total > 5)", "not vip or not total > 5"),
        ("5 < total", "total > 5"),
        ("0 < total <= 5", "total > 0 and total <= 5"),
        ("len(lines) > 0", "len(lines)"),
        ("total in (1, 2)", "total == 1 or total == 2"),
        ("vip", "bool(vip)"),
    ],
)
def test_conditions_with_equal_values_decide_as_before(old: str, new: str) -> None:
    for before, after in ((old, new), (new, old)):
        assert [effect(choice(before), choice(after), log) for log in (PASSED, INSIDE)] == ["resumes"] * 2
        assert diff_effect(choice(before), choice(after)) is Effect.SAFE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("len(lines) > 0", "lines"),
        ("not total < 5", "total >= 5"),
        ("not (vip and total > 5)", "not vip and not total > 5"),
        ("5 < total", "5 > total"),
        ("total == 1", "total == '1'"),
    ],
)
def test_other_conditions_may_decide_differently(old: str, new: str) -> None:
    for before, after in ((old, new), (new, old)):
        assert [effect(choice(before), choice(after), log) for log in (PASSED, INSIDE)] == ["unknown"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), [("vip", "not vip"), ("total == 1", "total != 1")])
def test_branches_change_places_with_a_negated_condition(old: str, new: str) -> None:
    for before, after in ((old, new), (new, old)):
        changed = choice(after, "b", "a")
        assert [effect(choice(before), changed, log) for log in (PASSED, INSIDE, ELSEWHERE)] == ["resumes"] * 3
        assert diff_effect(choice(before), changed) is Effect.SAFE


@pytest.mark.parametrize(("limit", "effect_of_edit"), [("5", "resumes"), ("6", "unknown")])
@pytest.mark.parametrize("is_global", [False, True])
def test_a_lambda_in_place_of_a_function(limit: str, effect_of_edit: InstanceEffect, *, is_global: bool) -> None:
    definitions = f"is_large = lambda value: value > {limit}", "def is_large(total):\n    return total > 5"
    choices = []
    for definition in definitions:
        code = choice("is_large(total)")
        if is_global:
            choices.append(f"{definition}\n{code}")
        else:
            marker = "        if is_large"
            choices.append(code.replace(marker, f"{indent(definition, ' ' * 8)}\n{marker}"))
    first, second = choices
    assert effect(first, second, PASSED) == effect(second, first, PASSED) == effect_of_edit


def test_variables_that_are_assigned_together() -> None:
    apart = '        total = order["total"]\n        lines = order["lines"]\n'
    old, together = choice("total > 5"), '        total, lines = order["total"], order["lines"]\n'
    assert effect(old, old.replace(apart, together), PASSED) == "resumes"
    assert effect(old, old.replace(apart, together.replace("total, lines", "lines, total")), PASSED) == "unknown"


@pytest.mark.slow
def test_conditions_without_definitions_are_compared_as_text() -> None:
    old = choice("total[-1:0] != [x for x in lines for y in x]")
    new = choice("not total[-1:0] == [x for x in lines for y in x]")
    assert effect(old, new, PASSED) == "resumes"
    assert effect(old, new.replace("==", "is"), PASSED) == "unknown"


def test_branches_that_change_places_run_other_steps() -> None:
    exchanged = choice("vip", "b", "a")
    assert [effect(choice("vip"), exchanged, log) for log in (PASSED, INSIDE)] == ["reruns", "resumes"]
    assert diff_effect(choice("vip"), choice("vip", "b", "a")) is Effect.BREAKING


def test_a_condition_with_another_value_decides_differently() -> None:
    changed = choice("not vip", "b", "a").replace('order["vip"]', 'order["new"]')
    assert effect(choice("vip"), changed, PASSED) == "unknown"


@pytest.mark.slow
def test_an_else_takes_the_place_of_a_condition() -> None:
    old = choice("vip").replace('\n        else:\n            await step.do("b")(self.work)()', "")
    new = choice("not vip", "", "a").replace('await step.do("")(self.work)()', "pass")
    for before, after in ((old, new), (new, old)):
        assert [effect(before, after, log) for log in (PASSED, INSIDE)] == ["resumes"] * 2
        assert diff_effect(before, after) is Effect.SAFE


HELPED = """
from workers import WorkflowEntrypoint

LIMIT = 500

def exceeds(total):
    return total > LIMIT

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        if exceeds(event["total"]):
            await step.sleep("a", 1)
        await step.sleep("nap", 1000)
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("exceeds", "is_large", "resumes"),
        ("total > LIMIT", "LIMIT < total", "resumes"),
        ("    return total", "    result = total > LIMIT\n    return result or total", "unknown"),
        ("return total > LIMIT", "if total > LIMIT:\n        return True\n    return False", "resumes"),
        ("> LIMIT", "> LIMIT + 1", "unknown"),
        ("LIMIT = 500", "LIMIT = 900", "unknown"),
    ],
)
def test_functions_in_conditions_decide(old: str, new: str, expected: InstanceEffect) -> None:
    passed = log_of("paused", ended("a", kind="sleep"), opened("nap", "sleep"))
    assert effect(HELPED, HELPED.replace(old, new), passed) == expected


def steps(text: str) -> str:
    """Return code with sleeps in place of the names `a` to `c`, and a last sleep."""
    lines = [f"{line[:-1]}await step.sleep('{line[-1]}', 1)" if line[-1] in "abc" else line for line in text.split("|")]
    return HEAD + indent("\n".join([*lines, "await step.sleep('nap', 1000)\n"]), " " * 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("if vip:|  if lines:|    a", "if vip and lines:|  a", ["a", ""]),
        ("if vip:|  a|elif lines:|  b|else:|  c", "if vip:|  a|else:|  if lines:|    b|  else:|    c", ["a", "b", "c"]),
        ("if vip:|  if not lines:|    a", "if not (not vip or lines):|  a", ["a", ""]),
    ],
)
def test_nested_conditions_decide_like_joined_ones(old: str, new: str, names: list[str]) -> None:
    for before, after in ((old, new), (new, old)):
        for name in names:
            entries = [ended(name, kind="sleep")] if name else []
            assert effect(steps(before), steps(after), log_of("paused", *entries, opened("nap", "sleep"))) == "resumes"


def test_other_nested_conditions_decide_differently() -> None:
    log = log_of("paused", ended("a", kind="sleep"), opened("nap", "sleep"))
    old, new = "if vip:|  if lines:|    a", "if vip or lines:|  a"
    assert {effect(steps(old), steps(new), log), effect(steps(new), steps(old), log)} == {"unknown"}


def chain(first: str, second: str) -> str:
    """Return code that runs `a` or `b`, with the condition of the step in its name and two characters."""
    body = f"if {first[2:]}:\n    await step.sleep('{first[0]}', 1)\n"
    body += f"elif {second[2:]}:\n    await step.sleep('{second[0]}', 1)\nawait step.sleep('nap', 1000)\n"
    return HEAD + indent(body, " " * 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a vip", "b lines", ["unknown", "resumes"]),
        ("a total == 1", "b total == 2", ["resumes", "resumes"]),
        ("a total == 1", "b total == 1.0", ["unknown", "resumes"]),
        ("a total == 1", "b lines == 2", ["unknown", "resumes"]),
    ],
)
def test_a_condition_that_is_tested_earlier(first: str, second: str, expected: list[InstanceEffect]) -> None:
    old, new = chain(first, second), chain(second, first)
    logs = [log_of("paused", ended(name, kind="sleep"), opened("nap", "sleep")) for name in ("a", "b")]
    assert [effect(old, new, log) for log in logs] == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["a"], "resumes"), (["a", "a"], "resumes"), (["a", "a", "nap"], "out_of_order")],
)
def test_more_passes_of_a_loop(names: list[str], expected: InstanceEffect) -> None:
    code = HEAD + indent('for n in range(2):\n    await step.sleep("a", 1)\nawait step.sleep("nap", 1000)\n', " " * 8)
    *before, last = names
    log = log_of("paused", *(ended(name, kind="sleep") for name in before), opened(last, "sleep"))
    assert effect(code, code.replace("range(2)", "range(4)"), counted(log)) == expected


GUARDED = """
await step.sleep("load", 1)
$condition
await step.sleep("pack", 1)
await step.sleep("ship", 1)
"""
OPEN_LOGS = [
    log_of("paused", *(ended(name, kind="sleep") for name in names), opened(last, "sleep"))
    for *names, last in (("load",), ("load", "pack"), ("load", "pack", "ship"))
]


def guarded(condition: str) -> str:
    return HEAD + indent(GUARDED.replace("$condition", condition), " " * 8)


def conditional(condition: str) -> str:
    load, steps = GUARDED.split("$condition")
    return HEAD + indent(f"{load}if {condition}:\n{indent(steps.strip(), ' ' * 4)}\n", " " * 8)


def test_a_return_replaces_a_condition() -> None:
    old, new = conditional("vip"), guarded("if not vip:\n    return")
    assert [effect(old, new, log) for log in OPEN_LOGS] == ["resumes"] * 3
    assert [effect(new, old, log) for log in OPEN_LOGS] == ["resumes"] * 3


def test_a_return_with_the_opposite_condition_leaves_orphans() -> None:
    old, new = conditional("vip"), guarded("if vip:\n    return")
    assert [replay(old, new, log).orphans for log in OPEN_LOGS] == [(), ("pack-1",), ("pack-1", "ship-1")]
    assert [replay(new, old, log).orphans for log in OPEN_LOGS] == [(), ("pack-1",), ("pack-1", "ship-1")]


MATCH = """
match order:
    case {"state": "new", "total": amount} if amount > 3:
        await step.sleep("a", 1)
    case ("x" | "y"):
        await step.sleep("b", 1)
await step.sleep("nap", 1000)
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('{"state": "new", "total": amount} if amount', "{'state':'new', 'total': amount} if (amount)", "resumes"),
        ('("x" | "y")', '"x" | "y"', "resumes"),
        ("> 3", "> 4", "unknown"),
        ('"new"', '"old"', "unknown"),
    ],
)
def test_the_layout_of_cases_does_not_matter(old: str, new: str, expected: InstanceEffect) -> None:
    code = HEAD + indent(MATCH, " " * 8)
    passed = log_of("paused", ended("b", kind="sleep"), opened("nap", "sleep"))
    assert effect(code, code.replace(old, new), passed) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("total * 2", "2 * total", "unknown"),
        ("total * 2", "(total)*2", "resumes"),
        ("total", "amount", "resumes"),
        ('order["total"]', 'order["delay"]', "unknown"),
    ],
)
def test_computed_durations_may_have_changed(old: str, new: str, expected: InstanceEffect) -> None:
    code = f"{HEAD}        await step.sleep('rest', total * 2)\n        await step.sleep('nap', 1000)\n"
    changed = code.replace(old, new).replace('["amount"]', '["total"]')
    for log in (ended("rest", kind="sleep"), opened("nap", "sleep")), (opened("rest", "sleep"),):
        assert effect(code, changed, log_of("paused", *log)) == expected


def test_a_renamed_variable_leaves_a_duration_alone() -> None:
    code = f"{HEAD}        await step.sleep('rest', total * 2)\n        await step.sleep('nap', 1000)\n"
    assert diff_effect(code, code.replace("total =", "amount =").replace("total *", "amount *")) is Effect.SAFE
    assert diff_effect(code, code.replace("total *", "3 * total *")) is Effect.BREAKING


def test_a_renamed_function_does_not_rename_words_of_steps() -> None:
    code = HELPED.replace('await step.sleep("a", 1)', "await self.find(step, event)")
    code += """
    async def find(self, step, event):
        await step.sleep(f"find {event}", 1)
"""
    passed = log_of("paused", ended("find x", kind="sleep"), opened("nap", "sleep"))
    changed = code.replace("self.find", "self.search").replace("def find", "def search")
    assert effect(code, changed, passed) == "resumes"


CONSTANT_CASES = """
match order["state"]:
    case "new":
        await step.do("a")(self.work)()
    case "paid" | "sent":
        await step.do("b")(self.work)()
    case _:
        await step.do("c")(self.work)()
await step.sleep("nap", 1000)
"""
ELIF = """
if order["state"] == "new":
    await step.do("a")(self.work)()
elif order["state"] in ("paid", "sent"):
    await step.do("b")(self.work)()
else:
    await step.do("c")(self.work)()
await step.sleep("nap", 1000)
"""


def with_work(body: str) -> str:
    return HEAD + indent(body, " " * 8) + "\n    async def work(self):\n        return await self.env.DB.work()\n"


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_case_of_constants_decides_as_a_comparison(name: str) -> None:
    log = log_of("paused", ended(name), opened("nap", "sleep"))
    cases, comparisons = with_work(CONSTANT_CASES), with_work(ELIF)
    assert [effect(cases, comparisons, log), effect(comparisons, cases, log)] == ["resumes", "resumes"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (with_work(CONSTANT_CASES), with_work(ELIF)),
        (steps("if vip:|  if lines:|    a"), steps("if vip and lines:|  a")),
    ],
)
def test_rewritten_conditions_are_safe(old: str, new: str) -> None:
    assert [diff_effect(old, new), diff_effect(new, old)] == [Effect.SAFE, Effect.SAFE]


@pytest.mark.parametrize("pattern", ['"other"', "None", "str()", "[]", '"new" if vip'])
def test_another_case_decides_differently(pattern: str) -> None:
    changed = with_work(CONSTANT_CASES.replace('"new"', pattern))
    log = log_of("paused", ended("b"), opened("nap", "sleep"))
    assert effect(with_work(ELIF), changed, log) != "resumes"


LOGGING = """
from logging import getLogger
import logging

logger = getLogger(__name__)
"""
CHECKED = """
if await self.check(step):
    await step.do("a")(self.work)()
await step.sleep("nap", 1000)
"""
CHECK = """
    async def check(self, step):
        return await step.do("check")(self.work)()
"""


@pytest.mark.parametrize(
    ("message", "effect_of_edit"),
    [
        ('logger.info("check %s", step)', "resumes"),
        ('logging.getLogger(__name__).info("check")', "resumes"),
        ('print("check")', "resumes"),
        ("self.counts.info(step)", "unknown"),
        ("logger.info(self.next())", "unknown"),
    ],
)
def test_messages_of_functions_do_not_change_conditions(message: str, effect_of_edit: InstanceEffect) -> None:
    old = LOGGING + with_work(CHECKED) + CHECK
    new = old.replace("        return await step", f"        {message}\n        return await step")
    log = log_of("paused", ended("check"), ended("a"), opened("nap", "sleep"))
    assert effect(old, new, log) == effect_of_edit


@pytest.mark.parametrize(("assignment", "value"), [("last = page", "last"), ("self.last = page", "self.last")])
def test_an_assignment_moves_behind_a_condition_in_a_loop(assignment: str, value: str) -> None:
    work = "    async def work(self):\n        return await self.env.DB.work()\n"
    test = f'if {value} != page:\n    await step.sleep("nap", 1)'
    before, after = (
        f"{HEAD}        for _ in range(3):\n            page = await step.do('load')(self.work)()\n"
        f"{indent(body, ' ' * 12)}\n{work}"
        for body in (f"{assignment}\n{test}", f"{test}\n{assignment}")
    )
    log = log_of("running", ended("load"), ended("load"), opened("load"))
    assert effect(before, before, log) == "resumes"
    assert effect(before, after, log) == "unknown"
