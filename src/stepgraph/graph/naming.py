"""The keys of functions in a graph: plain names, qualified in case of a collision."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.ir.nodes import Function


def assign_keys(functions: Sequence[Function], reserved: Sequence[str] = ()) -> dict[int, str]:
    """Return a unique key for each function by `id`, avoiding the `reserved` names.

    Functions with the same name are qualified by as many enclosing scopes as needed. The remaining duplicates are
    numbered in order.
    """
    keys: dict[int, str] = {}
    _qualify(list(functions), 0, reserved, keys)
    return _number(functions, keys, reserved)


def _qualify(functions: list[Function], level: int, reserved: Sequence[str], keys: dict[int, str]) -> None:
    groups: dict[str, list[Function]] = {}
    for function in functions:
        groups.setdefault(function.names[min(level, len(function.names) - 1)], []).append(function)
    for name, duplicates in groups.items():
        # Qualification cannot distinguish functions whose names are equal at every level.
        is_ambiguous = len({function.names for function in duplicates}) == 1
        is_last = all(level >= len(function.names) - 1 for function in duplicates)
        if is_last or (is_ambiguous and name not in reserved):
            keys.update({id(function): name for function in duplicates})
        else:
            _qualify(duplicates, level + 1, reserved, keys)


def _number(functions: Sequence[Function], keys: dict[int, str], reserved: Sequence[str]) -> dict[int, str]:
    """Number duplicate keys. A qualified name of one function may equal a plain name of another."""
    used = set(reserved)
    for function in functions:
        name = keys[id(function)]
        key, number = name, 1
        while key in used:
            number += 1
            key = f"{name} #{number}"
        used.add(key)
        keys[id(function)] = key
    return keys
