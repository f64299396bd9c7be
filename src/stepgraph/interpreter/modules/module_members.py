"""Attributes of modules: their names and the submodules of a package."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.imports import IMPORT_FAILS, submodule
from stepgraph.interpreter.modules.star_imports import exported_names
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.objects.union import with_fallback
from stepgraph.interpreter.values.objects import LexicalScope, ModuleValue
from stepgraph.ir.values import UNKNOWN, External, Unresolved, Value
from stepgraph.syntax.module import Place
from stepgraph.syntax.mutation.changes import may_bind_computed_names


def module_member(interpreter: Interpreter, module: ModuleValue, name: str, place: Place) -> Value:
    """Return `module.name`."""
    scope = module.scope
    value = None if scope is None else resolve_body_name(interpreter, scope, name)
    if scope is not None and scope.module.once(may_bind_computed_names):
        interpreter.store.record_outer_read(scope.names, name)
    value = with_fallback(value, None) if value is not None else submodule(interpreter, module, name, place)
    if value is not None:
        return value
    if scope is None:
        return External(f"{module.file.name}.{name}")
    if name == "__dict__":
        return Unresolved("it is read from a table of names", place)
    if name.startswith("__") or "__getattr__" in scope.bindings.binders:
        return UNKNOWN
    return _report_missing(interpreter, module, scope, name, place)


def _report_missing(
    interpreter: Interpreter, module: ModuleValue, scope: LexicalScope, name: str, place: Place
) -> Value:
    suggestion = _suggest_name(interpreter, module, scope, name)
    path = module.file.path or module.file.name
    reason = f"{path} has no `{name}`"
    is_imported = isinstance(place.node, cst.ImportFrom)
    advice = IMPORT_FAILS if is_imported else "Reading it fails when the workflow runs."
    advice = f"Did you mean `{suggestion}`?" if suggestion else advice
    interpreter.note("missing-name", place, f"{reason}.", advice)
    return Unresolved(reason, place)


def _suggest_name(interpreter: Interpreter, module: ModuleValue, scope: LexicalScope, name: str) -> str | None:
    """Return the name in a module that is closest to a misspelled one, None if all differ too much."""
    importer = interpreter.modules.importer
    if importer is None:
        return None
    files = importer.files

    def candidates() -> list[str]:
        names = (*exported_names(interpreter, scope), *files.module_names(module.file))
        return [candidate for candidate in names if candidate != name]

    return importer.modules.suggestions.nearest(name, candidates)
