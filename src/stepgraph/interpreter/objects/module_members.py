"""Attributes of modules: what they bind, and the modules in a package."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.names import module_name
from stepgraph.interpreter.objects.values import UNKNOWN, External, LexicalScope, ModuleValue, Unresolved, Value
from stepgraph.interpreter.python.imports import IMPORT_FAILS, submodule
from stepgraph.interpreter.python.star_imports import exported_names
from stepgraph.syntax.module import Place


def module_member(interpreter: Interpreter, module: ModuleValue, name: str, place: Place) -> Value:
    """Return `module.name`."""
    scope = module.scope
    found = None if scope is None else module_name(interpreter, scope, name)
    found = found or submodule(interpreter, module, name, place)
    if found is not None:
        return found
    if scope is None:
        return External(f"{module.file.name}.{name}")
    if name.startswith("__") or "__getattr__" in scope.bindings.binders:
        return UNKNOWN
    return _missing(interpreter, module, scope, name, place)


def _missing(interpreter: Interpreter, module: ModuleValue, scope: LexicalScope, name: str, place: Place) -> Value:
    near = _nearest(interpreter, module, scope, name)
    path = module.file.path or module.file.name
    reason = f"{path} has no `{name}`"
    is_imported = isinstance(place.node, cst.ImportFrom)
    advice = IMPORT_FAILS if is_imported else "Reading it fails when the workflow runs."
    advice = f"Did you mean `{near}`?" if near else advice
    interpreter.note("missing-name", place, f"{reason}.", advice)
    return Unresolved(reason, place)


def _nearest(interpreter: Interpreter, module: ModuleValue, scope: LexicalScope, name: str) -> str | None:
    """Return the name in a module that was probably meant, None where none is near."""
    importer = interpreter.modules.importer
    if importer is None:
        return None
    files = importer.files

    def known() -> list[str]:
        names = (*exported_names(interpreter, scope), *files.names_inside(module.file))
        return [other for other in names if other != name]

    return importer.modules.suggestions.nearest(name, known)
