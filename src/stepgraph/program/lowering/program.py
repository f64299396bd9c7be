"""Reading a workflow class: from its module to its program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import libcst as cst

from stepgraph.program.ir import EMPTY, Block, PayloadShape, Program
from stepgraph.program.lowering.attributes import attribute
from stepgraph.program.lowering.awaiting import await_value
from stepgraph.program.lowering.calls import (
    call_alternatives,
    call_function,
    call_partial,
    call_step,
    call_unknown,
    call_unresolved,
)
from stepgraph.program.lowering.classes import (
    call_instance,
    derives_from_entrypoint,
    instantiate,
    is_workflow,
    resolution_order,
)
from stepgraph.program.lowering.expressions import EVALUATORS
from stepgraph.program.lowering.externals import call_external
from stepgraph.program.lowering.functions import may_run_steps, read_function
from stepgraph.program.lowering.machine import Caller, Frame, Machine
from stepgraph.program.lowering.methods import call_method_of
from stepgraph.program.lowering.names import module_name
from stepgraph.program.lowering.stars import exported_names
from stepgraph.program.lowering.statements import EXECUTORS
from stepgraph.program.lowering.step_object import call_method, declare
from stepgraph.program.values import (
    Alternatives,
    Argument,
    Arguments,
    ClassValue,
    Event,
    External,
    FunctionCall,
    FunctionValue,
    Instance,
    LexicalScope,
    MethodOf,
    Partial,
    StepDecorator,
    StepFunction,
    StepMethod,
    StepObject,
    Unresolved,
    Value,
)
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.walk import statements_below


class _Callers(dict[type[Value], Caller]):
    """Calling whatever has no meaning of its own is calling something outside the project."""

    def __missing__(self, kind: type[Value]) -> Caller:
        return call_unknown


CALLERS: Final = _Callers(
    {
        FunctionValue: call_function,
        ClassValue: instantiate,
        Instance: call_instance,
        StepMethod: call_method,
        StepDecorator: declare,
        StepFunction: call_step,
        MethodOf: call_method_of,
        External: call_external,
        Alternatives: call_alternatives,
        Partial: call_partial,
        Unresolved: call_unresolved,
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The module that a workflow is looked for in, and what it imports."""

    module: SourceModule
    importer: Importer | None = None


def find_workflows(entry: Entry) -> tuple[str, ...]:
    """Return the names of the workflow classes that a module defines, in source order; else of those it exports."""
    machine, scope = _machine(entry)
    for names in (dict.fromkeys(_class_names(entry.module)), exported_names(machine, scope)):
        found = tuple(name for name in names if _workflow(machine, scope, name) is not None)
        if found:
            return found
    return ()


def find_exported(entry: Entry, class_name: str) -> Exported | NotExported:
    """Return the class of that name as the runtime finds it in a main module, or why it does not.

    It registers the workflow classes among the public names, or those of `__all__`, by the classes' names (workerd).
    """
    machine, scope = _machine(entry)
    names = exported_names(machine, scope)
    value = scope.names.get(class_name) or module_name(machine, scope, class_name)
    is_there = class_name in names and isinstance(value, ClassValue) and value.name == class_name
    if is_there and _workflow(machine, scope, class_name) is not None:
        return Exported(class_name)
    found = {name: _workflow(machine, scope, name) for name in names}
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


@dataclass(frozen=True, slots=True)
class Exported:
    """A workflow class that a main module exports, under a name there."""

    name: str


@dataclass(frozen=True, slots=True)
class NotExported:
    """Why a class is not exported, and the workflow classes that are."""

    reason: str
    others: tuple[str, ...] = ()


def read_workflow(entry: Entry, name: str, mode: DependencyMode | None = None) -> Program:
    """Return the program of a workflow class by its name in a module. Raises KeyError where there is no such class.

    The `mode` of dependencies follows from the project's compatibility date; without it, a step that lists its
    `depends` means legacy mode.
    """
    program, lists_depends = _read(entry, name, mode or DependencyMode.IMPLICIT)
    if mode is None and lists_depends:
        program, _ = _read(entry, name, DependencyMode.LEGACY)
    return program


def _read(entry: Entry, name: str, mode: DependencyMode) -> tuple[Program, bool]:
    machine, scope = _machine(entry)
    machine.mode = mode
    defined = _workflow(machine, scope, name)
    if defined is None:
        raise KeyError(name)
    place = Place(defined.scope.module, defined.node)
    payload = PayloadShape()
    body = _run(machine, defined, payload, place)
    _report_never_awaited(machine)
    return Program(defined.name, body, payload, machine.finished_notes(), place), machine.lists_depends


def _machine(entry: Entry) -> tuple[Machine, LexicalScope]:
    """Return a machine that is about to read a module, which is called by its stem, and the module's scope."""
    machine = Machine(EVALUATORS, EXECUTORS, CALLERS, attribute, importer=entry.importer)
    scope = machine.module_scope(entry.module, PurePosixPath(entry.module.path).stem)
    machine.frame = Frame(scope)
    return machine, scope


def _class_names(module: SourceModule) -> Iterator[str]:
    for statement in statements_below(module.tree):
        if isinstance(statement, cst.ClassDef):
            yield statement.name.value


def _workflow(machine: Machine, scope: LexicalScope, name: str) -> ClassValue | None:
    defined = scope.names.get(name) or module_name(machine, scope, name)
    return defined if isinstance(defined, ClassValue) and is_workflow(machine, defined) else None


def _run(machine: Machine, defined: ClassValue, payload: PayloadShape, place: Place) -> Block:
    """Read `run` as the engine calls it: on a new object, with the event and the step object."""
    instance = Instance(defined, machine.store.new())
    initializer = machine.attribute(instance, "__init__", place)
    if isinstance(initializer, FunctionValue):
        machine.call(initializer, Arguments(), place)
    run = machine.attribute(instance, "run", place)
    if not isinstance(run, FunctionValue):
        return EMPTY
    for doubt in run.doubts:
        machine.doubt(doubt)
    given = Arguments((Argument(Event(payload), place), Argument(StepObject(), place)))
    if isinstance(run.node, cst.Lambda):
        return machine.block_of(lambda: await_value(machine, machine.call(run, given, place), place))
    return read_function(machine, run, given).function.body


def _report_never_awaited(machine: Machine) -> None:
    for key, (place, coroutine) in list(machine.made.items()):
        if key in machine.begun:
            continue
        if isinstance(coroutine, FunctionCall) and not may_run_steps(machine, coroutine.function, coroutine.arguments):
            continue
        machine.note(
            "never-awaited",
            place,
            f"`{place.text}` makes a coroutine that is never awaited, so it never runs.",
            "Write `await` before it.",
            incomplete=False,
        )
