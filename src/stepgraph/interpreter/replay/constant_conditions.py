"""Conditions with the same value in each run, such as `if DEBUG:`, and the code that they disable.

The graph shows this code, because a change of one constant enables it. Rules do not report it.
"""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope, ModuleValue
from stepgraph.ir.facts import DeadCode
from stepgraph.ir.values import Constant, Value
from stepgraph.syntax.module import Place


def observe_dead_code(interpreter: Interpreter, value: Value, test: Place) -> None:
    """Record the code that a condition with a `value` disables, if the condition has this value in each run."""
    node, negated = test.node, False
    while isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        node, negated = node.expression, not negated
    constant = _constant_value(interpreter, node, value)
    if constant is None or (negated and isinstance(node, cst.Comparison)):
        return
    truth = bool(constant.value) is not negated
    disabled = _disabled_by(test.module.parents.get(id(test.node)), test.node, truth=truth)
    if disabled is not None:
        condition = test if isinstance(disabled, cst.BaseSuite) else None
        interpreter.observe(DeadCode(Place(test.module, disabled), condition))


def _disabled_by(statement: cst.CSTNode | None, test: cst.CSTNode, *, truth: bool) -> cst.CSTNode | None:
    """Return the part of a conditional statement or expression that does not run. Return None if all may run."""
    match statement:
        case cst.If() | cst.IfExp() if statement.test is test:
            return statement.orelse if truth else statement.body
        case cst.While() if statement.test is test and not truth:
            return statement.body
        case _:
            return None


def _constant_value(interpreter: Interpreter, node: cst.CSTNode, value: Value) -> Constant | None:
    """Return the value of a name, attribute or comparison if it is the same in each run. Return None otherwise.

    `value` is the value of the whole condition. A name must have a single definition, so that its value in one pass of
    a loop is not taken for a constant.
    """
    match node:
        case cst.Name(value=name) if _has_one_definition(interpreter.frame.scope, name):
            value = look_up(interpreter, name)
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            module = look_up(interpreter, owner)
            if not isinstance(module, ModuleValue | ClassValue):
                return None
            value = interpreter.attribute(module, name, interpreter.place(node))
        case cst.Comparison():
            pass  # a comparison is resolved only if it looks for a parameter of `step.do`
        case _:
            return None
    return value if isinstance(value, Constant) else None


def _has_one_definition(scope: LexicalScope | None, name: str) -> bool:
    """Return whether a single statement binds a name, in the innermost scope that binds it."""
    while scope is not None and name not in scope.bindings.binders:
        scope = scope.parent
    return scope is not None and scope.bindings.binds_constant(name)
