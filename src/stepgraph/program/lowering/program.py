"""Reading a workflow class: from its module to its program."""

from __future__ import annotations

import libcst as cst

from stepgraph.limits import LimitExceededError
from stepgraph.program.ir import EMPTY, Block, PayloadShape, Program, works
from stepgraph.program.lowering.awaiting import await_value
from stepgraph.program.lowering.bases import may_be_base
from stepgraph.program.lowering.entry import Entry, open_machine, within_limits, workflow_named
from stepgraph.program.lowering.functions import read_function
from stepgraph.program.lowering.idle_work import report_idle_work
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.races import observe_races
from stepgraph.program.lowering.resources import ENVIRONMENT
from stepgraph.program.lowering.step_state import observe_changed_state
from stepgraph.program.lowering.wrapping import observe_not_wrapped
from stepgraph.program.values import (
    UNKNOWN,
    Alternatives,
    Argument,
    Arguments,
    ClassValue,
    Event,
    FunctionValue,
    Instance,
    StepObject,
)
from stepgraph.project.dependency_mode import DependencyMode
from stepgraph.syntax.module import Place


def read_workflow(entry: Entry, name: str, mode: DependencyMode | None = None) -> Program:
    """Return the program of a workflow class by its name in a module.

    The `mode` of dependencies follows from the project's compatibility date; without it, a step that lists its
    `depends` means legacy mode. Raises KeyError where there is no such class, and InputError where to find it takes
    more work than it may.
    """
    program, lists_depends = _read(entry, name, mode or DependencyMode.IMPLICIT)
    if mode is None and lists_depends:
        program, _ = _read(entry, name, DependencyMode.LEGACY)
    return program


def _read(entry: Entry, name: str, mode: DependencyMode) -> tuple[Program, bool]:
    machine, scope = open_machine(entry)
    machine.mode = mode
    with within_limits(machine, entry):
        defined = workflow_named(machine, scope, name)
    if defined is None:
        raise KeyError(name)
    place = Place(defined.scope.module, defined.node)
    payload = PayloadShape()
    body, run = EMPTY, place
    try:
        body, run = _run(machine, defined, payload, place)
        if not machine.stopped:
            _observe_whole(machine, defined, body, run)
    except LimitExceededError as error:
        machine.stop(error, run)
    program = Program(
        defined.name,
        body,
        payload,
        machine.finished_notes(),
        place,
        mode,
        tuple(machine.facts),
        Place(defined.scope.module, defined.node.name),
        may_be_base=not works(body) and may_be_base(defined),
        run=run,
        unordered=frozenset(machine.work.unordered),
    )
    return program, machine.steps.lists_depends


def _observe_whole(machine: Machine, defined: ClassValue, body: Block, run: Place) -> None:
    """Report and observe what only the whole workflow shows."""
    report_idle_work(machine, body, run)
    observe_races(machine, body)
    observe_not_wrapped(machine, defined)
    observe_changed_state(machine)


def _run(machine: Machine, defined: ClassValue, payload: PayloadShape, place: Place) -> tuple[Block, Place]:
    """Read `run` as the engine calls it: on a new object, with the event and the step object. Return what it is too."""
    instance = Instance(defined, machine.store.new())
    machine.replays = True
    initializer = machine.attribute(instance, "__init__", place)
    if isinstance(initializer, FunctionValue | Alternatives):
        made_with = Arguments((Argument(UNKNOWN, place), Argument(ENVIRONMENT, place)))
        machine.call(initializer, made_with, place)
    run = machine.attribute(instance, "run", place)
    given = Arguments((Argument(Event(payload, of_run=True), place), Argument(StepObject(), place)))
    if isinstance(run, Alternatives):
        return machine.block_of(lambda: await_value(machine, machine.call(run, given, place), place)), place
    if not isinstance(run, FunctionValue):
        at: cst.CSTNode = defined.node.name
        machine.note(
            "unknown-member",
            Place(place.module, at),
            f"what `{defined.name}.run` is cannot be followed.",
            "Its steps are missing from the graph; a method is followed.",
        )
        return EMPTY, place
    for doubt in run.doubts:
        machine.doubt(doubt)
    machine.replay.entry = run.node
    called = Place(run.scope.module, run.node)
    if isinstance(run.node, cst.Lambda):
        return machine.block_of(lambda: await_value(machine, machine.call(run, given, place), place)), called
    return read_function(machine, run, given).function.body, called
