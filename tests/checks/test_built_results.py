"""Results of steps that helpers return, or that the code of the step builds entry by entry."""

from __future__ import annotations

import pytest

from tests.checks.snippets import codes_in

_BEFORE = """
import json
from datetime import date
from decimal import Decimal

import elsewhere

class Invoice:
    def __init__(self, rows):
        self.rows = rows

    def convert(self):
        self.rows["day"] = str(self.rows["day"])

def today():
    return date.today()

def totals():
    return {"day": date.today(), "orders": 1}

def totals_of(kind):
    result = {"kind": kind, "orders": 1}
    result["day"] = date.today()
    return result

def lines():
    return [{"day": date.today()}]

def convert(result):
    result["day"] = str(result["day"])
    return result

def encode(value):
    if isinstance(value, date):
        return value.isoformat()
    return value
"""


def _step_with(lines: tuple[str, ...]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f'@step.do("read")\nasync def read():\n{body}\nawait read()'


@pytest.mark.parametrize(
    "lines",
    [
        ("return today()",),
        ("return {'day': today()}",),
        ("return totals()",),
        ("return totals_of('open')",),
        ("result = totals()", "return result"),
        ("return {**totals(), 'kind': 'open'}",),
        ("result = {'orders': 1}", "result['day'] = date.today()", "return result"),
        ("result = {'orders': 1}", "result.update(day=date.today())", "return result"),
        ("result = {'orders': 1}", "result |= {'day': date.today()}", "return result"),
        ("result = {}", "if event['payload']:", "    result['day'] = date.today()", "return result"),
        ("if event['payload']:", "    day = {'day': date.today()}", "else:", "    day = {'day': None}", "return day"),
        ("rows = []", "rows.append(date.today())", "return rows"),
        ("rows = []", "for row in range(3):", "    rows.append({'day': date.today()})", "return rows"),
        ("result = {'id': event['payload']['id']}", "result['total'] = Decimal('1')", "return result"),
    ],
)
def test_built_result_with_an_unstorable_part(lines: tuple[str, ...]) -> None:
    assert codes_in(_step_with(lines), before=_BEFORE) == ["SG121"]


@pytest.mark.parametrize(
    "lines",
    [
        ("return encode(today())",),
        ("return {'day': today().isoformat()}",),
        ("return {key: encode(value) for key, value in totals().items()}",),
        ("return convert(totals())",),
        ("return json.loads(json.dumps(totals(), default=str))",),
        ("result = totals()", "convert(result)", "return result"),
        ("result = totals()", "Invoice(result).convert()", "return result"),
        ("result = totals()", "elsewhere.convert(result)", "return result"),
        ("result = totals()", "result = elsewhere.converted(result)", "return result"),
        ("result = totals()", "result['day'] = result['day'].isoformat()", "return result"),
        ("result = totals()", "result.pop('day')", "return result"),
        ("result = totals()", "for key in list(result):", "    result[key] = str(result[key])", "return result"),
        ("return {**totals(), 'day': None}",),
        ("result = {'day': date.today()}", "result['orders'] = 1", "del result['day']", "return result"),
        ("result = {'orders': 1}", "result['day'] = date.today()", "elsewhere.convert(result)", "return result"),
        ("result = totals()", "alias = result", "alias['day'] = 'today'", "return result"),
        ("rows = lines()", "for row in rows:", "    row['day'] = str(row['day'])", "return rows"),
        ("rows = lines()", "for index, row in enumerate(rows):", "    rows[index] = str(row)", "return rows"),
        ("rows = []", "rows.append(date.today())", "rows[0] = str(rows[0])", "return rows"),
        ("rows = lines()", "rows = [str(row) for row in rows]", "return rows"),
    ],
)
def test_converted_result(lines: tuple[str, ...]) -> None:
    assert codes_in(_step_with(lines), before=_BEFORE) == []
