"""Parsing of external JSON data, and one-line messages about invalid data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, TypeAlias

from stepgraph.escaping.plain_text import brief_line
from stepgraph.limits import JSON_VALUES, SAVED_NODES
from stepgraph.model.constraints import UNKNOWN_TAG
from stepgraph.model.json_input import syntax_error_text
from stepgraph.model.note import InputError, Problem

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Keys: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead to a value in JSON data."""

EXPECTED: Final = "Expected a version graph response of the Workflows API."

_EXPECTED_TYPES: Final = {
    "dict_type": "should be an object",
    "list_type": "should be an array",
    "string_type": "should be a string",
    "bool_type": "should be true or false",
    "int_type": "should be an integer",
}
_GZIP: Final = b"\x1f\x8b"
"""The first bytes of a compressed file."""

_MAX_VALUE_LENGTH: Final = 40
_MAX_KEY_LENGTH: Final = 200

MAX_NODE_DEPTH: Final = 120
"""The limit on nested nodes. It is lower than the limits of pydantic and `json`, and thus the same on every machine."""

_MEMBER_KEYS: Final = ("nodes", "branches", "functions", "fields")
"""The keys of arrays and objects whose members are validated one by one."""

_TOO_DEEP: Final = f"nested too deeply: at most {MAX_NODE_DEPTH} nested nodes are supported."


def load_json(text: str | bytes, path: str) -> object:
    """Parse JSON text with saved graphs, or bytes in UTF-8, UTF-16 or UTF-32.

    Raises InputError for text that is not JSON, and like `check_size`.
    """
    data = parse_json(text, path, _TOO_DEEP, EXPECTED)
    check_size(data, path)
    return data


def check_size(data: object, path: str) -> None:
    """Raise InputError for JSON data that has too many nodes for a saved graph, or nodes nested too deeply.

    The limits are `SAVED_NODES` nodes, branches and workflows, a depth of `MAX_NODE_DEPTH`, and `JSON_VALUES` arrays
    and objects of any kind.
    """
    message = _exceeded_size(data)
    if message is not None:
        raise InputError(Problem(path, message))


def parse_json(text: str | bytes, path: str, too_deep: str = "nested too deeply.", advice: str = "") -> object:
    """Parse JSON text, or bytes in UTF-8, UTF-16 or UTF-32, of any content.

    Raises InputError for text that is not JSON, with `advice`, and with the message `too_deep` for data nested deeper
    than the parser supports.
    """
    if not text.strip():
        raise InputError(Problem(path, "not JSON: the file is empty.", advice))
    if isinstance(text, bytes) and text.startswith(_GZIP):
        raise InputError(Problem(path, "not JSON: the file is compressed with gzip.", "Decompress it first."))
    try:
        data: object = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {syntax_error_text(error)}."
        raise InputError(Problem(path, message, advice, error.lineno, error.colno)) from None
    except UnicodeDecodeError as error:
        message = f"not JSON: byte {error.start} is not {error.encoding.upper()} text."
        raise InputError(Problem(path, message, advice)) from None
    except ValueError:  # the interpreter refuses integers of thousands of digits
        raise InputError(Problem(path, "a number has too many digits.")) from None
    except RecursionError:
        raise InputError(Problem(path, too_deep)) from None
    return data


def is_response(data: Mapping[str, object]) -> bool:
    """Return whether a JSON object may be the envelope of an API response."""
    return "result" in data or "success" in data


def result_of_response(envelope: Mapping[str, object], path: str, expected: str) -> object:
    """Return the result in an API envelope.

    Raises InputError for a response with an error, and, with the advice `expected`, for one without a result.
    """
    if envelope.get("success", True) is not True:
        raise InputError(Problem(path, f"the API returned an error: {_first_error(envelope)}."))
    if envelope.get("result") is None:
        raise InputError(Problem(path, "the API response has no result.", expected))
    return envelope["result"]


def _first_error(envelope: Mapping[str, object]) -> str:
    errors = envelope.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, dict) else first
    if not isinstance(message, str) or not message:
        return "without a message"
    code = first.get("code") if isinstance(first, dict) else None
    return brief_line(message.rstrip(".")) + (f" ({code})" if isinstance(code, int) else "")


def _exceeded_size(data: object) -> str | None:
    """Return a message about a limit that JSON data exceeds, or None.

    The traversal is iterative, so that deep data cannot exceed the recursion limit, and ends at the limit.
    """
    nodes = containers = 0
    opened = [(iter([data]), 0)]
    while opened:
        children, depth = opened[-1]
        container = next((child for child in children if isinstance(child, dict | list)), None)
        if container is None:
            opened.pop()
            continue
        containers += 1
        if isinstance(container, dict):
            nodes += _count_nodes(container)
            depth += "type" in container
        if depth > MAX_NODE_DEPTH:
            return _TOO_DEEP
        if nodes > SAVED_NODES:
            return f"too large: at most {SAVED_NODES:,} nodes, branches and workflows are read."
        if containers > JSON_VALUES:
            return f"too large: at most {JSON_VALUES:,} arrays and objects are read."
        opened.append((_children(container), depth))
    return None


def _count_nodes(fields: Mapping[str, object]) -> int:
    """Return 1 for a node or workflow, plus the number of its members without a type, such as branches.

    A member of another type than an object counts, too, because each invalid member takes memory.
    """
    members = chain.from_iterable(islice(_children(fields.get(key)), SAVED_NODES + 1) for key in _MEMBER_KEYS)
    untyped = sum(not isinstance(member, dict) or "type" not in member for member in members)
    return ("type" in fields or "class_name" in fields) + untyped


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def explain(error: ValidationError, data: object, at: Keys = (), moved: Mapping[Keys, Keys] | None = None) -> str:
    """Return a message about the first invalid value in `data`: the keys that lead to it and the expected value.

    `at` contains the keys that lead to `data` in the document. For values that were moved, `moved` maps their keys in
    `data` to their keys in the document, without `at`.
    """
    first, *more_errors = error.errors(include_url=False)
    keys, value = _locate(first, data)
    keys = _original(keys, moved or {})
    more = f" (and {len(more_errors)} more)" if more_errors else ""
    return f"{key_path((*at, *keys))} {_expectation(first, value)}{more}."


def explain_no_object(at: Keys, value: object) -> str:
    """Return a message about a value that is not an object."""
    return f"{key_path(at)} should be an object, not {_brief(value)}."


def key_path(keys: Keys) -> str:
    """Return keys as text, such as `graph.workflow.nodes[0].name`. Without keys, return `the document`."""
    text = "".join(_step(key) for key in keys).removeprefix(".")
    return text or "the document"


def _expectation(error: ErrorDetails, value: object) -> str:
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
            expected = _EXPECTED_TYPES.get(kind) or error["msg"].removeprefix("Input ")
            return f"{expected}, not {_brief(value)}"


def _quoted(names: str) -> str:
    return names.replace("'", '"')


def _locate(error: ErrorDetails, data: object) -> tuple[Keys, object]:
    """Return the keys that lead to an invalid value, and the value.

    pydantic's location also contains the tags of union members, which are absent from the data.
    """
    keys: list[str | int] = []
    value = data
    is_tag = False
    for index, part in enumerate(error["loc"], start=1):
        may_be_tag = not is_tag and index < len(error["loc"]) and isinstance(value, dict)
        is_tag = may_be_tag and part in (_child(value, "type"), UNKNOWN_TAG)
        if not is_tag:
            keys.append(part)
            value = _child(value, part)
    if error["type"].startswith("union_tag_") and isinstance(value, dict):
        keys.append("type")
        value = _child(value, "type")
    return tuple(keys), value


def _original(keys: Keys, moved: Mapping[Keys, Keys]) -> Keys:
    original: Keys = ()
    for key in keys:
        original = (*original, key)
        original = moved.get(original, original)
    return original


def _child(value: object, key: str | int) -> object:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) else None


def _step(key: str | int) -> str:
    text = f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{json.dumps(key)}]"
    return text if len(text) <= _MAX_KEY_LENGTH else f"{text[:_MAX_KEY_LENGTH]}..."


def _brief(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = json.dumps(value)
    return text if len(text) <= _MAX_VALUE_LENGTH else f"{text[:_MAX_VALUE_LENGTH]}..."
