"""Assignments of attributes to functions in the bodies of modules and classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import Bindings, bindings_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.mutation.assignments import attribute_targets
from stepgraph.syntax.walk import statements, statements_below


class FunctionAttribute(Struct, frozen=True):
    """An assignment of an attribute of a function, or of an object that may be a function."""

    function: cst.FunctionDef | None = None
    """The function; None if the assignment may run at any time, or the object may be any function."""
    value: str | None = None
    """The name of the function that is assigned, in the same body; None for other values."""


def attributes_of_functions(module: SourceModule) -> Mapping[str, tuple[FunctionAttribute, ...]]:
    """Return the assignments and deletions of attributes in a module by attribute, in source order."""
    at_import = dict(_assignments_at_import(module))
    by_name: dict[str, list[FunctionAttribute]] = {}
    for statement in statements_below(module.tree, into_functions=True):
        for owner, name in attribute_targets(statement):
            if not (isinstance(owner, cst.Name) and owner.value == "self"):
                by_name.setdefault(name, []).append(at_import.get(id(statement), FunctionAttribute()))
    return {name: tuple(assignments) for name, assignments in by_name.items()}


def _assignments_at_import(module: SourceModule) -> Iterator[tuple[int, FunctionAttribute]]:
    """Yield the statements `f.name = g` for functions of the same body, by `id`."""
    classes = [statement for statement in module.tree.body if isinstance(statement, cst.ClassDef)]
    bodies: list[cst.Module | cst.ClassDef] = [module.tree, *classes]
    for owner in bodies:
        bindings = bindings_of(owner, module)
        for statement in statements(owner if isinstance(owner, cst.Module) else owner.body):
            attribute = _assignment_of_function(statement, bindings)
            if attribute is not None:
                yield id(statement), attribute


def _assignment_of_function(statement: cst.CSTNode, bindings: Bindings) -> FunctionAttribute | None:
    match statement:
        case cst.Assign(
            targets=[cst.AssignTarget(cst.Attribute(value=cst.Name(value=owner)))],
            value=cst.Name(value=value),
        ):
            function = _only_function(bindings, owner)
            return (
                None
                if function is None or _only_function(bindings, value) is None
                else (FunctionAttribute(function, value))
            )
        case _:
            return None


def _only_function(bindings: Bindings, name: str) -> cst.FunctionDef | None:
    """Return the function that a body always binds to a name. Return None for other names."""
    match bindings.binders.get(name):
        case [cst.FunctionDef() as function] if id(function) in bindings.top_level_statements:
            return function
        case _:
            return None
