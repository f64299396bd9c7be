"""Imports: from the names in them to modules of the project."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    External,
    ModuleValue,
    Unresolved,
    Value,
)
from stepgraph.model.note import Problem
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import import_binding
from stepgraph.syntax.import_names import is_known, source_name, source_names
from stepgraph.syntax.module import Place, SourceModule

IMPORT_FAILS: Final = "Correct the import: it fails when the module is loaded."


def imported(machine: Machine, statement: cst.Import | cst.ImportFrom, name: str) -> Value:
    """Return what an import statement of the module being read binds to `name`."""
    aliases = machine.module.once(_imports)
    if statement not in aliases:
        # Of several, the last one counts.
        names = () if isinstance(statement.names, cst.ImportStar) else statement.names
        aliases[statement] = {import_binding(alias): alias for alias in names}
    alias = aliases[statement].get(name)
    return UNKNOWN if alias is None else _import(machine, statement, alias, name, machine.place(statement))


def _imports(_: SourceModule) -> dict[cst.Import | cst.ImportFrom, dict[str, cst.ImportAlias]]:
    return {}


def _import(
    machine: Machine, statement: cst.Import | cst.ImportFrom, alias: cst.ImportAlias, name: str, place: Place
) -> Value:
    if isinstance(statement, cst.Import):
        return _module(machine, 0, alias.evaluated_name if alias.asname is not None else name, place)
    return _imported_from(machine, _module(machine, *source_name(statement), place), alias.evaluated_name, place)


def _imported_from(machine: Machine, source: Value, name: str, place: Place) -> Value:
    if isinstance(source, Unresolved):
        return source
    if isinstance(source, ModuleValue) and source.scope is not None and source.scope.module is machine.module:
        # `from . import part` in a package: what it binds is not there before.
        part = submodule(machine, source, name, place)
        if part is not None:
            return part
    return machine.attribute(source, name, place)


def is_in_project(machine: Machine, statement: cst.Import | cst.ImportFrom) -> bool:
    """Whether an import statement of the module being read names what the project has."""
    found = [_find(machine, *named) for named in source_names(statement)]
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return None not in found
    names = [alias.evaluated_name for alias in statement.names]
    return all(file is not None and _may_have(machine, file, name) for file in found for name in names)


def lacks_name(machine: Machine, statement: cst.ImportFrom) -> bool:
    """Whether a statement imports a name from a module of the project that has no such name."""
    return _find(machine, *source_name(statement)) is not None and not is_in_project(machine, statement)


def _may_have(machine: Machine, file: ModuleFile, name: str) -> bool:
    """Whether a module may have a name, as far as its own text tells."""
    if machine.modules.importer is None or machine.modules.importer.files.inside(file, name) is not None:
        return True
    module = machine.modules.importer.load(file)
    if module is None or isinstance(module, Problem):
        return module is not None
    bindings = machine.modules.scope_of(module).bindings
    return bool(bindings.stars) or name in bindings.binders or "__getattr__" in bindings.binders


def is_in_python(statement: cst.Import | cst.ImportFrom) -> bool:
    """Whether an import statement names what the runtime always has."""
    return all(not level and is_known(name) for level, name in source_names(statement))


def star_source(machine: Machine, statement: cst.ImportFrom) -> Value:
    """Return what an `import *` of the module being read takes its names from."""
    return _module(machine, *source_name(statement), machine.place(statement))


def submodule(machine: Machine, package: ModuleValue, name: str, place: Place) -> Value | None:
    """Return a module of a package, None where it has none of that name."""
    found = machine.modules.importer.files.inside(package.file, name) if machine.modules.importer is not None else None
    return None if found is None else _loaded(machine, found, place)


def _find(machine: Machine, level: int, name: str) -> ModuleFile | None:
    if machine.modules.importer is None or (not level and is_known(name)):
        return None
    return machine.modules.importer.find(machine.module, level, name)


def _module(machine: Machine, level: int, name: str, place: Place) -> Value:
    """Return a module of the project, External for one of another, Unresolved where the project should have it."""
    found = _find(machine, level, name)
    if found is not None:
        return _loaded(machine, found, place)
    top, _, rest = name.partition(".")
    if machine.modules.importer is None or (not level and not rest):
        return External("." * level + name)
    package = None if level else _find(machine, 0, top)
    if not level and (package is None or package.path is None):
        return External(name)
    shown = "." * level + name
    reason = f"there is no module `{shown}` in the project"
    machine.note("missing-module", place, f"{reason}.", IMPORT_FAILS)
    return Unresolved(reason, place)


def _loaded(machine: Machine, file: ModuleFile, place: Place) -> Value:
    module = None if machine.modules.importer is None else machine.modules.importer.load(file)
    if not isinstance(module, Problem):
        return ModuleValue(file, None if module is None else machine.modules.scope_of(module))
    reason = f"{module.place} could not be read"
    machine.note(
        "broken-module",
        place,
        f"`{place.brief_text}` cannot be followed: {module.place}: {module.message}",
        "Steps that it leads to are missing from the graph.",
    )
    return Unresolved(reason, place)
