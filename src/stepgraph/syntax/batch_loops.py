"""Loops that only await one call for each item, so that a single call with all items can replace them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import expressions_below, statements_below

BatchLoop: TypeAlias = cst.For | cst.ListComp | cst.GeneratorExp

_LOG_METHODS: Final = frozenset(["debug", "error", "info", "log", "warning"])
_SIMPLE: Final = (cst.Expr, cst.Assign, cst.AnnAssign, cst.If, cst.Continue, cst.Pass)


def batch_loops(function: cst.FunctionDef, _: SourceModule) -> dict[int, BatchLoop]:
    """Return the loops and comprehensions of a function that only await one call, by the identity of the call.

    The arguments of the call depend on the item, and the loop discards the result or adds it to a list.
    """
    loops: dict[int, BatchLoop] = {}
    for statement in statements_below(function.body):
        if isinstance(statement, cst.For) and (call := _only_call(statement)) is not None:
            loops[id(call)] = statement
    for node in expressions_below(function.body):
        if isinstance(node, cst.ListComp | cst.GeneratorExp) and node.for_in.inner_for_in is None:
            element = node.elt.expression if isinstance(node.elt, cst.Await) else node.elt
            if isinstance(element, cst.Call) and _uses(element, set(_names(node.for_in.target))):
                loops[id(element)] = node
    return loops


def _only_call(loop: cst.For) -> cst.Call | None:
    """Return the only awaited call in the body of a loop, or None if the loop does something else, too."""
    awaits: list[tuple[cst.CSTNode, cst.Await]] = []
    bound = set(_names(loop.target))
    acting = 0  # the number of expression statements that do more than log
    for statement in statements_below(loop.body):
        if not isinstance(statement, _SIMPLE):
            return None
        expression: cst.CSTNode = statement.test if isinstance(statement, cst.If) else statement
        acting += isinstance(statement, cst.Expr) and not _is_log_call(statement.value)
        awaits += ((expression, node) for node in expressions_below(expression) if isinstance(node, cst.Await))
        if isinstance(statement, cst.Assign):
            bound.update(name for target in statement.targets for name in _names(target.target))
    if len(awaits) != 1 or acting != 1 or loop.orelse is not None or loop.asynchronous is not None:
        return None
    expression, awaited = awaits[0]
    call = awaited.expression
    collects = isinstance(expression, cst.Expr) and (expression.value is awaited or _appends(expression.value, awaited))
    return call if isinstance(call, cst.Call) and collects and _uses(call, bound) else None


def _appends(expression: cst.BaseExpression, element: cst.BaseExpression) -> bool:
    """Return whether an expression adds an element to a list: `started.append(element)`."""
    match expression:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="append")), args=[cst.Arg(value=value)]):
            return value is element
        case _:
            return False


def _is_log_call(expression: cst.BaseExpression) -> bool:
    match expression:
        case cst.Call(func=cst.Name(value="print")):
            return True
        case cst.Call(func=cst.Attribute(attr=cst.Name(value=name))):
            return name in _LOG_METHODS
        case _:
            return False


def _uses(call: cst.Call, names: set[str]) -> bool:
    """Return whether an argument of a call mentions one of the names."""
    return any(name in names for argument in call.args for name in _names(argument.value))


def _names(node: cst.CSTNode) -> Iterator[str]:
    return (inner.value for inner in expressions_below(node, into_lambdas=True) if isinstance(inner, cst.Name))
