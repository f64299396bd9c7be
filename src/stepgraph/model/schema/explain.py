"""What pydantic found wrong with JSON data, said in one line for the person who wrote it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_EXPECTED: Final = {
    "model_type": "should be an object",
    "model_attributes_type": "should be an object",
    "dict_type": "should be an object",
    "list_type": "should be an array",
    "string_type": "should be a string",
    "bool_type": "should be true or false",
    "int_type": "should be an integer",
}
_LONGEST_VALUE: Final = 40


def explain(error: ValidationError, data: object, at: Sequence[str | int] = ()) -> str:
    """Return one line on the first thing that is wrong with `data`: the path to it, and what is expected there.

    `at` are the keys that lead to `data` in the document.
    """
    first, *others = error.errors(include_url=False)
    keys, value = _locate(first, data)
    more = f" (and {len(others)} more)" if others else ""
    return f"{key_path([*at, *keys])} {_complaint(first, value)}{more}."


def explain_missing(at: Sequence[str | int]) -> str:
    """Return the like for something that is not there."""
    return f"{key_path(at)} is missing."


def explain_kind(at: Sequence[str | int], expected: str, value: object) -> str:
    """Return the like for a value of the wrong kind: `expected` is `an object`, `an array` or `a string`."""
    return f"{key_path(at)} should be {expected}, not {_brief(value)}."


def key_path(keys: Sequence[str | int]) -> str:
    """Return the path that keys make, as in `graph.workflow.nodes[0].name`, or `The document` for none."""
    text = "".join(_step(key) for key in keys).removeprefix(".")
    return text or "The document"


def _complaint(error: ErrorDetails, value: object) -> str:
    match error["type"]:
        case "missing" | "union_tag_not_found":
            return "is missing"
        case "extra_forbidden":
            return "is not a known field"
        case "string_unicode":
            return "is not valid Unicode"
        case "union_tag_invalid":
            return f"should be one of {_quoted(error['ctx']['expected_tags'])}, not {_brief(value)}"
        case "literal_error":
            return f"should be {_quoted(error['ctx']['expected'])}, not {_brief(value)}"
        case kind:
            expected = _EXPECTED.get(kind) or error["msg"].removeprefix("Input ")
            return f"{expected}, not {_brief(value)}"


def _quoted(names: str) -> str:
    return names.replace("'", '"')


def _locate(error: ErrorDetails, data: object) -> tuple[list[str | int], object]:
    """Return the keys that lead to what is wrong in `data`, and the value there.

    pydantic's location also names the members of unions that it went through; these are no keys of the data.
    """
    keys: list[str | int] = []
    value = data
    names_member = False
    for index, part in enumerate(error["loc"], start=1):
        may_be_member = not names_member and index < len(error["loc"])
        names_member = may_be_member and isinstance(value, dict) and value.get("type") == part
        if not names_member:
            keys.append(part)
            value = _child(value, part)
    if error["type"].startswith("union_tag_"):
        keys.append("type")
        value = _child(value, "type")
    return keys, value


def _child(value: object, key: str | int) -> object:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) else None


def _step(key: str | int) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f".{key}"
    return f"[{json.dumps(key)}]"


def _brief(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
