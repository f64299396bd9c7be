"""Expressions in place of calls of functions that only return one, such as predicates."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Final

from stepgraph.syntax.definitions.code_facts import SCOPES, is_pure
from stepgraph.syntax.definitions.definition_code import ast_names, code_of
from stepgraph.syntax.definitions.function_calls import DefinedFunction
from stepgraph.syntax.module import SourceModule

_MAX_DEPTH: Final = 3
"""The maximum number of nested calls that are replaced."""
_MAX_CALLS: Final = 50
"""The maximum number of calls in one function that are replaced."""
_BINDING: Final = (*SCOPES, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.NamedExpr)
"""The expressions that bind variables."""


class SimpleCalls(ast.NodeTransformer):
    """Replaces the calls of simple functions of a module by the expressions that they return."""

    def __init__(
        self,
        functions: Callable[[tuple[str, ...]], Sequence[DefinedFunction]],
        module: SourceModule,
        variables: Container[str],
        depth: int = _MAX_DEPTH,
        numbers: Iterator[int] | None = None,
    ) -> None:
        """Prepare the replacement in a function with some variables.

        `functions` returns the functions that a dotted name may stand for. `numbers` yields the numbers of the calls
        that may still be replaced.
        """
        self._functions = functions
        self._module = module
        self._variables = variables
        self._depth = depth
        self._numbers = iter(range(_MAX_CALLS)) if numbers is None else numbers

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Return the expression in place of a call, or the call."""
        self.generic_visit(node)
        names = ast_names(node.func)
        functions = self._functions(names) if len(names) == 1 and self._depth and not node.keywords else ()
        if len(functions) != 1 or functions[0].module is not self._module or next(self._numbers, None) is None:
            return node
        match code_of(functions[0].node, self._module):
            case [ast.FunctionDef(args=parameters, body=[ast.Return(value=ast.expr() as value)], decorator_list=[])]:
                arguments = _passed(parameters, node.args)
                if arguments is None or self._would_bind(value, arguments):
                    return node
                remaining = self._depth - 1, self._numbers
                inner = SimpleCalls(self._functions, self._module, self._variables, *remaining).visit(value)
                replaced: ast.AST = _Parameters(arguments).visit(inner)
                return replaced
            case _:
                return node

    def _would_bind(self, value: ast.expr, parameters: Container[str]) -> bool:
        """Return whether a returned expression binds a variable, or its names are those of variables of the caller."""
        return any(
            isinstance(each, _BINDING)
            or (isinstance(each, ast.Name) and each.id not in parameters and each.id in self._variables)
            for each in ast.walk(value)
        )


def _passed(parameters: ast.arguments, arguments: Sequence[ast.expr]) -> Mapping[str, ast.expr] | None:
    """Return the arguments by the names of parameters, or None if they have effects or other kinds."""
    names = [each.arg for each in parameters.args]
    if parameters.posonlyargs or parameters.kwonlyargs or parameters.vararg or parameters.kwarg:
        return None
    is_simple = all(is_pure(each) and not isinstance(each, ast.Starred) for each in arguments)
    return dict(zip(names, arguments, strict=True)) if is_simple and len(names) == len(arguments) else None


class _Parameters(ast.NodeTransformer):
    """Replaces parameters by arguments."""

    def __init__(self, arguments: Mapping[str, ast.expr]) -> None:
        self._arguments = arguments

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return deepcopy(self._arguments[node.id]) if node.id in self._arguments else node
