"""Expressions that each call of a function evaluates, unless an earlier exception ends the call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.walk import all_nodes, children, statements, statements_below, suites


def is_unconditional(module: SourceModule, function: cst.FunctionDef, node: cst.CSTNode) -> bool:
    """Return whether each call of a function evaluates an expression in its body."""
    return id(node) in module.once_for_code(function, _unconditional_nodes)


def always_runs_callee(call: SourcePlace, callee: SourcePlace) -> SourcePlace | None:
    """Return the function around a call if each of its calls runs the body of the callee. Otherwise return None."""
    caller = next(iter(call.functions), None)
    if caller is None or not is_unconditional(call.module, caller, call.node):
        return None
    is_awaited = isinstance(call.module.parents.get(id(call.node)), cst.Await)
    if isinstance(callee.node, cst.FunctionDef) and (
        (callee.node.asynchronous is not None and not is_awaited)
        or bindings_of(callee.node, callee.module).is_generator
    ):
        return None
    return SourcePlace(call.module, caller)


def _unconditional_nodes(function: cst.FunctionDef) -> frozenset[int]:
    nodes: set[int] = set()
    _add_block(function.body, nodes)
    return frozenset(nodes)


def _add_block(body: cst.BaseSuite, nodes: set[int]) -> bool:
    """Add the nodes that a block always evaluates. Return whether its end is always reached, apart from exceptions."""
    return all(_add_statement(statement, nodes) for statement in statements(body))


def _add_statement(statement: cst.CSTNode, nodes: set[int]) -> bool:
    """Add the nodes that a statement always evaluates. Return whether the next statement always follows it."""
    match statement:
        case cst.FunctionDef():
            _add_expressions(statement.decorators, nodes)
            return True
        case cst.ClassDef():
            return True
        case cst.If(test=first) | cst.While(test=first) | cst.For(iter=first) | cst.Match(subject=first):
            _add_expressions([first], nodes)
            return not _may_jump_out(statement)
        case cst.With() if not _may_suppress(statement):
            _add_expressions(statement.items, nodes)
            return _add_block(statement.body, nodes)
        case cst.Try(handlers=[]):
            reaches_end = _add_block(statement.body, nodes)
            return (statement.finalbody is None or _add_block(statement.finalbody.body, nodes)) and reaches_end
        case cst.With() | cst.Try() | cst.TryStar():
            return not _may_jump_out(statement)
        case _:
            _add_expressions([statement], nodes)
            return not isinstance(statement, cst.Return | cst.Raise | cst.Break | cst.Continue)


def _may_jump_out(statement: cst.CSTNode) -> bool:
    """Return whether a compound statement may return or leave a loop around it. A `raise` ends the call anyway."""
    jumps = (cst.Return, cst.Break, cst.Continue)
    return any(isinstance(inner, jumps) for suite in suites(statement) for inner in statements_below(suite))


def _may_suppress(statement: cst.With) -> bool:
    """Return whether a context manager suppresses exceptions, according to its name."""
    names = (node.value for item in statement.items for node in all_nodes(item.item) if isinstance(node, cst.Name))
    return any("suppress" in name.lower() for name in names)


def _add_expressions(roots: Iterable[cst.CSTNode], nodes: set[int]) -> None:
    pending = list(roots)
    while pending:
        node = pending.pop()
        nodes.add(id(node))
        if type(node) not in _SPECIAL_TYPES:
            pending += children(node)
            continue
        match node:
            case cst.BooleanOperation(left=first) | cst.IfExp(test=first):
                pending.append(first)
            case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
                pending.append(node.for_in.iter)


# The types of nodes whose parts are not all evaluated at once. Class patterns are slow for the many other nodes.
_SPECIAL_TYPES: Final = frozenset(
    [
        *(cst.BooleanOperation, cst.IfExp, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp),
        *(cst.FunctionDef, cst.ClassDef, cst.Lambda),
    ]
)
