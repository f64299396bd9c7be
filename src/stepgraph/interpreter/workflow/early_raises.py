"""Exceptions that leave a `try` before tasks started in it have begun.

A task begins at the next await. If an exception occurs first, the task begins concurrently with the steps of the
handler.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.frame import EarlyRaise, OpenContext
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.await_groups import TaskId, awaited_tasks_of, unfinished
from stepgraph.ir.exceptions import ExceptionType, must_catch, reached_handlers
from stepgraph.ir.nodes import Await, Handler, JumpKind, OperationBlock, StartOperation, Suspension
from stepgraph.ir.suspensions import may_run_step_before_suspending, suspension_of
from stepgraph.ir.walk import map_blocks, may_await, may_run_steps, task_references
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

_IDS_PER_ELEMENT: Final = 4
"""The number of copied ids of tasks that count as one element. The trail of the store keeps all copies."""


def record_queued_task(interpreter: Interpreter, task_id: TaskId, earlier: tuple[TaskId, ...]) -> None:
    """Record a task that begins at the next await, in addition to the `earlier` tasks."""
    interpreter.budget.spend(Limit.ELEMENTS, len(earlier) // _IDS_PER_ELEMENT)
    interpreter.store.write(interpreter.work.queued, "items", (*earlier, task_id))


def set_queued_tasks(interpreter: Interpreter, queued: tuple[TaskId, ...]) -> None:
    """Set the tasks that begin at the next await.

    None are queued in the code of a task, because the tasks that start before it also begin before it.
    """
    if interpreter.work.queued["items"] != queued:
        interpreter.store.write(interpreter.work.queued, "items", queued)


def begin_tasks(interpreter: Interpreter) -> None:
    """Record that all queued tasks begin, because the code awaits, and which of them an exception may prevent."""
    work = interpreter.work
    started: tuple[TaskId, ...] = work.queued["items"]
    if not started:
        return
    work.delayed_tasks.update(
        task_id
        for task_id in started
        if work.starts[task_id].risk_count < work.risk_count and task_id not in work.immediate_tasks
    )
    interpreter.store.write(work.queued, "items", ())


def exclude_tasks_of_callers(interpreter: Interpreter) -> None:
    """Exclude the tasks of the callers of an awaited function from the exceptions in this function.

    The groups that await these tasks show that they may begin late.
    """
    if interpreter.work.queued["items"]:
        interpreter.store.write(interpreter.work.queued, "since", (interpreter.work.last_task_id,))


def record_immediate_tasks(interpreter: Interpreter, first_operation: int) -> None:
    """Record the tasks that an awaited expression starts, which begin before later code can raise.

    `first_operation` is the index of the first operation emitted by the expression.
    """
    for operation in interpreter.operations[first_operation:]:
        if isinstance(operation, StartOperation) and operation.task_id not in interpreter.work.queued_at_exceptions:
            interpreter.work.immediate_tasks.add(operation.task_id)


def record_early_raise(interpreter: Interpreter, place: SourcePlace, raised: ExceptionType | None = None) -> None:
    """Record the tasks that are queued when an exception leaves a block for a handler.

    `raised` is the type of the exception; None if it is unknown.
    """
    work = interpreter.work
    started: tuple[TaskId, ...] = work.queued["items"]
    interpreter.budget.spend(Limit.ELEMENTS, len(started) // _IDS_PER_ELEMENT)
    since = min(work.queued["since"])
    queued = tuple(task_id for task_id in started if task_id > since and task_id not in work.immediate_tasks)
    work.queued_at_exceptions.update(queued)
    work.risk_count += 1
    interpreter.frame.raises = True
    interpreter.frame.raises_early = interpreter.frame.raises_early or bool(queued)
    if not queued:
        return
    work.early_raise_count += 1
    early = EarlyRaise(queued, place, raised, work.last_task_id, work.early_raise_count)
    for frame in interpreter.frame.with_callers():
        for context in reversed(frame.open_contexts):
            if JumpKind.RAISE in context.intercepted:
                context.early_raises.append(early)
            elif context.leave is not None:
                early = replace(early, raised=None)  # the task group raises an exception group
        early = replace(early, last_own_task_id=frame.last_task_id)


def resolve_caught_raises(
    interpreter: Interpreter, body: OperationBlock, context: OpenContext, handlers: Sequence[Handler]
) -> OperationBlock:
    """Return a `try` body as `resolve_early_raises` does, for the handlers that may catch each exception.

    An exception that one of them certainly catches does not leave the blocks around the `try`.
    """
    raises = context.early_raises[: context.handled_raise_count]
    if not raises:
        return body
    _forget(interpreter, {early.number for early in raises if must_catch(handlers, early.raised)})
    reached = [
        (early, tuple(handler.block for handler in reached_handlers(handlers, early.raised))) for early in raises
    ]
    return _resolve(interpreter, body, context, reached)


def _forget(interpreter: Interpreter, numbers: Collection[int]) -> None:
    """Forget the exceptions with these numbers in the blocks around the current code."""
    for frame in interpreter.frame.with_callers():
        for context in frame.open_contexts:
            context.early_raises = [early for early in context.early_raises if early.number not in numbers]


def resolve_early_raises(
    interpreter: Interpreter, body: OperationBlock, contexts: Sequence[OpenContext], blocks: Sequence[OperationBlock]
) -> OperationBlock:
    """Return a `try` body with changed awaits, which do not finish tasks that may begin during the steps of `blocks`.

    Of the tasks that begin after a step of a block, those that a called function starts, or that a block awaits, are
    reported immediately. The others are reported if they are awaited later.
    """
    for context in contexts:
        body = _resolve(interpreter, body, context, [(early, tuple(blocks)) for early in context.early_raises])
    return body


def resolve_raises_at_finally(
    interpreter: Interpreter, body: OperationBlock, contexts: Sequence[OpenContext], finalbody: OperationBlock
) -> OperationBlock:
    """Return a `try` body as `resolve_early_raises` does, for a `finally`.

    If the `finally` suspends, the tasks begin before the exception leaves the blocks around the `try`.
    """
    raises = [early for context in contexts for early in context.early_raises]
    if not raises:
        return body
    _forget(
        interpreter,
        {early.number for early in raises if suspension_of(finalbody, frozenset(early.task_ids)) is Suspension.ALWAYS},
    )
    return resolve_early_raises(interpreter, body, contexts, [finalbody])


def _resolve(
    interpreter: Interpreter,
    body: OperationBlock,
    context: OpenContext,
    raises: Sequence[tuple[EarlyRaise, tuple[OperationBlock, ...]]],
) -> OperationBlock:
    """Resolve exceptions that leave a context, each with the blocks that may run next."""
    unfinished_ids: set[TaskId] = set()
    are_late: dict[tuple[frozenset[TaskId], tuple[int, ...]], bool] = {}
    for early, blocks in raises:
        task_ids = frozenset(task_id for task_id in early.task_ids if task_id > context.last_task_id)
        if not task_ids or not any(may_run_steps(block) or may_await(block) for block in blocks):
            continue
        unfinished_ids |= task_ids
        key = (task_ids, tuple(map(id, blocks)))
        if key not in are_late:
            are_late[key] = any(may_run_step_before_suspending(block, task_ids) for block in blocks)
        if are_late[key]:
            _record_late_tasks(interpreter, early, task_ids, blocks)
    return _without_completion(body, frozenset(unfinished_ids)) if unfinished_ids else body


def _record_late_tasks(
    interpreter: Interpreter, early: EarlyRaise, task_ids: frozenset[TaskId], blocks: Sequence[OperationBlock]
) -> None:
    awaited = {task_id for block in blocks for task_id in task_references(block)}
    for task_id in sorted(task_ids):
        if task_id > early.last_own_task_id or task_id in awaited:
            _report(interpreter, early.place)
        else:
            interpreter.work.late_tasks[task_id] = early.place


def report_await(interpreter: Interpreter, await_: Await) -> None:
    """Report an await of a task that may not have begun when an exception left its block."""
    if interpreter.work.late_tasks:
        for awaited in awaited_tasks_of(await_.group):
            place = interpreter.work.late_tasks.get(awaited.task_id)
            if place is not None:
                _report(interpreter, place)


def _report(interpreter: Interpreter, place: SourcePlace) -> None:
    interpreter.note(
        "late-task",
        place,
        "a task created before this exception starts only after it, concurrently with the steps of the handler.",
        "The graph shows it before the handler. Start it after the code that may raise, or outside the `try`.",
    )


def _without_completion(block: OperationBlock, task_ids: frozenset[TaskId]) -> OperationBlock:
    operations = (
        replace(operation, group=unfinished(operation.group, task_ids))
        if isinstance(operation, Await)
        else map_blocks(operation, lambda inner: _without_completion(inner, task_ids))
        for operation in block.operations
    )
    return OperationBlock(tuple(operations))
