"""Functions below decorators, async functions, and calls of the functions that are the values of expressions."""

from __future__ import annotations

import libcst as cst

from stepgraph.syntax.module import SourcePlace


def decorated_function(place: SourcePlace) -> SourcePlace | None:
    """Return the function that an expression decorates, or None if the expression is not a decorator."""
    parents = place.module.parents
    decorator = parents.get(id(place.node))
    function = parents.get(id(decorator)) if isinstance(decorator, cst.Decorator) else None
    return SourcePlace(place.module, function) if isinstance(function, cst.FunctionDef) else None


def call_of_callee(place: SourcePlace) -> SourcePlace | None:
    """Return the call of the value of an expression, as `f(x)(y)` for `f(x)`, or None if the value is not called."""
    parent = place.module.parents.get(id(place.node))
    is_called = isinstance(parent, cst.Call) and parent.func is place.node
    return SourcePlace(place.module, parent) if parent is not None and is_called else None


def is_async_function(place: SourcePlace) -> bool:
    """Return whether a place is the definition of an async function."""
    return isinstance(place.node, cst.FunctionDef) and place.node.asynchronous is not None
