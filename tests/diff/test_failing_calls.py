"""Changed exceptions of functions without steps that are called between steps, outside of handlers."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from stepgraph.execution.engine_rules import InstanceEffect
from stepgraph.execution.log import LogEntry
from tests.diff.test_raising_functions import HEAD, changes_of_modules
from tests.instances.replay_pairs import new_code
from tests.instances.short_logs import ended, failed, log_of, opened
from tests.instances.test_imported_values import effect as effect_of_project

RUN = """
    async def run(self, event, step):
        seat = await step.do("book")(self.work)()
        {}
        await step.sleep("nap", 1000)
"""
OTHER = [("code after step 'book' may raise other exceptions", "breaking")]
FEWER = [("code after step 'book' may raise fewer exceptions", "safe")]
CHECK = "check(seat)"
PAY = 'await step.do("pay")(self.work)()'


def version(code: str, helpers: str = "") -> str:
    """Return a module in which `code` follows a step."""
    return f"{dedent(helpers)}\n{HEAD}{RUN.format(code)}"


MANAGER = """
class Rules:
    def __enter__(self):
        assert self.seat["{}"]

    def __exit__(self, *error):
        pass
"""
GENERATOR = """
from contextlib import contextmanager

@contextmanager
def rules(seat):
    yield
    if seat['{}']:
        raise ValueError
"""
CHANGED = {
    "condition": (
        CHECK,
        'def check(seat):\n    if seat["row"] > {}:\n        raise ValueError("full")',
        ("3", "5"),
    ),
    "assert": (CHECK, 'def check(seat):\n    assert seat["{}"]', ("row", "column")),
    "nested call": (
        CHECK,
        'def limit(row):\n    if row > {}:\n        raise ValueError\n\ndef check(seat):\n    limit(seat["row"])',
        ("3", "5"),
    ),
    "returned value": (
        "price = cost(seat)",
        'def cost(seat):\n    if seat["row"] > {}:\n        raise ValueError\n    return 2',
        ("3", "5"),
    ),
    "early return": (
        CHECK,
        'def check(seat):\n    if seat["{}"]:\n        return\n    raise ValueError',
        ("row", "column"),
    ),
    "variable": (
        CHECK,
        'def check(seat):\n    row = seat["{}"]\n    row += 1\n    if row > 3:\n        raise ValueError',
        ("row", "column"),
    ),
    "constant": (CHECK, "LIMIT = {}\n\ndef check(seat):\n    assert seat > LIMIT", ("3", "5")),
    "method of an object": (
        "RULES.check(seat)",
        "class Rules:\n    def check(self, seat):\n        assert seat > {}\n\nRULES = Rules()",
        ("3", "5"),
    ),
    "property": (
        "seat.row",
        "class Seat:\n    @property\n    def row(self):\n        assert self.number > {}\n        return 1",
        ("3", "5"),
    ),
    "initializer": (
        "Seat(seat)",
        "class Seat:\n    def __init__(self, seat):\n        assert seat['{}']",
        ("row", "column"),
    ),
    "validator": (
        "Seat.model_validate(order)",
        "class Seat(BaseModel):\n    @field_validator('row')\n    def check(cls, row):\n        assert row > {}",
        ("3", "5"),
    ),
    "manager": (
        "with Rules(seat): pass",
        MANAGER,
        ("row", "column"),
    ),
    "variable with a manager": (
        "rules = seat['{}']\n        with rules: pass",
        MANAGER.replace("{}", "row"),
        ("rules", "others"),
    ),
    "generator": (
        "with rules(seat): pass",
        GENERATOR,
        ("row", "column"),
    ),
    "comprehension": ("[check(each) for each in seat]", "def check(seat):\n    assert seat > {}", ("3", "5")),
    "loop": (
        "for each in seat: check(each)",
        "def check(seat):\n    for each in seat:\n        if each > {}:\n            raise ValueError",
        ("3", "5"),
    ),
    "match": (
        CHECK,
        'def check(seat):\n    match seat:\n        case {"row": {}}:\n            raise ValueError',
        ("3", "5"),
    ),
    "caught exception": (
        CHECK,
        'def check(seat):\n    try:\n        int(seat["{}"])\n    except ValueError:\n        raise KeyError from None',
        ("row", "column"),
    ),
}


CHECKS = """
def few(seat):
    assert seat > 3

def many(seat):
    assert seat < 9

def apply(check, seat):
    check(seat)

CHECKS = [few, {}]
TABLE = {"a": {}}
"""
DECORATED = """
def limited(function):
    def inner(seat):
        assert seat > {}
        return function(seat)
    return inner

@limited
def price(seat):
    return 2
"""
CHANGED |= {
    "loop over functions": ("for check in CHECKS: check(seat)", CHECKS, ("few", "many")),
    "table of functions": ('TABLE["a"](seat)', CHECKS, ("few", "many")),
    "parameter": ("apply({}, seat)", CHECKS, ("few", "many")),
    "passed function": ("list(map({}, [seat]))", CHECKS, ("few", "many")),
    "decorator": ("price(seat)", DECORATED, ("3", "5")),
    "attribute of a class": ("Checks.check(seat)", CHECKS + "\nclass Checks:\n    check = {}", ("few", "many")),
    "attribute of an object": ("self.check = {}; self.check(seat)", CHECKS, ("few", "many")),
    "callable object": (
        "check(seat)",
        "class Check:\n    def __call__(self, seat): assert seat > {}\n\ncheck = Check()",
        ("3", "5"),
    ),
    "computed attribute": (
        'getattr(Checks, "check")(seat)',
        "class Checks:\n    def check(seat): assert seat > {}",
        ("3", "5"),
    ),
    "lambda": ("is_valid = lambda: check(seat); is_valid()", "def check(seat):\n    assert seat > {}", ("3", "5")),
    "captured variable": (
        "limit = {}\n        def check():\n            assert seat > limit\n        check()",
        "",
        ("3", "5"),
    ),
    "method of a new object": (
        "Rules({}).check(seat)",
        "class Rules:\n    def __init__(self, n): self.n = n\n    def check(self, n): assert n > self.n",
        ("3", "5"),
    ),
}


@pytest.mark.parametrize(("code", "helpers", "edit"), CHANGED.values(), ids=CHANGED)
def test_changed_functions(code: str, helpers: str, edit: tuple[str, str]) -> None:
    old, new = (version(code.replace("{}", each), helpers.replace("{}", each)) for each in edit)
    assert changes_of_modules(old, new) == OTHER
    assert changes_of_modules(old, old) == []


@pytest.mark.parametrize(
    ("old", "new", "helper"),
    [
        ('check(seat["row"])', 'check(seat["column"])', "def check(row):\n    assert row"),
        ("pass", "check(seat)", "def check(seat):\n    assert seat"),
        ("check(seat, 3)", "check(seat, 5)", "def check(seat, limit):\n    assert seat > limit"),
        ("if seat[1]: check(seat)", "if seat: check(seat)", "def check(seat):\n    assert seat"),
        ("seat[1] and check(seat)", "seat and check(seat)", "def check(seat):\n    assert seat"),
    ],
)
def test_changed_calls(old: str, new: str, helper: str) -> None:
    assert changes_of_modules(version(old, helper), version(new, helper)) == OTHER


EQUAL = {
    "result": (
        "price = cost(seat)",
        'def cost(seat):\n    if seat["row"] > 3:\n        raise ValueError\n    return seat["row"] * {}',
        ("2", "3"),
    ),
    "message": (CHECK, 'def check(seat):\n    if seat > 3:\n        raise ValueError("{}")', ("full", "taken")),
    "log": (CHECK, 'def check(seat):\n    print("{}")\n    assert seat', ("full", "taken")),
    "code behind": (CHECK, "def check(seat):\n    assert seat\n    if {}: return 1", ("seat", "1")),
    "names": (CHECK, "def check(seat):\n    for {} in seat:\n        assert {}", ("row", "each")),
    "result of a nested call": (
        CHECK,
        "def cost(seat):\n    assert seat\n    return {}\n\ndef check(seat):\n    return cost(seat)",
        ("2", "3"),
    ),
    "without exceptions": (CHECK, "def check(seat):\n    return seat > {}", ("2", "3")),
}


PREDICATE = """
LIMIT = 3

def is_small(row):
    return row < LIMIT

def check(seat):
    if {}:
        raise ValueError
"""
EQUAL |= {
    "variable": (
        CHECK,
        "def check(seat):\n    {}:\n        raise ValueError",
        ('if seat["row"] > 3', 'row = seat["row"]\n    if row > 3'),
    ),
    "predicate": (CHECK, PREDICATE, ('seat["row"] < LIMIT', 'is_small(seat["row"])')),
    "nested tests": (
        CHECK,
        "def check(seat):\n    if seat[1]{}seat[2]:\n            raise ValueError",
        (" and ", ":\n        if "),
    ),
    "equal exceptions": (
        CHECK,
        'def check(seat):\n    if seat[1]{}seat[2]:\n        raise ValueError("full")',
        (" or ", ':\n        raise ValueError("row")\n    if '),
    ),
}


@pytest.mark.parametrize(("code", "helpers", "edit"), EQUAL.values(), ids=EQUAL)
def test_equal_exceptions_of_functions(code: str, helpers: str, edit: tuple[str, str]) -> None:
    old, new = (version(code, helpers.replace("{}", each)) for each in edit)
    assert changes_of_modules(old, new) == []


@pytest.mark.parametrize("limit", ["LIMIT = 5", "LIMIT = seat['row']"])
def test_predicates_do_not_read_variables_of_the_caller(limit: str) -> None:
    old, new = (PREDICATE.format(each) for each in ("seat[1] < LIMIT", "is_small(seat[1])"))
    pair = (version(CHECK, each.replace("    if", f"    {limit}\n    if")) for each in (old, new))
    assert changes_of_modules(*pair) == OTHER


def test_parameters_that_decide_no_exception() -> None:
    helper = "def check(seat, name):\n    print(name)\n    assert seat"
    assert changes_of_modules(version("check(seat, 1)", helper), version("check(seat, 2)", helper)) == []


def test_handled_exceptions_of_functions() -> None:
    code, helper = "try: check(seat)\n        except Exception: pass", "def check(seat):\n    assert seat > {}"
    assert changes_of_modules(version(code, helper.format(3)), version(code, helper.format(5))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("assert seat", "pass"), (f"assert seat\n        {PAY}", f"{PAY}\n        assert seat"), ("check(seat)", "pass")],
)
def test_fewer_exceptions(old: str, new: str) -> None:
    helper = "def check(seat):\n    assert seat"
    assert changes_of_modules(version(old, helper), version(new, helper)) == FEWER


@pytest.mark.parametrize(("entries", "effect"), [(["book"], "resumes"), (["book", "nap"], "unknown")])
def test_changed_functions_on_instances(entries: list[str], effect: InstanceEffect) -> None:
    old, new = (version(CHECK, f"def check(seat):\n    assert seat > {limit}") for limit in (3, 5))
    log = log_of("running", *map(ended, entries[:-1]), opened(entries[-1], "sleep" if entries[-1] == "nap" else "step"))
    assert new_code(old, new).replay(log).effect == effect
    assert new_code(old, old).replay(log).effect == "resumes"


@pytest.mark.parametrize(("pay", "effect"), [(failed("pay", "ValueError: no"), "unknown"), (ended("pay"), "resumes")])
def test_changed_functions_in_a_handler(pay: LogEntry, effect: InstanceEffect) -> None:
    code = f"try:\n            {PAY}\n        except ValueError:\n            check(seat)"
    old, new = (version(code, f"def check(seat):\n    assert seat > {limit}") for limit in (3, 5))
    assert new_code(old, new).replay(log_of("running", ended("book"), pay, opened("nap", "sleep"))).effect == effect


BODY = """
def check(seat):
    assert seat > {}

async def pay():
    assert 1 > {}

STEPS = {{"pay": pay}}
"""


@pytest.mark.parametrize(
    "code",
    [
        'await step.do("pay")(pay)()',
        "for name, body in STEPS.items(): await step.do(name)(body)()",
        '@step.do("pay")\n        async def charge():\n            check(seat)\n        await charge()',
    ],
)
def test_exceptions_in_bodies_of_steps(code: str) -> None:
    assert changes_of_modules(version(code, BODY.format(3, 3)), version(code, BODY.format(5, 5))) == []


def test_changed_functions_of_modules_that_functions_import(tmp_path: Path) -> None:
    entry = version("from rules import check\n        check(seat)")
    rules = "def check(seat):\n    assert seat > {}"
    pair = [{"entry.py": entry, "rules.py": rules.format(limit)} for limit in (3, 5)]
    log = log_of("running", ended("book"), opened("nap", "sleep"))
    assert effect_of_project(tmp_path, pair[0], pair[1], log) == "unknown"
    assert effect_of_project(tmp_path / "same", pair[0], pair[0], log) == "resumes"


def test_documented_exception_classes() -> None:
    helper = "class Full(Exception):\n    {}\n\ndef check(seat):\n    if seat: raise Full"
    old, new = (version(CHECK, helper.format(body)) for body in ("pass", '"""No seat is free."""'))
    assert changes_of_modules(old, new) == []


@pytest.mark.parametrize(
    ("wait", "name"),
    [("sleep('a', 5)", "sleep 'a'"), ("wait_for_event('a', type='ready', timeout='1 day')", "event wait 'a'")],
)
def test_workflow_without_steps(wait: str, name: str) -> None:
    helper = "def check(payload):\n    if payload > {}:\n        raise ValueError"
    code = f"await step.{wait}\n        check(event['payload'])"
    run = version("", helper).replace('seat = await step.do("book")(self.work)()', code)
    old, new = (run.replace("{}", limit) for limit in ("3", "5"))
    assert changes_of_modules(old, new) == [(f"code after {name} may raise other exceptions", "breaking")]


def test_caught_raise_in_a_workflow_without_steps() -> None:
    code = """try:
            await step.sleep("a", 5)
            if event["payload"] > {}:
                raise ValueError
        except ValueError:
            await step.sleep("b", 5)"""
    run = version("").replace('seat = await step.do("book")(self.work)()', code)
    title = "`try` around 'a': the conditions of `raise` statements that it catches changed"
    assert changes_of_modules(run.replace("{}", "3"), run.replace("{}", "5")) == [(title, "breaking")]
