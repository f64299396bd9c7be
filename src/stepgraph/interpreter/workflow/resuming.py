"""Tasks in flight that are evaluated again at the next await.

The tasks read variables that other code writes, or queues and futures without a value so far. The notes of a task that
reads an empty queue are deferred until the queue has a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as AnyCollection
from contextlib import contextmanager
from itertools import islice
from typing import Final, Self

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from stepgraph.interpreter.equivalence import MISSING, is_equivalent
from stepgraph.interpreter.frame import FunctionSummary
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_slot_values
from stepgraph.interpreter.path_joins import apply
from stepgraph.interpreter.store import Store
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.values.calls import Coroutine, FunctionCoroutine, StepCall
from stepgraph.interpreter.values.heap_cells import MAX_SERIAL
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.workflow.dependencies import BodyEvaluator, StepBody
from stepgraph.interpreter.workflow.early_raises import begin_tasks
from stepgraph.interpreter.write_log import ALL_KEYS, Rewrite, SlotId, TaskState, WriteLog, is_read
from stepgraph.ir.await_groups import AwaitedTask, TaskId
from stepgraph.ir.nodes import Activity, Call, Dependency, StepChoice, StepRun
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.ir.walk import runs_in
from stepgraph.syntax.module import SourcePlace

# Maximum number of times that tasks in flight are evaluated again at one await.
MAX_RESUMPTIONS: Final = 16


class InFlightTask(TaskState, kw_only=True):
    """A task in flight that can be evaluated again."""

    coroutine: Coroutine | None
    """The coroutine; None for a dependency that is one of several steps."""
    activity: Activity | StepChoice
    evaluate_body: BodyEvaluator
    result: Value
    await_count: int
    """The number of awaits evaluated before the start of the task."""
    branch_depth: int
    """The number of branches around the start of the task, through all calls."""
    newest: int
    """The serial of the newest cell before the start of the task."""
    overlaps_itself: bool = False
    """Whether several runs of the task may be in flight, each of which may read what another one writes."""

    def may_have_begun(self, interpreter: Interpreter) -> bool:
        """Return whether the task may have begun before the current await, or may begin on a path without it."""
        return (
            self.await_count + 1 < interpreter.work.await_count
            or self.branch_depth != interpreter.branch_depth
            or self.loop_depth != interpreter.loop_depth
        )


def resume_tasks(interpreter: Interpreter, *, begins: bool = True) -> None:
    """Evaluate tasks in flight again if other code has written to variables that they read.

    At an await, tasks may read the new values. A task that has already begun may have read the old values. Other
    tasks may read the values that a task then writes. While a task is evaluated again, this applies to the tasks that
    it starts. With `begins`, all started tasks begin.
    """
    work, store = interpreter.work, interpreter.store
    work.await_count += 1
    if begins:
        begin_tasks(interpreter)
    if not (store.rewrites or work.provisional_tasks):
        return
    _resume(interpreter, frozenset(work.provisional_tasks))


def _resume(interpreter: Interpreter, provisional: frozenset[TaskId]) -> None:
    """Evaluate the `provisional` tasks again, and then those that read what other code has written, to a fixpoint."""
    store, last_unresumable = interpreter.store, interpreter.work.last_unresumable
    for _ in range(MAX_RESUMPTIONS):
        rewrites, store.rewrites = store.rewrites, []
        tasks = [task for task in store.tasks() if task.task_id > last_unresumable]
        for task in tasks:
            if not isinstance(task, InFlightTask):
                continue
            read = [rewrite for rewrite in rewrites if is_read(rewrite.slot, task.reads)]
            if not task.overlaps_itself:
                read = [rewrite for rewrite in read if rewrite.writer is not task]
            if _sees_new_values(interpreter, task, read) or task.task_id in provisional:
                reevaluate(interpreter, task)
            elif read:
                store.join_writes(task)
        provisional = frozenset()
        if not store.rewrites or not tasks:
            return
    place = tasks[0].place
    interpreter.note(
        "too-many-variants",
        place,
        f"`{place.text}` depends on variables that concurrent tasks change in turn.",
        "Steps that it runs may be missing from the graph.",
    )


def _sees_new_values(interpreter: Interpreter, task: InFlightTask, rewrites: Sequence[Rewrite]) -> bool:
    """Record the values that a task may read at the current await. Return whether any of them is new."""
    may_have_begun = task.may_have_begun(interpreter)
    new = [
        task.see(rewrite.container, rewrite.key, rewrite.before)
        for rewrite in rewrites
        if may_have_begun or rewrite.slot in task.observed
    ]
    new += [
        task.see(rewrite.container, rewrite.key, rewrite.container.get(rewrite.key, MISSING)) for rewrite in rewrites
    ]
    return any(new)


@contextmanager
def concurrent_completions(interpreter: Interpreter, last_task_id: TaskId | None = None) -> Iterator[None]:
    """Keep older tasks in flight after this context, although its code awaits them.

    The code runs concurrently with the code after the context, so the awaits may not be over yet. A task is older if
    its id is at most `last_task_id`, by default the id of the last task started before the context.
    """
    store = interpreter.store
    if last_task_id is None:
        last_task_id = interpreter.work.last_task_id
    outer, store.completions = store.completions, []
    try:
        yield
    finally:
        completions, store.completions = store.completions, outer
    for tasks in completions:
        key = str(tasks[0].task_id)
        if tasks[0].task_id > last_task_id or store.in_flight.get(key):
            continue
        for write in (write for task in tasks for write in task.exclusive_writes):
            present = write.container.get(write.key, MISSING)
            values = [write.pending_value] if present is write.final_value else [write.pending_value, present]
            value = join_slot_values(store.budget, write.key, values, tasks[0].place)
            store.put(write.container, write.key, value)
        store.put(store.in_flight, key, tasks)


def put_in_flight(interpreter: Interpreter, tasks: Iterable[TaskState], task_id: TaskId) -> None:
    """Put the work that a plain function returns in flight, as the task that represents the call of the function."""
    store, work = interpreter.store, interpreter.work
    for returned in tasks:
        if not isinstance(returned, InFlightTask):
            continue
        task = replace(
            returned,
            task_id=task_id,
            loop_depth=interpreter.loop_depth,
            loop_pass=interpreter.repeated_passes,
            writes={},
            exclusive_writes=[],
            contested=set(),
            observed={},
            await_count=work.await_count,
            branch_depth=interpreter.branch_depth,
            newest=store.serial,
        )
        for slot in returned.observed.values():
            for value in slot.values:
                task.see(slot.container, slot.key, value)
        count_before = task.seen_count
        deferred = work.deferred_notes.pop(returned.task_id, None)
        if deferred is not None:
            work.deferred_notes[task_id] = deferred
        log = WriteLog(store.serial)
        log.merge(returned.writes.values())
        store.start_task(task, log)
        if task.seen_count > count_before:
            reevaluate(interpreter, task)


def overlap_runs(interpreter: Interpreter, since: TaskId) -> None:
    """Record that each task started after the task `since` has several runs at the same time.

    At the next await, a run may read what another run writes.
    """
    store = interpreter.store
    for task in store.tasks():
        if isinstance(task, InFlightTask) and task.task_id > since:
            task.overlaps_itself = True
            store.rewrites += [
                Rewrite(logged.container, logged.key, logged.initial, task)
                for slot, logged in task.writes.items()
                if is_read(slot, task.reads)
            ]


class RecordedReads:
    """A context that records reads, which are added to the reads of the enclosing context at its end."""

    __slots__ = ("_newest", "_outer", "_store", "slots")

    def __init__(self, store: Store) -> None:
        self._store, self._newest, self._outer = store, store.serial, store.reads
        self.slots: frozenset[SlotId] = frozenset()
        """The slots older than the context that were read in it, at its end."""

    def __enter__(self) -> Self:
        self._store.reads = set()
        return self

    def __exit__(self, *_: object) -> None:
        reads, self._store.reads = self._store.reads, self._outer
        if reads:
            self.slots = frozenset(slot for slot in reads if slot[0] <= self._newest)
            self._outer.update(self.slots)  # a new set would take linear time in each context


class ConcurrentRun(Struct, frozen=True):
    """The run of a dependency that other dependencies of the same step may overlap."""

    call: StepCall | None
    """The coroutine; None for one of several steps."""
    run: Dependency
    place: SourcePlace
    newest: int
    """The serial of the newest cell before the run."""
    reads: frozenset[SlotId]
    """The slots older than the run that it reads."""
    log: WriteLog

    def writes(self) -> Iterator[SlotId]:
        """Yield the slots that the run writes."""
        return ((logged.container.serial, logged.key) for logged in self.log if logged.is_relevant)


def log_run(
    interpreter: Interpreter, call: StepCall | None, place: SourcePlace, run: Callable[[], Dependency | None]
) -> ConcurrentRun | None:
    """Evaluate a dependency, and return it with its reads and writes. Return None if it runs no step."""
    store = interpreter.store
    newest = store.serial
    with RecordedReads(store) as reads, concurrent_completions(interpreter), store.logged(newest) as log:
        dependency = run()
    return None if dependency is None else ConcurrentRun(call, dependency, place, newest, reads.slots, log)


def overlap(interpreter: Interpreter, runs: Sequence[ConcurrentRun], evaluate_body: BodyEvaluator) -> bool:
    """Evaluate concurrent runs again that may read what the others write. Return whether there are any."""
    has_shared_runs = _has_shared_runs([each.run for each in runs])
    if not _may_affect(runs, with_itself=has_shared_runs):
        return False
    store, work = interpreter.store, interpreter.work
    tasks = [
        InFlightTask(
            work.new_task_id(),
            each.place,
            interpreter.loop_depth,
            interpreter.repeated_passes,
            each.reads,
            coroutine=each.call,
            activity=each.run,
            evaluate_body=evaluate_body,
            result=UNKNOWN,
            await_count=work.await_count,
            branch_depth=interpreter.branch_depth,
            newest=each.newest,
            overlaps_itself=has_shared_runs,
        )
        for each in runs
    ]
    for task, each in zip(tasks, runs, strict=True):
        store.start_task(task, each.log)
    _resume(interpreter, frozenset(task.task_id for task in tasks))
    for task in tasks:
        awaited = AwaitedTask(task.task_id, all_runs=True)
        store.finish_task(awaited, interpreter.loop_depth, may_have_failed=False)
    return True


def _may_affect(runs: Sequence[ConcurrentRun], *, with_itself: bool) -> bool:
    """Return whether a run writes a slot that another run reads or, with `with_itself`, that the same run reads."""
    writers: dict[SlotId, set[int]] = {}
    for index, run in enumerate(runs):
        for serial, key in run.writes():
            writers.setdefault((serial, key), set()).add(index)
            writers.setdefault((serial, ALL_KEYS), set()).add(index)
    return any(
        with_itself or writers[slot] != {index}
        for index, run in enumerate(runs)
        for slot in run.reads
        if slot in writers
    )


def _has_shared_runs(dependencies: Sequence[Dependency]) -> bool:
    """Return whether several dependencies need the same run, which was evaluated only as part of the first of them."""
    earlier: set[StepRun] = set()
    for root in dependencies:
        runs = set(runs_in([root]))
        if not earlier.isdisjoint(runs):
            return True
        earlier |= runs
    return False


def can_reevaluate(coroutine: Coroutine | None, activity: Activity | StepChoice) -> bool:
    """Return whether the work of a coroutine can be evaluated again."""
    match coroutine, activity:
        case (FunctionCoroutine(), Call()) | (StepCall(), StepRun()) | (None, StepChoice()):
            return True
        case _:
            return False


def reevaluate(interpreter: Interpreter, task: InFlightTask) -> None:
    """Evaluate a task in flight again, with all possible values of the slots that it reads."""
    coroutine, activity, store = task.coroutine, task.activity, interpreter.store
    if not can_reevaluate(coroutine, activity):
        return
    call_count = _recursive_calls(interpreter)
    checkpoint, newest = store.checkpoint(), store.serial
    rewrites, store.rewrites = store.rewrites, []
    _put_observed_values(store, task)
    summary, bodies = None, list[tuple[StepRun, StepBody]]()
    with RecordedReads(store) as reads, _at_start_of(interpreter, task), store.logged(newest, isolated=True) as log:
        if isinstance(coroutine, FunctionCoroutine):
            summary = summarize_call(interpreter, coroutine.function, coroutine.arguments, coroutine.place)
        elif isinstance(activity, Dependency):
            step = coroutine.step if isinstance(coroutine, StepCall) else None
            bodies = [
                (run, task.evaluate_body(interpreter, each)) for run, each in _runs_of(interpreter, activity, step)
            ]
    _drop_notes(interpreter, task.task_id)
    changes = store.rollback(checkpoint)
    apply(store, {key: change for key, change in changes.items() if newest < change.container.serial < MAX_SERIAL})
    store.rewrites = rewrites
    if _recursive_calls(interpreter) > call_count:
        interpreter.work.provisional_tasks.add(task.task_id)
    else:
        interpreter.work.provisional_tasks.discard(task.task_id)
    since = min(t.newest for t in (task, *store.tasks()) if isinstance(t, InFlightTask))
    # Imported here because few workflows evaluate tasks again.
    from stepgraph.interpreter.widening import widen_appends
    from stepgraph.interpreter.workflow.repeated_starts import record_repeated_starts, refer_to_first_starts

    if summary is not None and isinstance(activity, Call):
        record_repeated_starts(interpreter, activity.function, summary.function)
        refer_to_first_starts(interpreter, log)
    widen_appends(log, task, since, store.budget)
    store.extend_task(task, reads.slots, log)
    # The emitted `StartOperation` holds the activity.
    for run, body in bodies:
        force_setattr(run, "body", body.block)
        force_setattr(run, "started_bindings", body.started_bindings)
    if summary is not None and isinstance(activity, Call):
        _replace_call(interpreter, task, activity, summary)


def _put_observed_values(store: Store, task: InFlightTask) -> None:
    """Give each slot that a task reads the join of its possible values."""
    for slot in task.observed.values():
        values = [value for value in (slot.present, *slot.values) if value is not MISSING]
        if values:  # otherwise no path binds the name before the current await
            store.put(slot.container, slot.key, join_slot_values(store.budget, slot.key, values, task.place))


def _replace_call(interpreter: Interpreter, task: InFlightTask, call: Call, summary: FunctionSummary) -> None:
    """Replace the function and the result of a task's call by those of its new evaluation."""
    # Imported here because few workflows evaluate tasks again.
    from stepgraph.interpreter.widening import is_copy

    result = summary.result
    is_new = result.relevant and not is_equivalent(result, task.result)
    if is_new and not is_copy(result, task.result, task.newest, interpreter.store.budget):
        task.result = interpreter.work.task_results[task.task_id] = result
    if summary.function.may_run_steps or call.function.may_run_steps:
        force_setattr(call, "function", summary.function)


def _runs_of(
    interpreter: Interpreter, root: Dependency, step: StepFunction | None
) -> Iterator[tuple[StepRun, StepFunction]]:
    """Yield the runs of a task after their dependencies, which may run in the same task.

    `step` is the step of the run `root`, or None if `root` is a choice.
    """
    runs: dict[StepRun, StepFunction] = {}
    pending = [root]
    while pending:
        dependency = pending.pop()
        if isinstance(dependency, StepChoice):
            pending += (case.dependency for case in dependency.cases)
            continue
        cached = interpreter.steps.runs.get(dependency.definition)
        function = step if dependency is root else None if cached is None else cached.step
        if function is not None and dependency not in runs:
            runs[dependency] = function
            pending += dependency.dependencies
    yield from reversed(runs.items())


@contextmanager
def _at_start_of(interpreter: Interpreter, task: InFlightTask) -> Iterator[None]:
    """Interpret code as at the start of a task. A function that is active now is not a recursive call of the task."""
    depth, interpreter.loop_depth = interpreter.loop_depth, task.loop_depth
    active, interpreter.active_functions = interpreter.active_functions, {}
    work = interpreter.work
    last_unresumable, work.last_unresumable = work.last_unresumable, work.last_task_id
    try:
        with interpreter.tracer.task_body():
            yield
    finally:
        work.last_unresumable = last_unresumable
        interpreter.loop_depth, interpreter.active_functions = depth, active


def _recursive_calls(interpreter: Interpreter) -> int:
    """Return the number of recursive calls of functions whose bodies are being interpreted."""
    return sum(len(recursion.calls) for recursion in interpreter.recursions.values())


def defer_notes(interpreter: Interpreter, task_id: TaskId, first: int, reads: AnyCollection[int]) -> None:
    """Defer the notes from the index `first` on, because their task waits for the values of some reads."""
    added = dict(islice(interpreter.notes.items(), first, None))
    for key in added:
        del interpreter.notes[key]
    interpreter.work.deferred_notes[task_id] = frozenset(reads), added


def _drop_notes(interpreter: Interpreter, task_id: TaskId) -> None:
    """Drop the deferred notes of a task that was evaluated again, if all its reads now have a value."""
    reads, _ = interpreter.work.deferred_notes.get(task_id, (frozenset[int](), {}))
    if reads.isdisjoint(interpreter.work.empty_reads):
        interpreter.work.deferred_notes.pop(task_id, None)


def report_empty_reads(interpreter: Interpreter) -> None:
    """Report the remaining deferred notes, and values that were added to a queue or future only after a read."""
    for _, notes in interpreter.work.deferred_notes.values():
        for key, note in notes.items():
            interpreter.notes.setdefault(key, note)
    for contents, place in interpreter.work.empty_reads.values():
        if any(item.value.relevant for item in contents.items):
            interpreter.note(
                "unresolved-await",
                place,
                f"`{place.brief_text}` reads a value that other code stores later, which stepgraph does not model.",
                "Steps that it runs are missing from the graph. Call them by name.",
            )
