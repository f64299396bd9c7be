"""Work that goes on in the background: it begins at the next await, with the steps it needs."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from stepgraph.graph.bit_sets import restricted
from stepgraph.graph.dependencies.drawing import Operations, operations_of
from stepgraph.graph.dependencies.history import NOTHING, Effects, Past, has_run
from stepgraph.graph.dependencies.reading import Reading
from stepgraph.graph.dependencies.schedule import HasRun, Memory, Root, Schedule, schedule
from stepgraph.graph.partial_order import components
from stepgraph.program.ir import (
    Activity,
    Block,
    Call,
    Function,
    Handle,
    Operation,
    Series,
    Start,
    StepDefinition,
    StepRun,
)


def start(reading: Reading, operation: Start) -> Operations:
    """Return work that is set going and needs nothing."""
    activity = operation.activity
    if not isinstance(activity, StepRun | Call):
        return [operation]
    reading.history.set_going(operation)
    if isinstance(activity, StepRun):
        return [replace(operation, activity=reading.without_dependencies(activity))]
    return [operation]


def start_together(reading: Reading, starts: Sequence[Start]) -> Operations:
    """Return steps that are set going together, each with those it needs; what shares some of these is one piece."""
    together = frozenset(operation.handle for operation in starts)
    for operation in starts:
        reading.history.set_going(operation)
        reading.knowledge.together[operation.handle] = together
    memory = _memory(reading, starts)
    by_root = {
        Root(start.activity): start
        for start in sorted(starts, key=lambda start: start.handle)
        if isinstance(start.activity, StepRun)
    }
    planned = schedule(list(by_root), memory)
    reading.report_twice(planned)
    return [_piece(reading, planned, part, by_root, memory) for part in components(planned.before)]


def _memory(reading: Reading, starts: Sequence[Start]) -> Memory:
    """What is known when the steps begin: that was learned where it happens, which is later in the program."""
    known: Effects = {}
    for operation in starts:
        for step, past in reading.knowledge.background.get(operation.handle, {}).items():
            known[step] = known.get(step, NOTHING) | past

    def ask(step: StepDefinition) -> HasRun:
        return has_run(known.get(step, Past.NOT_RUN))

    going_on = {step for operation in starts for step in reading.knowledge.going_on.get(operation.handle, ())}
    return Memory(ask, ask, lambda _: None, reading.survey.runs_inside, lambda steps: not going_on.isdisjoint(steps))


def _piece(
    reading: Reading, planned: Schedule, part: Sequence[int], by_root: dict[Root, Start], memory: Memory
) -> Operation:
    """Return one piece of work under the first handle of those that are called in it: they are awaited together."""
    before = tuple(restricted(planned.before, part))
    piece = Schedule(tuple(planned.tasks[index] for index in part), before, ((),) * len(part), (), {})
    called = [by_root[task.root] for task in piece.tasks if task.root is not None]
    first = min(called, key=lambda start: start.handle)
    if len(called) > 1:
        reading.knowledge.joint.update(start.handle for start in called)
    operations = operations_of(reading, piece, memory, first.place)
    only = operations[0] if len(operations) == 1 else None
    activity: Activity = Series(Block(tuple(operations)))
    if only is not None and len(piece.tasks) == 1 and isinstance(first.activity, StepRun):
        activity = reading.without_dependencies(first.activity)
    return Start(first.handle, activity, first.eager, first.place)


def waiting_roots(reading: Reading) -> list[Root]:
    """Return the steps that begin at the next await, in the order in which they were set going."""
    started = reading.history.started
    return [
        Root(start.activity, start.handle, start.handle in started)
        for start in _in_order(reading.history.waiting)
        if isinstance(start.activity, StepRun)
    ]


def _in_order(waiting: Mapping[Handle, Start]) -> list[Start]:
    return [waiting[handle] for handle in sorted(waiting)]


def begin_waiting(
    reading: Reading,
    planned: Schedule | None = None,
    roots: Sequence[Root] = (),
    meanwhile: Iterable[StepDefinition] = (),
) -> None:
    """Note that what was set going begins: as `planned` with what begins too; some steps may run `meanwhile`."""
    if planned is None:
        roots = waiting_roots(reading)
        planned = schedule(roots, reading.memory())
    waiting, reading.history.waiting = _in_order(reading.history.waiting), {}
    calls = [start.activity.function for start in waiting if isinstance(start.activity, Call)]
    besides = {*meanwhile, *(step for function in calls for step in reading.survey.touched(function))}
    for root in roots:
        if root.handle is not None:
            together = reading.knowledge.together.get(root.handle, {root.handle})
            _learn_of(reading, root.handle, [r for r in roots if r.handle in together], planned, besides)
    by_handle = {root.handle: root for root in roots}
    for start in waiting:
        if isinstance(start.activity, Call):
            enter(reading, start.activity.function)
        elif start.handle in by_handle:
            _begin_step(reading, by_handle[start.handle], planned, besides)
    for function in calls:
        enter(reading, function)
        reading.history.apply(reading.knowledge.effects.get(id(function), {}), surely=False)


def enter(reading: Reading, function: Function) -> None:
    """Learn what may have run when a function is called here."""
    entries = reading.knowledge.entries.setdefault(id(function), {})
    for step in reading.survey.touched(function):
        reading.knowledge.learn(entries, step, reading.past(step))


def _learn_of(
    reading: Reading, handle: Handle, roots: Sequence[Root], planned: Schedule, meanwhile: Container[StepDefinition]
) -> None:
    """Learn what has run when steps begin that were started together, or is begun by others meanwhile."""
    known = reading.knowledge.background.setdefault(handle, {})
    needed = [reading.survey.closure(root.run) for root in roots]
    for step in dict.fromkeys(step for closure in needed for step in closure):
        elsewhere = reading.survey.places.get(step, 0) > sum(step in closure for closure in needed)
        begun = planned.has_begun_for(roots, step, elsewhere=elsewhere)
        before = reading.past(step)
        past = Past.RUN if begun is HasRun.ALWAYS else before
        if begun is HasRun.ALWAYS and before & Past.NOT_RUN:
            reading.knowledge.goes_on(handle, step)
        if begun is HasRun.SOMETIMES or step in meanwhile or reading.usage.shares(handle, step):
            past |= Past.RUN
        reading.knowledge.learn(known, step, past)


def _begin_step(reading: Reading, root: Root, planned: Schedule, meanwhile: Container[StepDefinition]) -> None:
    if root.handle is None:
        return
    step = root.run.definition
    is_first = has_run(reading.past(step)) is HasRun.NEVER and step not in meanwhile
    if is_first and root.is_sure and step in reading.survey.needed and len(planned.begun.get((step,), ())) == 1:
        reading.history.running[step] = root.handle
    else:
        reading.history.running.pop(step, None)
    reading.begun([step], surely=root.is_sure)
    for needed in reading.survey.closure(root.run):
        tasks = planned.begun.get((needed,), ())
        surely = any(task.is_sure and not task.asked_by and not task.conditional for task in tasks)
        if needed is not step:
            reading.begun([needed], surely=surely)
