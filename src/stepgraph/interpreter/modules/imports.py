"""Resolution of import statements to modules of the project and to members of these modules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.body_queues import LateImport
from stepgraph.interpreter.values.objects import LexicalScope, ModuleValue
from stepgraph.ir.values import UNKNOWN, External, Unresolved, Value
from stepgraph.model.note import Problem
from stepgraph.project.module_files import ModuleFile
from stepgraph.syntax.bindings import import_binding, imported_module, is_modeled_package, must_load_modules
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import may_bind_computed_names

LOADING_CHANGES: Final = (b"sys.path", b"sys.modules", b"meta_path", b"__path__", b"addsitedir")
"""Source text of code that changes how modules are loaded."""
IMPORT_FAILS: Final = "The import fails when the module is loaded. Correct it."


def import_name(interpreter: Interpreter, statement: cst.Import | cst.ImportFrom, name: str) -> Value:
    """Return the value that an import statement of the current module binds to `name`."""
    if interpreter.frame.body_scope.kind == "function":
        _record_late_import(interpreter, statement)
    alias = interpreter.module.once_for_code(statement, _alias_by_name).get(name)
    return (
        UNKNOWN if alias is None else _import_alias(interpreter, statement, alias, name, interpreter.place(statement))
    )


def _record_late_import(interpreter: Interpreter, statement: cst.Import | cst.ImportFrom) -> None:
    """Record the modules that an import in a function loads, since their code may fill collections of other modules."""
    _record_late_scopes(
        interpreter, interpreter.modules.imported_by(interpreter.module, statement), interpreter.place(statement)
    )


def _record_late_scopes(interpreter: Interpreter, scopes: Iterable[LexicalScope], place: SourcePlace) -> None:
    modules = interpreter.modules
    is_conditional = interpreter.branch_depth + interpreter.loop_depth > 0
    for scope in scopes:
        if scope not in modules.visited_by_program and scope is not interpreter.frame.scope:
            modules.late_imports.append(LateImport(scope, place, is_conditional, interpreter.is_import_time))
    if modules.late_imports and modules.resume_runs is not None:
        modules.resume_runs()


def import_by_name(interpreter: Interpreter, name: str, place: SourcePlace) -> Value:
    """Return the module that a function imports by an absolute name."""
    module = _resolve_module(interpreter, 0, name, place)
    if isinstance(module, ModuleValue) and module.scope is not None:
        _record_late_scopes(interpreter, (module.scope,), place)
    return module


def _alias_by_name(statement: cst.Import | cst.ImportFrom) -> dict[str, cst.ImportAlias]:
    """Return the alias that binds each name. If several aliases bind a name, the last one is in effect."""
    names = () if isinstance(statement.names, cst.ImportStar) else statement.names
    return {import_binding(alias): alias for alias in names}


def _import_alias(
    interpreter: Interpreter,
    statement: cst.Import | cst.ImportFrom,
    alias: cst.ImportAlias,
    name: str,
    place: SourcePlace,
) -> Value:
    if isinstance(statement, cst.Import):
        return _resolve_module(interpreter, 0, alias.evaluated_name if alias.asname is not None else name, place)
    return _import_member(
        interpreter, _resolve_module(interpreter, *imported_module(statement), place), alias.evaluated_name, place
    )


def _import_member(interpreter: Interpreter, source: Value, name: str, place: SourcePlace) -> Value:
    if isinstance(source, Unresolved):
        return source
    if isinstance(source, ModuleValue) and source.scope is not None and source.scope.module is interpreter.module:
        # In `from . import part` in a package, the package lacks the attribute `part` before this import.
        member = submodule(interpreter, source, name, place)
        if member is not None:
            return member
    return interpreter.attribute(source, name, place)


def is_in_project(interpreter: Interpreter, statement: cst.Import | cst.ImportFrom) -> bool:
    """Return whether an import statement of the current module names only existing project modules and members."""
    files = [_find_module_file(interpreter, *source) for source in must_load_modules(statement)]
    if isinstance(statement, cst.Import) or isinstance(statement.names, cst.ImportStar):
        return None not in files
    names = [alias.evaluated_name for alias in statement.names]
    return all(file is not None and may_have_name(interpreter, file, name) for file in files for name in names)


def imports_missing_name(interpreter: Interpreter, statement: cst.ImportFrom) -> bool:
    """Return whether a statement imports a name that its project module does not have, or from a missing module.

    Other packages than that of the current module may be installed at run time.
    """
    level, name = imported_module(statement)
    if level and interpreter.modules.importer is not None:
        return not is_in_project(interpreter, statement)
    return _find_module_file(interpreter, level, name) is not None and not is_in_project(interpreter, statement)


def may_have_name(interpreter: Interpreter, file: ModuleFile, name: str) -> bool:
    """Return whether a module's bindings and submodules may include a name."""
    importer = interpreter.modules.importer
    if importer is None or importer.files.find_in_package(file, name) is not None:
        return True
    module = importer.load(file)
    if module is None or isinstance(module, Problem):
        return module is not None
    scope = interpreter.modules.scope_of(module)
    bindings = scope.bindings
    if bindings.stars or name in bindings.binders or "__getattr__" in bindings.binders:
        return True
    return module.once(may_bind_computed_names) or interpreter.modules.is_assigned_externally(scope, name)


def is_in_python(statement: cst.Import | cst.ImportFrom) -> bool:
    """Return whether an import statement names only modules that every runtime provides."""
    return all(not level and is_modeled_package(name) for level, name in must_load_modules(statement))


def star_source(interpreter: Interpreter, statement: cst.ImportFrom) -> Value:
    """Return the module that an `import *` of the current module imports from."""
    return _resolve_module(interpreter, *imported_module(statement), interpreter.place(statement))


def submodule(interpreter: Interpreter, package: ModuleValue, name: str, place: SourcePlace) -> Value | None:
    """Return a submodule of a package. Return None if it does not exist."""
    file = (
        interpreter.modules.importer.files.find_in_package(package.file, name)
        if interpreter.modules.importer is not None
        else None
    )
    return None if file is None else _load_module(interpreter, file, place)


def _find_module_file(interpreter: Interpreter, level: int, name: str) -> ModuleFile | None:
    if interpreter.modules.importer is None or (not level and is_modeled_package(name)):
        return None
    return interpreter.modules.importer.find(interpreter.module.path, level, name)


def _resolve_module(interpreter: Interpreter, level: int, name: str, place: SourcePlace) -> Value:
    """Return a module of the project, External for other modules, or Unresolved if the project lacks the module."""
    file = _find_module_file(interpreter, level, name)
    if file is not None:
        return _load_module(interpreter, file, place)
    top, _, submodules = name.partition(".")
    if interpreter.modules.importer is None or (not level and not submodules):
        return External("." * level + name)
    package = None if level else _find_module_file(interpreter, 0, top)
    if not level and (package is None or package.path is None):
        return External(name)
    dotted_name = "." * level + name
    reason = f"the project has no module `{dotted_name}`"
    interpreter.note("missing-module", place, f"{reason}.", IMPORT_FAILS)
    return Unresolved(reason, place)


def _load_module(interpreter: Interpreter, file: ModuleFile, place: SourcePlace) -> Value:
    module = None if interpreter.modules.importer is None else interpreter.modules.importer.load(file)
    if not isinstance(module, Problem):
        return ModuleValue(file, None if module is None else interpreter.modules.scope_of(module))
    reason = f"{module.location} cannot be read"
    interpreter.note(
        "broken-module",
        place,
        f"`{place.brief_text}` cannot be resolved: {module.location}: {module.message}",
        f"Steps that depend on it are missing from the graph. {module.advice or 'Correct the module.'}",
    )
    return Unresolved(reason, place)
