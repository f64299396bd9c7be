"""Blocks of a module or class body that must succeed or must fail, so that handlers never or always run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.binding_order import may_be_unbound
from stepgraph.interpreter.modules.failing_imports import import_must_succeed
from stepgraph.interpreter.modules.imports import imports_missing_name
from stepgraph.syntax.body_errors import CaughtNames, may_catch
from stepgraph.syntax.walk import expressions_below, statements


def must_succeed(
    interpreter: Interpreter, body: cst.BaseSuite, name: str, handlers: Sequence[CaughtNames] = ()
) -> bool:
    """Whether a block raises nothing that a handler may catch, as far as the value of a name after it is concerned.

    It has only imports that succeed, definitions, and expressions that cannot raise.
    """
    return all(_statement_must_succeed(interpreter, statement, name, handlers) for statement in statements(body))


def _statement_must_succeed(
    interpreter: Interpreter, statement: cst.CSTNode, name: str, handlers: Sequence[CaughtNames]
) -> bool:
    match statement:
        case cst.Import() | cst.ImportFrom():
            return import_must_succeed(interpreter, statement, handlers, name)
        case cst.FunctionDef() | cst.ClassDef() | cst.Pass():
            return True
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value) | cst.Expr(value=value):
            nodes = list(expressions_below(value))
            return not any(isinstance(node, _MAY_RAISE) for node in nodes) and not (
                may_catch(handlers, "NameError")
                and any(_may_be_unbound(interpreter, node, statement) for node in nodes)
            )
        case _:
            return False


def must_fail(interpreter: Interpreter, body: cst.BaseSuite) -> bool:
    """Whether a block must fail: it imports a missing name from a module of the project."""
    imports = (statement for statement in statements(body) if isinstance(statement, cst.ImportFrom))
    return any(imports_missing_name(interpreter, statement) for statement in imports)


def _may_be_unbound(interpreter: Interpreter, node: cst.CSTNode, statement: cst.CSTNode) -> bool:
    """Whether a node is a name that its module binds on some paths to a statement only."""
    if not isinstance(node, cst.Name):
        return False
    scope = interpreter.modules.scope_of(interpreter.module)
    return node.value in scope.bindings.binders and may_be_unbound(scope, node.value, statement)


_MAY_RAISE: Final = (cst.Call, cst.Attribute, cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Comparison)
