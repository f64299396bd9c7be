"""Tests of the type of a caught exception at the start of a handler, such as `isinstance(error, KeyError)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.narrowing import class_expressions
from stepgraph.interpreter.raised_exceptions import caught_types
from stepgraph.ir.exceptions import ExceptionType
from stepgraph.ir.values import External

_EQUALITY_OPERATORS: Final = (cst.Is, cst.IsNot, cst.Equal, cst.NotEqual)


def tested_types(
    interpreter: Interpreter, body: cst.BaseSuite, name: str, raised: dict[str, str]
) -> tuple[ExceptionType, ...]:
    """Return the types for which the body of a handler tests the exception `name`, before any other compound statement.

    `raised` is `BlockErrors.raising_steps` of the `try` body.
    """
    types: list[ExceptionType] = []
    for node in _tested_classes(interpreter, body, name):
        if isinstance(node, cst.Name | cst.Attribute):
            types += caught_types(interpreter.evaluate(node), interpreter.place(node), raised)
    return tuple(types)


def _tested_classes(interpreter: Interpreter, body: cst.BaseSuite, name: str) -> Iterator[cst.BaseExpression]:
    """Yield the classes in the first `if` or `match` of a body, unless a statement before it may bind the name."""
    for statement in body.body:
        match statement:
            case cst.SimpleStatementLine(body=parts) if all(isinstance(part, cst.Expr) for part in parts):
                continue
            case cst.If():
                yield from _classes_in_tests(interpreter, statement, name)
            case cst.Match(subject=cst.Name(value=subject), cases=cases) if subject == name:
                for case_ in cases:
                    yield from _classes_in_pattern(case_.pattern)
        return


def _classes_in_tests(interpreter: Interpreter, statement: cst.If, name: str) -> Iterator[cst.BaseExpression]:
    branch: cst.If | cst.Else | None = statement
    while isinstance(branch, cst.If):
        pending = [branch.test]
        while pending:
            match pending.pop():
                case cst.UnaryOperation(operator=cst.Not(), expression=inner):
                    pending.append(inner)
                case cst.BooleanOperation(left=left, right=right):
                    pending += (right, left)
                case cst.BaseExpression() as test:
                    yield from _classes_in_test(interpreter, test, name)
        branch = branch.orelse


def _classes_in_test(interpreter: Interpreter, test: cst.BaseExpression, name: str) -> Iterator[cst.BaseExpression]:
    """Yield the classes with which a test compares the type of the exception `name`."""
    match test:
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name(value=subject)), cst.Arg(value=classes)]):
            if subject == name and _is_builtin(interpreter, function, "isinstance"):
                yield from class_expressions(classes)
        case cst.Call(func=function, args=[cst.Arg(value=subject), cst.Arg(value=classes)]):
            if _is_type_of(interpreter, subject, name) and _is_builtin(interpreter, function, "issubclass"):
                yield from class_expressions(classes)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            if isinstance(operator, _EQUALITY_OPERATORS) and _is_type_of(interpreter, left, name):
                yield right
            elif isinstance(operator, cst.In | cst.NotIn) and _is_type_of(interpreter, left, name):
                yield from class_expressions(right)


def _is_type_of(interpreter: Interpreter, node: cst.BaseExpression, name: str) -> bool:
    """Return whether an expression is `type(name)`."""
    match node:
        case cst.Call(func=function, args=[cst.Arg(value=cst.Name(value=subject))]):
            return subject == name and _is_builtin(interpreter, function, "type")
        case _:
            return False


def _is_builtin(interpreter: Interpreter, node: cst.BaseExpression, name: str) -> bool:
    is_named = isinstance(node, cst.Name) and node.value == name
    return is_named and interpreter.evaluate(node) == External(f"builtins.{name}")


def _classes_in_pattern(pattern: cst.MatchPattern) -> Iterator[cst.BaseExpression]:
    pending = [pattern]
    while pending:
        match pending.pop():
            case cst.MatchClass(cls=cls):
                yield cls
            case cst.MatchOr(patterns=alternatives):
                pending += [alternative.pattern for alternative in reversed(alternatives)]
            case cst.MatchAs(pattern=cst.MatchPattern() as inner):
                pending.append(inner)
