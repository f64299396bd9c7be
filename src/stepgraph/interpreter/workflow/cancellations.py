"""Tasks that code may cancel, whose awaits end before the engine has finished their steps.

A cancellation in the function call that started the task counts only on the paths after it. Other cancellations count
everywhere, because another function may cancel the task at any time.
"""

from __future__ import annotations

from collections.abc import Iterable

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.await_groups import AwaitGroup, TaskId, task_ids_of, unfinished


def record_cancellation(interpreter: Interpreter, task_ids: Iterable[TaskId]) -> None:
    """Record that the current code may cancel tasks."""
    work = interpreter.work
    on_path: tuple[TaskId, ...] = work.cancelled_on_path["items"]
    added: list[TaskId] = []
    for task_id in task_ids:
        work.cancelled.add(task_id)
        if not _is_own(interpreter, task_id):
            work.cancelled_elsewhere.add(task_id)
        elif task_id not in on_path:
            added.append(task_id)
    if added:
        interpreter.store.write(work.cancelled_on_path, "items", (*on_path, *added))


def without_cancelled(interpreter: Interpreter, group: AwaitGroup) -> AwaitGroup:
    """Return a copy of a group that does not complete the tasks that may have been canceled before."""
    work = interpreter.work
    if not work.cancelled:
        return group
    on_path: tuple[TaskId, ...] = work.cancelled_on_path["items"]
    cancelled = {
        task_id
        for task_id in task_ids_of(group) & work.cancelled
        if task_id in on_path or task_id in work.cancelled_elsewhere or not _is_own(interpreter, task_id)
    }
    return unfinished(group, cancelled) if cancelled else group


def _is_own(interpreter: Interpreter, task_id: TaskId) -> bool:
    """Return whether the current call of a function has started a task."""
    return interpreter.work.starting_calls.get(task_id) == interpreter.frame.body_scope.names.serial
