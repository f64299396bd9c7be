"""Reports as JSON, and the published schema."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace
from pydantic import TypeAdapter

from stepgraph.checks.diagnostic import RelatedLocation
from stepgraph.model.check_report import CheckReport
from stepgraph.model.json_schema import check_report_schema
from stepgraph.model.span import Span
from stepgraph.report.json_report import json_report, render_json
from tests.report.example import example
from tests.report.reports import HOSTILE, everywhere, finding, report, with_others

VALIDATOR = Draft202012Validator(json.loads(check_report_schema()))
SHAPE = TypeAdapter(CheckReport)


@pytest.mark.parametrize(
    "sample", [example(), with_others(), report(), report(workflows=[])], ids=["full", "others", "clean", "empty"]
)
def test_report_matches_schema(sample: object) -> None:
    data = json.loads(render_json(sample))  # type: ignore[arg-type]
    assert SHAPE.validate_python(data) == data
    assert [error.json_path for error in VALIDATOR.iter_errors(data)] == []


def test_every_field_is_described() -> None:
    described = json.loads(check_report_schema())
    fields = [
        (name, field)
        for name, definition in {**described["$defs"], "CheckReport": described}.items()
        for field, schema in definition["properties"].items()
        if "description" not in schema and "$ref" not in schema
    ]
    assert fields == []


def test_related_location() -> None:
    related = RelatedLocation(Span("src/db.py", 3, 5, 3, 9), "`fetch` is called here")
    assert json_report(report(replace(finding(), related=(related,))))["findings"][0]["related"] == [
        {
            "message": "`fetch` is called here",
            "path": "src/db.py",
            "line": 3,
            "column": 5,
            "end_line": 3,
            "end_column": 9,
        }
    ]


def test_finding_has_all_fields() -> None:
    assert json_report(example())["findings"][0] == {
        "code": "SG118",
        "name": "step-called-with-arguments",
        "severity": "error",
        "message": "the step 'charge card' is called with `order[\"total\"]`, and the SDK refuses arguments.",
        "advice": (
            "Call it without arguments: let its function read the value from around it, or return it from a step."
        ),
        "path": "src/orders.py",
        "line": 18,
        "column": 22,
        "end_line": 18,
        "end_column": 36,
        "related": [],
        "workflow": "orders",
        "fix": None,
        "fingerprint": "3f2a",
        "url": "https://github.com/stepgraph/stepgraph/blob/main/docs/reference/rules/SG118.md",
    }


def test_uncounted_findings_are_separate() -> None:
    data = json_report(with_others())
    assert [results["code"] for results in data["findings"]] == ["SG118"]
    assert [(results["code"], results["fingerprint"]) for results in data["known"]] == [("SG205", "9c1e")]
    assert [(ignored["finding"]["code"], ignored["reason"]) for ignored in data["ignored"]] == [("SG201", "on purpose")]
    assert (data["summary"]["errors"], data["summary"]["known"], data["summary"]["ignored"]) == (1, 1, 1)


def test_unknown_values_are_null() -> None:
    (output,) = json_report(report(finding(workflow="")))["findings"]
    assert (output["workflow"], output["fingerprint"]) == (None, None)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_unchanged(text: str) -> None:
    assert json.loads(render_json(everywhere(text)))["findings"][0]["message"] == f"m0m {text}"
