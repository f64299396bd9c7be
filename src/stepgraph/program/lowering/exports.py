"""Which workflow classes a module has: those that it defines, and those that it exports as the runtime finds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from stepgraph.program.lowering.classes import derives_from_entrypoint, is_workflow, resolution_order
from stepgraph.program.lowering.entry import Entry, open_machine, workflow_named
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.names import module_name
from stepgraph.program.lowering.stars import exported_names
from stepgraph.program.values import Alternatives, ClassValue, External, Unresolved, Value
from stepgraph.syntax.module import SourceModule
from stepgraph.syntax.walk import statements_below


@dataclass(frozen=True, slots=True)
class Exported:
    """A workflow class that a main module exports, under a name there."""

    name: str


@dataclass(frozen=True, slots=True)
class NotExported:
    """Why a class is not exported, and the workflow classes that are."""

    reason: str
    others: tuple[str, ...] = ()


def find_workflows(entry: Entry) -> tuple[str, ...]:
    """Return the names of the workflow classes that a module defines, in source order; else of those it exports."""
    machine, scope = open_machine(entry)
    for names in (dict.fromkeys(_class_names(entry.module)), exported_names(machine, scope)):
        found = tuple(name for name in names if workflow_named(machine, scope, name) is not None)
        if found:
            return found
    return ()


def find_exported(entry: Entry, class_name: str) -> Exported | NotExported:
    """Return the class of that name as the runtime finds it in a main module, or why it does not.

    It registers the workflow classes among the public names, or those of `__all__`, by the classes' names (workerd).
    """
    machine, scope = open_machine(entry)
    names = exported_names(machine, scope)
    value = module_name(machine, scope, class_name)
    is_there = class_name in names and isinstance(value, ClassValue) and value.name == class_name
    if is_there and workflow_named(machine, scope, class_name) is not None:
        return Exported(class_name)
    found = {name: workflow_named(machine, scope, name) for name in names}
    workflows = {name: workflow for name, workflow in found.items() if workflow is not None}
    renamed = next((name for name, workflow in workflows.items() if workflow.name == class_name), None)
    if renamed is not None:
        return Exported(renamed)
    others = tuple(dict.fromkeys(workflow.name for workflow in workflows.values()))
    return NotExported(_why_not(machine, entry, class_name, value), others)


def _why_not(machine: Machine, entry: Entry, class_name: str, value: Value | None) -> str:
    path = entry.module.path
    if isinstance(value, Unresolved):
        return f"the class `{class_name}` cannot be followed: {value.reason}"
    if isinstance(value, External):
        return f"the class `{class_name}` is imported as `{value.name}`, which is not in the project"
    if isinstance(value, Alternatives):
        return f"the class `{class_name}` in {path} is defined in several ways, of which none is known to count"
    if not isinstance(value, ClassValue):
        return f"there is no class `{class_name}` in {path}"
    if value.name != class_name:
        return f"`{class_name}` in {path} is the class `{value.name}`, and is exported under that name"
    broken = next((base for base in resolution_order(value) if isinstance(base, Unresolved)), None)
    if broken is not None:
        return f"a base of the class `{class_name}` in {path} cannot be followed: {broken.reason}"
    if not derives_from_entrypoint(value):
        return f"the class `{class_name}` in {path} has no `WorkflowEntrypoint` among its bases"
    if not is_workflow(machine, value):
        return f"the class `{class_name}` in {path} has no method `run`"
    if class_name.startswith("_"):
        return f"the class `{class_name}` in {path} is private, and so is not exported"
    return f"the class `{class_name}` is not in `__all__` of {path}, and so is not exported"


def _class_names(module: SourceModule) -> Iterator[str]:
    for statement in statements_below(module.tree):
        if isinstance(statement, cst.ClassDef):
            yield statement.name.value
