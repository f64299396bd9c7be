"""From JSON text to a checked model, and back."""

from __future__ import annotations

import json
from typing import Final

from pydantic import ValidationError

from stepgraph.model.note import InputError, Problem
from stepgraph.model.schema.explain import explain
from stepgraph.model.schema.json_data import load_json
from stepgraph.model.schema.responses import VersionGraphResponse

EXPECTED: Final = "Expected a version graph response of the Workflows API."


def parse_version_graph(text: str | bytes, path: str = "<input>") -> VersionGraphResponse:
    """Return the version graph response that `text` holds as JSON; bytes are UTF-8, UTF-16 or UTF-32.

    `path` names the input in messages. Raises `InputError`, with one line that names what is wrong and where, for text
    that is not JSON (with line and column), that is not a version graph response (with the path to the value), or
    that nests more than `MAX_NODE_DEPTH` nodes.
    """
    data = load_json(text, path)
    try:
        return VersionGraphResponse.model_validate(data)
    except ValidationError as error:
        raise InputError(Problem(path, explain(error, data), EXPECTED)) from None


def dump_version_graph(response: VersionGraphResponse) -> str:
    """Return the response as JSON text on one line, with what is absent left out."""
    return json.dumps(response.model_dump(mode="json"), ensure_ascii=False)
