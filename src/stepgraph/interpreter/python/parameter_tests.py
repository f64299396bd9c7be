"""Recording of tests that compare parameters with constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.deciding_arguments import constants_in, parameter_of
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.nodes import Choice
from stepgraph.ir.parameter_tests import (
    ALWAYS,
    CONVERTING_METHODS,
    BranchTest,
    CombinedTest,
    Conversion,
    ParameterTest,
    Relation,
    UnknownTest,
    negated,
    tested_parameters,
)
from stepgraph.ir.values import Constant, External
from stepgraph.syntax.literals import value_of_source
from stepgraph.syntax.module import SourcePlace

_UNKNOWN: Final = UnknownTest()
_RELATIONS: Final[dict[type[cst.BaseCompOp], Relation]] = {
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
}
# The relations with the parameter on the right.
_REVERSED_RELATIONS: Final[dict[type[cst.BaseCompOp], Relation]] = {
    cst.LessThan: ">",
    cst.LessThanEqual: ">=",
    cst.GreaterThan: "<",
    cst.GreaterThanEqual: "<=",
}


def record_tests(interpreter: Interpreter, tests: Sequence[cst.BaseExpression], place: SourcePlace) -> None:
    """Record the tests of the choice that was emitted for the statement at `place`, if they compare parameters."""
    _record(interpreter, [_branch_test(interpreter, test) for test in tests], place)


def record_operand(
    interpreter: Interpreter, operands: Sequence[cst.BaseExpression], place: SourcePlace, *, is_and: bool
) -> None:
    """Record the operands of `and` or `or` that decide whether a later operand, whose choice was emitted, runs."""
    test = CombinedTest(is_and, tuple(_branch_test(interpreter, operand) for operand in operands))
    _record(interpreter, [test if is_and else negated(test)], place)


def record_cases(interpreter: Interpreter, node: cst.Match, place: SourcePlace) -> None:
    """Record the patterns of the choice that was emitted for a `match`, if its subject is a parameter."""
    parameter = parameter_of(interpreter, node.subject)
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
            parameter = parameter_of(interpreter, key)
            if parameter is not None:
                _record(interpreter, [_key_test(parameter, case.condition) for case in union.cases], place)


def _key_test(parameter: SourcePlace, condition: str | None) -> BranchTest:
    """Return the test of a case whose condition is the source of a key."""
    if condition is None:
        return ALWAYS
    if not condition.startswith(('"', "'")):
        return _UNKNOWN
    key = value_of_source(condition)
    return _UNKNOWN if key is None else ParameterTest(parameter, (Constant(key),), holds=True)


def _record(interpreter: Interpreter, tests: Sequence[BranchTest], place: SourcePlace) -> None:
    choice = interpreter.operations[-1] if interpreter.operations else None
    if (
        isinstance(choice, Choice)
        and choice.place.node is place.node
        and any(any(tested_parameters(test)) for test in tests)
    ):
        interpreter.operations[-1] = replace(choice, tests=tuple(tests))


def _branch_test(interpreter: Interpreter, test: cst.BaseExpression, *, follows_variables: bool = True) -> BranchTest:
    match test:
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            operands = tuple(
                _branch_test(interpreter, operand, follows_variables=follows_variables) for operand in (left, right)
            )
            return CombinedTest(isinstance(operator, cst.And), operands)
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            return negated(_branch_test(interpreter, inner, follows_variables=follows_variables))
        case cst.Name() if follows_variables and (assigned := _assigned_test(interpreter, test)) is not None:
            return _branch_test(interpreter, assigned, follows_variables=False)
        case _:
            return _comparison(interpreter, test) or _UNKNOWN


def _assigned_test(interpreter: Interpreter, name: cst.Name) -> cst.BaseExpression | None:
    """Return the test that the only assignment of a variable assigns, as in `is_picked = kind == "pick"`."""
    scope = interpreter.frame.scope
    if scope.kind != "function" or not scope.bindings.binds(name.value):
        return None
    match scope.bindings.binders[name.value]:
        case [cst.Assign(value=cst.Comparison() | cst.BooleanOperation() | cst.UnaryOperation() | cst.Call() as value)]:
            return value
        case _:
            return None


class _ComparedParameter(NamedTuple):
    """A parameter that a test compares, with its conversion, if any."""

    parameter: SourcePlace
    conversion: Conversion | None = None


def _compared_parameter(interpreter: Interpreter, node: cst.BaseExpression) -> _ComparedParameter | None:
    """Return the parameter in one side of a comparison, or None for other expressions."""
    conversion: Conversion | None = None
    match node:
        case cst.Call(func=cst.Attribute(value=owner, attr=cst.Name(name)), args=[]) if name in CONVERTING_METHODS:
            node, conversion = owner, Conversion(name)
        case cst.Call(func=cst.Name("len") as function, args=[cst.Arg(value=argument, keyword=None, star="")]):
            if interpreter.evaluate(function) != External("builtins.len"):
                return None
            node, conversion = argument, Conversion("len")
        case cst.BinaryOperation(left=left, operator=cst.Modulo(), right=right):
            divisors = constants_in(interpreter, right, of_collection=False)
            if divisors is None:
                return None
            node, conversion = left, Conversion("%", divisors[0])
    parameter = parameter_of(interpreter, node)
    return None if parameter is None else _ComparedParameter(parameter, conversion)


def _comparison(interpreter: Interpreter, test: cst.BaseExpression) -> BranchTest | None:
    match test:
        case cst.Name():
            parameter = parameter_of(interpreter, test)
            return None if parameter is None else ParameterTest(parameter, None, holds=True)
        case cst.Comparison(left=left, comparisons=comparisons):
            operands = [left, *(target.comparator for target in comparisons)]
            pairs = zip(operands, comparisons, strict=False)
            tests = [_comparison_of_two(interpreter, each, target) or _UNKNOWN for each, target in pairs]
            return tests[0] if len(tests) == 1 else CombinedTest(is_conjunction=True, operands=tuple(tests))
        case cst.Call(
            func=cst.Attribute(value=owner, attr=cst.Name("startswith" | "endswith" as method)),
            args=[cst.Arg(value=affix, keyword=None, star="")],
        ):
            subject = _compared_parameter(interpreter, owner)
            values = constants_in(interpreter, affix, of_collection=isinstance(affix, cst.Tuple)) if subject else None
            relation: Relation = "startswith" if method == "startswith" else "endswith"
            return _test(subject, values, relation)
        case _:
            return None


def _comparison_of_two(
    interpreter: Interpreter, left: cst.BaseExpression, target: cst.ComparisonTarget
) -> ParameterTest | None:
    """Return the test of one operator in a comparison, with the parameter on either side."""
    operator, right = target.operator, target.comparator
    is_member = isinstance(operator, cst.In | cst.NotIn)
    subject = _compared_parameter(interpreter, left)
    if subject is not None:
        values = constants_in(interpreter, right, of_collection=is_member)
        if isinstance(operator, cst.Equal | cst.In | cst.Is):
            return _test(subject, values)
        if isinstance(operator, cst.NotEqual | cst.NotIn | cst.IsNot):
            return _test(subject, values, holds=False)
        return _test(subject, values, _RELATIONS.get(type(operator)))
    subject = _compared_parameter(interpreter, right)
    values = None if subject is None else constants_in(interpreter, left, of_collection=False)
    if is_member:
        return _test(subject, values, "contains", holds=isinstance(operator, cst.In))
    if isinstance(operator, cst.Equal | cst.NotEqual):
        return _test(subject, values, holds=isinstance(operator, cst.Equal))
    return _test(subject, values, _REVERSED_RELATIONS.get(type(operator)))


def _test(
    subject: _ComparedParameter | None,
    values: tuple[Constant, ...] | None,
    relation: Relation | None = "one of",
    *,
    holds: bool = True,
) -> ParameterTest | None:
    if subject is None or values is None or relation is None:
        return None
    return ParameterTest(subject.parameter, values, holds, relation, subject.conversion)


def _case_test(interpreter: Interpreter, case: cst.MatchCase, parameter: SourcePlace) -> BranchTest:
    pattern = case.pattern
    patterns = [each.pattern for each in pattern.patterns] if isinstance(pattern, cst.MatchOr) else [pattern]
    if any(isinstance(each, cst.MatchAs) and each.pattern is None for each in patterns):
        return ALWAYS if case.guard is None else _UNKNOWN
    values: list[Constant] = []
    for each in patterns:
        constants = (
            constants_in(interpreter, each.value, of_collection=False)
            if isinstance(each, cst.MatchValue | cst.MatchSingleton)
            else None
        )
        if constants is None:
            return _UNKNOWN
        values += constants
    test = ParameterTest(parameter, tuple(values), holds=True)
    return test if case.guard is None else CombinedTest(is_conjunction=True, operands=(test, _UNKNOWN))
