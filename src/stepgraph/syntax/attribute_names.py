"""Parameters and loop variables that code uses as the names of attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, statements_below

_FUNCTIONS: Final = frozenset({"getattr", "setattr", "delattr"})
_METHODS: Final = frozenset({"__setattr__", "__delattr__"})


def names_of_attributes(function: cst.FunctionDef, module: SourceModule) -> frozenset[str]:
    """Return the names in a function that are the second argument of `getattr`, `setattr` or `delattr`, memoized."""
    if not any(module.mentions(name.encode()) for name in (*_FUNCTIONS, *_METHODS)):
        return frozenset()
    names = module.once(_empty_cache)
    if function not in names:
        names[function] = frozenset(_attribute_names(function))
    return names[function]


def _empty_cache(_: SourceModule) -> dict[cst.FunctionDef, frozenset[str]]:
    return {}


def _attribute_names(function: cst.FunctionDef) -> Iterator[str]:
    for statement in statements_below(function.body):
        for node in expressions_below(statement):
            match node:
                case cst.Call(func=cst.Name(value=called), args=[_, cst.Arg(value=cst.Name(value=name)), *_]) if (
                    called in _FUNCTIONS
                ):
                    yield name
                case cst.Call(func=cst.Attribute(attr=cst.Name(value=called)), args=args) if called in _METHODS:
                    yield from (argument.value.value for argument in args[:2] if isinstance(argument.value, cst.Name))
