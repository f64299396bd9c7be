"""Values that the statements of module and class bodies bind to names."""

from __future__ import annotations

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.body_runs import executed_value
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
        case cst.FunctionDef() if binder.name.value == name:
            return make_function(interpreter, binder, scope)
        case cst.ClassDef() if binder.name.value == name:
            return make_class(interpreter, binder, scope)
        case cst.Import() | cst.ImportFrom():
            return import_name(interpreter, binder, name)
        case cst.Assign() | cst.AnnAssign() if _binds_several(interpreter, binder):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case (
            cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=expression)
            | cst.AnnAssign(value=cst.BaseExpression() as expression)
        ):
            value = interpreter.evaluate(expression)
            if isinstance(binder, cst.AnnAssign):
                evaluate_annotation(interpreter, binder.annotation)
        case _ if isinstance(before, Collection | Mapping) and binder in scope.bindings.mutations.get(name, ()):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case cst.AugAssign() if isinstance(before, Collection | Mapping | Instance | Union):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case (
            cst.Assert() | cst.AugAssign() | cst.Expr() | cst.For() | cst.If() | cst.Match() | cst.While() | cst.With()
        ) if _binds_several(interpreter, binder) or not isinstance(binder, cst.AugAssign):
            return executed_value(interpreter, scope, name, binder, before) or UNKNOWN
        case _:
            return UNKNOWN
    is_unknown = isinstance(value, Unknown | ExternalResult | ExternalResultMember)
    if is_unknown and isinstance(before, FunctionValue) and _mentions(expression, name):
        # `job = wrap(job)` acts like an unknown decorator.
        return replace(before, caveats=(*before.caveats, caveat_of_decorator(interpreter.place(expression))))
    return value


def _binds_several(interpreter: Interpreter, statement: cst.CSTNode) -> bool:
    """Whether an assignment has other targets besides a name, or an expression in it binds names."""
    if isinstance(statement, cst.Assign):
        names = [name for target in statement.targets for name in target_names(target.target)]
        if names and not (len(statement.targets) == 1 and isinstance(statement.targets[0].target, cst.Name)):
            return True
    return interpreter.module.mentions(b":=") and any(
        isinstance(node, cst.NamedExpr) for node in expressions_below(statement)
    )


def _mentions(expression: cst.BaseExpression, name: str) -> bool:
    return any(isinstance(node, cst.Name) and node.value == name for node in expressions_below(expression))
