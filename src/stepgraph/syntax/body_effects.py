"""Statements of module and class bodies that may change existing objects, or bind values that depend on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import default_values
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, self_and_statements_below

_PURE_METHODS: Final = frozenset(
    [
        "casefold",
        "endswith",
        "exists",
        "format",
        "get",
        "getenv",
        "join",
        "lower",
        "split",
        "startswith",
        "strip",
        "upper",
    ]
)
"""Methods and functions that change no object, by the last component of their names."""
_PURE_FUNCTIONS: Final = frozenset(["bool", "callable", "float", "hasattr", "int", "isinstance", "len", "print", "str"])


def depends_on_block(statement: cst.CSTNode, binders: Sequence[cst.CSTNode], module: SourceModule) -> bool:
    """Return whether the values bound by binders in a compound statement may depend on other statements in it.

    They may if a binder reads objects and another statement changes objects.
    """
    if not any(map(_reads_objects, binders)):
        return False
    ids = {id(binder) for binder in binders}
    return any(change not in ids for change in module.once_for_code(statement, _object_changes))


def _object_changes(statement: cst.CSTNode) -> tuple[int, ...]:
    """Return the identities of the statements that change objects: the statement, and statements nested in it."""
    return tuple(id(inner) for inner in self_and_statements_below(statement) if _changes_objects(inner))


def _reads_objects(binder: cst.CSTNode) -> bool:
    match binder:
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value):
            return _reads(value)
        case cst.FunctionDef(params=params, decorators=decorators):
            return bool(decorators) or any(map(_reads, default_values(params)))
        case cst.ClassDef(decorators=decorators):
            return bool(decorators)
        case _:
            return False


def _reads(value: cst.BaseExpression) -> bool:
    return any(isinstance(node, cst.Attribute | cst.Call | cst.Subscript) for node in expressions_below(value))


def _changes_objects(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.Assign(targets=targets, value=value):
            return any(not isinstance(target.target, cst.Name) for target in targets) or _calls(value)
        case cst.AnnAssign(target=target, value=cst.BaseExpression() as value):
            return not isinstance(target, cst.Name) or _calls(value)
        case cst.Expr(value=value) | cst.If(test=value) | cst.Assert(test=value):
            return _calls(value)
        case cst.AugAssign() | cst.For() | cst.While() | cst.With() | cst.Match():
            return True
        case cst.Del(target=target):
            return not isinstance(target, cst.Name)
        case cst.FunctionDef(decorators=decorators) | cst.ClassDef(decorators=decorators):
            return bool(decorators)
        case _:
            return False


def _calls(value: cst.BaseExpression) -> bool:
    """Return whether an expression calls a function that may change objects, or searches a variable with `in`."""
    return any(
        (isinstance(node, cst.Call) and not _is_pure(node.func))
        or (isinstance(node, cst.ComparisonTarget) and _searches_variable(node))
        for node in expressions_below(value)
    )


def _searches_variable(comparison: cst.ComparisonTarget) -> bool:
    return isinstance(comparison.operator, cst.In | cst.NotIn) and isinstance(comparison.comparator, cst.Name)


def _is_pure(function: cst.BaseExpression) -> bool:
    match function:
        case cst.Name(value=name):
            return name in _PURE_FUNCTIONS
        case cst.Attribute(attr=cst.Name(value=name)):
            return name in _PURE_METHODS
        case _:
            return False
