"""The keys of functions: the plain name, qualified where two functions of one graph share it."""

from __future__ import annotations

from collections.abc import Sequence

from stepgraph.program.ir import Function


def keys_of(functions: Sequence[Function]) -> dict[int, str]:
    """Return the key of each function by its `id`.

    Functions that share a name are each qualified by what encloses them, by as much of it as tells them apart; what is
    alike even then is numbered, in order.
    """
    keys: dict[int, str] = {}
    _name(list(functions), 0, keys)
    return keys


def _name(functions: list[Function], level: int, keys: dict[int, str]) -> None:
    groups: dict[str, list[Function]] = {}
    for function in functions:
        groups.setdefault(function.names[min(level, len(function.names) - 1)], []).append(function)
    for name, sharing in groups.items():
        if len(sharing) == 1:
            keys[id(sharing[0])] = name
        elif all(level >= len(function.names) - 1 for function in sharing):
            for number, function in enumerate(sharing, 1):
                keys[id(function)] = name if number == 1 else f"{name} #{number}"
        else:
            _name(sharing, level + 1, keys)
