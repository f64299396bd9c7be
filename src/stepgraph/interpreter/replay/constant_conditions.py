"""Conditions with the same value in each run, such as `if DEBUG:`, and the code that they disable.

The graph shows this code, because a change of one constant enables it. Rules do not report it.
All Workers have the same platform, and Python 3.12 or newer, so conditions on these have the same value, too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import class_default, find_member, resolution_order
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.python.constants import evaluate_literal
from stepgraph.interpreter.values.objects import ClassValue, LexicalScope, ModuleValue, ProjectObject
from stepgraph.ir.facts import DeadCode
from stepgraph.ir.values import Constant, External, Value
from stepgraph.syntax.bindings import dotted_names
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.reachability import ends_in_jump
from stepgraph.syntax.walk import statements

# Class patterns are slow for the many other expressions.
_CONSTANTS: Final = frozenset([cst.SimpleString, cst.Integer, cst.Name, cst.Attribute])
_CONDITIONS: Final = _CONSTANTS | {cst.BooleanOperation, cst.Call, cst.Comparison, cst.UnaryOperation}


def observe_dead_code(interpreter: Interpreter, value: Value, test: SourcePlace) -> None:
    """Record the code that a condition with a `value` disables, if the condition has this value in each run."""
    node = test.node
    # A comparison is resolved only if it looks for a parameter of `step.do`, whose value is the same in each run.
    is_resolved = isinstance(node, cst.Comparison) and isinstance(value, Constant)
    truth = bool(value.value) if is_resolved and isinstance(value, Constant) else _constant_truth(interpreter, node)
    if truth is None:
        return
    parents = test.module.parents
    statement = parents.get(id(node))
    disabled = _disabled_by(statement, node, truth=truth)
    if disabled is not None:
        condition = test if isinstance(disabled, cst.BaseSuite) else None
        interpreter.observe(DeadCode(SourcePlace(test.module, disabled), condition))
    if isinstance(statement, cst.If) and _is_left(statement, truth=truth):
        block = parents.get(id(statement))
        if isinstance(block, cst.IndentedBlock) and block.body[-1] is not statement:
            interpreter.observe(DeadCode(SourcePlace(test.module, block.body[-1]), SourcePlace(test.module, statement)))


def _is_left(statement: cst.If, *, truth: bool) -> bool:
    """Return whether the branch of an `if` that runs never reaches the next statement."""
    branch = statement.body if truth else statement.orelse.body if isinstance(statement.orelse, cst.Else) else None
    return branch is not None and ends_in_jump(statements(branch))


def _disabled_by(statement: cst.CSTNode | None, test: cst.CSTNode, *, truth: bool) -> cst.CSTNode | None:
    """Return the part of a conditional statement or expression that does not run. Return None if all may run."""
    match statement:
        case cst.If() | cst.IfExp() if statement.test is test:
            return statement.orelse if truth else statement.body
        case cst.While() if statement.test is test and not truth:
            return statement.body
        case cst.BooleanOperation(left=left, operator=operator, right=right) if left is test:
            return right if truth is isinstance(operator, cst.Or) else None
        case _:
            return None


def _constant_truth(interpreter: Interpreter, node: cst.CSTNode) -> bool | None:
    """Return the truth value of a condition if it is the same in each run. Return None for other conditions."""
    if type(node) not in _CONDITIONS:
        return None
    if (truth := platform_truth(interpreter, node)) is not None:
        return truth
    if type(node) in _CONSTANTS:
        constant = _constant(interpreter, node)
        return _named_truth(interpreter, node) if constant is None else bool(constant.value)
    match node:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            values = [_constant(interpreter, operand) for operand in (left, right)]
            if None in values or not isinstance(operator, cst.Equal | cst.NotEqual):
                return None
            return (values[0] == values[1]) is isinstance(operator, cst.Equal)
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            truth = _constant_truth(interpreter, inner)
            return None if truth is None else not truth
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            decisive = isinstance(operator, cst.Or)
            truths = [_constant_truth(interpreter, operand) for operand in (left, right)]
            return decisive if decisive in truths else None if None in truths else not decisive
        case _:
            return None


def _named_truth(interpreter: Interpreter, node: cst.CSTNode) -> bool | None:
    """Return the truth value of a name that a single statement binds to a condition on the platform."""
    if not isinstance(node, cst.Name):
        return None
    scope = _defining_scope(interpreter.frame.scope, node.value)
    binder = None if scope is None else scope.bindings.binders[node.value][0]
    if scope is None or not isinstance(binder, cst.Assign | cst.AnnAssign) or binder.value is None:
        return None
    with interpreter.in_scope(scope):
        return platform_truth(interpreter, binder.value)


def _constant(interpreter: Interpreter, node: cst.CSTNode) -> Constant | None:
    """Return the value of a literal, name or attribute if it is the same in each run. Return None otherwise.

    A name must have a single definition, so that its value in one pass of a loop is not taken for a constant.
    """
    if type(node) not in _CONSTANTS:
        return None
    value: Value | None = None
    match node:
        case cst.SimpleString() | cst.Integer():
            value = evaluate_literal(node)
        case cst.Name(value=name) if _defining_scope(interpreter.frame.scope, name) is not None:
            value = look_up(interpreter, name)
        case cst.Attribute(value=cst.Name(value=owner), attr=cst.Name(value=name)):
            value = _constant_attribute(interpreter, look_up(interpreter, owner), name, interpreter.place(node))
    return value if isinstance(value, Constant) else None


def _constant_attribute(interpreter: Interpreter, owner: Value, name: str, place: SourcePlace) -> Value | None:
    """Return an attribute of a module or a class, or an attribute of an object if no code assigns that name.

    Properties and other descriptors are not called, because the analyzed code has called them already.
    """
    match owner:
        case ProjectObject():
            is_assigned = name in owner.state or interpreter.modules.owners_with_assigned_attribute(name)
            return None if is_assigned else class_default(interpreter, owner, name)
        case ClassValue():
            return find_member(interpreter, resolution_order(owner), name)
        case ModuleValue():
            return interpreter.attribute(owner, name, place)
        case _:
            return None


def _defining_scope(scope: LexicalScope | None, name: str) -> LexicalScope | None:
    """Return the innermost scope that binds a name. Return None if several statements in it bind the name."""
    while scope is not None and name not in scope.bindings.binders:
        scope = scope.parent
    return scope if scope is not None and scope.bindings.binds_constant(name) else None


_Operand: TypeAlias = object
_Version: TypeAlias = tuple[int | str, ...]

# Pyodide of the first Workers with workflows has Python 3.12. The upper bounds only have to exceed all tested versions.
_VERSIONS: Final[Sequence[_Version]] = [(3, minor, micro, "final", 0) for minor in range(12, 50) for micro in range(50)]
_VERSION: Final = "sys.version_info"
_VALUES: Final[dict[str, bool | str]] = {
    "builtins.__debug__": True,
    "os.name": "posix",
    "platform.system": "Emscripten",
    "sys.platform": "emscripten",
}
_FIELDS: Final = {"major": 0, "minor": 1}
_OPERATORS: Final[dict[type[cst.BaseCompOp], Callable[[Any, Any], bool]]] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
    cst.LessThan: operator.lt,
    cst.LessThanEqual: operator.le,
    cst.GreaterThan: operator.gt,
    cst.GreaterThanEqual: operator.ge,
    cst.In: lambda element, container: element in container,
    cst.NotIn: lambda element, container: element not in container,
}


def platform_truth(interpreter: Interpreter, test: cst.CSTNode) -> bool | None:
    """Return the truth value of a condition if it is the same in all Workers. Return None for other conditions."""
    match test:
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=symbol, comparator=right)]):
            compare, expected = _OPERATORS.get(type(symbol)), _literal(right)
            return None if compare is None else _common_truth(compare, _values(interpreter, left), expected)
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name("startswith")), args=[cst.Arg(value=prefix)]):
            return _common_truth(str.startswith, _values(interpreter, owner), _literal(prefix))
        case cst.Name("__debug__"):
            return True if _values(interpreter, test) else None
        case _:
            return None


def _common_truth(compare: Callable[[Any, Any], bool], values: Sequence[_Operand], expected: _Operand) -> bool | None:
    """Return the result of a comparison if it is the same for all values. Return None otherwise, or without values."""
    if expected is None:
        return None
    try:
        truths = {compare(value, expected) for value in values}
    except (AttributeError, TypeError):
        return None
    return truths.pop() if len(truths) == 1 else None


def _values(interpreter: Interpreter, node: cst.CSTNode) -> Sequence[_Operand]:
    """Return the values that an expression has in Workers, or an empty sequence if they are unknown."""
    if type(node) is cst.Subscript:
        return _part_of_version(interpreter, node)
    match node:
        case cst.Attribute(value=owner, attr=cst.Name(value=name)) if name in _FIELDS:
            return _items_of_version(interpreter, owner, _FIELDS[name])
        case cst.Call(func=cst.Attribute() as function, args=[]):
            return _values(interpreter, function)
        case cst.Name() | cst.Attribute():
            name = _external_name(interpreter, node)
            return [_VALUES[name]] if name in _VALUES else _VERSIONS if name == _VERSION else ()
        case _:
            return ()


def _part_of_version(interpreter: Interpreter, node: cst.Subscript) -> Sequence[_Operand]:
    match node.slice:
        case [cst.SubscriptElement(slice=cst.Index(value=cst.Integer(value=index)))]:
            return _items_of_version(interpreter, node.value, int(index, 0))
        case [cst.SubscriptElement(slice=cst.Slice(lower=None, upper=cst.Integer(value=length), step=None))]:
            return [version[: int(length, 0)] for version in _versions(interpreter, node.value)]
        case _:
            return ()


def _items_of_version(interpreter: Interpreter, owner: cst.BaseExpression, index: int) -> Sequence[_Operand]:
    return [version[index] for version in _versions(interpreter, owner)] if index < len(_FIELDS) else ()


def _versions(interpreter: Interpreter, node: cst.BaseExpression) -> Sequence[_Version]:
    is_version = isinstance(node, cst.Name | cst.Attribute) and _external_name(interpreter, node) == _VERSION
    return _VERSIONS if is_version else ()


def _external_name(interpreter: Interpreter, node: cst.Name | cst.Attribute) -> str:
    """Return the full name of a member of a package, or an empty string for other expressions."""
    first, *members = dotted_names(node) or ("",)
    owner = look_up(interpreter, first)
    return ".".join((owner.name, *members)) if isinstance(owner, External) else ""


def _literal(node: cst.BaseExpression) -> _Operand:
    """Return the value of a literal, or of a display of literals as a tuple. Return None for other expressions."""
    if type(node) is cst.SimpleString or type(node) is cst.Integer:
        value = evaluate_literal(node)
        return value.value if isinstance(value, Constant) else None
    if type(node) is cst.Tuple or type(node) is cst.List or type(node) is cst.Set:
        items = tuple(_literal(element.value) for element in node.elements)
        return None if None in items else items
    return None
