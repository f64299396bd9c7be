"""Texts of the keys of dictionaries, for the branches of a lookup."""

from __future__ import annotations

import json
from collections.abc import Sequence

from stepgraph.interpreter.values.containers import MappingEntry
from stepgraph.ir.values import Constant, Value


def key_texts(entries: Sequence[MappingEntry]) -> dict[int, str]:
    """Return the text of each key by the `id` of its entry: its source where that is of this key only.

    Of a constant key without such a source, as in `dict(x=a)` or `table[key] = fn` in a function, it is the constant.
    """
    keys: dict[int, Value] = {}
    shared: set[int] = set()
    for entry in entries:
        node = id(entry.key_place.node)
        if keys.setdefault(node, entry.key) != entry.key or entry.key_place.node is entry.place.node:
            shared.add(node)
    return {
        id(entry): _constant_text(entry.key)
        if isinstance(entry.key, Constant) and id(entry.key_place.node) in shared
        else entry.key_place.text
        for entry in entries
    }


def _constant_text(key: Constant) -> str:
    return json.dumps(key.value, ensure_ascii=False) if isinstance(key.value, str) else repr(key.value)
