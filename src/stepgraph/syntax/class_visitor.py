"""Classes of a module, and bindings through which other modules may name workflow classes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.module import SourceModule

_VISITED_TYPES: Final[frozenset[type[cst.CSTNode]]] = frozenset(
    {
        *(cst.Module, cst.IndentedBlock, cst.SimpleStatementLine, cst.SimpleStatementSuite, cst.ClassDef),
        *(cst.If, cst.Else, cst.For, cst.While, cst.With, cst.Match, cst.MatchCase),
        *(cst.Try, cst.TryStar, cst.ExceptHandler, cst.ExceptStarHandler, cst.Finally),
    }
)
"""The types of statements and blocks that may contain a class outside of functions and classes."""


class Derivation(Struct, frozen=True):
    """A binding that may name a workflow class: a class statement, an assignment of a name, or an import."""

    name: str
    """The name that the binding binds."""
    bases: tuple[str, ...]
    """The last components of the names of the base classes, or of the assigned or imported name."""
    is_import: bool = False


class WorkflowClassVisitor(cst.CSTVisitor):
    """Collect the classes and derivations of a module, except those in the bodies of functions and classes.

    The visitor skips all nodes but statements and takes 1% of the time that parsing the module takes. A visitor of all
    nodes would take about 100%, LibCST's position provider 200%, and its scope provider 400%.
    """

    def __init__(self) -> None:
        super().__init__()
        self.classes: dict[str, cst.ClassDef] = {}
        """Classes outside of functions and classes, by name; the last definition of a name counts."""
        self.derivations: list[Derivation] = []
        """Bindings that may name a workflow class, in source order."""

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Skip everything but statements and their blocks."""
        return type(node) in _VISITED_TYPES and super().on_visit(node)

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        """Record a class and its base classes. Its body is not visited."""
        self.classes[node.name.value] = node
        if node.bases:
            self.derivations.append(Derivation(node.name.value, tuple(_class_name(base.value) for base in node.bases)))
        return False

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        """Record aliases and renamed imports. The statements are not visited, because LibCST would rebuild the line."""
        for statement in node.body:
            self._add_derivations(statement)
        return False

    def visit_SimpleStatementSuite(self, node: cst.SimpleStatementSuite) -> bool:
        """Record aliases and renamed imports in statements on the line of a compound statement, such as an `if`."""
        for statement in node.body:
            self._add_derivations(statement)
        return False

    def _add_derivations(self, statement: cst.BaseSmallStatement) -> None:
        match statement:
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                base = _class_name(value)
                if base:
                    self.derivations.append(Derivation(name, (base,)))
            case cst.ImportFrom(names=[*aliases]):
                for alias in aliases:
                    if alias.asname:
                        name = import_binding(alias)
                        self.derivations.append(Derivation(name, (alias.evaluated_name,), is_import=True))


def classes_of(module: SourceModule) -> dict[str, cst.ClassDef]:
    """Return the classes that a module defines outside of functions and classes, by name."""
    return module.once(_visit_module).classes


def derivations_in(module: SourceModule) -> tuple[Derivation, ...]:
    """Return the bindings of a module that may name a workflow class, in source order."""
    return tuple(module.once(_visit_module).derivations)


def derived_names(derivations: Sequence[Derivation], workflow_names: Collection[str]) -> tuple[str, ...]:
    """Return the names that derivations add to `workflow_names`, in the order of the derivations."""
    derived: dict[str, None] = {}
    for derivation in derivations:
        if any(base in workflow_names or (base in derived and not derivation.is_import) for base in derivation.bases):
            derived[derivation.name] = None
    return tuple(name for name in derived if name not in workflow_names)


def _visit_module(module: SourceModule) -> WorkflowClassVisitor:
    visitor = WorkflowClassVisitor()
    module.tree.visit(visitor)
    return visitor


def _class_name(node: cst.BaseExpression) -> str:
    """Return the last component of the name of a class, subscripted or not; empty for other expressions."""
    while isinstance(node, cst.Subscript):
        node = node.value
    return last_name(node)
