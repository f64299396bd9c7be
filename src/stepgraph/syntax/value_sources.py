"""Digests of the code that the values of expressions depend on, for expressions without a short definition.

Two versions with the same digest have the same values of local variables and global names. A digest depends on names of
variables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.hashing import digest
from stepgraph.syntax.bindings import bindings_of, dotted_names
from stepgraph.syntax.free_names import free_names
from stepgraph.syntax.global_values import GlobalValues
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of, children, code_without_layout, statements_below

_MAX_NAMES: Final = 500
"""The maximum number of names that are followed."""
_DIGITS: Final = 16

_Functions: TypeAlias = tuple[cst.FunctionDef, ...]
"""Nested functions, innermost first."""


class ValueSources:
    """The code in functions of a module that decides the values of expressions."""

    def __init__(self, module: SourceModule, values: GlobalValues) -> None:
        self._module = module
        self._values = values

    def of(self, nodes: Sequence[cst.CSTNode], functions: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for expressions in nested functions, innermost first."""
        pending = deque((node, tuple(functions)) for node in nodes)
        visited: set[tuple[str, ...] | tuple[int, str]] = set()
        texts: list[str] = []
        while pending:
            node, around = pending.popleft()
            texts.append(code_without_layout(node))
            for names in _names_in(node):
                scope = next((index for index, each in enumerate(around) if self._binds(each, names[0])), None)
                key = names if scope is None else (id(around[scope]), names[0])
                if key in visited or len(visited) >= _MAX_NAMES:
                    continue
                visited.add(key)
                if scope is None:
                    value = self._values.of(names, self._module)
                    texts.append(" ".join(names) if value is None else f"{value[0]} {' '.join(names[value[1] :])}")
                    continue
                for binder in bindings_of(around[scope], self._module).binders[names[0]]:
                    texts += self._texts(binder, names)
                    pending += ((part, inner) for part, inner in self._parts(binder, around[scope:]))
        return digest(" ".join(texts).encode(errors="replace"))[:_DIGITS]

    def of_function(self, function: cst.FunctionDef, around: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for the variables of outer functions that a function reads, or an empty string."""
        names = free_names(function, self._module)
        captured = [node for name, node in names.items() if any(self._binds(each, name) for each in around)]
        return self.of(captured, around) if captured else ""

    def of_result(self, function: cst.FunctionDef, around: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for the results of a function with steps."""
        return self.of([*_results(function, self._module)], (function, *around))

    def _binds(self, function: cst.FunctionDef, name: str) -> bool:
        return bindings_of(function, self._module).binds(name)

    def _texts(self, binder: cst.CSTNode, names: tuple[str, ...]) -> Iterator[str]:
        match binder:
            case cst.FunctionDef(decorators=[]):
                yield self._values.of_function(binder, self._module)
            case cst.Import() | cst.ImportFrom():
                value = self._values.of_import(binder, names, self._module)
                yield "" if value is None else value[0]
            case _:
                yield type(binder).__name__

    def _parts(self, binder: cst.CSTNode, around: _Functions) -> Iterator[tuple[cst.CSTNode, _Functions]]:
        """Yield the code that decides the value of a variable, with the functions around it."""
        match binder:
            case cst.FunctionDef(decorators=[]):
                for node in (*free_names(binder, self._module).values(), *_results(binder, self._module)):
                    yield node, (binder, *around)
            case cst.FunctionDef(decorators=decorators):
                yield from ((each.decorator, around) for each in decorators)
            case cst.For():
                yield binder.target, around
                yield binder.iter, around
            case cst.With():
                yield from ((item, around) for item in binder.items)
            case cst.Param():
                if binder.default is not None:
                    yield binder.default, around[1:]
            case cst.BaseSmallStatement() | cst.NamedExpr():
                yield binder, around


def _results(function: cst.FunctionDef, module: SourceModule) -> Iterator[cst.CSTNode]:
    """Yield the expressions that a function returns, and the tests around its `return` statements."""
    for statement in statements_below(function.body):
        if not isinstance(statement, cst.Return):
            continue
        if statement.value is not None:
            yield statement.value
        for outer in ancestors_of(module.parents, statement):
            if outer is function:
                break
            if isinstance(outer, cst.If | cst.While):
                yield outer.test


def _names_in(node: cst.CSTNode) -> Iterator[tuple[str, ...]]:
    """Yield the dotted names in an expression or statement."""
    pending = [node]
    while pending:
        current = pending.pop()
        names = dotted_names(current) if isinstance(current, cst.Name | cst.Attribute) else ()
        match current:
            case _ if names:
                yield names
            case cst.Call(func=cst.Call(func=cst.Attribute(attr=cst.Name("do"))) as step, args=[_]):
                pending.append(step)  # the engine keeps the result of the step
            case cst.Arg(value=value):
                pending.append(value)
            case _:
                pending += reversed(children(current))
