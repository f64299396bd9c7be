"""Digests of functions without steps, which recognize the functions under other names, and changes of their code."""

from __future__ import annotations

import ast
import warnings
from typing import Final

import libcst as cst

from stepgraph.hashing import digest
from stepgraph.syntax.bindings import bindings_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.variable_definitions import class_constant, constant_value, method_of
from stepgraph.syntax.walk import statements, statements_below

_MAX_CHARACTERS: Final = 5_000
"""The maximum length of a function with a digest."""
_MAX_FUNCTIONS: Final = 10
"""The maximum number of functions whose code counts for one digest: a function, and others that it calls."""
_DIGITS: Final = 16
_DESCRIPTORS: Final = frozenset({"staticmethod", "classmethod", "property"})
"""The decorators that do not change the result of a method."""


def function_value(function: cst.FunctionDef, module: SourceModule) -> str:
    """Return an identifier for a function by its code, or an empty string for a long or nested function.

    Names, annotations and the docstring do not matter, except names from outside of the module.
    """
    return module.once_for(function, _value)


def _value(function: cst.FunctionDef, module: SourceModule) -> str:
    return _Values(module).of(function)


class _Values:
    """The identifiers of a function and of the functions that it calls."""

    def __init__(self, module: SourceModule) -> None:
        self.module = module
        self._pending: list[cst.FunctionDef] = []
        self._values: dict[cst.FunctionDef, str] = {}

    def of(self, function: cst.FunctionDef) -> str:
        """Return the identifier of a function, or an empty string."""
        if function in self._pending:
            return f"f_{self._pending.index(function)}"
        if function not in self._values:
            if len(self._values) + len(self._pending) >= _MAX_FUNCTIONS:
                return ""
            self._pending.append(function)
            self._values[function] = self._value(function)
            self._pending.pop()
        return self._values[function]

    def _value(self, function: cst.FunctionDef) -> str:
        tree = _parsed(function, self.module) if all(map(_is_descriptor, function.decorators)) else None
        if tree is None:
            return ""
        owner = self.module.parents.get(id(self.module.parents.get(id(function))))
        try:
            normal = ast.dump(_Normalizer(tree, function, self).visit(tree))
        except RecursionError:
            return ""
        kind = "method" if isinstance(owner, cst.ClassDef) else ""
        return f"f_{digest(f'{kind} {normal}'.encode(errors='replace'))[:_DIGITS]}"


def _is_descriptor(decorator: cst.Decorator) -> bool:
    return isinstance(decorator.decorator, cst.Name) and decorator.decorator.value in _DESCRIPTORS


def _parsed(function: cst.FunctionDef, module: SourceModule) -> ast.FunctionDef | None:
    """Return the code of a function under another name, without its docstring, or None for long and nested ones."""
    if any(isinstance(each, cst.FunctionDef | cst.ClassDef) for each in statements_below(function.body)):
        return None
    params, body = module.tree.code_for_node(function.params), statements(function.body)
    code = "".join(f"{module.tree.code_for_node(each).rstrip('; ')}\n" for each in body)
    if len(code) > _MAX_CHARACTERS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(f"def f({params}): pass").body[0]
            lines = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not isinstance(tree, ast.FunctionDef):
        return None
    if lines and isinstance(lines[0], ast.Expr) and isinstance(lines[0].value, ast.Constant):
        lines = lines[1:]
    tree.body = lines
    return tree


class _Normalizer(ast.NodeTransformer):
    """Replaces the names of variables, functions and constants of a function, and removes its annotations."""

    def __init__(self, tree: ast.FunctionDef, function: cst.FunctionDef, values: _Values) -> None:
        self._function = function
        self._values = values
        self._variables = _variables(tree)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._variables.get(node.id) or self._global(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._variables.get(node.arg, node.arg))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if node.value is None else self.visit(ast.Assign([node.target], node.value))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = None if node.name is None else self._variables.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        first = next(iter(self._function.params.params), None)
        if first is not None and isinstance(node.value, ast.Name) and node.value.id == first.name.value:
            node.attr = self._member(node.attr)
        return self.generic_visit(node)

    def _member(self, name: str) -> str:
        module = self._values.module
        method = method_of(name, self._function, module)
        if method is not None:
            return self._values.of(method) or name
        constant = class_constant(name, self._function, module)
        return name if constant is None else module.text(constant)

    def _global(self, name: str) -> str:
        module = self._values.module
        match bindings_of(module.tree, module).binders.get(name, ()):
            case [cst.FunctionDef() as function]:
                return self._values.of(function) or name
            case _:
                return module.text(constant_value(name, module))


def _variables(tree: ast.FunctionDef) -> dict[str, str]:
    """Return numbers for the variables of a function, in the order of their first occurrences."""
    names: dict[str, None] = {}
    others: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=str(name)) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names[name] = None
            case ast.ExceptHandler(name=str(name)):
                names[name] = None
            case ast.Global(names=shared) | ast.Nonlocal(names=shared):
                others.update(shared)
    variables = [name for name in names if name not in others]
    return {name: f"v{number}" for number, name in enumerate(variables)}
