"""Tests whether a variable is empty before code that fills it, as in `if not CACHE: CACHE.update(...)`."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.reachability import ends_in_jump
from stepgraph.syntax.walk import ancestors_of, statements


def emptiness_tests(place: SourcePlace) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield the tests of variables that decide whether code of a function runs, each with the name of its variable.

    They belong to conditionals around the code, and to conditionals before it that end in a jump.
    """
    inner = place.node
    for outer in ancestors_of(place.module.parents, place.node):
        match outer:
            case cst.FunctionDef() | cst.Lambda():
                return
            case cst.If(test=test) | cst.IfExp(test=test) if test is not inner:
                yield from _variable_in(test)
            case cst.IndentedBlock(body=body):
                for statement in body:
                    if statement is inner:
                        break
                    if isinstance(statement, cst.If) and ends_in_jump(statements(statement.body)):
                        yield from _variable_in(statement.test)
        inner = outer


def _variable_in(test: cst.BaseExpression) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield the variable in a test such as `not cache`, `cache` or `cache is None`, with the test."""
    match test:
        case (
            cst.Name(value=name)
            | cst.UnaryOperation(operator=cst.Not(), expression=cst.Name(value=name))
            | cst.Comparison(
                left=cst.Name(value=name),
                comparisons=[cst.ComparisonTarget(cst.Is() | cst.IsNot(), cst.Name(value="None"))],
            )
        ):
            yield name, test
