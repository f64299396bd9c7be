"""Test code guarded by the program: names that may be None, and expected errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepgraph.api import analyze_source, check_analysis
from tests.checks import snippets
from tests.checks.snippets import LEGACY, project_codes

_OPTIONAL_NAMES = """
PAUSE = None
KIND = ""
TIMEOUT = 0
UNTIL = None
LIMIT = None
"""


@pytest.mark.parametrize(
    "body",
    [
        'if PAUSE is not None:\n    await step.sleep("a", PAUSE)',
        'if KIND:\n    await step.wait_for_event("a", KIND)',
        'if TIMEOUT:\n    await step.wait_for_event("a", "paid", timeout=TIMEOUT)',
        'if UNTIL:\n    await step.sleep_until("a", UNTIL)',
        "if TIMEOUT:\n    " + snippets.step_with_config('{"timeout": TIMEOUT}').replace("\n", "\n    "),
        snippets.step_with_config('{"retries": {"limit": LIMIT, "delay": 0}} if LIMIT is not None else {}'),
        'pause = None\nfor _ in "ab":\n    if pause:\n        await step.sleep("a", pause)\n    pause = "1 second"',
    ],
)
def test_optional_name_checked_before_use(body: str) -> None:
    assert snippets.codes_in(body, _OPTIONAL_NAMES) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('await step.sleep("a", None)', "SG109"),
        ('await step.wait_for_event("a", "")', "SG112"),
        ('await step.sleep_until("a", None)', "SG120"),
        (snippets.step_with_config('{"timeout": 0}'), "SG110"),
    ],
)
def test_none_where_a_value_is_required(body: str, code: str) -> None:
    assert snippets.codes_in(body) == [code]


def test_name_rebound_by_a_function_is_unknown() -> None:
    source = """
from workers import WorkflowEntrypoint

PAUSE = None

def configure():
    global PAUSE
    PAUSE = "1 minute"

configure()

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        await step.sleep("a", f"{PAUSE}" if PAUSE is None else PAUSE)
        await step.sleep("b", PAUSE)
"""
    assert list(check_analysis(analyze_source(source))) == []


_EITHER_MODE = """
def durable(step, name, depends=None):
    try:
        return step.do(name, depends=depends)
    except TypeError:
        return step.do(name)
"""
_DURABLE = """
@durable(step, "a")
async def a():
    return 1

await a()
"""


def test_error_expected_by_type_is_not_flagged(tmp_path: Path) -> None:
    assert project_codes(tmp_path, _DURABLE, imports=_EITHER_MODE) == []
    assert project_codes(tmp_path, _DURABLE, imports=_EITHER_MODE, mode=LEGACY) == []


def test_error_caught_by_a_broad_handler_is_flagged(tmp_path: Path) -> None:
    imports = _EITHER_MODE.replace("TypeError", "Exception")

    assert project_codes(tmp_path, _DURABLE, imports=imports) == ["SG104"]


@pytest.mark.parametrize(
    "decorator", ['step.do("a") if event else step.do("b")', 'step.do("a") if event else (lambda function: function)']
)
def test_conditional_decorator_declares_a_step(decorator: str) -> None:
    body = f"durable = {decorator}\n\n@durable\nasync def work(order):\n    return 1\n\nawait work()"

    assert "SG101" in snippets.codes_in(body)


def test_unresolved_decorator_may_declare_a_step() -> None:
    source = """
from workers import WorkflowEntrypoint
import framework

class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        durable = step.do("a") if event["payload"] else framework.durable

        @durable
        async def work(order):
            return 1

        await work()
"""
    assert {finding.code for finding in check_analysis(analyze_source(source))} == {"SG101"}


_FLAGS = """
import inspect

DEBUG = False
STAGE = "production"

class Flags:
    TRACE = False
"""


@pytest.mark.parametrize(
    "condition",
    [
        "DEBUG",
        "not not DEBUG",
        "event and DEBUG",
        "Flags.TRACE or DEBUG",
        'STAGE == "test"',
        'STAGE != "production"',
        '"timeout" in inspect.signature(step.do).parameters',
    ],
)
def test_code_that_a_constant_disables_is_not_flagged(condition: str) -> None:
    body = 'if {}:\n    await step.sleep("a", "5 min")\nawait step.sleep("b", "1 hour")'

    assert snippets.codes_in(body.format(condition), _FLAGS) == []
    assert snippets.codes_in(body.format(f"event or not ({condition})"), _FLAGS) == ["SG205"]


def test_alternative_to_code_that_always_runs_is_not_flagged() -> None:
    body = 'if not DEBUG:\n    await step.sleep("a", "1 hour")\nelse:\n    await step.sleep("b", "5 min")'

    assert snippets.codes_in(body, _FLAGS) == []


def test_flag_that_a_loop_changes_is_not_constant() -> None:
    body = 'done = False\nfor _ in "ab":\n    if done:\n        await step.sleep("a", "5 min")\n    done = True'

    assert snippets.codes_in(body) == ["SG205"]


_BY_SIGNATURE = """
import inspect

def durable(step, name):
    legacy = "depends" in inspect.signature(step.do).parameters
    if legacy:
        return step.do(name, depends=[])
    return step.do(name)
"""


def test_arguments_that_suit_the_signature_are_not_flagged(tmp_path: Path) -> None:
    assert project_codes(tmp_path, _DURABLE, imports=_BY_SIGNATURE) == []
    assert project_codes(tmp_path, _DURABLE, imports=_BY_SIGNATURE, mode=LEGACY) == []


_BY_HELPER = """
import inspect

def is_legacy(step):
    return "depends" in inspect.signature(step.do).parameters

def durable(step, name):
    return step.do(name, depends=[]) if is_legacy(step) else step.do(name)
"""


def test_signature_in_a_helper(tmp_path: Path) -> None:
    assert project_codes(tmp_path, _DURABLE, imports=_BY_HELPER) == []


def test_flag_of_the_class() -> None:
    source = """
from workers import WorkflowEntrypoint

class Orders(WorkflowEntrypoint):
    DRY_RUN = False

    async def run(self, event, step):
        if self.DRY_RUN:
            await step.sleep("a", "5 min")
        self.DRY_RUN and await step.sleep("a", "5 min")
        await step.sleep("b", "1 hour")
"""
    assert check_analysis(analyze_source(source)) == ()
    assigned = source.replace("        if", "        self.DRY_RUN = event['payload']\n        if")
    assert [finding.code for finding in check_analysis(analyze_source(assigned))] == ["SG205", "SG205"]


@pytest.mark.parametrize(
    "condition",
    [
        "sys.version_info < (3, 8)",
        "sys.version_info[0] == 2",
        "sys.version_info[:2] <= (3, 10)",
        "sys.version_info.major < 3",
        'sys.platform in ("win32", "cygwin")',
        'sys.platform.startswith("win")',
        'platform.system() == "Windows"',
        "not __debug__",
        "IS_OLD",
    ],
)
def test_code_that_the_platform_disables_is_not_flagged(condition: str) -> None:
    imports = "import platform\nimport sys\n\nIS_OLD = sys.version_info < (3, 9)\n"
    body = 'if {}:\n    await step.sleep("a", "5 min")\nawait step.sleep("b", "1 hour")'

    assert snippets.codes_in(body.format(condition), imports) == []
    assert snippets.codes_in(body.format(f"event or not ({condition})"), imports) == ["SG205"]


@pytest.mark.parametrize(
    "condition",
    ["sys.version_info >= (3, 14)", "sys.version_info[1] == 13", "sys.version_info[:3] == (3, 12, 7)", "sys.argv"],
)
def test_condition_that_differs_by_worker_disables_no_code(condition: str) -> None:
    body = f'import sys\nif {condition}:\n    await step.sleep("a", "5 min")\nawait step.sleep("b", "1 hour")'

    assert snippets.codes_in(body) == ["SG205"]


def test_code_after_a_return_by_a_constant_is_not_flagged() -> None:
    body = 'if not DEBUG:\n    return await step.sleep("a", "1 hour")\nawait step.sleep("b", "5 min")'

    assert snippets.codes_in(body, _FLAGS) == []
    assert snippets.codes_in(body.replace("not DEBUG", "DEBUG"), _FLAGS) == ["SG205"]


_CALLS = """
from workers import WorkflowEntrypoint


def total(order):
    return convert(order, {argument})


def convert(order):
    return order


class Orders(WorkflowEntrypoint):
    async def run(self, event, step):
        @step.do("a")
        async def a():
            try:
                return total(event)
            except {error}:
                return {fallback}

        await a()
"""


@pytest.mark.parametrize(
    ("argument", "error", "fallback", "codes"),
    [
        ("1", "TypeError", "0", []),
        ("1", "(KeyError, TypeError)", "0", []),
        ("1", "KeyError", "0", ["SG134"]),
        ("1", "TypeError", "total(0)", ["SG134"]),
        ("order=unicode_type", "(NameError, TypeError)", "0", []),
        ("order=unicode_type", "TypeError", "0", ["SG130"]),
    ],
)
def test_error_that_each_caller_expects(argument: str, error: str, fallback: str, codes: list[str]) -> None:
    source = _CALLS.format(argument=argument, error=error, fallback=fallback)
    assert [finding.code for finding in check_analysis(analyze_source(source))] == codes


_PAUSING = """
async def pause(event, step):
    await step.sleep("a", "1 hour")
"""


@pytest.mark.parametrize(
    ("work", "code"), [("await pause(step)", "SG134"), ('await step.sleep("a", missing_name)', "SG130")]
)
def test_error_of_a_coroutine_that_is_awaited_outside_of_the_try(work: str, code: str) -> None:
    body = f"""
async def work():
    {work}
try:
    coroutine = work()
except (TypeError, NameError):
    return
{{}}
await step.sleep("b", "1 hour")
"""
    assert snippets.codes_in(body.format("await coroutine"), _PAUSING) == [code]
    awaited = body.replace("coroutine = work()", "coroutine = work()\n    await coroutine")
    assert code not in snippets.codes_in(awaited.format("pass"), _PAUSING)


def test_call_with_wrong_arguments_in_a_try_around_the_call() -> None:
    body = """
await step.sleep("b", "1 hour")
try:
    coroutine = pause(step)
except TypeError:
    return
await coroutine
"""
    assert snippets.codes_in(body, _PAUSING) == []
