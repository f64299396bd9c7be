"""Classes of a module, the bindings that may name workflow classes, and the modules that may start the Worker."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec import Struct, field

from stepgraph.limits import MAIN_MODULES, SEARCHED_FOR_MAIN
from stepgraph.syntax.bindings import import_binding, last_name
from stepgraph.syntax.import_graph import ImportGraph, import_graph_of
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import Statement, statements_below

if TYPE_CHECKING:
    from stepgraph.project.module_files import ModuleFile
    from stepgraph.syntax.modules import Importer


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


_SDK_IMPORT: Final = re.compile(rb"\b(?:from|import)[ \t]++workers\b")


def main_modules_of(importer: Importer, module: SourceModule, users: Sequence[str] | None) -> tuple[ModuleFile, ...]:
    """Return the modules that may be the main module of the Worker that runs the workflow classes of a module.

    A main module names one of the classes, or imports by star, and imports the module, directly or indirectly. If no
    configuration names it, and no module has a usual name, it is a module that no other such module imports. `users`
    are the files that name the classes, if they are known. The result is empty if no other module starts the Worker.
    """
    names = classes_of(module)
    files = importer.files
    graph = import_graph_of(importer)
    for file in files.main_modules() if names else ():
        if files.bounds is None or file.path is None or file.path == module.path:
            return ()
        if importer.mentions_any(file.path, names) and graph.imports(file.path, module.path):
            return (file,)
    if files.bounds is None or not names or files.worker is not None:
        return ()
    if users is None:
        users = tuple(islice(files.module_paths(), SEARCHED_FOR_MAIN)) if files.is_marked else ()
    mains = {
        main.path: main
        for main in map(files.possible_main, users)
        if main is not None
        and main.path is not None
        and main.path != module.path
        and importer.mentions_any(main.path, names)
        and graph.imports(main.path, module.path)
    }
    roots = list(_roots(graph, tuple(mains)))
    with_sdk = [path for path in roots if importer.mentions(path, _SDK_IMPORT)]  # the others may be scripts
    return tuple(mains[path] for path in with_sdk or roots)[:MAIN_MODULES]


def _roots(graph: ImportGraph, paths: Sequence[str]) -> Iterator[str]:
    """Yield the modules that no other of these modules imports, unless it imports the other one as well."""
    if len(paths) == 1:  # the usual case, which needs no search of all imports
        yield from paths
        return
    imports = {path: frozenset(graph.all_imports_of(path)) for path in paths}
    # Modules that import each other import the same modules, so one of them is enough.
    importers = {imported: path for path, imported in imports.items()}
    for path in paths:
        if not any(path in imported and other not in imports[path] for imported, other in importers.items()):
            yield path


TEST_CODE: Final = (
    *(b"import pytest", b"from pytest import", b"import unittest", b"from unittest", b"MagicMock("),
    *(b'sys.modules["workers', b"sys.modules['workers", b'sys.modules, "workers', b'ModuleType("workers'),
)
"""Source text of modules that test code, or that replace the SDK."""


def is_test_module(module: SourceModule) -> bool:
    """Return whether a module contains tests, or code for tests. Its name alone does not decide."""
    if any(map(module.mentions, TEST_CODE)):
        return True
    name = module.path.rpartition("/")[2]
    return (name.startswith("test_") or name.endswith("_test.py")) and module.mentions(b"def test_")
