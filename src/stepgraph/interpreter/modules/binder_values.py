"""Values that the statements of module and class bodies bind to names."""

from __future__ import annotations

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.body_runs import execute_body_statement
from stepgraph.interpreter.modules.imports import import_name
from stepgraph.interpreter.python.definitions import caveat_of_decorator, evaluate_annotation, make_class, make_function
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.interpreter.values.objects import FunctionValue, Instance, LexicalScope
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, ExternalResult, ExternalResultMember, Unknown, Value
from stepgraph.syntax.bindings import target_names
from stepgraph.syntax.walk import expressions_below


def binder_value(interpreter: Interpreter, scope: LexicalScope, name: str, binder: cst.CSTNode, before: Value) -> Value:
    """Return the value that a statement binds to a name, which has the value `before` in front of it.

    A statement that only mutates the collection of the name is executed.
    """
    match binder:
        case cst.FunctionDef():
            return make_function(interpreter, binder, scope)
        case cst.ClassDef():
            return make_class(interpreter, binder, scope)
        case cst.Import() | cst.ImportFrom():
            return import_name(interpreter, binder, name)
        case cst.Assign() if _binds_several(binder):
            values = execute_body_statement(interpreter, scope, binder)
            return values.get(name) or (UNKNOWN if binder in scope.bindings.binders[name] else before)
        case (
            cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=expression)
            | cst.AnnAssign(value=cst.BaseExpression() as expression)
            | cst.NamedExpr(value=expression)
        ):
            value = interpreter.evaluate(expression)
            if isinstance(binder, cst.AnnAssign):
                evaluate_annotation(interpreter, binder.annotation)
        case _ if isinstance(before, Collection | Mapping) and binder in scope.bindings.mutations.get(name, ()):
            execute_body_statement(interpreter, scope, binder)
            return before
        case cst.AugAssign() if isinstance(before, Collection | Mapping | Instance | Union):
            return execute_body_statement(interpreter, scope, binder).get(name) or before
        case _:
            return UNKNOWN
    is_unknown = isinstance(value, Unknown | ExternalResult | ExternalResultMember)
    if is_unknown and isinstance(before, FunctionValue) and _mentions(expression, name):
        # `job = wrap(job)` acts like an unknown decorator.
        return replace(before, caveats=(*before.caveats, caveat_of_decorator(interpreter.place(expression))))
    return value


def _binds_several(statement: cst.Assign) -> bool:
    """Whether an assignment has a name among several targets, or in a tuple."""
    names = [name for target in statement.targets for name in target_names(target.target)]
    return bool(names) and not (len(statement.targets) == 1 and isinstance(statement.targets[0].target, cst.Name))


def _mentions(expression: cst.BaseExpression, name: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == name for node in expressions_below(expression))
