"""The published JSON Schemas match the models, accept valid payloads and reject invalid ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stepgraph.model.json_schema import (
    check_report_schema,
    diff_report_schema,
    failure_report_schema,
    instance_report_schema,
    replay_report_schema,
    rules_report_schema,
    version_graph_schema,
)
from stepgraph.model.payload import VersionGraph
from tests.model.payloads import BARE_NODES, RESPONSES, response

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema"

VALIDATOR = Draft202012Validator(json.loads(version_graph_schema()))


def complaints(data: object) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(data)]


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("version-graph.json", version_graph_schema),
        ("check-report.json", check_report_schema),
        ("diff-report.json", diff_report_schema),
        ("instance-report.json", instance_report_schema),
        ("replay-report.json", replay_report_schema),
        ("rules-report.json", rules_report_schema),
        ("failure-report.json", failure_report_schema),
    ],
)
def test_the_published_files_are_the_schemas_of_the_models(name: str, schema: Callable[[], str]) -> None:
    assert (PUBLISHED / name).read_text(encoding="utf-8") == schema(), "run `python -m docs.generate schemas`"


@pytest.mark.slow
def test_the_schema_is_valid_by_its_own_dialect() -> None:
    Draft202012Validator.check_schema(json.loads(version_graph_schema()))
    Draft202012Validator.check_schema(json.loads(check_report_schema()))
    Draft202012Validator.check_schema(json.loads(diff_report_schema()))
    Draft202012Validator.check_schema(json.loads(failure_report_schema()))
    Draft202012Validator.check_schema(json.loads(instance_report_schema()))
    Draft202012Validator.check_schema(json.loads(replay_report_schema()))
    Draft202012Validator.check_schema(json.loads(rules_report_schema()))


@pytest.mark.parametrize("payload", RESPONSES.values(), ids=RESPONSES.keys())
def test_our_payloads_are_valid(payload: VersionGraph) -> None:
    assert complaints(payload) == []


def test_a_graph_is_required_but_may_be_null() -> None:
    without = {key: value for key, value in response().items() if key != "graph"}
    assert complaints(without) == ["$"]


def test_an_unknown_field_is_not_valid() -> None:
    assert complaints({**response(), "label": "x"}) == ["$"]


@pytest.mark.parametrize("wrong", [{"starts": None}, {"starts": True}, {"label": "x"}, {"type": "step_undo"}])
def test_a_wrong_node_is_not_valid(wrong: dict[str, object]) -> None:
    payload = json.loads(json.dumps(response(BARE_NODES["step_sleep"])))
    payload["graph"]["workflow"]["nodes"][0].update(wrong)
    assert complaints(payload) == ["$.graph"]
