"""Imports of names that a module of the project does not define, so that the Worker cannot load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.imports import LOADING_CHANGES, may_have_name
from stepgraph.ir.name_facts import MissingName
from stepgraph.limits import Limit
from stepgraph.project.folders import folder_of
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import imported_module, is_modeled_package
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.walk import statements

# Source text of code that changes how modules are loaded or which names they have, or that catches failing imports.
_CHANGES_MODULES: Final = (*LOADING_CHANGES, b"setattr(", b"ImportError")


def observe_missing_names(interpreter: Interpreter) -> None:
    """Record the names that the analyzed modules import at their top level from modules without these names."""
    importer = interpreter.modules.importer
    importing = [scope.module for scope in interpreter.modules.scopes.values()]
    if importer is None or any(module.mentions(text) for module in importing for text in _CHANGES_MODULES):
        return
    for module in importing:
        for statement in statements(module.tree):
            if type(statement) is cst.ImportFrom and type(statement.names) is not cst.ImportStar:
                for name, path in _missing_names(interpreter, importer, module, statement):
                    place = SourcePlace(module, name)
                    is_modeled = is_modeled_package(imported_module(statement)[1]) and not statement.relative
                    interpreter.observe(
                        MissingName(place.text, path, place, SourcePlace(module, statement), shadows_sdk=is_modeled)
                    )


def _missing_names(
    interpreter: Interpreter, importer: Importer, module: SourceModule, statement: cst.ImportFrom
) -> Iterator[tuple[cst.CSTNode, str]]:
    """Yield the imported names that a module of the project lacks, with the path of that module."""
    level, source = imported_module(statement)
    is_modeled = not level and is_modeled_package(source)
    file = _shadowing_module(importer, source) if is_modeled else importer.find(module.path, level, source)
    if file is None or file.path is None or isinstance(statement.names, cst.ImportStar):
        return
    if not _is_loaded_from(importer, module.path, file.path):
        return
    for alias in statement.names:
        interpreter.budget.spend(Limit.ELEMENTS)
        name = alias.evaluated_name
        may_exist = _mentions(interpreter, importer, file, name) or may_have_name(interpreter, file, name)
        if module.path == file.path or not may_exist:
            yield alias.name, file.path


def _shadowing_module(importer: Importer, name: str) -> ModuleFile | None:
    """Return the module of the Worker that is loaded in place of the SDK's `workers`, if the Worker has one."""
    worker = importer.files.worker
    file = importer.files.find_in_worker(name) if worker is not None and name == "workers" else None
    return file if worker is not None and file is not None and file.path and worker.contains(file.path) else None


def _is_loaded_from(importer: Importer, importing: str, imported: str) -> bool:
    """Return whether an import must load a file. Without a configuration, it must be beside the importing module."""
    worker = importer.files.worker
    if worker is None:
        return imported.startswith(folder_of(importing))
    return worker.contains(importing) and worker.contains(imported)


def _mentions(interpreter: Interpreter, importer: Importer, file: ModuleFile, name: str) -> bool:
    """Return whether the text of an unparsed module contains a name. Parsed modules are always searched exactly."""
    is_parsed = any(scope.module.path == file.path for scope in interpreter.modules.scopes.values())
    return not is_parsed and file.path is not None and importer.mentions_any(file.path, (name,))
