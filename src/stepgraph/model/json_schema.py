"""JSON Schemas of the output, generated from the definitions of its shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from stepgraph.model.check_report import CheckReport
from stepgraph.model.constraints import UNKNOWN_TAG
from stepgraph.model.diff_report import DiffReport
from stepgraph.model.failure_report import FailureDocument
from stepgraph.model.instance_report import InstanceReport
from stepgraph.model.payload import VersionGraph
from stepgraph.model.replay_report import ReplayDocument
from stepgraph.model.rules_report import RulesReport

if TYPE_CHECKING:
    from pydantic_core import core_schema

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def version_graph_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of a version graph response, ending with a line break."""
    return _schema(TypeAdapter(VersionGraph), "Version graph of a Cloudflare workflow")


def check_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of the output of `stepgraph check -f json`, ending with a line break."""
    return _schema(TypeAdapter(CheckReport), "Report of stepgraph check")


def diff_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of the output of `stepgraph diff -f json`, ending with a line break."""
    return _schema(TypeAdapter(DiffReport), "Report of stepgraph diff")


def instance_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of the output of `stepgraph instance -f json`, with a final line break."""
    return _schema(TypeAdapter(InstanceReport), "Report of stepgraph instance")


def replay_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of the output of `stepgraph replay -f json`, ending with a line break."""
    return _schema(TypeAdapter(ReplayDocument), "Report of stepgraph replay")


def failure_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of the output of `stepgraph why -f json`, with a final line break."""
    return _schema(TypeAdapter(FailureDocument), "Report of stepgraph why")


def rules_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of the output of `stepgraph rules -f json`, ending with a line break."""
    return _schema(TypeAdapter(RulesReport), "Rules of stepgraph check")


def _schema(shape: TypeAdapter[object], title: str) -> str:
    schema = shape.json_schema(schema_generator=_OutputSchema)
    return json.dumps({"$schema": _DIALECT, **schema, "title": title}, indent=2, ensure_ascii=False) + "\n"


class _OutputSchema(GenerateJsonSchema):
    """A generator of schemas for the output of this package. The output contains only documented node types."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        documented = {tag: member for tag, member in schema["choices"].items() if tag != UNKNOWN_TAG}
        described = super().tagged_union_schema({**schema, "choices": documented})
        # Validators that are strict about keywords reject a schema with this keyword of OpenAPI.
        described.pop("discriminator", None)
        return described

    def field_title_should_be_set(self, schema: object) -> bool:
        return False
