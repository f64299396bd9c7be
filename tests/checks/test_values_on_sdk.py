"""Test that rules report exactly the values with which execution fails."""

from __future__ import annotations

import pytest

from stepgraph.api import analyze_source, check_analysis
from stepgraph.checks.diagnostic import Severity
from tests.checks.snippets import module_source, step_with_config
from tests.execution.runner import Execution, execute

BEFORE = """
    import csv, hashlib, math, struct
    from collections import Counter, OrderedDict, deque, namedtuple
    from dataclasses import asdict, dataclass
    from os.path import splitext
    from time import localtime
    from urllib.parse import urlsplit
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from enum import Enum, Flag, IntEnum, StrEnum
    from types import SimpleNamespace
    from typing import NamedTuple
    from uuid import uuid4

    class Color(Enum):
        RED = "red"

    class Name(StrEnum):
        ADA = "ada"

    class Number(IntEnum):
        ONE = 1

    class Right(Flag):
        READ = 1

    @dataclass
    class Order:
        number: int

    class Pair(NamedTuple):
        left: int
        right: int

    Point = namedtuple("Point", "x y")

    def pair():
        return 1, 2

    def numbers():
        yield 1
"""


def has_error(source: str) -> bool:
    """Return whether a rule reports an error."""
    return any(finding.severity is Severity.ERROR for finding in check_analysis(analyze_source(source)))


def execute_failing_once(source: str) -> Execution:
    """Run a workflow whose steps take half a second and fail at the first attempt."""
    return execute(source, takes=lambda *_: 0.5, fails=lambda *of: KeyError("no luck") if of[-1] == 1 else None)


DURATIONS = [
    *("0", "-1", "1000", "60_000", "None", "True", "False", "math.inf", "timedelta(hours=1)", "b'1'", "(1,)", "{}"),
    *('""', '" "', '"0"', '"-5"', '"1e5"', '"0x1000"', '"Infinity"', '"-Infinity"', '"1e400"', '"1_000"'),
    *('"10s"', '"PT10S"', '"1 hour 30 minutes"', '"ten minutes"', '"1,000 seconds"', '"10\\tminutes"', '"½ hour"'),
    *('"1 hour"', '" 10 minutes"', '"10 minutes "', '"10  minutes"', '"1.5 hours"', '"Infinity days"'),
    *('"0 seconds"', '"-1 second"', '"1 year"', '"365 days"', '"366 days"', '"52 weeks"', '"53 weeks"'),
]

USES = {
    "a sleep": 'await step.sleep("cool down", {})',
    "a wait": 'await step.wait_for_event("approval", "approved", timeout={})',
    "a step's timeout": step_with_config('{{"timeout": {}}}'),
    "a retry's delay": step_with_config('{{"retries": {{"limit": 2, "delay": {}}}}}'),
}


@pytest.mark.slow
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("duration", DURATIONS)
def test_duration_is_an_error_iff_it_fails(duration: str, use: str) -> None:
    source = module_source(USES[use].format(duration), BEFORE)
    assert has_error(source) == execute_failing_once(source).failed


RESULTS = [
    *("None", "True", "1", "2 ** 53 - 2", "1e300", "math.nan", "'text'", "b'ab'", "memoryview(b'ab')", "[1, [None]]"),
    *("{1: 'a'}", "{1, 'a'}", "{None: 1}", "{2**60: 1}", "{Name.ADA: 1}", "Counter('aab')", "OrderedDict(a=1)"),
    *("Name.ADA", "Number.ONE", "Color.RED.value", "asdict(Order(1))", "vars(Order(1))", "Pair(1, 2)._asdict()"),
    *("list(pair())", "list(numbers())", "[*range(3)]", "str((1, 2))", "(1, 2)[0]", "len((1, 2))", "datetime.now()"),
    *("(1, 2)", "()", "[(1, 2)]", "{'a': (1, 2)}", "[*{'a': 1}.items()]", "pair()", "[1] + [(2,)]", "divmod(5, 2)"),
    *("Pair(1, 2)", "Point(1, 2)", "bytearray(b'a')", "date(2026, 1, 1)", "time(1)", "timedelta(1)", "Decimal(1)"),
    *("datetime.now().date()", "uuid4()", "Order(1)", "Color.RED", "Right.READ", "object()", "SimpleNamespace(a=1)"),
    *("numbers()", "(n for n in [1])", "range(3)", "frozenset({1})", "frozenset(event)", "deque([1])", "deque(event)"),
    *(
        "hashlib.md5()",
        "hashlib.md5().hexdigest()",
        "urlsplit('a')",
        "urlsplit('a').path",
        "localtime()",
        "csv.reader([])",
    ),
    *("struct.unpack('B', b'a')", "struct.unpack('B', b'a')[0]", "splitext('a')", "splitext('a')[0]"),
    *("1j", "{(1, 2): 3}", "{b'a': 1}", "{b'a'}", "{date(2026, 1, 1): 1}", "{datetime(2026, 1, 1)}", "{Color.RED: 1}"),
    *("ValueError('a')", "{'error': ValueError('a')}", "KeyError"),
]
ONLY_CLONEABLE = ["2 ** 53", "[2 ** 60]", "{-(2 ** 53)}", "lambda: 1", "[pair]", "Order"]


def returned_by_step(result: str) -> str:
    return module_source(f"await step.do('give')(lambda: {result})()", BEFORE)


def returned_by_run(result: str) -> str:
    return module_source(f"await step.sleep('rest', '1 hour')\nreturn {result}", BEFORE)


@pytest.mark.slow
@pytest.mark.parametrize("result", [*RESULTS, *ONLY_CLONEABLE])
def test_step_result_is_an_error_iff_it_fails(result: str) -> None:
    source = returned_by_step(result)
    assert has_error(source) == execute(source).failed


@pytest.mark.slow
@pytest.mark.parametrize("result", [*RESULTS, *ONLY_CLONEABLE])
def test_run_result_is_an_error_iff_it_fails(result: str) -> None:
    source = returned_by_run(result)
    assert has_error(source) == execute(source).failed


@pytest.mark.parametrize("result", ONLY_CLONEABLE)
def test_unstorable_result_is_an_error_only_in_steps(result: str) -> None:
    assert has_error(returned_by_step(result))
    assert not has_error(returned_by_run(result))
