"""Simple functions, which only return the value of an expression, so that the value stands for their calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.definition_code import code_of
from stepgraph.syntax.definitions.normal_functions import is_message
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.changes import is_log_call
from stepgraph.syntax.walk import statements, statements_below

_WORD: Final = re.compile(r"\w+")


class DefinedFunction(Struct, frozen=True):
    """A function and its module."""

    module: SourceModule
    node: cst.FunctionDef
    binder: cst.FunctionDef | cst.Assign
    """The statement that binds the name of the function. For a lambda, the node is a definition without parents."""


def only_function(binders: Sequence[cst.CSTNode], module: SourceModule) -> DefinedFunction | None:
    """Return the function that the only statement which binds a name defines, or None."""
    match binders:
        case [cst.FunctionDef() as function]:
            return DefinedFunction(module, function, function)
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=cst.Lambda() as function) as binder]:
            return DefinedFunction(module, module.once_for(function, _definition), binder)
        case _:
            return None


def _definition(function: cst.Lambda, _module: SourceModule) -> cst.FunctionDef:
    """Return the definition of a function that returns the value of a lambda."""
    body = cst.IndentedBlock([cst.SimpleStatementLine([cst.Return(function.body)])])
    return cst.FunctionDef(cst.Name("function"), function.params, body)


def returned_value(function: DefinedFunction, *, is_awaited: bool) -> str | None:
    """Return the expression that a simple function returns, perhaps after assignments and steps, or None."""
    node = function.node
    if (node.asynchronous is not None) is not is_awaited or not all(map(_is_static, node.decorators)):
        return None
    return function.module.once_for(node, _returned_value)


def _returned_value(node: cst.FunctionDef, module: SourceModule) -> str | None:
    match list(statements(node.body)):
        case [*before, cst.Return(value=cst.BaseExpression() as value)] if all(
            _is_simple(each, module) for each in before
        ):
            text = text_without_settings(value, module)
            return text if _leaves_out_functions(text, before, module) else None
    match code_of(node, module):
        case [ast.FunctionDef(body=[ast.Return(value=ast.expr() as result)])]:
            return ast.unparse(result)
        case _:
            return None


def returned_function(function: DefinedFunction) -> DefinedFunction | None:
    """Return the nested function that a function always returns, as the factory of a decorator does, or None."""
    node, module = function.node, function.module
    match [each for each in statements_below(node.body) if isinstance(each, cst.Return)], list(statements(node.body)):
        case [cst.Return(value=cst.Name(name)) as only], [*_, last] if only is last:
            return only_function(bindings_of(node, module).binders.get(name, ()), module)
        case _:
            return None


def _leaves_out_functions(text: str, before: Sequence[cst.CSTNode], module: SourceModule) -> bool:
    """Return whether neither a returned value nor the statements before it use an inner function, except as a step."""
    functions = {each.name.value for each in before if isinstance(each, cst.FunctionDef) and not each.decorators}
    others = (module.text(each) for each in before if not isinstance(each, cst.FunctionDef) or each.decorators)
    return not functions or functions.isdisjoint(_WORD.findall(" ".join((text, *others))))


def _is_static(decorator: cst.Decorator) -> bool:
    return isinstance(decorator.decorator, cst.Name) and decorator.decorator.value == "staticmethod"


def _is_simple(statement: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether a statement only defines a variable or function, runs a step, logs a message or is a docstring."""
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())]) | cst.AnnAssign(target=cst.Name()):
            return True
        case cst.Expr(value=cst.Await() | cst.SimpleString()) | cst.FunctionDef(decorators=[] | [_]) | cst.Pass():
            return True
        case cst.Expr(value=call) if is_log_call(call):
            return all(map(is_message, code_of(statement, module) or [ast.Pass()]))
        case _:
            return False
