"""Where reading begins: a machine before a module, and the workflow classes that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Final

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.escapes import escape
from stepgraph.interpreter.frame import Frame
from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.library.externals import call_external
from stepgraph.interpreter.objects.attributes import attribute
from stepgraph.interpreter.objects.classes import (
    call_instance,
    call_super_maker,
    instantiate,
    is_workflow,
    resolution_order,
)
from stepgraph.interpreter.objects.methods import call_method_of
from stepgraph.interpreter.objects.modules import LoadedModules
from stepgraph.interpreter.objects.names import module_name
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    ClassValue,
    Event,
    External,
    FunctionValue,
    Instance,
    LexicalScope,
    MethodOf,
    Partial,
    StepDecorator,
    StepFunction,
    StepMethod,
    StepObject,
    SuperMaker,
    Union,
    Unresolved,
    Value,
)
from stepgraph.interpreter.python.calls import (
    call_function,
    call_partial,
    call_step,
    call_union,
    call_unknown,
    call_unresolved,
)
from stepgraph.interpreter.python.expressions import EVALUATORS
from stepgraph.interpreter.python.statements import EXECUTORS
from stepgraph.interpreter.replay.races import observe_races
from stepgraph.interpreter.replay.resources import ENVIRONMENT
from stepgraph.interpreter.replay.step_state import observe_changed_state
from stepgraph.interpreter.summaries import read_function
from stepgraph.interpreter.workflow.awaiting import await_value
from stepgraph.interpreter.workflow.run_wrapper import observe_not_wrapped
from stepgraph.interpreter.workflow.step_api import call_method, declare
from stepgraph.interpreter.workflow.unawaited import report_idle_work
from stepgraph.ir.nodes import EMPTY, Block, PayloadShape, works
from stepgraph.ir.program import Program
from stepgraph.limits import Budget, LimitExceededError
from stepgraph.model.note import InputError, Problem, ProblemKind
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place, SourceModule
from stepgraph.syntax.modules import Importer
from stepgraph.syntax.walk import statements_below

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
        Union: call_union,
        Partial: call_partial,
        Unresolved: call_unresolved,
    }
)


class OpenModule(Struct, frozen=True):
    """The module that a workflow is looked for in, and what it imports; `workflows` are to be read in it."""

    module: SourceModule
    importer: Importer | None = None
    workflows: int = 1


def open_interpreter(entry: OpenModule) -> tuple[Interpreter, LexicalScope]:
    """Return a machine that is about to read a module, which is called by its stem, and the module's scope."""
    interpreter = Interpreter(EVALUATORS, EXECUTORS, CALLERS, attribute, escape, budget=Budget(entry.workflows))
    interpreter.modules = LoadedModules(entry.importer, interpreter.store, interpreter.observe, interpreter.budget)
    scope = interpreter.modules.scope_of(entry.module, PurePosixPath(entry.module.path).stem)
    interpreter.frame = Frame(scope)
    return interpreter, scope


@contextmanager
def within_limits(interpreter: Interpreter, entry: OpenModule) -> Iterator[None]:
    """Find out which classes a module has. Raises InputError where that takes more work than it may."""
    reason = ""
    try:
        yield
    except LimitExceededError as error:
        reason = f"{error.reason} to find its workflow classes"
        interpreter.stop(error, Place(entry.module, entry.module.tree))
    if not interpreter.stopped:
        return
    place, message, *_ = next(note for (code, _), note in interpreter.notes.items() if code == "limit-exceeded")
    span = place.span
    message = f"{entry.module.path} is not analyzed: {reason}." if reason else message
    raise InputError(
        Problem(span.path, message, _ADVICE, span.line, span.column, kind=ProblemKind.UNRESOLVED_CLASS)
    ) from None


def workflow_named(interpreter: Interpreter, scope: LexicalScope, name: str) -> ClassValue | None:
    """Return the workflow class of that name in a module, None where there is none."""
    defined = module_name(interpreter, scope, name)
    return defined if isinstance(defined, ClassValue) and is_workflow(interpreter, defined) else None


def read_workflow(entry: OpenModule, name: str, mode: DependencyMode | None = None) -> Program:
    """Return the program of a workflow class by its name in a module.

    The `mode` of dependencies follows from the project's compatibility date; without it, a step that lists its
    `depends` means legacy mode. Raises KeyError where there is no such class, and InputError where to find it takes
    more work than it may.
    """
    program, lists_depends = _read(entry, name, mode or DependencyMode.IMPLICIT)
    if mode is None and lists_depends:
        program, _ = _read(entry, name, DependencyMode.LEGACY)
    return program


def _read(entry: OpenModule, name: str, mode: DependencyMode) -> tuple[Program, bool]:
    interpreter, scope = open_interpreter(entry)
    interpreter.mode = mode
    with within_limits(interpreter, entry):
        defined = workflow_named(interpreter, scope, name)
    if defined is None:
        raise KeyError(name)
    place = Place(defined.scope.module, defined.node)
    payload = PayloadShape()
    body, run = EMPTY, place
    try:
        body, run = _run(interpreter, defined, payload, place)
        if not interpreter.stopped:
            _observe_whole(interpreter, defined, body, run)
    except LimitExceededError as error:
        interpreter.stop(error, run)
    program = Program(
        defined.name,
        body,
        payload,
        interpreter.finished_notes(),
        place,
        mode,
        tuple(interpreter.facts),
        Place(defined.scope.module, defined.node.name),
        may_be_base=not works(body) and may_be_base(defined),
        run=run,
        unordered=frozenset(interpreter.work.unordered),
    )
    return program, interpreter.steps.lists_depends


def _observe_whole(interpreter: Interpreter, defined: ClassValue, body: Block, run: Place) -> None:
    """Report and observe what only the whole workflow shows."""
    report_idle_work(interpreter, body, run)
    observe_races(interpreter, body)
    observe_not_wrapped(interpreter, defined)
    observe_changed_state(interpreter)


def _run(interpreter: Interpreter, defined: ClassValue, payload: PayloadShape, place: Place) -> tuple[Block, Place]:
    """Read `run` as the engine calls it: on a new object, with the event and the step object. Return what it is too."""
    instance = Instance(defined, interpreter.store.new())
    interpreter.replays = True
    initializer = interpreter.attribute(instance, "__init__", place)
    if isinstance(initializer, FunctionValue | Union):
        made_with = Arguments((Argument(UNKNOWN, place), Argument(ENVIRONMENT, place)))
        interpreter.call(initializer, made_with, place)
    run = interpreter.attribute(instance, "run", place)
    given = Arguments((Argument(Event(payload, of_run=True), place), Argument(StepObject(), place)))
    if isinstance(run, Union):
        return interpreter.block_of(lambda: await_value(interpreter, interpreter.call(run, given, place), place)), place
    if not isinstance(run, FunctionValue):
        at: cst.CSTNode = defined.node.name
        interpreter.note(
            "unknown-member",
            Place(place.module, at),
            f"what `{defined.name}.run` is cannot be followed.",
            "Its steps are missing from the graph; a method is followed.",
        )
        return EMPTY, place
    for caveat in run.caveats:
        interpreter.report_caveat(caveat)
    interpreter.replay.entry = run.node
    called = Place(run.scope.module, run.node)
    if isinstance(run.node, cst.Lambda):
        return interpreter.block_of(
            lambda: await_value(interpreter, interpreter.call(run, given, place), place)
        ), called
    return read_function(interpreter, run, given).function.body, called


_MARKS: Final = (b"abstractmethod", b"NotImplementedError", b"ABC")


def may_be_base(defined: ClassValue) -> bool:
    """Whether a class looks like a base of others: private, abstract, or derived from in its module."""
    modules = {owner.scope.module for owner in resolution_order(defined) if isinstance(owner, ClassValue)}
    is_abstract = any(module.mentions(checkpoint) for module in modules for checkpoint in _MARKS)
    return defined.name.startswith("_") or is_abstract or _is_derived_from(defined)


def _is_derived_from(defined: ClassValue) -> bool:
    return defined.name in defined.scope.module.once(_base_names)


def _base_names(module: SourceModule) -> frozenset[str]:
    """Return the names of classes from which others in a module derive."""
    return frozenset(
        base.value.value
        for statement in statements_below(module.tree)
        if isinstance(statement, cst.ClassDef)
        for base in statement.bases
        if isinstance(base.value, cst.Name)
    )
