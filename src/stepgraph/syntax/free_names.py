"""The names that a function reads from enclosing scopes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, expressions_of_definition, target_names
from stepgraph.syntax.module import SourceModule, once_per_code, once_per_node
from stepgraph.syntax.walk import Comprehension, children, clauses_from

LocalFunction: TypeAlias = cst.FunctionDef | cst.Lambda


@once_per_node
def free_names(function: LocalFunction, module: SourceModule) -> dict[str, cst.Name]:
    """Return the names that a function reads from enclosing scopes when it runs, each with its first read.

    The names that its nested functions read are included. Decorators and defaults belong to the enclosing scope.
    """
    return _reads(function.body, _bound_names(function, module), module)


def names_read(expression: cst.CSTNode, module: SourceModule) -> dict[str, cst.Name]:
    """Return the names that an expression reads from the scopes around it, each with its first read.

    The variables of comprehensions and the parameters of lambdas in the expression do not count.
    """
    return _reads(expression, frozenset(), module)


def _reads(code: cst.CSTNode, bound: frozenset[str], module: SourceModule) -> dict[str, cst.Name]:
    """Return the names that code reads, except for bound names, each with its first read."""
    reads: dict[str, cst.Name] = {}
    pending = [(code, bound)]
    while pending:
        node, bound = pending.pop()
        if not isinstance(node, cst.Name):
            pending += reversed([*_parts(node, bound, module)])
        elif node.value not in bound:
            reads.setdefault(node.value, node)
    return reads


@once_per_code
def captured_names(function: LocalFunction) -> frozenset[str]:
    """Return the names in the code of a function that runs apart from its body, which may use its variables.

    Such code belongs to nested functions, classes and generator expressions.
    """
    names: set[str] = set()
    pending: list[tuple[cst.CSTNode, bool]] = [(function.body, False)]
    while pending:
        node, is_nested = pending.pop()
        if is_nested and isinstance(node, cst.Name):
            names.add(node.value)
        is_nested = is_nested or isinstance(node, _DEFERRED)
        pending += ((part, is_nested) for part in children(node))
    return frozenset(names)


def captured_variables(function: cst.FunctionDef, module: SourceModule) -> list[str]:
    """Return the variables of outer functions that a function reads."""
    if id(function) in bindings_of(module.tree, module).top_level_statements:
        return []
    enclosing = [each for each in module.scopes_around(function) if isinstance(each, cst.FunctionDef)]
    names = free_names(function, module) if enclosing else {}
    return [name for name in names if any(bindings_of(each, module).binds(name) for each in enclosing)]


def comprehension_targets(node: Comprehension) -> Iterator[str]:
    """Yield the names that the clauses of a comprehension bind."""
    for clause in clauses_from(node.for_in):
        yield from target_names(clause.target)


_DEFERRED: Final = (cst.FunctionDef, cst.ClassDef, cst.Lambda, cst.GeneratorExp)


def _parts(
    node: cst.CSTNode, bound: frozenset[str], module: SourceModule
) -> Iterator[tuple[cst.CSTNode, frozenset[str]]]:
    """Yield the parts of a node that may read names, each with the names that the scopes around it bind."""
    if type(node) not in _SPECIAL_TYPES:
        yield from ((part, bound) for part in children(node))
        return
    match node:
        case cst.FunctionDef() | cst.ClassDef() | cst.Lambda():
            yield from ((part, bound) for part in expressions_of_definition(node))
            yield node.body, bound | _bound_names(node, module)
        case cst.ListComp() | cst.SetComp() | cst.DictComp() | cst.GeneratorExp():
            inner = bound.union(comprehension_targets(node))
            yield from ((part, inner) for part in children(node))
        case cst.Attribute(value=value) | cst.Arg(value=value):
            yield value, bound
        case cst.AnnAssign(target=target, value=assigned):
            yield from ((part, bound) for part in (target, assigned) if part is not None)


# The types of nodes whose children are not all read in the scope of the node. The names in imports are not read.
_SPECIAL_TYPES: Final = frozenset(
    [
        *(cst.FunctionDef, cst.ClassDef, cst.Lambda, cst.ListComp, cst.SetComp, cst.DictComp, cst.GeneratorExp),
        *(cst.Attribute, cst.Arg, cst.AnnAssign, cst.Import, cst.ImportFrom, cst.Global, cst.Nonlocal),
    ]
)


def _bound_names(node: cst.FunctionDef | cst.ClassDef | cst.Lambda, module: SourceModule) -> frozenset[str]:
    """Return the names that a scope binds or declares, whose reads are not followed."""
    bindings = bindings_of(node, module)
    return frozenset(bindings.binders).union(bindings.globals, bindings.nonlocals)
