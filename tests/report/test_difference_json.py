"""A diff for programs, and its published schema."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from stepgraph.model.diff_report import DiffReport as DiffReportShape
from stepgraph.model.json_schema import diff_report_schema
from stepgraph.report.diff.json_report import json_report, render_json
from stepgraph.report.diff.report import VersionComparison
from tests.report.differences import everything, everywhere, example, unchanged
from tests.report.reports import HOSTILE

VALIDATOR = Draft202012Validator(json.loads(diff_report_schema()))
SHAPE = TypeAdapter(DiffReportShape)


@pytest.mark.parametrize("made", [example(), unchanged(), everything()], ids=["example", "unchanged", "everything"])
def test_a_report_has_the_defined_shape(made: VersionComparison) -> None:
    data = json.loads(render_json(made))
    assert SHAPE.validate_python(data) == data
    assert [error.json_path for error in VALIDATOR.iter_errors(data)] == []


def test_every_field_is_described() -> None:
    described = json.loads(diff_report_schema())
    fields = [
        (name, field)
        for name, definition in {**described["$defs"], "VersionComparison": described}.items()
        for field, schema in definition["properties"].items()
        if "description" not in schema and "$ref" not in schema
    ]
    assert fields == []


def test_a_workflow_has_all_that_is_known_of_it() -> None:
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


def test_workflows_that_did_not_change_are_told_too() -> None:
    (told,) = json_report(unchanged())["workflows"]
    assert (told["status"], told["effect"], told["changes"]) == ("unchanged", "safe", [])


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_as_it_is(text: str) -> None:
    assert json.loads(render_json(everywhere(text)))["new"] == text
