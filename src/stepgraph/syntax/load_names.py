"""Names that a module reads at load time, also in annotations, and names imported only for type checkers."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.bindings import (
    annotations_of,
    binding_words,
    bindings_of,
    expressions_at_definition,
    scan,
    type_parameters,
)
from stepgraph.syntax.deferred.blocks import annotation_names_in
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import (
    all_nodes,
    ancestors_in_statement,
    children,
    self_and_statements_below,
    statements,
    statements_with_enclosing,
)

_BUILT_IN: Final = frozenset(dir(builtins))
_Scopes: TypeAlias = tuple[Collection[str], ...]
"""The names that each of the scopes around a statement binds."""


def unbound_load_names(module: SourceModule) -> tuple[cst.Name, ...]:
    """Return the names that top-level statements read outside of blocks, and that no statement of the module binds.

    Annotations are omitted, because they may be evaluated later or never.
    """
    bound = bindings_of(module.tree, module).binders
    names = (name for statement in statements(module.tree) for name in names_read_in(_evaluated_parts(statement)))
    return tuple(name for name in names if name.value not in bound)


def type_only_names(module: SourceModule) -> frozenset[str]:
    """Return the names whose imports are all in `if TYPE_CHECKING`, and that nothing else in the module binds."""
    if not module.mentions(b"TYPE_CHECKING"):
        return frozenset()
    bindings = bindings_of(module.tree, module)
    from stepgraph.syntax.body_errors import is_type_checking

    type_only = {
        id(statement)
        for statement, enclosing in statements_with_enclosing(module.tree)
        if isinstance(statement, cst.Import | cst.ImportFrom) and any(map(is_type_checking, enclosing))
    }
    if bindings.stars:
        return frozenset()
    return frozenset(name for name, binders in bindings.binders.items() if {id(each) for each in binders} <= type_only)


def names_read_in(parts: Iterable[cst.CSTNode]) -> Iterator[cst.Name]:
    """Yield the names that parts of a statement read directly, except names that their own expressions bind."""
    names: list[cst.Name] = []
    bound: set[str] = set()
    pending = list(parts)
    while pending:
        node = pending.pop()
        if type(node) is cst.Name:
            names.append(node)
        elif type(node) is cst.Attribute or type(node) is cst.Arg:
            pending.append(node.value)
        elif type(node) is cst.NamedExpr and type(node.target) is cst.Name:
            bound.add(node.target.value)
            pending.append(node.value)
        elif type(node) is not cst.Lambda:
            if type(node) is cst.CompFor:
                bound.update(each.value for each in all_nodes(node.target) if type(each) is cst.Name)
            pending += children(node)
    return (name for name in names if name.value not in bound)


def _evaluated_parts(statement: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the expressions that a simple statement, or the header of a definition, evaluates."""
    if type(statement) is cst.FunctionDef or type(statement) is cst.ClassDef:
        yield from expressions_at_definition(statement)
        return
    match statement:
        case cst.Assign(value=value) | cst.AnnAssign(value=cst.BaseExpression() as value) | cst.Expr(value=value):
            yield value


def postpones_annotations(module: SourceModule) -> bool:
    """Return whether a module never evaluates its annotations."""
    if not module.mentions(b"__future__"):
        return False
    binders = bindings_of(module.tree, module).binders.get("annotations", ())
    return any(map(_imports_from_future, binders))


def _imports_from_future(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.ImportFrom(module=cst.Name("__future__"), relative=[]):
            return True
        case _:
            return False


def is_in_annotation(node: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether a node is part of an annotation."""
    return any(isinstance(ancestor, cst.Annotation) for ancestor in ancestors_in_statement(module.parents, node))


def unbound_annotation_names(module: SourceModule) -> tuple[cst.Name, ...]:
    """Return the names in annotations that the module evaluates when it is loaded, and that it does not bind by then.

    These are the annotations outside of functions and blocks. Imports only for type checkers bind nothing.
    """
    return () if postpones_annotations(module) else tuple(_names_before_their_bindings(module))


def is_defined_later(name: cst.Name, module: SourceModule) -> bool:
    """Return whether a name that an annotation reads too early is bound later in the module."""
    return name.value in bindings_of(module.tree, module).binders


def _names_before_their_bindings(module: SourceModule) -> Iterator[cst.Name]:
    binders = bindings_of(module.tree, module).binders
    names_by_binder: dict[int, list[str]] = {}
    # A function may bind a name that it declares as global before the body does.
    for name, nodes in () if module.mentions(b"global ") else binders.items():
        for node in nodes:
            names_by_binder.setdefault(id(node), []).append(name)
    type_only = module.once(type_only_names)
    bound = set(binders).difference(*names_by_binder.values()) - type_only
    for statement in statements(module.tree):
        yield from _unbound_names(statement, (bound,), module)
        for node in self_and_statements_below(statement):
            bound.update(name for name in names_by_binder.get(id(node), ()) if name not in type_only)


def names_in_signature(function: cst.FunctionDef, module: SourceModule) -> tuple[cst.Name, ...]:
    """Return the names in the annotations of the parameters and the result of a function, except type parameters."""
    return () if postpones_annotations(module) else tuple(_names_in_signature(function))


def _unbound_names(statement: cst.CSTNode, scopes: _Scopes, module: SourceModule) -> Iterator[cst.Name]:
    """Yield the names in the annotations of a statement, and in the body of a class, that no scope binds."""
    match statement:
        case cst.FunctionDef():
            names = _names_in_signature(statement)
        case cst.AnnAssign(annotation=annotation):
            names = names_read_in([annotation])
        case cst.ClassDef(body=body):
            names_in_class = annotation_names_in(body)
            if names_in_class is None or not all(_is_bound(name, scopes) for name in names_in_class):
                members = scan(statement, binding_words(module)).binders
                for each in statements(body):
                    yield from _unbound_names(each, (members, type_parameters(statement), *scopes), module)
            return
        case _:
            return
    yield from (name for name in names if not _is_bound(name.value, scopes))


def _is_bound(name: str, scopes: _Scopes) -> bool:
    return name in _BUILT_IN or any(name in scope for scope in scopes)


def _names_in_signature(function: cst.FunctionDef) -> Iterator[cst.Name]:
    parameters = type_parameters(function)
    names = names_read_in(annotations_of(function))
    return (name for name in names if name.value not in parameters)
