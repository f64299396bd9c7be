"""Validation of JSON data by the definitions of the payload."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from stepgraph.model.explain import explain
from stepgraph.model.json_data import load_json
from stepgraph.model.note import InputError, Problem
from stepgraph.model.payload import VersionGraph

EXPECTED: Final = "Expected a version graph response of the Workflows API."

_VERSION_GRAPH: Final = TypeAdapter(VersionGraph)


def parse_version_graph(text: str | bytes, path: str = "<input>") -> VersionGraph:
    """Return the version graph response in a JSON text; bytes are UTF-8, UTF-16 or UTF-32.

    The data must be exactly of the documented shapes, except that a field which may be absent may also be null. `path`
    names the input in messages. Raises InputError with a message of one line for other text: invalid JSON (with line
    and column), other shapes (with the keys that lead to the value), or more than `MAX_NODE_DEPTH` nested nodes.
    """
    data = load_json(text, path)
    try:
        return _VERSION_GRAPH.validate_python(data)
    except ValidationError as error:
        raise InputError(Problem(path, explain(error, data), EXPECTED)) from None
