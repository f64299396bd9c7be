"""Tasks in flight that are evaluated again at the next await.

The tasks read variables that other code writes, or queues and futures without a value so far. The notes of a task that
reads an empty queue are deferred until the queue has a value.
"""

from __future__ import annotations

from collections.abc import Collection as AnyCollection
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from msgspec.structs import force_setattr

from stepgraph.interpreter.equivalence import MISSING, is_equivalent
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_slot_values
from stepgraph.interpreter.path_joins import apply
from stepgraph.interpreter.store import MAX_SERIAL
from stepgraph.interpreter.summaries import summarize_call
from stepgraph.interpreter.values.calls import Coroutine, FunctionCoroutine
from stepgraph.interpreter.workflow.early_raises import begin_tasks
from stepgraph.interpreter.write_log import Rewrite, TaskState
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Activity, Call
from stepgraph.ir.values import Value

# Maximum number of times that tasks in flight are evaluated again at one await.
MAX_RESUMPTIONS: Final = 16


class InFlightTask(TaskState, kw_only=True):
    """A task in flight that can be evaluated again."""

    coroutine: Coroutine
    activity: Activity
    result: Value
    await_count: int
    """The number of awaits evaluated before the start of the task."""
    branch_depth: int
    """The number of branches around the start of the task, through all calls."""
    newest: int
    """The serial of the newest cell before the start of the task."""

    def may_have_begun(self, interpreter: Interpreter) -> bool:
        """Return whether the task may have begun before the current await, or may begin on a path without it."""
        return (
            self.await_count + 1 < interpreter.work.await_count
            or self.branch_depth != interpreter.branch_depth
            or self.loop_depth != interpreter.loop_depth
        )


def resume_tasks(interpreter: Interpreter) -> None:
    """Evaluate tasks in flight again if other code has written to variables that they read.

    At an await, tasks may read the new values. A task that has already begun may have read the old values. Other
    tasks may read the values that a task then writes.
    """
    work, store = interpreter.work, interpreter.store
    work.await_count += 1
    begin_tasks(interpreter)
    if work.resuming or not (store.rewrites or work.provisional_tasks):
        return
    provisional = frozenset(work.provisional_tasks)
    for _ in range(MAX_RESUMPTIONS):
        rewrites, store.rewrites = store.rewrites, []
        for task in store.tasks():
            read = [rewrite for rewrite in rewrites if rewrite.slot in task.reads and rewrite.writer is not task]
            if not isinstance(task, InFlightTask):
                continue
            if _sees_new_values(interpreter, task, read) or task.task_id in provisional:
                reevaluate(interpreter, task)
            elif read:
                store.join_writes(task)
        provisional = frozenset()
        if not store.rewrites:
            return
    place = store.tasks()[0].place
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


def reevaluate(interpreter: Interpreter, task: InFlightTask) -> None:
    """Evaluate a task in flight again, with all possible values of the slots that it reads."""
    if not isinstance(task.coroutine, FunctionCoroutine) or not isinstance(task.activity, Call):
        return
    coroutine, store = task.coroutine, interpreter.store
    call_count = _recursive_calls(interpreter)
    checkpoint, newest, rewrite_count = store.checkpoint(), store.serial, len(store.rewrites)
    for slot in task.observed.values():
        values = [slot.present, *slot.values]
        store.put(slot.container, slot.key, join_slot_values(store.budget, slot.key, values, task.place, None))
    with _at_start_of(interpreter, task), store.logged(newest, isolated=True) as log:
        summary = summarize_call(interpreter, coroutine.function, coroutine.arguments, coroutine.place)
    _drop_notes(interpreter, task.task_id)
    changes = store.rollback(checkpoint)
    apply(store, {key: change for key, change in changes.items() if newest < change.container.serial < MAX_SERIAL})
    del store.rewrites[rewrite_count:]
    if _recursive_calls(interpreter) > call_count:
        interpreter.work.provisional_tasks.add(task.task_id)
    else:
        interpreter.work.provisional_tasks.discard(task.task_id)
    since = min(t.newest for t in (task, *store.tasks()) if isinstance(t, InFlightTask))
    # Imported here because few workflows evaluate tasks again.
    from stepgraph.interpreter.widening import widen_appends

    widen_appends(log, task, since, store.budget)
    store.extend_writes(task, log)
    result = summary.result
    if result.relevant and not is_equivalent(result, task.result):
        task.result = interpreter.work.task_results[task.task_id] = result
    if summary.function.may_run_steps or task.activity.function.may_run_steps:
        force_setattr(task.activity, "function", summary.function)  # the emitted `StartOperation` holds this call


@contextmanager
def _at_start_of(interpreter: Interpreter, task: InFlightTask) -> Iterator[None]:
    """Interpret code as at the start of a task. A function that is active now is not a recursive call of the task."""
    depth, interpreter.loop_depth = interpreter.loop_depth, task.loop_depth
    active, interpreter.active_functions = interpreter.active_functions, {}
    interpreter.work.resuming = True
    try:
        with interpreter.tracer.task_body():
            yield
    finally:
        interpreter.work.resuming = False
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
