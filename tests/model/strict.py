"""Validation of version graph responses that must have exactly the documented shapes."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from stepgraph.model.note import InputError, Problem
from stepgraph.model.payload import VersionGraph
from stepgraph.model.validation import EXPECTED, explain, load_json

VERSION_GRAPH = TypeAdapter(VersionGraph)


def parse_version_graph(text: str | bytes, path: str = "<input>") -> VersionGraph:
    """Return the version graph response in a JSON text. Raises InputError with a one-line message for other text."""
    data = load_json(text, path)
    try:
        return VERSION_GRAPH.validate_python(data)
    except ValidationError as error:
        raise InputError(Problem(path, explain(error, data), EXPECTED)) from None
