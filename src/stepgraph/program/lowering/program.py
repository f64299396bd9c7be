"""Reading a workflow class: from its module to its program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import libcst as cst

from stepgraph.program.ir import EMPTY, Block, DependencyMode, PayloadShape, Program
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
from stepgraph.program.lowering.classes import call_instance, instantiate, is_workflow
from stepgraph.program.lowering.expressions import EVALUATORS
from stepgraph.program.lowering.externals import call_external
from stepgraph.program.lowering.functions import may_run_steps, read_function
from stepgraph.program.lowering.machine import Caller, Frame, Machine
from stepgraph.program.lowering.methods import call_method_of
from stepgraph.program.lowering.names import module_name
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
    Slots,
    StepDecorator,
    StepFunction,
    StepMethod,
    StepObject,
    Unresolved,
    Value,
)
from stepgraph.syntax.bindings import Bindings
from stepgraph.syntax.module import Place, SourceModule
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


def find_workflows(module: SourceModule) -> tuple[str, ...]:
    """Return the names of the workflow classes that a module defines, in source order."""
    machine, scope = _machine(module)
    names = dict.fromkeys(_class_names(module))
    return tuple(name for name in names if _workflow(machine, scope, name) is not None)


def read_workflow(module: SourceModule, name: str, mode: DependencyMode | None = None) -> Program:
    """Return the program of a workflow class of a module. Raises KeyError where there is no such class.

    The `mode` of dependencies follows from the project's compatibility date; without it, a step that lists its
    `depends` means legacy mode.
    """
    program, lists_depends = _read(module, name, mode or DependencyMode.IMPLICIT)
    if mode is None and lists_depends:
        program, _ = _read(module, name, DependencyMode.LEGACY)
    return program


def _read(module: SourceModule, name: str, mode: DependencyMode) -> tuple[Program, bool]:
    machine, scope = _machine(module)
    machine.mode = mode
    defined = _workflow(machine, scope, name)
    if defined is None:
        raise KeyError(name)
    place = Place(defined.scope.module, defined.node)
    payload = PayloadShape()
    body = _run(machine, defined, payload, place)
    _report_never_awaited(machine)
    return Program(name, body, payload, machine.finished_notes(), place), machine.lists_depends


def _machine(module: SourceModule) -> tuple[Machine, LexicalScope]:
    scope = LexicalScope(Bindings(), Slots(0), None, module, kind="module")
    machine = Machine(Frame(scope), EVALUATORS, EXECUTORS, CALLERS, attribute)
    scope.names = machine.store.new()
    scope.bindings = machine.bindings_of(module.tree, module)
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
