"""The keys of functions: the plain name, qualified where two functions of one graph share it."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.ir.nodes import Function


def keys_of(functions: Sequence[Function], taken: Sequence[str] = ()) -> dict[int, str]:
    """Return the key of each function by its `id`: no two are the same, and none is among those `taken`.

    Functions that share a name are each qualified by what encloses them, by as much of it as tells them apart; what is
    alike even then is numbered, in order.
    """
    keys: dict[int, str] = {}
    _name(list(functions), 0, taken, keys)
    return _numbered(functions, keys, taken)


def _name(functions: list[Function], level: int, taken: Sequence[str], keys: dict[int, str]) -> None:
    groups: dict[str, list[Function]] = {}
    for function in functions:
        groups.setdefault(function.names[min(level, len(function.names) - 1)], []).append(function)
    for name, sharing in groups.items():
        # Nothing more tells apart functions that are qualified alike all the way.
        alike = len({function.names for function in sharing}) == 1
        last = all(level >= len(function.names) - 1 for function in sharing)
        if last or (alike and name not in taken):
            keys.update({id(function): name for function in sharing})
        else:
            _name(sharing, level + 1, taken, keys)


def _numbered(functions: Sequence[Function], keys: dict[int, str], taken: Sequence[str]) -> dict[int, str]:
    """Number what is still alike: a key of one function may be that of another on its way to a longer one."""
    used = set(taken)
    for function in functions:
        name = keys[id(function)]
        key, number = name, 1
        while key in used:
            number += 1
            key = f"{name} #{number}"
        used.add(key)
        keys[id(function)] = key
    return keys
