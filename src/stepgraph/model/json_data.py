"""Parsing JSON text, with the positions of errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from stepgraph.limits import SAVED_NODES
from stepgraph.model.note import InputError, Problem

MAX_NODE_DEPTH: Final = 120
"""The limit on nested nodes, below the limits of pydantic and `json`, so that it is the same on every machine."""


def load_json(text: str | bytes, path: str) -> object:
    """Parse JSON text; bytes are UTF-8, UTF-16 or UTF-32.

    Raises InputError for text that is not JSON, and for data with more than `SAVED_NODES` nodes, or more than
    `MAX_NODE_DEPTH` within each other.
    """
    data = _load(text, path)
    count, depth = _count_and_depth(data)
    if depth > MAX_NODE_DEPTH:
        raise _too_deep(path)
    if count > SAVED_NODES:
        raise InputError(Problem(path, f"Too large: at most {SAVED_NODES:,} nodes, branches and workflows are read."))
    return data


def _load(text: str | bytes, path: str) -> object:
    if not text.strip():
        raise InputError(Problem(path, "Not JSON: it is empty."))
    try:
        data: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(Problem(path, f"Not JSON: {error.msg}.", "", error.lineno, error.colno)) from None
    except UnicodeDecodeError as error:
        message = f"Not JSON: byte {error.start} is not {error.encoding.upper()} text."
        raise InputError(Problem(path, message)) from None
    except ValueError:  # the interpreter refuses integers of thousands of digits
        raise InputError(Problem(path, "A number has too many digits.")) from None
    except RecursionError:
        raise _too_deep(path) from None
    return data


def _too_deep(path: str) -> InputError:
    return InputError(Problem(path, f"Nested too deeply: at most {MAX_NODE_DEPTH} nodes may lie within each other."))


def _count_and_depth(data: object) -> tuple[int, int]:
    """Return the number of nodes, branches and workflows in `data`, and the maximum number of nested nodes.

    Iterative, so that deep data cannot exceed the recursion limit here.
    """
    count = deepest = 0
    pending = [(data, 0)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, dict):
            branches = value.get("branches")
            count += ("type" in value or "class_name" in value) + (len(branches) if isinstance(branches, list) else 0)
            if "type" in value:
                depth += 1
                deepest = max(deepest, depth)
        pending.extend((child, depth) for child in _children(value))
    return count, deepest


def _children(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
