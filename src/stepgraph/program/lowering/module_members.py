"""Attributes of modules: what they bind, and the modules in a package."""

from __future__ import annotations

from difflib import get_close_matches

import libcst as cst

from stepgraph.program.lowering.imports import IMPORT_FAILS, submodule
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.names import module_name
from stepgraph.program.lowering.stars import exported_names
from stepgraph.program.values import UNKNOWN, External, LexicalScope, ModuleValue, Unresolved, Value
from stepgraph.syntax.module import Place


def module_member(machine: Machine, module: ModuleValue, name: str, place: Place) -> Value:
    """Return `module.name`."""
    scope = module.scope
    found = None if scope is None else module_name(machine, scope, name)
    found = found or submodule(machine, module, name, place)
    if found is not None:
        return found
    if scope is None:
        return External(f"{module.file.name}.{name}")
    if name.startswith("__") or "__getattr__" in scope.bindings.binders:
        return UNKNOWN
    return _missing(machine, module, scope, name, place)


def _missing(machine: Machine, module: ModuleValue, scope: LexicalScope, name: str, place: Place) -> Value:
    modules = [] if machine.modules.importer is None else machine.modules.importer.files.names_inside(module.file)
    others = [other for other in (*exported_names(machine, scope), *modules) if other != name]
    near = get_close_matches(name, others, 1)
    path = module.file.path or module.file.name
    reason = f"{path} has no `{name}`"
    is_imported = isinstance(place.node, cst.ImportFrom)
    advice = IMPORT_FAILS if is_imported else "Reading it fails when the workflow runs."
    advice = f"Did you mean `{near[0]}`?" if near else advice
    machine.note("missing-name", place, f"{reason}.", advice)
    return Unresolved(reason, place)
