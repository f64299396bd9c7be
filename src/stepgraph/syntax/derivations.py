"""Classes of a module, and bindings through which other modules may name workflow classes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import libcst as cst
from msgspec import Struct, field

from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import Statement, statements_below


class Derivation(Struct, frozen=True):
    """A binding that may name a workflow class: a class statement, an assignment of a name, or an import."""

    name: str
    """The name that the binding binds."""
    bases: tuple[str, ...]
    """The last components of the names of the base classes, or of the assigned or imported name."""
    is_import: bool = False


class _ModuleClasses(Struct):
    """The classes and derivations of a module, except those in the bodies of functions and classes."""

    classes: dict[str, cst.ClassDef] = field(default_factory=dict)
    """The classes by name; the last definition of a name counts."""
    derivations: list[Derivation] = field(default_factory=list)
    """Bindings that may name a workflow class, in source order."""

    def add(self, statement: Statement) -> None:
        """Add a class, an alias of a name, or the renamed names of an import."""
        match statement:
            case cst.ClassDef():
                self._add_class(statement)
            case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value):
                base = _class_name(value)
                if base:
                    self.derivations.append(Derivation(name, (base,)))
            case cst.ImportFrom(names=[*aliases]):
                for alias in aliases:
                    if alias.asname:
                        name = import_binding(alias)
                        self.derivations.append(Derivation(name, (alias.evaluated_name,), is_import=True))

    def _add_class(self, node: cst.ClassDef) -> None:
        self.classes[node.name.value] = node
        if node.bases:
            self.derivations.append(Derivation(node.name.value, tuple(_class_name(base.value) for base in node.bases)))


def classes_of(module: SourceModule) -> dict[str, cst.ClassDef]:
    """Return the classes that a module defines outside of functions and classes, by name."""
    return module.once(_module_classes).classes


def derivations_in(module: SourceModule) -> tuple[Derivation, ...]:
    """Return the bindings of a module that may name a workflow class, in source order."""
    return tuple(module.once(_module_classes).derivations)


def derived_names(derivations: Sequence[Derivation], workflow_names: Collection[str]) -> tuple[str, ...]:
    """Return the names that derivations add to `workflow_names`, in the order of the derivations."""
    derived: dict[str, None] = {}
    for derivation in derivations:
        if any(base in workflow_names or (base in derived and not derivation.is_import) for base in derivation.bases):
            derived[derivation.name] = None
    return tuple(name for name in derived if name not in workflow_names)


def _module_classes(module: SourceModule) -> _ModuleClasses:
    result = _ModuleClasses()
    for statement in statements_below(module.tree):
        result.add(statement)
    return result


def _class_name(node: cst.BaseExpression) -> str:
    """Return the last component of the name of a class, subscripted or not; empty for other expressions."""
    while isinstance(node, cst.Subscript):
        node = node.value
    return last_name(node)
