"""Test values of several types that the program distinguishes."""

from __future__ import annotations

import pytest

from stepgraph.checks.diagnostic import Severity
from tests.checks.snippets import codes_in, only_finding, step_with_config

_BEFORE = """
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum

@dataclass
class Item:
    id: int

class Delay(Enum):
    SHORT = "10s"
    LONG = "1 hour"

class Made(Enum):
    SHORT = "10s"

    def __init__(self, text):
        self._value_ = text + "econds"

class Meta(type):
    def __call__(cls, *args):
        return {"args": list(args)}

class Plain(metaclass=Meta):
    pass

try:
    from pydantic import BaseModel

    class Model(BaseModel):
        pass
except ImportError:
    class Model:
        pass

def plain(value):
    if is_dataclass(value):
        return asdict(value)
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    return value

def load(as_dict=False):
    item = Item(1)
    return asdict(item) if as_dict else item

def pair(as_tuple=False):
    if as_tuple:
        return 1, 2
    return [1, 2]

def chosen(as_tuple):
    values = (1, 2) if as_tuple else [1, 2]
    return values

def found(key):
    return Item(1) if key else None

def either(key):
    return Item(1) if key else (1, 2)

def first(value):
    return value[0] if isinstance(value, list) else value

def called(value):
    return value() if callable(value) else value
"""


def _step(body: str) -> str:
    lines = "".join(f"\n    {line}" for line in body.splitlines())
    return f'@step.do("a")\nasync def a():{lines}\n\nawait a()'


@pytest.mark.parametrize(
    "body",
    [
        "return plain(Item(1))",
        'return {"item": plain(Item(1)), "pair": plain((1, 2))}',
        "return load(as_dict=True)",
        "return pair()",
        "return chosen(event)",
        "result = pair()\nreturn {'result': result}",
        "item = Item(1)\nif is_dataclass(item):\n    item = asdict(item)\nreturn item",
        "item = (1, 2)\nif isinstance(item, tuple):\n    item = list(item)\nreturn item",
        'item = Item(1)\nif hasattr(item, "id"):\n    return {"id": item.id}\nreturn item',
        "rows = [(1, 2)]\nreturn [list(row) if isinstance(row, tuple) else row for row in rows]",
        "return Plain(1)",
        "return Model()",
    ],
)
def test_result_converted_depending_on_its_type(body: str) -> None:
    assert codes_in(_step(body), _BEFORE) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "description"),
    [
        ("return found(event)", "an instance of the dataclass `Item`"),
        ("result = Item(1) if event else {}\nreturn result", "an instance of the dataclass `Item`"),
        ("result = [1, 2]\nif event:\n    result = (1, 2)\nreturn result", "a tuple"),
        ("return (1, 2) if event else [1, 2]", "a tuple"),
    ],
)
def test_unsupported_result_on_one_path(body: str, description: str) -> None:
    assert description in only_finding(_step(body), _BEFORE).message


def test_each_unsupported_result_of_a_helper_is_flagged() -> None:
    assert codes_in(_step("return either(event)"), _BEFORE) == ["SG121", "SG121"]


@pytest.mark.parametrize(
    "body",
    [
        'await step.sleep("a", first(["1 hour"]))',
        'await step.sleep("a", called(lambda: "1 hour"))',
        'wait = lambda: 1000\nif callable(wait):\n    wait = wait()\nawait step.sleep("a", wait)',
        'moments = [event["timestamp"]]\nawait step.sleep_until("a", first(moments))',
        'await step.wait_for_event("a", first(["paid"]))',
        step_with_config('{"retries": {"limit": first([3]), "delay": first(["1 second"])}}'),
        'limit = "1 minute"\n' + step_with_config('{"timeout": limit} if isinstance(limit, str) else limit'),
    ],
)
def test_union_arguments_are_judged_by_their_scalars(body: str) -> None:
    assert codes_in(body, _BEFORE) == []


def test_list_as_duration() -> None:
    assert codes_in('await step.sleep("a", ["1 hour"])') == ["SG109"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('await step.sleep("a", "10s" if event else "1 hour")', "SG109"),
        ('await step.sleep("a", "1 hour" if event else "2 hours" if step else "10s")', "SG109"),
        ('await step.sleep("a", "1 hour" if event else "1 year")', "SG110"),
        ('await step.wait_for_event("a", "paid" if event else "not paid")', "SG112"),
        (step_with_config('{"timeout": "1 minute" if event else "PT1H"}'), "SG109"),
        (
            step_with_config('{"retries": {"limit": 3, "delay": 1000, "backoff": "linear" if event else "square"}}'),
            "SG108",
        ),
    ],
)
def test_both_literals_of_a_choice_are_checked(body: str, code: str) -> None:
    assert codes_in(body) == [code]


@pytest.mark.parametrize(
    "body",
    [
        'await step.sleep("a", "1 minute" if event else "1 hour")',
        'wait = "10s"\nawait step.sleep("a", wait.replace("s", " seconds") if "s" in wait else wait)',
    ],
)
def test_only_literals_of_a_choice_are_checked(body: str) -> None:
    assert codes_in(body) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('await step.sleep("a", Delay.LONG)', "SG109"),
        ('await step.sleep("a", Delay.SHORT.value)', "SG109"),
        ('await step.wait_for_event("a", Delay.LONG)', "SG112"),
        ('await step.wait_for_event("a", Delay.LONG.value)', "SG112"),
        (step_with_config('{"retries": {"limit": 3, "delay": 1000, "backoff": Delay.LONG}}'), "SG108"),
    ],
)
def test_enum_member_is_not_text_but_its_value_is(body: str, code: str) -> None:
    assert codes_in(body, _BEFORE) == [code]


@pytest.mark.parametrize(
    "body",
    ['await step.sleep("a", Delay.LONG.value)', 'await step.sleep("a", Made.SHORT.value)'],
)
def test_enum_value_defined_by_init(body: str) -> None:
    assert codes_in(body, _BEFORE) == []


@pytest.mark.parametrize(
    "source",
    ["datetime(2030, 1, 1).isoformat()", 'datetime(2030, 1, 1).strftime("%Y")', "datetime(2030, 1, 1).timestamp()"],
)
def test_results_of_datetime_methods_are_not_times(source: str) -> None:
    assert codes_in(f'await step.sleep_until("a", {source})', _BEFORE) == ["SG120"]


def test_replaced_datetime_is_a_time() -> None:
    assert codes_in('await step.sleep_until("a", datetime(2020, 1, 1).replace(year=2030))', _BEFORE) == []


def test_negative_sleep_is_a_warning() -> None:
    finding = only_finding('await step.sleep("a", 5 - 10)')

    assert finding.message == "negative duration `5 - 10`: this sleep ends immediately."
    assert finding.severity is Severity.WARNING
