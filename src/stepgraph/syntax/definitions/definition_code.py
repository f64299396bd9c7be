"""The code of definitions as trees of `ast`, with values in place of the global names in them.

Names of variables, annotations, docstrings and the layout do not matter.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Container, Sequence
from typing import Final, Protocol

import libcst as cst

from stepgraph.syntax.deferred.outline import python_tree
from stepgraph.syntax.definitions.dotted_names import ImportedName
from stepgraph.syntax.module import SourceModule, once_per_code, once_per_node
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.walk import (
    all_nodes,
    code_without_layout,
    self_and_statements_below,
    statements,
    statements_below,
)

_MAX_CHARACTERS: Final = 20_000
"""The maximum length of a definition whose code is read."""
_LARGE_INTEGER: Final = re.compile(r"(?<!\w)0[xob][0-9a-f_]{3500}", re.IGNORECASE)
"""An integer that may have more than 4,300 decimal digits, which Python does not convert to text."""
INITIALIZERS: Final = ("__init__", "__post_init__")
"""The methods that assign the attributes of a new object."""
_DESCRIPTORS: Final = frozenset({"staticmethod", "classmethod", "property"})
"""The decorators that do not change the result of a method."""


class NameValues(Protocol):
    """The values of the global names in the code of a definition."""

    def global_value(self, names: Sequence[str]) -> tuple[str, int] | None:
        """Return an expression for a dotted name, and the number of components that it stands for, if it is known."""

    def imported_value(self, imported: ImportedName, names: Sequence[str]) -> tuple[str, int] | None:
        """Return the same for a dotted name whose first component an import in the definition binds."""

    def member_value(self, name: str) -> str | None:
        """Return an expression for a member of the class around a method, if it is known."""

    def base_value(self, name: str) -> str | None:
        """Return an expression for a member of the base classes of the class around a method, if it is known."""

    def class_value(self) -> str | None:
        """Return an expression for the class that a class method receives, or None in another function."""

    def attribute_value(self, name: str) -> str | None:
        """Return an expression for the attributes of objects with a name, or None if no methods decide their values."""


def assigned_value(name: str, statement: cst.CSTNode) -> cst.BaseExpression | None:
    """Return the expression that a statement assigns to a variable, or None for other statements."""
    match statement:
        case cst.Assign(targets=targets, value=value):
            is_target = any(isinstance(each.target, cst.Name) and each.target.value == name for each in targets)
            return value if is_target else None
        case cst.AnnAssign(target=cst.Name(), value=cst.BaseExpression() as value):
            return value
        case _:
            return None


def bound_value(name: str, statement: cst.CSTNode, module: SourceModule) -> cst.BaseExpression | None:
    """Return the value that a statement assigns to a name, or the calls of the decorators of a function."""
    match statement:
        case cst.FunctionDef(decorators=[_, *_]):
            return _decorated_value(statement, module)
        case _:
            return assigned_value(name, statement)


@once_per_node
def _decorated_value(function: cst.FunctionDef, _module: SourceModule) -> cst.BaseExpression:
    value: cst.BaseExpression = function.name
    for each in reversed(function.decorators):
        value = cst.Call(each.decorator, [cst.Arg(value)])
    return value


def assigns_attribute(method: cst.FunctionDef, name: str, module: SourceModule) -> bool:
    """Return whether a method assigns an attribute of its first parameter by a statement of its own."""
    return name in _own_attributes(method, module)


@once_per_code
def _own_attributes(method: cst.FunctionDef) -> frozenset[str]:
    """Return the attributes of its first parameter that a method assigns by statements of its own."""
    receiver = next((each.name.value for each in method.params.params), "")
    return frozenset(
        attribute
        for statement in statements_below(method.body)
        for owner, attribute in attribute_targets(statement)
        if isinstance(owner, cst.Name) and owner.value == receiver
    )


def expression_of(value: cst.BaseExpression, module: SourceModule) -> ast.expr | None:
    """Return the tree of an expression, or None for a long one."""
    return expression_tree(module.tree.code_for_node(value))


def expression_tree(code: str) -> ast.expr | None:
    """Return the tree of the code of an expression, or None for a long one."""
    lines = _parsed(f"({code})")
    return lines[0].value if lines and isinstance(lines[0], ast.Expr) else None


def code_of(node: cst.CSTNode, module: SourceModule, left_out: Container[int] = ()) -> list[ast.stmt] | None:
    """Return the trees of a statement or definition, or None for a long one.

    `left_out` are the identities of statements in the body of a class that its code does not include.
    """
    match node:
        case cst.FunctionDef():
            return _function(node, module)
        case cst.ClassDef():
            return _class(node, module, left_out)
    if any(isinstance(each, cst.FunctionDef | cst.ClassDef) for each in self_and_statements_below(node)):
        # The code of functions that are parsed on first use is not that of their nodes.
        code = code_without_layout(node)
        names = sorted({each.value for each in all_nodes(node) if isinstance(each, cst.Name)})
        tree = ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load())
        return [ast.Expr(ast.Constant(code)), ast.Expr(tree)] if len(code) <= _MAX_CHARACTERS else None
    return _parsed(module.tree.code_for_node(node))


def _function(function: cst.FunctionDef, module: SourceModule) -> list[ast.stmt] | None:
    code_for = module.tree.code_for_node
    body = "".join(f"{code_for(each).rstrip('; ')}\n" for each in statements(function.body))
    keyword = "def" if function.asynchronous is None else "async def"
    header, lines = _parsed(f"{keyword} f({code_for(function.params)}): pass"), _parsed(body)
    decorators = _decorators(function.decorators, module)
    if not header or lines is None or decorators is None:
        return None
    (tree,) = header
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    tree.body, tree.decorator_list = _without_docstring(lines), decorators
    from stepgraph.syntax.definitions.normal_functions import normal_body

    tree.body = normal_body(tree)
    return [tree]


def _class(owner: cst.ClassDef, module: SourceModule, left_out: Container[int]) -> list[ast.stmt] | None:
    arguments = ", ".join(module.tree.code_for_node(each).rstrip(", \n") for each in (*owner.bases, *owner.keywords))
    header, decorators = _parsed(f"class C({arguments}): pass"), _decorators(owner.decorators, module)
    blocks = [_in_class(each, module) for each in statements(owner.body) if id(each) not in left_out]
    if not header or decorators is None or None in blocks:
        return None
    (tree,) = header
    if not isinstance(tree, ast.ClassDef):
        return None
    lines = _without_docstring([line for block in blocks for line in block or ()])
    tree.body, tree.decorator_list = [each for each in lines if not isinstance(each, ast.Pass)], decorators
    return [tree]


def _in_class(statement: cst.CSTNode, module: SourceModule) -> list[ast.stmt] | None:
    """Return the trees of a statement in the body of a class, where the names of methods matter."""
    trees = code_of(statement, module)
    match statement, trees:
        case cst.FunctionDef(), [ast.FunctionDef() | ast.AsyncFunctionDef() as method]:
            method.name = statement.name.value
    return trees


def _decorators(decorators: Sequence[cst.Decorator], module: SourceModule) -> list[ast.expr] | None:
    names = (each.decorator for each in decorators)
    trees = [
        expression_of(each, module) for each in names if not (isinstance(each, cst.Name) and each.value in _DESCRIPTORS)
    ]
    return None if None in trees else [tree for tree in trees if tree is not None]


def _without_docstring(lines: list[ast.stmt]) -> list[ast.stmt]:
    is_docstring = lines and isinstance(lines[0], ast.Expr) and isinstance(lines[0].value, ast.Constant)
    return lines[1:] if is_docstring else lines


def _parsed(code: str) -> list[ast.stmt] | None:
    if len(code) > _MAX_CHARACTERS or _LARGE_INTEGER.search(code) is not None:
        return None
    tree = python_tree(code)
    return None if tree is None else tree.body


def with_values(tree: ast.AST, values: NameValues, receiver: str = "", captured: Sequence[str] = ()) -> ast.AST:
    """Replace the global names in a tree by their values, and the names of variables of functions by numbers.

    `receiver` is the name of the first parameter of a method. `captured` are the variables of outer functions that a
    function reads. Raises RecursionError for deeply nested code.
    """
    is_function = isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    variables = {name: f"c{number}" for number, name in enumerate(captured)}
    variables |= _variables(tree) if is_function else {}
    normal: ast.AST = _Normalizer(variables, values, receiver).visit(tree)
    return normal


class _Normalizer(ast.NodeTransformer):
    """Replaces the names of variables, functions and constants, and removes annotations."""

    def __init__(self, variables: dict[str, str], values: NameValues, receiver: str) -> None:
        self._values = values
        self._variables = variables
        self._receiver = receiver
        self._imported: dict[str, ImportedName] = {}
        self._depth = 0
        """The number of functions around the visited code."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id == self._receiver and isinstance(node.ctx, ast.Load) and (value := self._values.class_value()):
            return parsed_expression(value, node.ctx)
        return self._dotted(node, (node.id,))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        names = ast_names(node)
        match node.value:
            case ast.Call(func=ast.Name("super")) if (base := self._values.base_value(node.attr)) is not None:
                return ast.Attribute(node.value, base)
        if not names:
            return ast.Attribute(self.visit(node.value), self._values.attribute_value(node.attr) or node.attr, node.ctx)
        if names[0] == self._receiver and (value := self._values.member_value(names[1])) is not None:
            first = self._variables.get(names[0], names[0])
            return with_attributes(ast.Attribute(ast.Name(first), value), names[2:], self._values.attribute_value)
        return self._dotted(node, names)

    def _dotted(self, node: ast.expr, names: tuple[str, ...]) -> ast.expr:
        context = getattr(node, "ctx", None) or ast.Load()
        if names[0] in self._imported:
            value = self._values.imported_value(self._imported[names[0]], names)
        elif names[0] in self._variables:
            value = self._variables[names[0]], 1
        else:
            value = self._values.global_value(names) if isinstance(context, ast.Load) else None
        text, used = value or (names[0], 1)
        return with_attributes(parsed_expression(text, context), names[used:], self._values.attribute_value)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(self._variables.get(node.arg, node.arg))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if node.value is None else self.visit(ast.Assign([node.target], node.value))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = None if node.name is None else self._variables.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name, node.returns = self._variables.get(node.name, node.name), None
        self._depth += 1
        normal = self.generic_visit(node)
        self._depth -= 1
        return normal

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        names = {each.asname or each.name.partition(".")[0]: each for each in node.names}
        return self._import({name: ImportedName(0, each.name if each.asname else name) for name, each in names.items()})

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        if node.names[0].name == "*":
            return node
        module, names = node.module or "", {each.asname or each.name: each.name for each in node.names}
        return self._import({name: ImportedName(node.level, module, member) for name, member in names.items()})

    def _import(self, imported: dict[str, ImportedName]) -> ast.AST | None:
        """Replace an import by the values of its names, which code outside of the tree may read. Remove local ones."""
        self._imported |= imported
        return None if self._depth else ast.Tuple([self._dotted(ast.Name(name), (name,)) for name in imported])


def parsed_expression(text: str, context: ast.expr_context) -> ast.expr:
    """Return the expression that stands for a name."""
    return ast.Name(text, context) if text.isidentifier() else ast.parse(text, mode="eval").body


def ast_names(node: ast.expr) -> tuple[str, ...]:
    """Return the components of a dotted name, or an empty tuple for other expressions."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else ()


def with_attributes(node: ast.expr, names: Sequence[str], value_of: Callable[[str], str | None]) -> ast.expr:
    """Return an attribute of a value, or an attribute of the attribute and so on, with identifiers for their values."""
    for name in names:
        node = ast.Attribute(node, value_of(name) or name, ast.Load())
    return node


def _variables(tree: ast.AST) -> dict[str, str]:
    """Return numbers for the variables of a function, in the order of their first occurrences."""
    names: dict[str, None] = {}
    others: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=str(name)) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names[name] = None
            case ast.ExceptHandler(name=str(name)):
                names[name] = None
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if node is not tree:
                names[name] = None
            case ast.Global(names=shared) | ast.Nonlocal(names=shared):
                others.update(shared)
    variables = [name for name in names if name not in others]
    return {name: f"v{number}" for number, name in enumerate(variables)}
