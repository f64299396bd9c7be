"""Comparisons as JSON, and the published schema."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from stepgraph.model.diff_report import DiffReport as DiffReportShape
from stepgraph.model.json_schema import diff_report_schema
from stepgraph.report.diff.comparison import VersionComparison
from stepgraph.report.diff.json_report import json_report, render_json
from tests.report.comparisons import everything, everywhere, example, unchanged
from tests.report.reports import HOSTILE

VALIDATOR = Draft202012Validator(json.loads(diff_report_schema()))
SHAPE = TypeAdapter(DiffReportShape)


@pytest.mark.parametrize("sample", [example, unchanged, pytest.param(everything, marks=pytest.mark.slow)])
def test_report_matches_schema(sample: Callable[[], VersionComparison]) -> None:
    data = json.loads(render_json(sample()))
    assert SHAPE.validate_python(data) == data
    assert [error.json_path for error in VALIDATOR.iter_errors(data)] == []


def test_every_field_is_described() -> None:
    described = json.loads(diff_report_schema())
    fields = [
        (name, field)
        for name, definition in {**described["$defs"], "DiffReport": described}.items()
        for field, schema in definition["properties"].items()
        if "description" not in schema and "$ref" not in schema
    ]
    assert fields == []


def test_workflow_has_all_fields() -> None:
    gone = json_report(example())["workflows"][0]
    assert gone == {
        "name": "counting",
        "status": "removed",
        "effect": "breaking",
        "old": {
            "name": "counting",
            "class_name": "Counting",
            "place": "main:counting.py:4",
            "has_dag": True,
            "complete": True,
        },
        "new": None,
        "changes": [
            {
                "action": "removed",
                "sign": "-",
                "text": "workflow 'counting' removed",
                "effect": "breaking",
                "reason": "its instances cannot resume",
            }
        ],
    }


def test_unchanged_workflows_are_listed() -> None:
    (output,) = json_report(unchanged())["workflows"]
    assert (output["status"], output["effect"], output["changes"]) == ("unchanged", "safe", [])


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_unchanged(text: str) -> None:
    assert json.loads(render_json(everywhere(text)))["new"] == text
