"""Test whether the results of steps can be stored."""

from __future__ import annotations

from textwrap import indent

import pytest

from tests.checks.snippets import codes_in, only_finding

_BEFORE = """
import csv
import decimal
import hashlib
import os.path
import re
import time
import urllib.parse
import uuid
from collections import Counter, namedtuple
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum, auto
from pathlib import Path
from typing import NamedTuple

from elsewhere import Base, decorated
from pydantic import BaseModel
from pyodide.ffi import to_js
from pyodide.http import pyfetch
from workers import fetch

Row = namedtuple("Row", "name amount")

PAIR = (1, 2)

class State(Enum):
    PAID = "paid"
    OPEN = auto()

class Level(IntEnum):
    HIGH = 1

class Word(StrEnum):
    YES = "yes"

class Mixed(str, Enum):
    YES = "yes"

@dataclass
class Receipt:
    number: int = 1

class Point(NamedTuple):
    x: int

class Invoice(BaseModel):
    number: int = 1

class Plain:
    pass

class Derived(Plain):
    pass

class Table(dict):
    pass

class Foreign(Base):
    pass

@decorated
class Odd:
    pass

class Refused(Exception):
    pass

class Chosen:
    def __new__(cls):
        return {}

def pair():
    return 1, 2

async def pair_later():
    return 1, 2

def same(value):
    return value
"""


def _step_returning(source: str) -> str:
    return f'@step.do("charge")\nasync def charge():\n    return {source}\n\nawait charge()'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "description", "advice"),
    [
        ("1, 2", "a tuple", "Return a list or a dictionary."),
        ("pair()", "a tuple", "Return a list or a dictionary."),
        ("await pair_later()", "a tuple", "Return a list or a dictionary."),
        ("PAIR", "a tuple", "Return a list or a dictionary."),
        ("[(1, 2)]", "a value with a tuple", "Return a list or a dictionary."),
        ("[(n, n) for n in range(3)]", "a value with a tuple", "Return a list or a dictionary."),
        ("list(zip([1], [2]))", "a value with a tuple", "Return a list or a dictionary."),
        ("Row(1, 2)", "a named tuple (`Row`)", "Return its `_asdict()`."),
        ("Point(1)", "a named tuple (`Point`)", "Return its `_asdict()`."),
        ("bytearray(5)", "a bytearray", "Convert it with `bytes(...)`."),
        ("date.today()", "a date", "Return its `.isoformat()`."),
        ("datetime.now().date()", "a date", "Return its `.isoformat()`."),
        ("date.today() + timedelta(days=1)", "a date", "Return its `.isoformat()`."),
        ("(datetime.now() + timedelta(days=1)).date()", "a date", "Return its `.isoformat()`."),
        ("timedelta(days=1)", "a timedelta", "Return its `total_seconds()`."),
        ('timedelta(days=event["payload"]["days"])', "a timedelta", "Return its `total_seconds()`."),
        ('Decimal("1.5")', "a Decimal", "Convert it with `str(...)`."),
        ('decimal.Decimal("1.5").quantize(1)', "a Decimal", "Convert it with `str(...)`."),
        ('Decimal(event["payload"]["price"]) * 3', "a Decimal", "Convert it with `str(...)`."),
        ('event["payload"]["count"] * Decimal("1.5")', "a Decimal", "Convert it with `str(...)`."),
        ("datetime.now() - datetime(2026, 1, 1)", "a timedelta", "Return its `total_seconds()`."),
        ("dict(a=1).keys()", "a view of a dictionary", "Convert it with `list(...)`."),
        ('{"ids": {"a": 1}.values()}', "a value with a view of a dictionary", "Convert it with `list(...)`."),
        ('os.path.split("a/b")', "a tuple", "Convert it with `list(...)`."),
        ('hashlib.sha256(b"a")', "a hash object", "Return its `.hexdigest()`."),
        ('urllib.parse.urlparse("a")', "a parsed URL", "Return its `.geturl()`."),
        ("time.localtime()", "a `struct_time`", "Return `time.time()`."),
        ('csv.DictReader(["a"])', "an iterator", "Convert it with `list(...)`."),
        ("uuid.uuid4()", "a UUID", "Convert it with `str(...)`."),
        ("Path.cwd()", "a path", "Convert it with `str(...)`."),
        ("State.PAID", "a member of the enum `State`", "Return its `.value`."),
        ("State.PAID if event else State.OPEN", "a member of the enum `State`", "Return its `.value`."),
        ("State.OPEN", "a member of the enum `State`", "Return its `.value`."),
        ('State("paid")', "a member of the enum `State`", "Return its `.value`."),
        ("Receipt()", "an instance of the dataclass `Receipt`", "Convert it with `dataclasses.asdict(...)`."),
        (
            "[Receipt()]",
            "a value with an instance of the dataclass `Receipt`",
            "Convert it with `dataclasses.asdict(...)`.",
        ),
        ("Invoice()", "an instance of the model `Invoice`", "Return its `model_dump()`."),
        ("Derived()", "an instance of the class `Derived`", "Return a dictionary of the fields you need."),
        ("(n for n in [1])", "a generator", "Convert it with `list(...)`."),
        ("pair_later()", "a coroutine that was not awaited", "Write `await` before it."),
        ('(await fetch("a")).json()', "a coroutine that was not awaited", "Write `await` before it."),
        ('[(await pyfetch("a")).text()]', "a value with a coroutine that was not awaited", "Write `await` before it."),
        ('fetch("a")', "a coroutine that was not awaited", "Write `await` before it."),
        ("pair", "a function", "Call it, and return the result."),
        ("lambda: 1", "a function", "Call it, and return the result."),
        ("Plain", "a class", "Return its name."),
        ("time.time", "a function", "Call it, and return the result."),
        ('{"id": uuid.uuid4}', "a value with a function", "Call it, and return the result."),
        ("datetime.now().isoformat", "a function", "Call it, and return the result."),
        ("[len]", "a value with a function", "Call it, and return the result."),
        ("str", "a class", "Return its name."),
        ("time", "a module", "Return a value from it."),
        ('re.match("a", "a")', "a match object", "Return its `.group()`."),
        ('re.search("(a)", "a").groups()', "a tuple", "Convert it with `list(...)`."),
        ('re.compile("(a)").search("a").groups()', "a tuple", "Convert it with `list(...)`."),
        ('re.finditer("a", "a")', "an iterator", "Convert it with `list(...)`."),
        ('Counter("aab").most_common()', "a list of tuples", "Convert its pairs with `list(...)`."),
        ("range(3)", "a range", "Convert it with `list(...)`."),
        ("time.time_ns()", "an integer that is too large for JavaScript", "Return a string."),
        ("{frozenset({1})}", "a value with a frozenset", "Convert it with `set(...)` or `list(...)`."),
        ("3j", "a complex number", "Return its parts, `[z.real, z.imag]`."),
    ],
)  # fmt: skip
def test_unsupported_results(source: str, description: str, advice: str) -> None:
    finding = only_finding(_step_returning(source), _BEFORE)

    assert finding.code == "SG121"
    assert finding.message == f"the step 'charge' returns {description}, which the engine cannot store: the step fails."
    assert finding.advice == advice


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "None",
        '{"a": [1, 2.5, True, None, b"1", "x"]}',
        "{1, 2}",
        "datetime.now()",
        "datetime(2026, 1, 1)",
        "datetime.now().isoformat()",
        "datetime.now().year",
        're.match("a", "a").group()',
        're.search("a", "b") is not None',
        'bool(re.search("a", "b"))',
        "date.min.year",
        "datetime.now() + timedelta(days=1)",
        "timedelta(days=n) + datetime.now()",
        "timedelta(days=n) / timedelta(days=1)",
        'int(Decimal("1.5"))',
        'Decimal("1.5") > 1',
        'str(Decimal("1.5") * 2)',
        "(datetime.now() - datetime(2026, 1, 1)).days",
        "list({'a': 1}.keys())",
        "event['payload'].keys()",
        "list(pair())",
        "[*PAIR]",
        "sorted(PAIR)",
        "[list(row) for row in zip([1], [2])]",
        "dict(zip([1], [2]))",
        "asdict(Receipt())",
        "State.PAID.value",
        "Level.HIGH",
        "Word.YES",
        "Mixed.YES",
        "str(uuid.uuid4())",
        "uuid.uuid4().hex",
        'float(Decimal("1.5"))',
        "timedelta(days=1).total_seconds()",
        "Path.cwd().name",
        "Table()",
        "Foreign()",
        "Odd()",
        "Refused()",
        "Chosen()",
        "Receipt().number",
        "len(PAIR)",
        "PAIR[0]",
        "to_js((1, 2))",
        "same([1])",
        'event["payload"]["rows"]',
    ],
)
def test_supported_results(source: str) -> None:
    assert codes_in(f"n = event['payload']['n']\nsame((1, 2))\n{_step_returning(source)}", _BEFORE) == []


def test_unsupported_part_is_located() -> None:
    finding = only_finding(_step_returning('{"price": Decimal("1"), "at": 5}'), "from decimal import Decimal")

    assert (finding.span.line, finding.span.column, finding.span.end_column) == (9, 30, 42)


def test_value_assigned_to_a_name() -> None:
    body = """
    @step.do("charge")
    async def charge():
        result = ("charged", 10)
        return result

    await charge()
    """

    assert only_finding(body).span.line == 10


def test_rebound_name_has_its_new_value() -> None:
    body = """
    @step.do("charge")
    async def charge():
        result = ("charged", 10)
        result = list(result)
        return result

    await charge()
    """

    assert codes_in(body) == []


def _step_with_body(statements: str) -> str:
    return f'@step.do("charge")\nasync def charge():\n{indent(statements, "    ")}\n\nawait charge()'


_CAUGHT = 'try:\n    return int("x")\nexcept ValueError as error:\n    return {"error": %s}'


_LAST = 'last = Decimal("0")\nfor price in "12":\n    before = last\n    last = float(price)\nreturn before'


@pytest.mark.parametrize(
    ("statements", "description"),
    [
        ('total = Decimal("0")\nfor price in "12":\n    total += Decimal(price)\nreturn total', "a Decimal"),
        ('return sum(Decimal(price) for price in "12")', "a Decimal"),
    ],
)
def test_type_of_a_value_that_changes(statements: str, description: str) -> None:
    finding = only_finding(_step_with_body(statements), "from decimal import Decimal")

    assert finding.message == f"the step 'charge' returns {description}, which the engine cannot store: the step fails."


@pytest.mark.parametrize(
    "statements",
    [
        'total = Decimal("0")\ntotal += 1\ntotal = str(total)\nreturn total',
        'return float(sum(Decimal(price) for price in "12"))',
        'return "%.2f" % Decimal("1.5")',
        'text = "total: %s"\ntext %= Decimal("1.5")\nreturn text',
        'price = Decimal("1")\nprice += Tax()\nreturn price',
        'return sum([Decimal("1"), Tax()])',
        'return Decimal("1") * numpy.array([1])',
        _CAUGHT % "error",  # The SDK converts exceptions to objects of the JavaScript class `Error`.
        'return ValueError("declined")',
        _LAST,
    ],
)
def test_converted_value_is_not_reported(statements: str) -> None:
    imports = "import numpy\nfrom decimal import Decimal"
    tax = "class Tax:\n    def __radd__(self, other):\n        return 1.0"
    assert codes_in(_step_with_body(statements), f"{imports}\n{tax}") == []


def test_appended_rows_are_part_of_the_list() -> None:
    body = """
    @step.do("read")
    async def read():
        rows = []
        for number in range(3):
            rows.append((number, "x"))
        return rows

    await read()
    """

    assert codes_in(body) == ["SG121"]


def test_replaced_rows_are_not_part_of_the_list() -> None:
    body = """
    @step.do("read")
    async def read():
        rows = [(1, 2), (3, 4)]
        for index, row in enumerate(rows):
            rows[index] = list(row)
        return rows

    await read()
    """

    assert codes_in(body) == []


def test_one_failing_path_is_sufficient() -> None:
    body = """
    @step.do("read")
    async def read():
        if event["payload"]["empty"]:
            return None
        return 1, 2

    await read()
    """

    assert codes_in(body) == ["SG121"]


def test_generator_as_step_function() -> None:
    body = """
    @step.do("read")
    async def read():
        yield 1

    await read()
    """

    assert only_finding(body).message == (
        "the step 'read' contains `yield`, so it returns a generator, which the engine cannot store: the step fails."
    )


def test_lambda_and_method_as_step_functions() -> None:
    before = """
    class Reader:
        def read(self):
            return 1, 2
    """

    assert codes_in('await step.do("read")(lambda: (1, 2))()') == ["SG121"]
    assert codes_in('await step.do("read")(Reader().read)()', before) == ["SG121"]


def test_sdk_awaits_returned_coroutines() -> None:
    before = "async def read():\n    return 1"

    assert codes_in('await step.do("read")(lambda: read())()', before) == []
    assert codes_in('await step.do("read")(lambda: asyncio.sleep(1))()', "import asyncio") == []


def test_results_of_other_functions_do_not_matter() -> None:
    body = """
    async def read():
        @step.do("read")
        async def rows():
            return [1, 2]

        return await rows(), 5

    rows, number = await read()
    """

    assert codes_in(body) == []


def test_message_on_the_result_of_run() -> None:
    finding = only_finding('await step.sleep("rest", "1 hour")\nreturn "done", 1')

    assert (
        finding.message
        == "`run` returns a tuple, which cannot be sent to the engine: the instance fails after its last step."
    )
    assert finding.advice == "Return a list or a dictionary."


def test_coroutine_returned_by_run_is_unawaited() -> None:
    body = '@step.do("charge")\nasync def charge():\n    return 1\n\nawait charge()\nreturn charge()'

    assert codes_in(body) == ["SG201"]


@pytest.mark.parametrize(
    ("result", "description"),
    [
        ("{(1, 2): 3}", "a value with a tuple as a key"),
        ("{datetime(2026, 1, 1)}", "a value with a datetime in a set"),
        ("{(1, 2)}", "a value with a tuple in a set"),
        ("2 ** 53", "an integer that is too large for JavaScript"),
        ("frozenset({1})", "a frozenset"),
    ],
)
def test_values_without_javascript_equivalent(result: str, description: str) -> None:
    finding = only_finding(f'await step.do("give")(lambda: {result})()', "from datetime import datetime")

    assert finding.message == f"the step 'give' returns {description}, which the engine cannot store: the step fails."


@pytest.mark.parametrize(
    "use",
    [
        "x = function()\n        if inspect.isawaitable(x):\n            x = await x\n        return x",
        "result = function()\n        return await result if asyncio.iscoroutine(result) else result",
        "if inspect.iscoroutinefunction(function):\n            return await function()\n        return function()",
        "return function() if callable(function) else function",
    ],
)
def test_results_that_depend_on_type_checks(use: str) -> None:
    body = f"""
async def load():
    return 1

async def run_step(name, function):
    @step.do(name)
    async def inner():
        {use}

    return await inner()

await run_step("load", load)
"""

    assert codes_in(body, "import asyncio\nimport inspect") == []


def test_parameter_is_never_its_default() -> None:
    body = """
        @step.do("first")
        async def first():
            return "foo"

        @step.do("both", depends=[first, first])
        async def both(one=(), two=()):
            return one + two

        await both()
    """
    assert codes_in(body) == []
