"""The effects of edits of functions with steps whose results decide which steps run next."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, log_of, opened

RUN = """
import asyncio
from contextlib import contextmanager, suppress
from workers import WorkflowEntrypoint

def doubled(function):
    async def inner(*args):
        return await function(*args) * 2
    return inner

def check(kilos):
    if kilos > 5:
        raise ValueError(kilos)

class Orders(WorkflowEntrypoint):
    async def work(self):
        return await self.env.DB.work()

    async def run(self, event, step):
{body}
        if n:
            await step.do("extra")(self.work)()
        await step.sleep("pause", "1 day")

    async def add(self, step, kilos):
        await step.do("add")(self.work)()
        check(kilos)

{methods}
"""
CALL = "n = await self.score(step, 2)"
HANDLED = """
n = 0
try:
    await self.score(step, 2)
except ValueError:
    n = 1
"""
REPORTED = """
try:
    n = await self.score(step, 2)
except ValueError:
    self.env.LOG.add("failed")
    raise
"""


def effect(body: str, function: str, old: str, new: str, *, decorator: str = "") -> str:
    """Return the effect of another code of a function with a step on an instance at the last wait."""
    header = f"{decorator}async def score(self, step, kilos=4):"
    score = f'{header}\n    await step.do("score")(self.work)()\n{indent(function, "    ")}'
    source = RUN.format(body=indent(dedent(body), " " * 8), methods=indent(score, " " * 4))
    assert old in source
    log = log_of("running", ended("score"), opened("pause", "sleep"))
    return new_code(source, source.replace(old, new)).replay(log).effect


@pytest.mark.parametrize(
    ("body", "function", "old", "new"),
    [
        (CALL, "kilos = 0\nreturn kilos", "kilos = 0", "kilos = 1"),
        ("f = self.score\nn = await f(step, 2)", "return 0", "return 0", "return 1"),
        ("n = [await self.score(step, i) for i in (2,)][0]", "return 0", "return 0", "return 1"),
        ("d = []\nawait self.score(step, d)\nn = len(d)", "kilos.extend([])", "kilos.extend([])", "kilos.extend([1])"),
        (CALL, "with suppress(ValueError):\n    check(9)\n    return 1", "suppress(V", "suppress(KeyError, V"),
    ],
    ids=["parameter", "alias", "comprehension", "argument", "with"],
)
def test_other_results_may_take_another_branch(body: str, function: str, old: str, new: str) -> None:
    assert effect(body, function, old, new) == "unknown"


def test_other_decorators_may_take_another_branch() -> None:
    assert effect(CALL, "return kilos", "* 2", "* 0", decorator="@doubled\n") == "unknown"


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        ("if kilos > 5:\n    raise ValueError(kilos)", "if kilos > 5", "if kilos > 1"),
        ("check(kilos)", "kilos > 5", "kilos > 1"),
        ("await self.add(step, kilos)", "kilos > 5", "kilos > 1"),
    ],
    ids=["raise", "function", "method"],
)
def test_other_handled_exceptions_may_take_another_branch(function: str, old: str, new: str) -> None:
    assert effect(HANDLED, function, old, new) == "unknown"


@pytest.mark.parametrize("body", [CALL, REPORTED])
def test_messages_of_unhandled_exceptions_decide_no_branch(body: str) -> None:
    function = 'if kilos > 5:\n    raise ValueError("old")\nreturn 1'
    assert effect(body, function, '"old"', '"new"') == "resumes"


def test_conditions_of_exceptions_may_take_another_branch() -> None:
    function = (
        "try:\n    if kilos > 5:\n        raise ValueError(kilos)\n    return 0\nexcept ValueError:\n    return 1"
    )
    assert effect(CALL, function, "kilos > 5", "kilos > 1") == "unknown"


def test_values_of_generators_with_steps_may_take_another_branch() -> None:
    body = "n = 0\nasync for each in self.score(step, 2):\n    n = each"
    assert effect(body, "yield 0", "yield 0", "yield 1") == "unknown"


def test_logs_in_functions_with_steps_decide_no_branch() -> None:
    assert effect(CALL, 'print("old")\nreturn 1', '"old"', '"new"') == "resumes"


@pytest.mark.parametrize("function", ["if kilos > 5:\n    return 0\nreturn 1", "print(kilos)\nreturn kilos"])
def test_names_of_parameters_decide_no_branch(function: str) -> None:
    assert effect(CALL, function, "kilos", "weight") == "resumes"


def test_defaults_of_deciding_parameters_may_take_another_branch() -> None:
    body = "n = [await self.score(step) for _ in (1,)][0]"
    assert effect(body, "if kilos:\n    return 1\nreturn 0", "kilos=4", "kilos=0") == "unknown"


def extra_effect(body: str, old: str, new: str) -> str:
    """Return the effect of an edit of `check` or of code after a step on an instance at the last wait."""
    return effect(body, "check(kilos)", old, new)


@pytest.mark.parametrize(
    "body",
    [
        "n = 0\nwith suppress(ValueError):\n    await self.score(step, 2)\n    n = 1",
        "d = []\nwith suppress(ValueError):\n    await self.score(step, 2)\n    d.append(1)\nn = len(d)",
        "self.n = 0\nwith suppress(ValueError):\n    await self.score(step, 2)\n    self.n = 1\nn = self.n",
        "self.n = 0\ntry:\n    await self.score(step, 2)\n    self.n = 1\nexcept ValueError:\n    pass\nn = self.n",
    ],
    ids=["variable", "collection", "attribute", "try"],
)
def test_ended_exceptions_decide_later_assignments(body: str) -> None:
    assert extra_effect(body, "kilos > 5", "kilos > 1") == "unknown"


TRIED = "n = 0\nvalue = {value}\ntry:\n    {code}\n    n = 1\nexcept {types}:\n    pass\nawait self.score(step, 2)"


@pytest.mark.parametrize(
    ("code", "types", "old", "new"),
    [
        ('value["kilos"]', "KeyError", '{"kilos": 1}', '{"grams": 1}'),
        ("del value[1]", "Exception", "[0, 1]", "[0]"),
        ("m = 1 / value", "ArithmeticError", "= 2", "= 0"),
        ("a, b = value", "ValueError", "[0, 1]", "[0]"),
        ("value.name", "(KeyError, AttributeError)", "= None", "= self.env"),
        ("for _ in value: pass", "TypeError", "= 2", "= (2,)"),
        ("if value[0]: pass", "LookupError", "[0]", "[]"),
    ],
    ids=["key", "index", "division", "unpacking", "attribute", "loop", "condition"],
)
def test_handled_operation_errors_may_take_another_branch(code: str, types: str, old: str, new: str) -> None:
    value = old.removeprefix("= ")
    body = TRIED.format(value=value, code=code, types=types)
    assert extra_effect(body, f"value = {value}", f"value = {new.removeprefix('= ')}") == "unknown"


def test_exceptions_without_a_handler_decide_no_branch() -> None:
    body = TRIED.format(value='{"kilos": 1}', code='value["kilos"]', types="ZeroDivisionError")
    assert extra_effect(body, '{"kilos": 1}', '{"grams": 1}') == "resumes"


@pytest.mark.parametrize("manager", ["asyncio.timeout(60)", "lock"])
def test_managers_that_end_no_exception_decide_no_branch(manager: str) -> None:
    body = f"lock = asyncio.Lock()\nn = 0\nasync with {manager}:\n    check(0); n = await self.score(step, 2)"
    assert extra_effect(body, "check(0); ", "") == "resumes"


def test_variables_of_returned_functions_may_take_another_branch() -> None:
    body = "def adder(k):\n    def add(each):\n        return each + k\n    return add\n"
    body += "await self.score(step, 2)\nn = adder(0)(0)"
    assert extra_effect(body, "adder(0)", "adder(1)") == "unknown"
