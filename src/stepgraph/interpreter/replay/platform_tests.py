"""Conditions on the Python version and the platform, such as `sys.version_info >= (3, 8)`.

All Workers have the same platform, and Python 3.12 or newer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import look_up
from stepgraph.interpreter.python.constants import evaluate_literal
from stepgraph.ir.values import Constant, External
from stepgraph.syntax.bindings import dotted_names

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
    match node:
        case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Set(elements=elements):
            items = tuple(_literal(element.value) for element in elements)
            return None if None in items else items
        case cst.SimpleString() | cst.Integer():
            value = evaluate_literal(node)
            return value.value if isinstance(value, Constant) else None
        case _:
            return None
