"""Work that goes on in the background: it begins at the next await, with the steps it needs."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

from stepgraph.graph.dependencies.drawing import Operations, operations_of
from stepgraph.graph.dependencies.history import NOTHING, Effects, Past, has_run
from stepgraph.graph.dependencies.reading import Reading
from stepgraph.graph.dependencies.schedule import HasRun, Memory, Root, Schedule, definitions_of, schedule
from stepgraph.graph.partial_order import components
from stepgraph.program.ir import Activity, Block, Call, Operation, Series, Start, StepDefinition, StepRun


def start(reading: Reading, operation: Start) -> Operations:
    """Return work that is set going and needs nothing."""
    activity = operation.activity
    if not isinstance(activity, StepRun | Call):
        return [operation]
    reading.history.waiting[operation.handle] = operation
    if isinstance(activity, StepRun):
        return [replace(operation, activity=reading.without_dependencies(activity))]
    return [operation]


def start_together(reading: Reading, starts: Sequence[Start]) -> Operations:
    """Return steps that are set going together, each with those it needs; what shares some of these is one piece."""
    for operation in starts:
        reading.history.waiting[operation.handle] = operation
    memory = _memory(reading, starts)
    by_root = {Root(s.activity): s for s in starts if isinstance(s.activity, StepRun)}
    planned = schedule(list(by_root), memory)
    reading.report_twice(planned)
    return [_piece(reading, planned, part, by_root, memory) for part in components(planned.before)]


def _memory(reading: Reading, starts: Sequence[Start]) -> Memory:
    """What is known when the steps begin: that was learned where it happens, which is later in the program."""
    known: Effects = {}
    for operation in starts:
        for step, past in reading.knowledge.background.get(operation.handle, {}).items():
            known[step] = known.get(step, NOTHING) | past
    own = [reading.survey.closure(s.activity) for s in starts if isinstance(s.activity, StepRun)]

    def at_once(step: StepDefinition) -> HasRun:
        return has_run(known.get(step, Past.NOT_RUN))

    def later(step: StepDefinition) -> HasRun:
        elsewhere = reading.survey.places.get(step, 0) > sum(step in closure for closure in own)
        return has_run(known.get(step, Past.NOT_RUN) | (Past.RUN if elsewhere else NOTHING))

    return Memory(at_once, later, lambda _: None)


def _piece(
    reading: Reading, planned: Schedule, part: Sequence[int], by_root: dict[Root, Start], memory: Memory
) -> Operation:
    """Return one piece of work under the first handle of those that are called in it: they are awaited together."""
    position = {index: new for new, index in enumerate(part)}
    before = tuple(sum(1 << position[i] for i in part if planned.before[index] >> i & 1) for index in part)
    piece = Schedule(tuple(planned.tasks[index] for index in part), before, ((),) * len(part), ())
    first = next(by_root[root] for root in by_root if any(task.root is root for task in piece.tasks))
    operations = operations_of(reading, piece, memory, first.place)
    only = operations[0] if len(operations) == 1 else None
    activity: Activity = Series(Block(tuple(operations)))
    if only is not None and len(piece.tasks) == 1 and isinstance(first.activity, StepRun):
        activity = reading.without_dependencies(first.activity)
    return Start(first.handle, activity, first.eager, first.place)


def begin_waiting(reading: Reading, meanwhile: Container[StepDefinition] = ()) -> None:
    """Note that what was set going begins, in that order; some steps may run `meanwhile`."""
    waiting = list(reading.history.waiting.values())
    reading.history.waiting = {}
    for operation in waiting:
        if isinstance(operation.activity, StepRun):
            _begin_step(reading, operation, operation.activity, meanwhile)
        elif isinstance(operation.activity, Call):
            function = operation.activity.function
            entries = reading.knowledge.entries.setdefault(id(function), {})
            for step in reading.survey.touched(function):
                reading.knowledge.learn(entries, step, reading.past(step))
            reading.history.apply(reading.knowledge.effects.get(id(function), {}), surely=False)


def _begin_step(reading: Reading, operation: Start, run: StepRun, meanwhile: Container[StepDefinition]) -> None:
    known = reading.knowledge.background.setdefault(operation.handle, {})
    for step in reading.survey.closure(run):
        maybe = Past.RUN if step in meanwhile else NOTHING
        reading.knowledge.learn(known, step, reading.past(step) | maybe)
    is_first = has_run(reading.past(run.definition)) is HasRun.NEVER and run.definition not in meanwhile
    planned = schedule([Root(run)], reading.memory())
    for task in planned.tasks:
        at_once = not task.asked_by and len(definitions_of(task.run)) == 1 and not task.conditional
        reading.begun(definitions_of(task.run), surely=at_once)
    if is_first and run.definition in reading.survey.needed:
        reading.history.running[run.definition] = operation.handle
    else:
        reading.history.running.pop(run.definition, None)
