"""Functions that have state of their own: closures, changed default values and cached results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, parameters
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.mutation.changes import mutated_values
from stepgraph.syntax.walk import expressions_below, statements_below

_Region: TypeAlias = tuple[cst.BaseSuite | cst.Module, tuple[str, ...], tuple[cst.FunctionDef, ...]]
"""A block, with the names of the functions and classes around it, and these functions."""


_CACHES: Final = frozenset({"cache", "cached", "lru_cache"})


def functions_with_state(module: SourceModule) -> frozenset[str]:
    """Return the functions that may return other values after a call, with the scopes around them.

    They change variables or objects of an enclosing call or default values, or return the same object again.
    """
    with_state: set[str] = set()
    pending: list[_Region] = [(module.tree, (), ())]
    while pending:
        body, names, functions = pending.pop()
        for statement in statements_below(body):
            match statement:
                case cst.FunctionDef():
                    pending.append((statement.body, (*names, statement.name.value), (*functions, statement)))
                    if _returns_same_object(statement):
                        with_state.add(statement.name.value)
                case cst.ClassDef():
                    pending.append((statement.body, (*names, statement.name.value), functions))
            if functions and _may_change_outer_state(statement, functions, module):
                with_state.update(names)
    return frozenset(with_state)


def _returns_same_object(function: cst.FunctionDef) -> bool:
    """Whether calls of a function may return the same object: a default value, or a cached result."""
    if any(_last_name(decorator.decorator) in _CACHES for decorator in function.decorators):
        return True
    return has_created_default(function.params)


def has_created_default(params: cst.Parameters) -> bool:
    """Whether a default value is an object that is created with the function: `def collect(found=[])`."""
    defaults = (parameter.default for parameter in parameters(params))
    return any(isinstance(default, cst.List | cst.Dict | cst.Set | cst.Call) for default in defaults)


def _may_change_outer_state(
    statement: cst.CSTNode, functions: tuple[cst.FunctionDef, ...], module: SourceModule
) -> bool:
    """Whether a statement of a function, or a lambda in it, may change a variable or object of another one."""
    if isinstance(statement, cst.Nonlocal):
        return True
    nodes = list(expressions_below(statement)) if module.mentions(b"lambda") else []
    if any(isinstance(node, cst.Lambda) and any(_called_objects(node.body)) for node in nodes):
        return True
    defaults = {parameter.name.value for parameter in parameters(functions[-1].params) if parameter.default is not None}
    if not defaults and len(functions) == 1:
        return False
    changed = (
        *mutated_values(statement),
        *(owner for owner, _ in attribute_targets(statement)),
        *_called_objects(statement),
    )
    names = {_root_name(value) for value in changed}
    if not names.isdisjoint(defaults):
        return True
    *outer, inner = (bindings_of(function, module) for function in functions)
    return any(not inner.binds(name) and any(bindings.binds(name) for bindings in outer) for name in names)


def _called_objects(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the objects whose methods an expression or a simple statement calls."""
    for inner in expressions_below(node):
        if isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute):
            yield inner.func.value


def _last_name(node: cst.BaseExpression) -> str:
    while isinstance(node, cst.Call):
        node = node.func
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case _:
            return ""


def _root_name(value: cst.BaseExpression) -> str:
    while isinstance(value, cst.Attribute | cst.Subscript | cst.Call):
        value = value.func if isinstance(value, cst.Call) else value.value
    return value.value if isinstance(value, cst.Name) else ""
