"""JSON data as text: indented for people and diffs, on one line for programs, or canonical for computing ids.

The text equals the output of `json.dumps`, except that invisible characters, control characters and CI commands are
escaped, and that deep levels are not indented further. `json.dumps` itself recurses, and fails at about 250 levels of
nested steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, repeat
from json.encoder import encode_basestring_ascii
from typing import Any

import msgspec
from msgspec import Struct

from stepgraph.escaping.json_strings import json_string, without_commands_in_json, without_unsafe_in_json
from stepgraph.limits import INDENTED_LEVELS

_CONTAINERS = (dict, list)

# An open container: its remaining children with the texts before them, and its closing text.
_Open = tuple[Iterator[tuple[str, object]], str]


class _Style(Struct, frozen=True):
    """The layout of JSON text."""

    quote: Callable[[str], str]
    """Returns a string as a JSON string."""
    colon: str
    """The text after a key."""
    line_break: str
    indent: str
    sorted_keys: bool


_PRETTY = _Style(json_string, ": ", "\n", "  ", sorted_keys=False)
_LINE = _Style(json_string, ":", "", "", sorted_keys=False)
_CANONICAL = _Style(encode_basestring_ascii, ":", "", "", sorted_keys=True)


def pretty_json(value: object) -> str:
    """Return JSON data (dicts, lists, scalars) as text, indented by two spaces and ending with a line break.

    The indentation stops at `INDENTED_LEVELS`. Letters of all scripts stay unescaped. Invisible characters, control
    characters and CI commands are escaped. Raises ValueError for numbers that JSON does not support, and TypeError for
    values of other types.
    """
    return without_commands_in_json(_indented(value)) + "\n"


def json_line(value: object) -> str:
    """Return JSON data as text on one line, without a line break. Escapes and raises like `pretty_json`."""
    return without_commands_in_json(_write(value, _LINE) if _has_more_levels(value) else _line(value))


def canonical_json(value: object) -> str:
    """Return JSON data as ASCII text with sorted keys and without spaces. Equal data has equal text.

    Raises like `pretty_json`.
    """
    try:
        # Four times as fast as `_write`.
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        return _write(value, _CANONICAL)


def _indented(value: object) -> str:
    """Return JSON data like `_write` in the style `_PRETTY`, in a quarter of the time if it is not deep."""
    if not _has_more_levels(value):
        with suppress(msgspec.DecodeError):  # the data contains half of a surrogate pair
            return msgspec.json.format(_line(value), indent=2)
    return _write(value, _PRETTY)


def _has_more_levels(value: object) -> bool:
    """Return whether the nesting of containers in JSON data is deeper than the indentation."""
    containers: list[Any] = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(INDENTED_LEVELS):
        containers = [
            child
            for container in containers
            for child in (container if isinstance(container, list) else container.values())
            if isinstance(child, _CONTAINERS)
        ]
    return bool(containers)


def _line(value: object) -> str:
    """Return JSON data like `_write` in the style `_LINE`. It must not be deep."""
    return without_unsafe_in_json(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def _write(value: object, style: _Style) -> str:
    parts: list[str] = []
    opened: list[_Open] = [(iter([("", value)]), "")]
    while opened:
        children, closing = opened[-1]
        for lead, child in children:
            parts.append(lead)
            if child and isinstance(child, _CONTAINERS):
                opened.append(_open(child, len(opened), style))
                break
            parts.append(_leaf(child, style))
        else:
            opened.pop()
            parts.append(closing)
    return "".join(parts)


def _open(container: dict[str, object] | list[object], level: int, style: _Style) -> _Open:
    margin = style.line_break + style.indent * min(level, INDENTED_LEVELS)
    outer = style.line_break + style.indent * min(level - 1, INDENTED_LEVELS)
    if isinstance(container, list):
        leads = chain(["[" + margin], repeat("," + margin))
        return zip(leads, container, strict=False), outer + "]"
    keys = sorted(container) if style.sorted_keys else list(container)
    names = [f"{margin}{style.quote(key)}{style.colon}" for key in keys]
    leads = chain(["{" + names[0]], ["," + name for name in names[1:]])
    return zip(leads, [container[key] for key in keys], strict=False), outer + "}"


def _leaf(value: object, style: _Style) -> str:
    if isinstance(value, str):
        return style.quote(value)
    # Integers are frequent, and `json.dumps` takes ten times as long.
    if type(value) is int:
        return repr(value)
    if isinstance(value, _CONTAINERS):
        return "[]" if isinstance(value, list) else "{}"
    return json.dumps(value, allow_nan=False)
