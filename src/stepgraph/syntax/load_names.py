"""Names that the body of a module reads at load time, and names that it imports only for type checkers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, expressions_at_definition
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import all_nodes, children, statements, statements_with_enclosing


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
