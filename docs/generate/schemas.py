"""The JSON Schemas that are published, and the page that explains them field by field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from docs.generate.tables import cell
from stepgraph.model.json_schema import check_report_schema, diff_report_schema, version_graph_schema

PAGE: Final = "docs/reference/schemas.md"
FOLDER: Final = "docs/schema"

Schema: TypeAlias = Mapping[str, Any]

_START: Final = """\
# JSON Schemas

What stepgraph writes in JSON is described by JSON Schemas (draft 2020-12), which `stepgraph schema` prints. They allow
no other fields than these. The version graph is that of the Workflows API, and changes when that does. The reports are
stepgraph's own: each has a `version`, which is another number once a field goes or means something else; fields may be
added.
"""


class Published(NamedTuple):
    """A schema: the name of its file, the command that prints it, and what makes it."""

    name: str
    command: str
    schema: Callable[[], str]


PUBLISHED: Final = (
    Published("version-graph.json", "stepgraph schema", version_graph_schema),
    Published("check-report.json", "stepgraph schema check", check_report_schema),
    Published("diff-report.json", "stepgraph schema diff", diff_report_schema),
)


def schemas_files() -> dict[str, str]:
    """Return the schemas, and the page on them."""
    files = {f"{FOLDER}/{one.name}": one.schema() for one in PUBLISHED}
    return {**files, PAGE: "\n".join([_START, *(part for one in PUBLISHED for part in _described(one))])}


def _described(one: Published) -> Iterator[str]:
    schema: Schema = json.loads(one.schema())
    yield f"## {schema['title']}\n"
    yield f"{schema['description']} `{one.command}` prints its schema: [{one.name}](../schema/{one.name}).\n"
    yield _fields(schema)
    for name, definition in schema["$defs"].items():
        yield f"### {name}\n"
        if "description" in definition:
            yield f"{cell(definition['description'])}\n"
        yield _fields(definition) if "properties" in definition else f"{_kind(definition)}\n"


def _fields(schema: Schema) -> str:
    """Return a table of the fields of an object: what they are and, if it is told of any, what they mean."""
    required = schema.get("required", ())
    told = any("description" in field for field in schema["properties"].values())
    rows = [("field", "value", "meaning"), ("---", "---", "---")]
    for name, field in schema["properties"].items():
        optional = "" if name in required else ", may be left out"
        rows.append((f"`{name}`", f"{_kind(field)}{optional}", cell(field.get("description", ""))))
    return "".join(f"| {' | '.join(row if told else row[:2])} |\n" for row in rows)


def _kind(schema: Schema) -> str:
    """Return what kind of value a schema allows, in words, with links to what has a section of its own."""
    match schema:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": list(values)}:
            return " or ".join(f"`{json.dumps(value)}`" for value in values)
        case {"anyOf": list(choices)} | {"oneOf": list(choices)}:
            return " or ".join(_kind(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"array of {_kind(items)}"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"object of {_kind(values)} by name"
        case {"type": "string", "format": "date-time"}:
            return "date and time, as text"
        case {"type": str(kind)}:
            return kind
        case _:
            raise ValueError(f"no words for {schema}")
