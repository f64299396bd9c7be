"""Expressions in place of calls of functions that only return one."""

from __future__ import annotations

import ast

import libcst as cst

from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.function_calls import DefinedFunction
from stepgraph.syntax.definitions.simple_calls import SimpleCalls
from tests.syntax.test_places import module


def replaced(source: str, expression: str) -> str:
    """Return an expression with the returned expressions in place of calls of the functions of a module."""
    code = module(source)

    def functions(names: tuple[str, ...]) -> list[DefinedFunction]:
        binders = bindings_of(code.tree, code).binders.get(names[0], ())
        return [DefinedFunction(code, each, each) for each in binders if isinstance(each, cst.FunctionDef)]

    return ast.unparse(SimpleCalls(functions, code, ()).visit(ast.parse(expression)))


def test_nested_calls() -> None:
    source = "def double(x):\n    return x * 2\n\ndef total(x):\n    return double(x) + 1\n"
    assert replaced(source, "total(row)") == "row * 2 + 1"


def test_predicates_that_call_others_many_times() -> None:
    calls = " and ".join(["{}(x)"] * 30)
    levels = ["def p0(x):\n    return x < 3\n"]
    levels += [f"def p{level}(x):\n    return {calls.replace('{}', f'p{level - 1}')}\n" for level in (1, 2, 3)]
    assert len(replaced("\n".join(levels), "p3(row)")) < 30_000
