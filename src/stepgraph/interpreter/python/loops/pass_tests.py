"""Tests of loop variables that the current pass of an unrolled loop decides, as in `if kind == "sleep"`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.constants import evaluate_literal
from stepgraph.interpreter.python.loops.loop_keys import item_name
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.ir.values import UNKNOWN, Constant, Value
from stepgraph.syntax.literals import key_of, string_of

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
            args=[cst.Arg(value=literal)],
        ) if (part := string_of(literal)) is not None:
            value = _value_in_pass(interpreter, left)
            text = value.value if value is not None and isinstance(value.value, str) else None
            return None if text is None else text.startswith(part) if method == "startswith" else text.endswith(part)
        case _:
            return None


def _value_in_pass(interpreter: Interpreter, node: cst.BaseExpression) -> Constant | None:
    """Return the constant in a variable of an unrolled loop, or in an item of its container, if it is constant."""
    match node:
        case cst.Name(value=variable):
            return _constant_in_pass(interpreter, variable, variable)
        case cst.Subscript(
            value=cst.Name(value=variable) as owner,
            slice=[cst.SubscriptElement(cst.Index(literal))],
        ) if (key := key_of(literal)) is not None and _is_unchanged(interpreter.evaluate(owner)):
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
    if isinstance(value, Mapping):
        return value.relies_on_constants()
    return isinstance(value, Collection) and value.kind == "tuple"


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
    for index, case in enumerate(node.cases):
        is_last_resort = index > 0 and isinstance(case.pattern, cst.MatchAs) and case.pattern.pattern is None
        matches = is_last_resort or _subject_matches(interpreter, node.subject, case.pattern)
        if matches and case.guard is None:
            return [case]
        if matches is not False:
            return None
    return []


def _subject_matches(interpreter: Interpreter, subject: cst.BaseExpression, pattern: cst.MatchPattern) -> bool | None:
    value = _value_in_pass(interpreter, subject)
    if value is not None:
        return _matches(interpreter, value, pattern)
    container = interpreter.evaluate(subject) if isinstance(subject, cst.Name) else UNKNOWN
    if not isinstance(subject, cst.Name) or not _is_unchanged(container):
        return None
    match pattern:
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _subject_matches(interpreter, subject, inner)
        case cst.MatchOr(patterns=patterns):
            return _is_any({_subject_matches(interpreter, subject, each.pattern) for each in patterns})
        case cst.MatchMapping(elements=[*elements]) if isinstance(container, Mapping):
            return _mapping_matches(interpreter, subject.value, container, elements)
        case cst.MatchSequence(patterns=[*patterns]) if isinstance(container, Collection):
            return _tuple_matches(interpreter, subject.value, container.state.size, patterns)
        case _:
            return None


def _is_any(results: AbstractSet[bool | None]) -> bool | None:
    """Return whether one of several alternatives matches. Return None if that is unknown."""
    return True if True in results else None if None in results else False


def _tuple_matches(
    interpreter: Interpreter, variable: str, size: int, patterns: Sequence[cst.MatchSequenceElement | cst.MatchStar]
) -> bool | None:
    """Return whether a sequence pattern matches the tuple of `size` items in a variable of an unrolled loop."""
    if not _has_constants(interpreter, variable):
        return None
    singles = [part for part in patterns if isinstance(part, cst.MatchSequenceElement)]
    first = [part.value for part, single in zip(patterns, singles, strict=False) if part is single]
    if size < len(singles) or size > len(singles) == len(patterns):
        return False
    items = [_constant_in_pass(interpreter, variable, item_name(variable, index)) for index in range(len(first))]
    results = {_part_matches(interpreter, item, part) for item, part in zip(items, first, strict=True)}
    if len(singles) > len(first):
        results.add(None)  # the elements after a star are not compared
    return False if False in results else None if None in results else True


def _mapping_matches(
    interpreter: Interpreter, variable: str, dictionary: Mapping, elements: Sequence[cst.MatchMappingElement]
) -> bool | None:
    """Return whether a mapping pattern matches the dictionary in a variable of an unrolled loop."""
    constants = {
        entry.key.value
        for entry in dictionary.entries
        if isinstance(entry.key, Constant) and not (entry.many or entry.may_be_missing)
    }
    keys = None if dictionary.partial or len(constants) < len(dictionary.entries) else constants
    results = {_item_matches(interpreter, variable, element, keys) for element in elements}
    return False if False in results else None if None in results else True


def _item_matches(
    interpreter: Interpreter, variable: str, element: cst.MatchMappingElement, keys: AbstractSet[object] | None
) -> bool | None:
    """Return whether an item of a dictionary matches. `keys` are the keys of the dictionary, or None if unknown."""
    key = _constant(interpreter, element.key)
    if not isinstance(key, Constant):
        return None
    item = _constant_in_pass(interpreter, variable, item_name(variable, key.value))
    if item is None and (keys is None or not _has_constants(interpreter, variable)):
        return None
    if item is None and keys is not None and key.value not in keys:
        return False
    return _part_matches(interpreter, item, element.pattern)


def _has_constants(interpreter: Interpreter, variable: str) -> bool:
    """Return whether the current pass of an unrolled loop binds a container with constants to a variable."""
    return any(name.startswith(f"{variable}[") for name in interpreter.frame.pass_constants)


def _part_matches(interpreter: Interpreter, item: Constant | None, pattern: cst.MatchPattern) -> bool | None:
    """Return whether a part of a pattern matches an item. Only a capture matches an item that is not constant."""
    if item is not None:
        return _matches(interpreter, item, pattern)
    is_capture = isinstance(pattern, cst.MatchAs) and pattern.pattern is None
    return True if is_capture else None


def _matches(interpreter: Interpreter, value: Constant, pattern: cst.MatchPattern) -> bool | None:
    match pattern:
        case cst.MatchAs(pattern=None):
            return True
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _matches(interpreter, value, inner)
        case cst.MatchOr(patterns=patterns):
            return _is_any({_matches(interpreter, value, each.pattern) for each in patterns})
        case cst.MatchSingleton(value=singleton):
            return value.value is _SINGLETONS[singleton.value].value
        case cst.MatchValue(value=node):
            other = _constant(interpreter, node)
            return value.value == other.value if isinstance(other, Constant) else None
        case cst.MatchSequence() | cst.MatchMapping() if isinstance(value.value, _SCALARS):
            return False
        case _:
            return None
