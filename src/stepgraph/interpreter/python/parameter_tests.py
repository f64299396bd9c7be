"""Recording of tests that compare parameters with constants, and of the constant arguments of calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import enum_members
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection
from stepgraph.interpreter.values.objects import ClassValue, EnumMember, FunctionValue, LexicalScope
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.nodes import Choice
from stepgraph.ir.parameter_tests import BranchTest, ConstantArgument, ParameterTest
from stepgraph.ir.values import Constant, Value
from stepgraph.syntax.module import SourcePlace

_LITERALS: Final = (cst.SimpleString, cst.Integer, cst.Float)
_COLLECTIONS: Final = (cst.Tuple, cst.List, cst.Set)
# Maximum number of elements of a collection whose constants are recorded.
_MAX_ELEMENTS: Final = 100
_UNKNOWN: Final = BranchTest()


def record_tests(interpreter: Interpreter, tests: Sequence[cst.BaseExpression], place: SourcePlace) -> None:
    """Record the tests of the choice that was emitted for the statement at `place`, if they compare parameters."""
    _record(interpreter, [_branch_test(interpreter, test) for test in tests], place)


def record_cases(interpreter: Interpreter, node: cst.Match, place: SourcePlace) -> None:
    """Record the patterns of the choice that was emitted for a `match`, if its subject is a parameter."""
    parameter = _parameter(interpreter, node.subject)
    if parameter is not None:
        _record(interpreter, [_case_test(interpreter, case, parameter) for case in node.cases], place)


def record_selection(interpreter: Interpreter, union: Union) -> None:
    """Record the tests of the choice that was emitted for a union: `table[kind]`, or `a if kind == "pick" else b`."""
    place = union.place
    if place.functions[:1] != (interpreter.frame.function,):
        return  # the names belong to another function
    match place.node:
        case cst.IfExp(test=test) if union.discriminant is None:
            record_tests(interpreter, [test], place)
        case (
            cst.Subscript(slice=[cst.SubscriptElement(cst.Index(cst.Name() as key))])
            | cst.Call(func=cst.Attribute(attr=cst.Name("get")), args=[cst.Arg(value=cst.Name() as key), *_])
        ):
            parameter = _parameter(interpreter, key)
            if parameter is not None:
                _record(interpreter, [_key_test(parameter, case.condition) for case in union.cases], place)


def _key_test(parameter: SourcePlace, condition: str | None) -> BranchTest:
    """Return the test of a case whose condition is the source of a key."""
    if condition is None:
        return BranchTest(is_complete=True)
    if not condition.startswith(('"', "'")):
        return _UNKNOWN
    try:
        key = Constant(ast.literal_eval(condition))
    except (SyntaxError, ValueError):
        return _UNKNOWN
    return _only(ParameterTest(parameter, (key,), holds=True))


def constant_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments
) -> tuple[ConstantArgument, ...]:
    """Return the constants that a call passes for parameters."""
    if callee.positional or callee.keywords:
        return ()  # `functools.partial` has bound parameters
    bound = dict(_bound_arguments(callee, arguments))
    if any(argument.star for argument in arguments.items):
        unbound: list[cst.Param] = []
    else:
        params = callee.node.params
        unbound = [each for each in (*params.params, *params.kwonly_params) if each not in bound]
    module = callee.scope.module
    arguments_of = [
        (parameter, _argument_values(interpreter, argument), argument.place) for parameter, argument in bound.items()
    ]
    defaults = [(parameter, _literal_default(parameter), None) for parameter in unbound]
    return tuple(
        ConstantArgument(SourcePlace(module, parameter), constants, place)
        for parameter, constants, place in (*arguments_of, *defaults)
        if constants is not None
    )


def _literal_default(parameter: cst.Param) -> tuple[Constant, ...] | None:
    match parameter.default:
        case cst.SimpleString(evaluated_value=str() as text):
            return (Constant(text),)
        case cst.Name(value="True" | "False" | "None" as name):
            return (Constant({"True": True, "False": False, "None": None}[name]),)
        case _:
            return None


def _record(interpreter: Interpreter, tests: Sequence[BranchTest], place: SourcePlace) -> None:
    choice = interpreter.operations[-1] if interpreter.operations else None
    if isinstance(choice, Choice) and choice.place.node is place.node and any(test.comparisons for test in tests):
        interpreter.operations[-1] = replace(choice, tests=tuple(tests))


def _branch_test(interpreter: Interpreter, test: cst.BaseExpression) -> BranchTest:
    match test:
        case cst.BooleanOperation(left=left, operator=cst.And(), right=right):
            first, second = _branch_test(interpreter, left), _branch_test(interpreter, right)
            return BranchTest(first.comparisons + second.comparisons, first.is_complete and second.is_complete)
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            comparison = _comparison(interpreter, inner)
            return _UNKNOWN if comparison is None else _only(replace(comparison, holds=not comparison.holds))
        case _:
            comparison = _comparison(interpreter, test)
            return _UNKNOWN if comparison is None else _only(comparison)


def _only(comparison: ParameterTest) -> BranchTest:
    return BranchTest((comparison,), is_complete=True)


def _comparison(interpreter: Interpreter, test: cst.BaseExpression) -> ParameterTest | None:
    match test:
        case cst.Name():
            parameter = _parameter(interpreter, test)
            return None if parameter is None else ParameterTest(parameter, None, holds=True)
        case cst.BooleanOperation(left=left, operator=cst.Or(), right=right):
            first, second = _comparison(interpreter, left), _comparison(interpreter, right)
            if first is None or second is None or first.values is None or second.values is None:
                return None
            is_union = first.parameter == second.parameter and first.holds and second.holds
            return replace(first, values=first.values + second.values) if is_union else None
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            parameter = _parameter(interpreter, left)
            is_member = isinstance(operator, cst.In | cst.NotIn)
            values = None if parameter is None else _values(interpreter, right, of_collection=is_member)
            if parameter is None or values is None:
                return None
            if isinstance(operator, cst.Equal | cst.In | cst.Is):
                return ParameterTest(parameter, values, holds=True)
            is_negated = isinstance(operator, cst.NotEqual | cst.NotIn | cst.IsNot)
            return ParameterTest(parameter, values, holds=False) if is_negated else None
        case _:
            return None


def _case_test(interpreter: Interpreter, case: cst.MatchCase, parameter: SourcePlace) -> BranchTest:
    pattern = case.pattern
    patterns = [each.pattern for each in pattern.patterns] if isinstance(pattern, cst.MatchOr) else [pattern]
    if any(isinstance(each, cst.MatchAs) and each.pattern is None for each in patterns):
        return BranchTest(is_complete=case.guard is None)
    values: list[Constant] = []
    for each in patterns:
        constants = (
            _values(interpreter, each.value, of_collection=False)
            if isinstance(each, cst.MatchValue | cst.MatchSingleton)
            else None
        )
        if constants is None:
            return _UNKNOWN
        values += constants
    return BranchTest((ParameterTest(parameter, tuple(values), holds=True),), is_complete=case.guard is None)


def _parameter(interpreter: Interpreter, node: cst.BaseExpression) -> SourcePlace | None:
    """Return the parameter to which a name refers, unless the function assigns the name."""
    if not isinstance(node, cst.Name):
        return None
    scope: LexicalScope | None = interpreter.frame.scope
    while scope is not None and not scope.bindings.binds(node.value):
        scope = scope.parent
    if scope is None or scope.kind != "function":
        return None
    binders = scope.bindings.binders[node.value]
    is_parameter = len(binders) == 1 and isinstance(binders[0], cst.Param)
    return SourcePlace(scope.module, binders[0]) if is_parameter else None


def _bound_arguments(callee: FunctionValue, arguments: Arguments) -> Iterator[tuple[cst.Param, Argument]]:
    """Yield the parameters with the arguments that a call passes for them, up to an argument with a star."""
    params = callee.node.params
    positional = [*params.posonly_params, *params.params][callee.receiver is not None :]
    by_name = {parameter.name.value: parameter for parameter in (*params.params, *params.kwonly_params)}
    for argument in arguments.items:
        if argument.star:
            return
        if argument.keyword is not None:
            if argument.keyword in by_name:
                yield by_name[argument.keyword], argument
        elif positional:
            yield positional.pop(0), argument


def _argument_values(interpreter: Interpreter, argument: Argument) -> tuple[Constant, ...] | None:
    """Return the constant value of an argument, or the values of a variable that iterates over distinct constants."""
    constant = _constant(argument.value)
    if constant is not None:
        return (constant,)
    node, scope = argument.place.node, interpreter.frame.scope
    if not isinstance(node, cst.Name) or not scope.bindings.binds(node.value):
        return None
    binders = scope.bindings.binders[node.value]
    if len(binders) != 1 or not isinstance(binders[0], cst.For | cst.CompFor):
        return None
    loop = binders[0]
    if not isinstance(loop.target, cst.Name):
        return None
    values = _values(interpreter, loop.iter, of_collection=True)
    return values if values and len(set(values)) == len(values) else None


def _values(interpreter: Interpreter, node: cst.BaseExpression, *, of_collection: bool) -> tuple[Constant, ...] | None:
    """Return a constant, or the constants in a collection. Return None for other values."""
    if isinstance(node, _COLLECTIONS):
        elements = [element.value for element in node.elements[: _MAX_ELEMENTS + 1]]
        if len(elements) > _MAX_ELEMENTS or not all(map(_has_no_effects, elements)):
            return None
    elif not _has_no_effects(node):
        return None
    value = interpreter.evaluate(node)
    if not of_collection:
        constant = _constant(value)
        return None if constant is None else (constant,)
    items = enum_members(interpreter, value) if isinstance(value, ClassValue) else None
    if isinstance(value, Collection):
        items = value.items
    constants = tuple(constant for item in items or () if (constant := _constant(item.value)) is not None)
    return constants if items and len(constants) == len(items) else None


def _has_no_effects(node: cst.BaseExpression) -> bool:
    """Return whether a node is a literal, a name, or an attribute of a name, such as a member of an enumeration."""
    return isinstance(node, (*_LITERALS, cst.Name)) or (
        isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name)
    )


def _constant(value: Value) -> Constant | None:
    """Return a constant, also for a member of an enumeration, whose value represents it. Return None otherwise."""
    if isinstance(value, EnumMember):
        value = value.value
    return value if isinstance(value, Constant) else None
