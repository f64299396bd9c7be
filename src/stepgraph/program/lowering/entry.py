"""Where reading begins: a machine before a module, and the workflow classes that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Final

from msgspec import Struct

from stepgraph.limits import Budget, LimitExceededError
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.program.lowering.attributes import attribute
from stepgraph.program.lowering.calls import (
    call_alternatives,
    call_function,
    call_partial,
    call_step,
    call_unknown,
    call_unresolved,
)
from stepgraph.program.lowering.classes import call_instance, call_super_maker, instantiate, is_workflow
from stepgraph.program.lowering.escapes import escape
from stepgraph.program.lowering.expressions import EVALUATORS
from stepgraph.program.lowering.externals import call_external
from stepgraph.program.lowering.frames import Frame
from stepgraph.program.lowering.machine import Caller, Machine
from stepgraph.program.lowering.methods import call_method_of
from stepgraph.program.lowering.modules_met import ModulesMet
from stepgraph.program.lowering.names import module_name
from stepgraph.program.lowering.statements import EXECUTORS
from stepgraph.program.lowering.step_object import call_method, declare
from stepgraph.program.values import (
    Alternatives,
    ClassValue,
    External,
    FunctionValue,
    Instance,
    LexicalScope,
    MethodOf,
    Partial,
    StepDecorator,
    StepFunction,
    StepMethod,
    SuperMaker,
    Unresolved,
    Value,
)
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.modules import Importer

_ADVICE: Final = "Its workflows are missing. Simplify the code at this line."


class _Callers(dict[type[Value], Caller]):
    """Calling whatever has no meaning of its own is calling something outside the project."""

    def __missing__(self, kind: type[Value]) -> Caller:
        return call_unknown


CALLERS: Final = _Callers(
    {
        FunctionValue: call_function,
        ClassValue: instantiate,
        Instance: call_instance,
        SuperMaker: call_super_maker,
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


class Entry(Struct, frozen=True):
    """The module that a workflow is looked for in, and what it imports; `workflows` are to be read in it."""

    module: SourceModule
    importer: Importer | None = None
    workflows: int = 1


def open_machine(entry: Entry) -> tuple[Machine, LexicalScope]:
    """Return a machine that is about to read a module, which is called by its stem, and the module's scope."""
    machine = Machine(EVALUATORS, EXECUTORS, CALLERS, attribute, escape, budget=Budget(entry.workflows))
    machine.modules = ModulesMet(entry.importer, machine.store, machine.observe, machine.budget)
    scope = machine.modules.scope_of(entry.module, PurePosixPath(entry.module.path).stem)
    machine.frame = Frame(scope)
    return machine, scope


@contextmanager
def within_limits(machine: Machine, entry: Entry) -> Iterator[None]:
    """Find out which classes a module has. Raises InputError where that takes more work than it may."""
    reason = ""
    try:
        yield
    except LimitExceededError as error:
        reason = f"{error.reason} to find its workflow classes"
        machine.stop(error, Place(entry.module, entry.module.tree))
    if not machine.stopped:
        return
    place, message, *_ = next(note for (code, _), note in machine.notes.items() if code == "limit-exceeded")
    span = place.span
    message = f"{entry.module.path} is not analyzed: {reason}." if reason else message
    raise InputError(
        Problem(span.path, message, _ADVICE, span.line, span.column, kind=ProblemKind.UNRESOLVED_CLASS)
    ) from None


def workflow_named(machine: Machine, scope: LexicalScope, name: str) -> ClassValue | None:
    """Return the workflow class of that name in a module, None where there is none."""
    defined = module_name(machine, scope, name)
    return defined if isinstance(defined, ClassValue) and is_workflow(machine, defined) else None
