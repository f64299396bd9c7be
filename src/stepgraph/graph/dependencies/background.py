"""Work that goes on in the background: it begins at the next await, with the steps it needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import takewhile

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.graph.bit_sets import restricted
from stepgraph.graph.dependencies.drawing import Operations, operations_of
from stepgraph.graph.dependencies.history import NOT_RUN, NOTHING, RUN, Apart, Effects, Past, has_run
from stepgraph.graph.dependencies.reading import Reading
from stepgraph.graph.dependencies.schedule import HasRun, Memory, Root, Schedule, definitions_of, schedule
from stepgraph.graph.partial_order import components, series
from stepgraph.ir.nodes import (
    Activity,
    Block,
    Call,
    Function,
    Operation,
    Run,
    Series,
    Start,
    StepDefinition,
    StepRun,
    TaskId,
)
from stepgraph.limits import Limit


def start(reading: Reading, operation: Start) -> Operations:
    """Return work that is set going and needs nothing."""
    activity = operation.activity
    if not isinstance(activity, StepRun | Call):
        return [operation]
    reading.history.set_going(operation)
    if isinstance(activity, StepRun):
        beside = reading.survey.may_begin_beside(activity)
        return [replace(operation, activity=reading.without_dependencies(activity, maybe=beside))]
    return [operation]


def start_together(reading: Reading, starts: Sequence[Start]) -> Operations:
    """Return steps that are set going together, each with those it needs; what shares some of these is one piece."""
    setting = _set_going(reading, starts)
    return [_piece(reading, setting, part) for part in components(setting.planned.before)]


def start_awaited_next(reading: Reading, starts: Sequence[Start]) -> Operations | None:
    """Return steps that are set going before an await of one of them, at which what all of them need runs first.

    None if they share nothing that can be drawn before them, or more than that.
    """
    setting = _plan(reading, starts)
    tasks = setting.planned.tasks
    parts = takewhile(lambda part: all(tasks[i].root is None for i in part), series(setting.planned.before))
    shared = [index for part in parts for index in part]
    rest = [index for index in range(len(tasks)) if index not in shared]
    pieces = [[rest[i] for i in piece] for piece in components(restricted(setting.planned.before, rest))]
    if not shared or any(sum(tasks[i].root is not None for i in piece) != 1 for piece in pieces):
        return None
    setting = _set_going(reading, starts)
    found = operations_of(reading, setting.planned.only(shared), setting.memory, starts[0].place)
    return [*found, *(_piece(reading, setting, piece) for piece in pieces)]


class _Setting(Struct, frozen=True):
    """Steps that are set going together: by the calls of them, with what is known when they begin, and the plan."""

    by_root: dict[Root, Start]
    memory: Memory
    planned: Schedule


def _set_going(reading: Reading, starts: Sequence[Start]) -> _Setting:
    together = frozenset(operation.task_id for operation in starts)
    for operation in starts:
        reading.history.set_going(operation)
        reading.knowledge.together[operation.task_id] = together
    return _plan(reading, starts)


def _plan(reading: Reading, starts: Sequence[Start]) -> _Setting:
    memory = _memory(reading, starts)
    by_root = {
        Root(start.activity): start
        for start in sorted(starts, key=lambda start: start.task_id)
        if isinstance(start.activity, StepRun)
    }
    return _Setting(by_root, memory, schedule(list(by_root), memory))


def _memory(reading: Reading, starts: Sequence[Start]) -> Memory:
    """What is known when the steps begin: that was learned where it happens, which is later in the program."""
    known: Effects = {}
    for operation in starts:
        for step, past in reading.knowledge.background.get(operation.task_id, {}).items():
            known[step] = known.get(step, NOTHING) | past

    def ask(step: StepDefinition) -> HasRun:
        return has_run(known.get(step, NOT_RUN))

    going_on = {step for operation in starts for step in reading.knowledge.going_on.get(operation.task_id, ())}
    survey = reading.survey
    return Memory(
        ask,
        lambda _: None,
        survey.runs_inside,
        survey.closure,
        goes_on=lambda steps: not going_on.isdisjoint(steps),
        may_begin_beside=survey.may_begin_beside,
        budget=survey.budget,
    )


def _piece(reading: Reading, setting: _Setting, part: Sequence[int]) -> Operation:
    """Return one piece of work under the first handle of those that are called in it: they are awaited together."""
    piece = setting.planned.only(part)
    called = [setting.by_root[task.root] for task in piece.tasks if task.root is not None]
    first = min(called, key=lambda start: start.task_id)
    if len(called) > 1:
        reading.knowledge.joint.update(start.task_id for start in called)
    operations = operations_of(reading, piece, setting.memory, first.place)
    activity: Activity = Series(Block(tuple(operations)))
    if len(operations) == 1 and isinstance(operations[0], Run):
        activity = operations[0].activity
    return Start(first.task_id, activity, first.eager, first.place)


def waiting_roots(reading: Reading) -> list[Root]:
    """Return the steps that begin at the next await, in the order in which they were set going."""
    return [
        Root(
            start.activity,
            start.task_id,
            is_sure=reading.begins_in_order(start.task_id),
            has_run=_known_where_waiting(reading, start.task_id),
        )
        for start in _in_order(reading.history.waiting)
        if isinstance(start.activity, StepRun)
    ]


def _known_where_waiting(reading: Reading, task_id: TaskId) -> Callable[[StepDefinition], HasRun] | None:
    apart = reading.history.apart.get(task_id)
    return None if apart is None else partial(reading.has_run, known=apart.waiting)


def _in_order(waiting: Mapping[TaskId, Start]) -> list[Start]:
    return [waiting[task_id] for task_id in sorted(waiting)]


def begin_waiting(
    reading: Reading,
    planned: Schedule | None = None,
    roots: Sequence[Root] = (),
    meanwhile: Iterable[StepDefinition] = (),
) -> None:
    """Note that what was set going begins: as `planned` with what begins too; some steps may run `meanwhile`."""
    reading.awaits(())
    if planned is None:
        begin_out_of_order(reading)
        roots = waiting_roots(reading)
        planned = schedule(roots, reading.memory())
        reading.report_twice(planned)
    waiting, reading.history.waiting = _in_order(reading.history.waiting), {}
    apart, reading.history.apart = reading.history.apart, {}
    calls = [start.activity.function for start in waiting if isinstance(start.activity, Call)]
    beginning = _Beginning(
        planned,
        {root.task_id: root for root in roots if root.task_id is not None},
        set(meanwhile),
        {step for function in calls for step in reading.survey.touched(function)},
        apart,
    )
    note_beside(reading, roots, [start.task_id for start in waiting])
    for start in waiting:
        if isinstance(start.activity, Call):
            immediate = _immediate(reading, start.activity.function)
            (beginning.early if reading.begins_in_order(start.task_id) else beginning.meanwhile).update(immediate)
        elif start.task_id in beginning.roots:
            _learn_of(reading, start.task_id, beginning)
    for root in roots:
        if root.awaited:
            _begun_ahead(reading, root, planned)
    for start in waiting:
        if isinstance(start.activity, Call):
            enter(reading, start.activity.function)
            _begun(reading, _immediate(reading, start.activity.function), start.task_id, apart)
        elif start.task_id in beginning.roots:
            _begin_step(reading, beginning.roots[start.task_id], beginning)
    for function in calls:
        reading.history.apply(reading.knowledge.effects.get(id(function), {}), surely=False)
    if reading.at_entry:
        reading.history.first = frozenset()


def begin_out_of_order(reading: Reading) -> None:
    """Note what may have begun before others need it, as work begins in any order."""
    waiting = reading.history.waiting
    unordered = sorted(waiting.keys() & reading.survey.unordered)
    if not unordered:
        return
    users = Counter(step for task_id in waiting for step in reading.steps_of(task_id))
    for task_id in unordered:
        activity = waiting[task_id].activity
        called = [activity.definition] if isinstance(activity, StepRun) else reading.steps_of(task_id)
        reading.begun([step for step in called if users[step] > 1], surely=False)


def _begun_ahead(reading: Reading, root: Root, planned: Schedule) -> None:
    """Note that a step has begun that is awaited itself, with what it needs at once."""
    for tasks in planned.begun.values():
        for task in tasks:
            if task.begun_by is root and not task.asked_by:
                surely = task.begins_at_once and not task.conditional
                reading.begun(definitions_of(task.run), surely=surely and len(definitions_of(task.run)) == 1)


class _Beginning(Struct):
    """What begins at an await: the plan of the steps, what may run meanwhile, and what functions may begin `later`.

    `apart` tells what is known where work begins here on some of the paths only. What has begun `early` is what
    functions begin at once that were set going before; `learned` are the handles of which is known what they find.
    """

    planned: Schedule
    roots: dict[TaskId, Root]
    meanwhile: set[StepDefinition]
    later: set[StepDefinition]
    apart: Mapping[TaskId, Apart]
    early: set[StepDefinition] = field(default_factory=set)
    learned: set[TaskId] = field(default_factory=set)

    def may_find_begun(self, step: StepDefinition) -> bool:
        """Whether a step may have been begun elsewhere when it is asked for, at once or later."""
        at_once = any(not task.asked_by for task in self.planned.begun.get((step,), ()))
        return step in self.meanwhile or (step in self.later and not at_once)


def note_beside(reading: Reading, roots: Sequence[Root], task_ids: Sequence[TaskId] = ()) -> None:
    """Note which steps may begin now while functions go on in the background, or begin there too."""
    history = reading.history
    history.going |= set(task_ids)
    going = {task_id: reading.steps_of(task_id) for task_id in sorted(history.going)}
    begun = Counter(step for root in roots if root.task_id is None for step in reading.survey.closure(root.run))
    begun.update(step for steps in going.values() for step in steps)
    for task_id, steps in going.items():
        activity = reading.usage.activities.get(task_id)
        if isinstance(activity, Call):
            beside = [step for step, count in begun.items() if count > (step in steps)]
            own = [step for step in steps if reading.usage.shares(task_id, step)]
            reading.knowledge.runs_beside(activity.function, [*beside, *own, *reading.meanwhile()])


def enter(reading: Reading, function: Function) -> None:
    """Learn what may have run when a function is called here."""
    entries = reading.knowledge.entries.setdefault(id(function), {})
    reading.survey.budget.spend(Limit.PAIRS, len(reading.survey.touched(function)) + 1)
    for step in reading.survey.touched(function):
        reading.knowledge.learn(entries, step, reading.past(step))


def _immediate(reading: Reading, function: Function) -> list[StepDefinition]:
    """Return the steps that have begun as soon as a function awaits something."""
    touched = reading.survey.touched(function)
    immediate = reading.knowledge.opening(function).surely
    return [step for step in touched if step in immediate]


def _learn_of(reading: Reading, task_id: TaskId, beginning: _Beginning) -> None:
    """Learn what has run when steps begin that were started together, or is begun by others meanwhile."""
    if task_id in beginning.learned:
        return
    together = reading.knowledge.together.get(task_id, frozenset({task_id}))
    beginning.learned |= together
    roots = dict.fromkeys(root for other, root in beginning.roots.items() if other in together)
    places = Counter(step for root in roots for step in reading.survey.closure(root.run))
    for step, count in places.items():
        elsewhere = reading.survey.places.get(step, 0) > count
        begun = beginning.planned.has_begun_for(roots.keys(), step, elsewhere=elsewhere)
        if step in beginning.early:
            begun = HasRun.ALWAYS
        found = begun is HasRun.SOMETIMES or (begun is not HasRun.ALWAYS and beginning.may_find_begun(step))
        for root in roots:
            if root.task_id is None:
                continue
            apart = beginning.apart.get(root.task_id)
            before = reading.past(step, None if apart is None else apart.waiting)
            past = RUN if begun is HasRun.ALWAYS else before | (RUN if found else NOTHING)
            _learn(reading, root.task_id, step, past, goes_on=begun is HasRun.ALWAYS and bool(before & NOT_RUN))


def _learn(reading: Reading, task_id: TaskId, step: StepDefinition, past: Past, *, goes_on: bool) -> None:
    known = reading.knowledge.background.setdefault(task_id, {})
    reading.knowledge.learn(known, step, past | (RUN if reading.usage.shares(task_id, step) else NOTHING))
    if goes_on:
        reading.knowledge.goes_on(task_id, step)


def _begin_step(reading: Reading, root: Root, beginning: _Beginning) -> None:
    step = root.run.definition
    begun = beginning.planned.begun
    is_first = has_run(reading.past(step)) is HasRun.NEVER and not beginning.may_find_begun(step)
    if is_first and root.is_sure and step in reading.survey.needed and len(begun.get((step,), ())) == 1:
        reading.history.running[step] = root.task_id or 0
    else:
        reading.history.running.pop(step, None)
    _begun(reading, [step], root.task_id, beginning.apart)
    for needed in reading.survey.closure(root.run):
        if needed is not step:
            reading.begun([needed], surely=False)
            for task in begun.get((needed,), ()):
                if task.begun_by is not None and not task.asked_by:
                    _begun(reading, [needed], task.begun_by.task_id, beginning.apart)


def _begun(
    reading: Reading, steps: Iterable[StepDefinition], task_id: TaskId | None, apart: Mapping[TaskId, Apart]
) -> None:
    """Note that steps have begun with work, where it was waiting."""
    where = None if task_id is None else apart.get(task_id)
    if where is None:
        reading.begun(steps, surely=task_id is None or reading.begins_in_order(task_id))
        return
    for step in steps:
        if step in reading.survey.needed:
            reading.history.begun_where_waiting(step, where)
