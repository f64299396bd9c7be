"""Loops that only make one call for each item, so that a single call with all items can replace them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.mutation.changes import is_log_call
from stepgraph.syntax.walk import expressions_below, statements_below

BatchLoop: TypeAlias = cst.For | cst.ListComp | cst.GeneratorExp

_SIMPLE: Final = (cst.Expr, cst.Assign, cst.AnnAssign, cst.If, cst.Continue, cst.Pass)


def batch_loops(function: cst.FunctionDef) -> dict[int, BatchLoop]:
    """Return the loops and comprehensions of a function that only make one call, by the identity of the call.

    The arguments of the call depend on the item, and the loop discards the result or adds it to a list.
    """
    loops: dict[int, BatchLoop] = {}
    for statement in statements_below(function.body):
        if isinstance(statement, cst.For) and (call := _only_call(statement)) is not None:
            loops[id(call)] = statement
    separate: set[int] = set()  # the arguments of calls whose results may be exceptions, each handled separately
    for node in expressions_below(function.body):
        if isinstance(node, cst.Call) and any(_keyword(argument) == "return_exceptions" for argument in node.args):
            separate.update(id(argument.value) for argument in node.args)
        elif isinstance(node, cst.ListComp | cst.GeneratorExp) and node.for_in.inner_for_in is None:
            element = _without_await(node.elt)
            if isinstance(element, cst.Call) and _uses(element, set(_names(node.for_in.target))):
                loops[id(element)] = node
    return {call: loop for call, loop in loops.items() if id(loop) not in separate}


def _only_call(loop: cst.For) -> cst.Call | None:
    """Return the only call in the body of a loop, or None if the body contains anything else."""
    actions: list[cst.BaseExpression] = []  # the expression statements that do more than log
    bound = set(_names(loop.target))
    await_count = 0
    for statement in statements_below(loop.body):
        if not isinstance(statement, _SIMPLE):
            return None
        if isinstance(statement, cst.Expr) and not is_log_call(statement.value):
            actions.append(statement.value)
        elif isinstance(statement, cst.Assign):
            bound.update(name for target in statement.targets for name in _names(target.target))
        expression: cst.CSTNode = statement.test if isinstance(statement, cst.If) else statement
        await_count += sum(isinstance(node, cst.Await) for node in expressions_below(expression))
    if len(actions) != 1 or loop.orelse is not None or loop.asynchronous is not None:
        return None
    appended = _appended(actions[0])
    action = actions[0] if appended is None else appended
    call = _without_await(action)
    is_awaited = action is not call
    is_only_work = (is_awaited or appended is not None) and await_count == is_awaited
    return call if isinstance(call, cst.Call) and is_only_work and _uses(call, bound) else None


def _appended(expression: cst.BaseExpression) -> cst.BaseExpression | None:
    """Return the element that an expression adds to a list, as in `started.append(element)`."""
    match expression:
        case cst.Call(func=cst.Attribute(attr=cst.Name(value="append")), args=[cst.Arg(value=value)]):
            return value
        case _:
            return None


def _without_await(expression: cst.BaseExpression) -> cst.BaseExpression:
    return expression.expression if isinstance(expression, cst.Await) else expression


def _keyword(argument: cst.Arg) -> str:
    return "" if argument.keyword is None else argument.keyword.value


def _uses(call: cst.Call, names: set[str]) -> bool:
    """Return whether an argument of a call mentions one of the names."""
    return any(name in names for argument in call.args for name in _names(argument.value))


def _names(node: cst.CSTNode) -> Iterator[str]:
    return (inner.value for inner in expressions_below(node, into_lambdas=True) if isinstance(inner, cst.Name))
