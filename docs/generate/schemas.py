"""Generate the published JSON Schemas, and the page that documents their fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from docs.generate.tables import cell
from stepgraph.model.json_schema import (
    check_report_schema,
    diff_report_schema,
    failure_report_schema,
    instance_report_schema,
    replay_report_schema,
    rules_report_schema,
    version_graph_schema,
)

PAGE: Final = "docs/reference/schemas.md"
FOLDER: Final = "docs/schema"

Schema: TypeAlias = Mapping[str, Any]

_START: Final = """\
# JSON Schemas

JSON Schemas (draft 2020-12) describe the JSON output of stepgraph; `stepgraph schema` prints them. They allow no
additional fields. The version graph follows the Workflows API. The reports are specific to stepgraph: their `version`
changes when a field is removed or changes its meaning. Fields may be added at any time.
"""


class PublishedSchema(NamedTuple):
    """A schema in the documentation."""

    name: str
    """File name."""
    command: str
    """The command that prints the schema."""
    schema: Callable[[], str]
    """Returns the schema as JSON text."""


SCHEMAS: Final = (
    PublishedSchema("version-graph.json", "stepgraph schema", version_graph_schema),
    PublishedSchema("check-report.json", "stepgraph schema check", check_report_schema),
    PublishedSchema("diff-report.json", "stepgraph schema diff", diff_report_schema),
    PublishedSchema("instance-report.json", "stepgraph schema instance", instance_report_schema),
    PublishedSchema("replay-report.json", "stepgraph schema replay", replay_report_schema),
    PublishedSchema("rules-report.json", "stepgraph schema rules", rules_report_schema),
    PublishedSchema("failure-report.json", "stepgraph schema why", failure_report_schema),
)


def schemas_files() -> dict[str, str]:
    """Return the schemas and the page by path."""
    files = {f"{FOLDER}/{published.name}": published.schema() for published in SCHEMAS}
    return {**files, PAGE: "\n".join([_START, *(part for published in SCHEMAS for part in _section(published))])}


def _section(published: PublishedSchema) -> Iterator[str]:
    schema: Schema = json.loads(published.schema())
    yield f"## {schema['title']}\n"
    link = f"[{published.name}](../schema/{published.name})"
    yield f"{schema['description']} `{published.command}` prints its schema: {link}.\n"
    yield _fields(schema)
    for name, definition in schema["$defs"].items():
        yield f"### {name}\n"
        if "description" in definition:
            yield f"{cell(definition['description'])}\n"
        yield _fields(definition) if "properties" in definition else f"{_value_text(definition)}\n"


def _fields(schema: Schema) -> str:
    """Return a table of the fields of an object, with a column for descriptions if a field has one."""
    required = schema.get("required", ())
    has_meanings = any("description" in field for field in schema["properties"].values())
    rows = [("field", "value", "meaning"), ("---", "---", "---")]
    for name, field in schema["properties"].items():
        optional = "" if name in required else ", may be left out"
        rows.append((f"`{name}`", f"{_value_text(field)}{optional}", cell(field.get("description", ""))))
    return "".join(f"| {' | '.join(row if has_meanings else row[:2])} |\n" for row in rows)


def _value_text(schema: Schema) -> str:
    """Return the type of a schema in words, with links to the sections of definitions."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": list(values)}:
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"anyOf": list(choices)} | {"oneOf": list(choices)}:
            return " or ".join(_value_text(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"array of {_value_text(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_value_text(values)} by name"
        case {"type": "string", "format": "date-time"}:
            return "date and time, as text"
        case {"type": str(kind)}:
            return kind
        case _:
            raise ValueError(f"unsupported schema: {schema}")
