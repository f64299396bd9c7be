"""Digests of the code that the values of expressions depend on, for expressions without a short definition.

Two versions with the same digest have the same values of local variables and global names.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import libcst as cst

from stepgraph.hashing import digest
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.definitions.bound_values import SETTINGS
from stepgraph.syntax.definitions.definition_code import ast_names, code_of, expression_of, with_attributes
from stepgraph.syntax.definitions.global_values import source_digest
from stepgraph.syntax.definitions.variable_changes import blocks_left, changes_of, deciding_parts
from stepgraph.syntax.free_names import free_names
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import ancestors_of, code_without_layout, statements_below

if TYPE_CHECKING:
    from stepgraph.syntax.definitions.definition_scope import DefinitionScope

_MAX_VARIABLES: Final = 300
"""The maximum number of variables whose values are followed."""
_DIGITS: Final = 16

_Functions: TypeAlias = tuple[cst.FunctionDef, ...]
"""Nested functions, innermost first."""


class ValueSources:
    """The code in functions of a module that decides the values of expressions."""

    def __init__(self, module: SourceModule, scope: DefinitionScope) -> None:
        self._module = module
        self._scope = scope
        self.reads: set[str] = set()
        """The variables and attributes in the code, as in `WriteIndex`."""

    def of(
        self, nodes: Sequence[cst.CSTNode], functions: Sequence[cst.FunctionDef], at: cst.CSTNode | None = None
    ) -> str:
        """Return the digest for expressions in nested functions, innermost first.

        With the node `at` that reads them, the digest depends on the heads of loops in front of it.
        """
        return _SourceSearch(self._module, self._scope, at, self.reads).digest(nodes, tuple(functions))

    def of_function(self, function: cst.FunctionDef, enclosing: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for the variables of outer functions that a function reads, or an empty string."""
        names = free_names(function, self._module)
        captured = [node for name, node in names.items() if any(self._binds(each, name) for each in enclosing)]
        return self.of(captured, enclosing) if captured else ""

    def of_result(self, function: cst.FunctionDef, enclosing: Sequence[cst.FunctionDef]) -> str:
        """Return the digest for the results of a function with steps."""
        return self.of([*_results(function, self._module)], (function, *enclosing))

    def _binds(self, function: cst.FunctionDef, name: str) -> bool:
        return bindings_of(function, self._module).binds(name)


class _SourceSearch:
    """The search for the code that decides the values of some expressions."""

    def __init__(self, module: SourceModule, scope: DefinitionScope, at: cst.CSTNode | None, reads: set[str]) -> None:
        self.reads = reads
        self.module = module
        self.values = scope.globals
        self.effects = scope.effects
        self._at = at
        self._pending: deque[tuple[cst.CSTNode, _Functions]] = deque()
        self._numbers: dict[tuple[int, str], str] = {}
        """The numbers of the variables, by the identity of the function and the name."""
        self._texts: list[str] = []

    def digest(self, nodes: Sequence[cst.CSTNode], functions: _Functions) -> str:
        self._pending += ((node, functions) for node in nodes)
        while self._pending:
            if not self.values.may_read_source():
                # The text of the module stands for the remaining code.
                return self.module.once(source_digest)
            node, enclosing = self._pending.popleft()
            self._texts += self._code(node, enclosing)
        return digest(" ".join(self._texts).encode(errors="replace"))[:_DIGITS]

    def _code(self, node: cst.CSTNode, enclosing: _Functions) -> Iterator[str]:
        """Yield the code of an expression or statement, with values in place of names."""
        trees: Sequence[ast.AST | None] | None
        if isinstance(node, cst.BaseExpression):
            trees = [expression_of(node, self.module)]
        else:
            trees = code_of(node, self.module)
        for tree in trees or [None]:
            try:
                yield (
                    code_without_layout(node)
                    if tree is None
                    else ast.dump(_SourceNameReplacer(self, enclosing).visit(tree))
                )
            except RecursionError:
                yield code_without_layout(node)

    def value_of(self, names: Sequence[str], enclosing: _Functions) -> tuple[str, int]:
        """Return an expression for a dotted name in nested functions, and the number of components it stands for."""
        index = next((at for at, each in enumerate(enclosing) if bindings_of(each, self.module).binds(names[0])), None)
        if index is None:
            return self.values.of(names, self.module) or (names[0], 1)
        binders = bindings_of(enclosing[index], self.module).binders[names[0]]
        if len(binders) == 1 and isinstance(binders[0], cst.Import | cst.ImportFrom):
            return self.values.of_import(binders[0], names, self.module) or (names[0], 1)
        key = id(enclosing[index]), names[0]
        if key not in self._numbers and len(self._numbers) < _MAX_VARIABLES:
            self._numbers[key] = f"v{len(self._numbers)}"
            changes = changes_of(names[0], enclosing[index], self.module)
            blocks = () if self._at is None else blocks_left(changes, self._at, self.module)
            mutations = (*changes.mutations, *self.effects.mutations(names[0], enclosing[index], self.module))
            for binder in dict.fromkeys((*binders, *mutations, *blocks)):
                self._texts.append(self._identifier(binder))
                self._pending += self._parts(binder, enclosing[index:])
        return self._numbers.get(key, names[0]), 1

    def _identifier(self, binder: cst.CSTNode) -> str:
        """Return an identifier for a function, or the kind of another definition of a variable."""
        match binder:
            case cst.FunctionDef(decorators=[]):
                return self.values.of_function(binder, self.module)
            case _:
                return type(binder).__name__

    def _parts(self, binder: cst.CSTNode, enclosing: _Functions) -> Iterator[tuple[cst.CSTNode, _Functions]]:
        """Yield the code that decides the value of a variable, with the functions around it."""
        match binder:
            case cst.FunctionDef(decorators=[]):
                for node in (*free_names(binder, self.module).values(), *_results(binder, self.module)):
                    yield node, (binder, *enclosing)
            case cst.FunctionDef(decorators=decorators):
                yield from ((each.decorator, enclosing) for each in decorators)
            case cst.For():
                parts = (binder.target, binder.iter, *deciding_parts(binder, self.module))
                yield from ((part, enclosing) for part in parts)
            case cst.While() | cst.If() | cst.Match() | cst.Try() | cst.TryStar():
                yield from ((part, enclosing) for part in deciding_parts(binder, self.module))
            case cst.With(items=items):
                yield from ((each.item, enclosing) for each in items)
            case cst.Param():
                if binder.default is not None:
                    yield binder.default, enclosing[1:]
            case cst.BaseSmallStatement() | cst.NamedExpr():
                yield binder, enclosing


class _SourceNameReplacer(ast.NodeTransformer):
    """Replaces names in the code of nested functions."""

    def __init__(self, search: _SourceSearch, functions: _Functions) -> None:
        self._search = search
        self._functions = functions

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self._search.reads.add(node.id)
        return self._dotted((node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        names = ast_names(node)
        self._search.reads.update((*names[:1], *(f".{name}" for name in names[1:] or [node.attr])))
        return self._dotted(names) if names else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Call(func=ast.Attribute(attr="do")):
                node.args = []  # the engine keeps the result of a step
            case ast.Attribute(attr=method) if method in SETTINGS:
                node.keywords = [each for each in node.keywords if each.arg not in SETTINGS[method]]
                node.args = node.args[:1]  # the others are settings
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if node.value is None else self.visit(ast.Assign([node.target], node.value))

    def _dotted(self, names: tuple[str, ...]) -> ast.AST:
        text, used = self._search.value_of(names, self._functions)
        return with_attributes(ast.Name(text), names[used:])


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
