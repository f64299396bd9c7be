"""Functions that keep state between calls: closures, changed default values and cached results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, default_values, last_name, parameters
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.mutation.changes import mutated_values
from stepgraph.syntax.walk import expressions_below, statements_below

_CACHES: Final = frozenset({"cache", "cached", "lru_cache"})
_CREATING_EXPRESSIONS: Final = frozenset([cst.List, cst.Dict, cst.Set, cst.Call])
_IMMUTABLE_LITERALS: Final = (cst.SimpleString, cst.BaseNumber, cst.ConcatenatedString, cst.FormattedString)


class _FunctionBlock(Struct, frozen=True):
    """The body of a module, function or class, with its enclosing functions and classes."""

    body: cst.BaseSuite | cst.Module
    names: tuple[str, ...] = ()
    """The names of the functions and classes around the body."""
    functions: tuple[cst.FunctionDef, ...] = ()
    """The functions around the body."""
    defaults: frozenset[str] = frozenset()
    """The parameters of the innermost function whose default values are mutable."""


def functions_with_state(module: SourceModule) -> frozenset[str]:
    """Return the names of functions whose results may change from call to call, and of the scopes that enclose them.

    These functions change default values, change variables or objects of an enclosing call, return the same object
    again, or may have implementations that the module or others register, as with `functools.singledispatch`.
    """
    with_state: set[str] = set()
    may_dispatch = module.mentions(b"singledispatch")
    pending = [_FunctionBlock(module.tree)]
    while pending:
        block = pending.pop()
        for statement in statements_below(block.body, sketched=True):
            match statement:
                case cst.FunctionDef(name=cst.Name(value=name), body=body, params=params):
                    functions = (*block.functions, statement)
                    pending.append(_FunctionBlock(body, (*block.names, name), functions, _changeable_defaults(params)))
                    if _returns_same_object(statement) or (may_dispatch and statement.decorators):
                        with_state.add(name)
                case cst.ClassDef(name=cst.Name(value=name), body=body):
                    pending.append(_FunctionBlock(body, (*block.names, name), block.functions, block.defaults))
            if block.functions and _may_change_outer_state(statement, block, module):
                with_state.update(block.names)
    return frozenset(with_state)


def keeps_own_state(function: cst.FunctionDef) -> bool:
    """Return whether calls of a function may change its default values, or return the same object again."""
    if _returns_same_object(function):
        return True
    defaults = _changeable_defaults(function.params)
    return bool(defaults) and any(
        not defaults.isdisjoint(_changed_names(statement)) for statement in statements_below(function.body)
    )


def _changeable_defaults(params: cst.Parameters) -> frozenset[str]:
    """Return the parameters whose default value is anything but a string, a number or a constant such as `None`."""
    return frozenset(
        parameter.name.value
        for parameter in parameters(params)
        if parameter.default is not None and not _is_immutable(parameter.default)
    )


def _is_immutable(value: cst.BaseExpression) -> bool:
    if isinstance(value, cst.Name):
        return value.value in {"None", "True", "False"}
    return isinstance(value, _IMMUTABLE_LITERALS)


def _returns_same_object(function: cst.FunctionDef) -> bool:
    """Return whether calls of a function may return the same object: a default value, or a cached result."""
    if any(last_name(_called(decorator.decorator)) in _CACHES for decorator in function.decorators):
        return True
    return has_created_default(function.params)


def has_created_default(params: cst.Parameters) -> bool:
    """Return whether the definition of a function creates an object as a default value: `def collect(found=[])`."""
    return any(type(default) in _CREATING_EXPRESSIONS for default in default_values(params))


def _may_change_outer_state(statement: cst.CSTNode, block: _FunctionBlock, module: SourceModule) -> bool:
    """Return whether a statement of a function, or a lambda in it, may change state outside the current call."""
    if isinstance(statement, cst.Nonlocal):
        return True
    nodes = list(expressions_below(statement)) if module.mentions(b"lambda") else []
    if any(isinstance(node, cst.Lambda) and any(_called_objects(node.body)) for node in nodes):
        return True
    if not block.defaults and len(block.functions) == 1:
        return False
    names = _changed_names(statement)
    if not names.isdisjoint(block.defaults):
        return True
    *outer, inner = (bindings_of(function, module) for function in block.functions)
    return any(not inner.binds(name) and any(bindings.binds(name) for bindings in outer) for name in names)


def _changed_names(statement: cst.CSTNode) -> set[str]:
    """Return the names whose objects a statement may change."""
    changed = (
        *mutated_values(statement),
        *(owner for owner, _ in attribute_targets(statement)),
        *_called_objects(statement),
    )
    return {_root_name(value) for value in changed}


def _called_objects(node: cst.CSTNode) -> Iterator[cst.BaseExpression]:
    """Yield the objects whose methods an expression or a simple statement calls."""
    for inner in expressions_below(node):
        if isinstance(inner, cst.Call) and isinstance(inner.func, cst.Attribute):
            yield inner.func.value


def _called(node: cst.BaseExpression) -> cst.BaseExpression:
    """Return the innermost called expression in a chain of calls, such as `f` in `f(a)(b)`."""
    while isinstance(node, cst.Call):
        node = node.func
    return node


def _root_name(value: cst.BaseExpression) -> str:
    while isinstance(value, cst.Attribute | cst.Subscript | cst.Call):
        value = value.func if isinstance(value, cst.Call) else value.value
    return value.value if isinstance(value, cst.Name) else ""
