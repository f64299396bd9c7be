"""Tests of loop variables that the current pass of an unrolled loop decides, as in `if kind == "sleep"`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.constants import evaluate_literal
from stepgraph.interpreter.python.loops.loop_keys import item_name
from stepgraph.interpreter.values.containers import Mapping
from stepgraph.ir.values import UNKNOWN, Constant, Value

_SINGLETONS: Final = {"None": Constant(None), "True": Constant(value=True), "False": Constant(value=False)}
_COMPARISONS: Final[dict[type[cst.BaseCompOp], Callable[[object, object], bool]]] = {
    cst.Equal: operator.eq,
    cst.NotEqual: operator.ne,
}
_SCALARS: Final = (str, bytes, int, float, type(None))


def truth_in_pass(interpreter: Interpreter, test: cst.BaseExpression) -> bool | None:
    """Return the truth value of a test of a variable of an unrolled loop. Return None if the pass does not decide it.

    These are `x`, `x == "a"`, `x is None`, `x in ("a", "b")`, `x.startswith("a")` and `x.endswith("a")`.
    """
    match test:
        case cst.Name() | cst.Subscript():
            value = _value_in_pass(interpreter, test)
            return None if value is None else bool(value.value)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=comparison, comparator=right)]):
            value = _value_in_pass(interpreter, left)
            return None if value is None else _comparison_result(interpreter, value, comparison, right)
        case cst.Call(
            func=cst.Attribute(value=cst.Name() as left, attr=cst.Name(value="startswith" | "endswith" as method)),
            args=[cst.Arg(value=cst.SimpleString(evaluated_value=str(part)))],
        ):
            value = _value_in_pass(interpreter, left)
            text = value.value if value is not None and isinstance(value.value, str) else None
            return None if text is None else text.startswith(part) if method == "startswith" else text.endswith(part)
        case _:
            return None


def _value_in_pass(interpreter: Interpreter, node: cst.BaseExpression) -> Constant | None:
    """Return the constant in a variable of an unrolled loop, or in an item of its dictionary, or None if unknown."""
    match node:
        case cst.Name(value=variable):
            return _constant_in_pass(interpreter, variable, variable)
        case cst.Subscript(
            value=cst.Name(value=variable) as owner,
            slice=[cst.SubscriptElement(cst.Index(cst.SimpleString(evaluated_value=str(key))))],
        ) if _is_unchanged(interpreter.evaluate(owner)):
            return _constant_in_pass(interpreter, variable, item_name(variable, key))
        case _:
            return None


def _constant_in_pass(interpreter: Interpreter, variable: str, name: str) -> Constant | None:
    scope = interpreter.frame.scope
    if scope.kind != "function" or not scope.bindings.binds(variable):
        return None
    if scope.module.mentions(b"nonlocal"):
        return None  # a nested function may change the variable
    return interpreter.frame.constant_in_pass(variable, name)


def _is_unchanged(value: Value) -> bool:
    return isinstance(value, Mapping) and value.relies_on_constants()


def _comparison_result(
    interpreter: Interpreter, value: Constant, comparison: cst.BaseCompOp, right: cst.BaseExpression
) -> bool | None:
    if isinstance(comparison, cst.In | cst.NotIn):
        if not isinstance(right, cst.Tuple | cst.List | cst.Set) or not all(map(_is_single, right.elements)):
            return None
        members = [_constant(interpreter, element.value) for element in right.elements]
        constants = [member.value for member in members if isinstance(member, Constant)]
        return (value.value in constants) is isinstance(comparison, cst.In) if len(constants) == len(members) else None
    other = _constant(interpreter, right)
    if not isinstance(other, Constant):
        return None
    if isinstance(comparison, cst.Is | cst.IsNot):
        is_singleton = isinstance(right, cst.Name) and right.value in _SINGLETONS
        return (value.value is other.value) is isinstance(comparison, cst.Is) if is_singleton else None
    compare = _COMPARISONS.get(type(comparison))
    return None if compare is None else compare(value.value, other.value)


def _is_single(element: cst.BaseElement) -> bool:
    return isinstance(element, cst.Element)


def _constant(interpreter: Interpreter, node: cst.BaseExpression) -> Value:
    match node:
        case cst.SimpleString() | cst.Integer() | cst.Float():
            return evaluate_literal(node)
        case cst.Name(value=name) if name in _SINGLETONS:
            return _SINGLETONS[name]
        case cst.Name() | cst.Attribute(value=cst.Name()):
            return interpreter.evaluate(node)
        case _:
            return UNKNOWN


def cases_in_pass(interpreter: Interpreter, node: cst.Match) -> list[cst.MatchCase] | None:
    """Return the case of a `match` that a variable of an unrolled loop selects, or an empty list if none matches.

    Return None if the pass does not decide it.
    """
    for case in node.cases:
        matches = _subject_matches(interpreter, node.subject, case.pattern)
        if matches and case.guard is None:
            return [case]
        if matches is not False:
            return None
    return []


def _subject_matches(interpreter: Interpreter, subject: cst.BaseExpression, pattern: cst.MatchPattern) -> bool | None:
    value = _value_in_pass(interpreter, subject)
    if value is not None:
        return _matches(interpreter, value, pattern)
    if not isinstance(subject, cst.Name) or not isinstance(pattern, cst.MatchMapping):
        return None
    dictionary = interpreter.evaluate(subject)
    if not isinstance(dictionary, Mapping) or not _is_unchanged(dictionary):
        return None
    constants = {
        entry.key.value
        for entry in dictionary.entries
        if isinstance(entry.key, Constant) and not (entry.many or entry.may_be_missing)
    }
    keys = None if dictionary.partial or len(constants) < len(dictionary.entries) else constants
    results = {_item_matches(interpreter, subject.value, element, keys) for element in pattern.elements}
    return False if False in results else None if None in results else True


def _item_matches(
    interpreter: Interpreter, variable: str, element: cst.MatchMappingElement, keys: Collection[object] | None
) -> bool | None:
    """Return whether an item of a dictionary matches. `keys` are the keys of the dictionary, or None if unknown."""
    key = _constant(interpreter, element.key)
    if not isinstance(key, Constant):
        return None
    item = _constant_in_pass(interpreter, variable, item_name(variable, key.value))
    if item is not None:
        return _matches(interpreter, item, element.pattern)
    is_in_loop = any(name.startswith(f"{variable}[") for name in interpreter.frame.attribute_names)
    if keys is None or not is_in_loop:
        return None
    if key.value not in keys:
        return False
    is_capture = isinstance(element.pattern, cst.MatchAs) and element.pattern.pattern is None
    return True if is_capture else None


def _matches(interpreter: Interpreter, value: Constant, pattern: cst.MatchPattern) -> bool | None:
    match pattern:
        case cst.MatchAs(pattern=None):
            return True
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _matches(interpreter, value, inner)
        case cst.MatchOr(patterns=patterns):
            results = {_matches(interpreter, value, each.pattern) for each in patterns}
            return True if True in results else None if None in results else False
        case cst.MatchSingleton(value=singleton):
            return value.value is _SINGLETONS[singleton.value].value
        case cst.MatchValue(value=node):
            other = _constant(interpreter, node)
            return value.value == other.value if isinstance(other, Constant) else None
        case cst.MatchSequence() | cst.MatchMapping() if isinstance(value.value, _SCALARS):
            return False
        case _:
            return None
