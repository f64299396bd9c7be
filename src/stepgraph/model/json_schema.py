"""JSON Schemas made from the models, for those who read or check what is written without this package."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from stepgraph.model.schema import VersionGraphResponse
from stepgraph.model.schema.check_report import CheckReport
from stepgraph.model.schema.diff_report import DiffReport

if TYPE_CHECKING:
    from pydantic_core import core_schema

    from stepgraph.model.schema.base import Model

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def version_graph_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of a version graph response, as text that ends in a line break."""
    return _schema(VersionGraphResponse, "Version graph of a Cloudflare workflow")


def check_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of what `stepgraph check -f json` prints, as text."""
    return _schema(CheckReport, "Report of stepgraph check")


def diff_report_schema() -> str:
    """Return the JSON Schema (draft 2020-12) of what `stepgraph diff -f json` prints, as text."""
    return _schema(DiffReport, "Report of stepgraph diff")


def _schema(model: type[Model], title: str) -> str:
    schema = model.model_json_schema(schema_generator=_WireSchema)
    described = {"$schema": _DIALECT, **schema, "title": title}
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


class _WireSchema(GenerateJsonSchema):
    """Describes what is written: an absent field has no key, so null is no value for it."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = schema["schema"]
        return self.generate_inner(inner["schema"] if inner["type"] == "nullable" else inner)

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        described = super().tagged_union_schema(schema)
        # An OpenAPI keyword: validators that are strict about keywords refuse the whole schema for it.
        described.pop("discriminator", None)
        return described

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's hook
        return False
