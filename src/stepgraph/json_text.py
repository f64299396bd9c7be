"""Payloads as JSON text: laid out for people and diffs, or in the one canonical form that identities are made of.

The text is what `json.dumps` writes, with what no person should meet raw escaped too. It is written here because `json`
recurses, and gives up at some 250 steps that are nested in each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from json.encoder import encode_basestring_ascii

from msgspec import Struct

from stepgraph.escaping.json_strings import json_string, without_commands_in_json
from stepgraph.limits import INDENTED_LEVELS

_CONTAINERS = (dict, list)

# A container that is being written: its children, each with the text before it, and the text that closes it.
_Open = tuple[Iterator[tuple[str, object]], str]


class _Style(Struct, frozen=True):
    """How JSON is laid out: what writes a text, what follows a key, how lines are broken and indented."""

    quote: Callable[[str], str]
    colon: str
    line_break: str
    indent: str
    sorted_keys: bool


_PRETTY = _Style(json_string, ": ", "\n", "  ", sorted_keys=False)
_CANONICAL = _Style(encode_basestring_ascii, ":", "", "", sorted_keys=True)


def pretty_json(value: object) -> str:
    """Return JSON data (dicts, lists, scalars) laid out with two spaces a level, and a line break at the end.

    Beyond `INDENTED_LEVELS`, lines are not indented further.

    Letters of all scripts stay; what is invisible, steers a terminal or is a command in a log is escaped. Raises
    ValueError for a number that JSON cannot hold, TypeError for what is no JSON data.
    """
    return without_commands_in_json(_write(value, _PRETTY)) + "\n"


def canonical_json(value: object) -> str:
    """Return JSON data without spaces, keys sorted, ASCII only: equal data gives equal text.

    Raises as `pretty_json` does.
    """
    try:
        # Four times as fast as `_write`, where it can.
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except RecursionError:
        return _write(value, _CANONICAL)


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
    # Asked for before the general case, which takes ten times as long.
    if type(value) is int:
        return repr(value)
    if isinstance(value, _CONTAINERS):
        return "[]" if isinstance(value, list) else "{}"
    return json.dumps(value, allow_nan=False)
