"""Imports: from the names in them to modules of the project."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
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


def imported(interpreter: Interpreter, statement: cst.Import | cst.ImportFrom, name: str) -> Value:
    """Return what an import statement of the module being read binds to `name`."""
    aliases = interpreter.module.once(_imports)
    if statement not in aliases:
        # Of several, the last one counts.
        names = () if isinstance(statement.names, cst.ImportStar) else statement.names
        aliases[statement] = {import_binding(alias): alias for alias in names}
    alias = aliases[statement].get(name)
    return UNKNOWN if alias is None else _import(interpreter, statement, alias, name, interpreter.place(statement))


def _imports(_: SourceModule) -> dict[cst.Import | cst.ImportFrom, dict[str, cst.ImportAlias]]:
    return {}


def _import(
    interpreter: Interpreter, statement: cst.Import | cst.ImportFrom, alias: cst.ImportAlias, name: str, place: Place
) -> Value:
    if isinstance(statement, cst.Import):
        return _module(interpreter, 0, alias.evaluated_name if alias.asname is not None else name, place)
    return _imported_from(
        interpreter, _module(interpreter, *source_name(statement), place), alias.evaluated_name, place
    )


def _imported_from(interpreter: Interpreter, source: Value, name: str, place: Place) -> Value:
    if isinstance(source, Unresolved):
        return source
    if isinstance(source, ModuleValue) and source.scope is not None and source.scope.module is interpreter.module:
        # `from . import part` in a package: what it binds is not there before.
        part = submodule(interpreter, source, name, place)
        if part is not None:
            return part
    return interpreter.attribute(source, name, place)


def is_in_project(interpreter: Interpreter, statement: cst.Import | cst.ImportFrom) -> bool:
    """Whether an import statement of the module being read names what the project has."""
    found = [_find(interpreter, *named) for named in source_names(statement)]
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return None not in found
    names = [alias.evaluated_name for alias in statement.names]
    return all(file is not None and _may_have(interpreter, file, name) for file in found for name in names)


def lacks_name(interpreter: Interpreter, statement: cst.ImportFrom) -> bool:
    """Whether a statement imports a name from a module of the project that has no such name."""
    return _find(interpreter, *source_name(statement)) is not None and not is_in_project(interpreter, statement)


def _may_have(interpreter: Interpreter, file: ModuleFile, name: str) -> bool:
    """Whether a module may have a name, as far as its own text tells."""
    if interpreter.modules.importer is None or interpreter.modules.importer.files.inside(file, name) is not None:
        return True
    module = interpreter.modules.importer.load(file)
    if module is None or isinstance(module, Problem):
        return module is not None
    bindings = interpreter.modules.scope_of(module).bindings
    return bool(bindings.stars) or name in bindings.binders or "__getattr__" in bindings.binders


def is_in_python(statement: cst.Import | cst.ImportFrom) -> bool:
    """Whether an import statement names what the runtime always has."""
    return all(not level and is_known(name) for level, name in source_names(statement))


def star_source(interpreter: Interpreter, statement: cst.ImportFrom) -> Value:
    """Return what an `import *` of the module being read takes its names from."""
    return _module(interpreter, *source_name(statement), interpreter.place(statement))


def submodule(interpreter: Interpreter, package: ModuleValue, name: str, place: Place) -> Value | None:
    """Return a module of a package, None where it has none of that name."""
    found = (
        interpreter.modules.importer.files.inside(package.file, name)
        if interpreter.modules.importer is not None
        else None
    )
    return None if found is None else _loaded(interpreter, found, place)


def _find(interpreter: Interpreter, level: int, name: str) -> ModuleFile | None:
    if interpreter.modules.importer is None or (not level and is_known(name)):
        return None
    return interpreter.modules.importer.find(interpreter.module, level, name)


def _module(interpreter: Interpreter, level: int, name: str, place: Place) -> Value:
    """Return a module of the project, External for one of another, Unresolved where the project should have it."""
    found = _find(interpreter, level, name)
    if found is not None:
        return _loaded(interpreter, found, place)
    top, _, rest = name.partition(".")
    if interpreter.modules.importer is None or (not level and not rest):
        return External("." * level + name)
    package = None if level else _find(interpreter, 0, top)
    if not level and (package is None or package.path is None):
        return External(name)
    shown = "." * level + name
    reason = f"there is no module `{shown}` in the project"
    interpreter.note("missing-module", place, f"{reason}.", IMPORT_FAILS)
    return Unresolved(reason, place)


def _loaded(interpreter: Interpreter, file: ModuleFile, place: Place) -> Value:
    module = None if interpreter.modules.importer is None else interpreter.modules.importer.load(file)
    if not isinstance(module, Problem):
        return ModuleValue(file, None if module is None else interpreter.modules.scope_of(module))
    reason = f"{module.place} could not be read"
    interpreter.note(
        "broken-module",
        place,
        f"`{place.brief_text}` cannot be followed: {module.place}: {module.message}",
        "Steps that it leads to are missing from the graph.",
    )
    return Unresolved(reason, place)
