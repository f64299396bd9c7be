"""A diff for programs, and its published schema."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from stepgraph.model import diff_report as written
from stepgraph.model.json_schema import diff_report_schema
from stepgraph.model.schema import diff_report as models
from stepgraph.report.difference.json_report import json_report, render_json
from stepgraph.report.difference.report import DiffReport
from tests.model.test_payload_types import of_model, of_typed_dict
from tests.report.differences import everything, everywhere, example, unchanged
from tests.report.reports import HOSTILE

VALIDATOR = Draft202012Validator(json.loads(diff_report_schema()))
NAMES = ("DiffReport", "DiffSummary", "DiffTool", "WorkflowChange", "WorkflowDifference", "WorkflowVersion")


@pytest.mark.parametrize("name", NAMES)
def test_the_typed_dictionaries_and_the_models_have_the_same_fields(name: str) -> None:
    assert of_typed_dict(getattr(written, name)) == of_model(getattr(models, name))


@pytest.mark.parametrize("made", [example(), unchanged(), everything()], ids=["example", "unchanged", "everything"])
def test_reports_are_what_the_models_and_the_schema_say(made: DiffReport) -> None:
    data = json.loads(render_json(made))
    assert models.DiffReport.model_validate(data).model_dump() == data
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
