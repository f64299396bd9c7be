"""Errors outside of steps after which tasks of an await may continue."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.ir.await_groups import AwaitGroup, TaskId, task_ids_of
from stepgraph.ir.nodes import JumpKind


def with_exits(interpreter: Interpreter, group: AwaitGroup) -> AwaitGroup:
    """Return a group, marked if errors outside its steps may leave its members running while other code runs."""
    if not may_continue_after_error(interpreter):
        return replace(group, awaits_work_without_steps=False)
    task_ids = task_ids_of(group)
    return replace(
        group,
        may_be_left=any(_may_raise_since(interpreter, task_id) for task_id in task_ids),
        may_be_skipped=not task_ids.isdisjoint(interpreter.work.delayed_tasks) and _is_error_caught(interpreter),
    )


def _is_error_caught(interpreter: Interpreter) -> bool:
    """Return whether a `try` in the current function or one of its callers catches an error at this point."""
    return any(
        JumpKind.RAISE in context.intercepted
        for frame in interpreter.frame.with_callers()
        for context in frame.open_contexts
    )


def _may_raise_since(interpreter: Interpreter, task_id: TaskId) -> bool:
    """Return whether code between the start of a task and the current await may raise."""
    work = interpreter.work
    start = work.starts.get(task_id)
    await_count, risk_count = (0, 0) if start is None else (start.await_count, start.risk_count)
    return work.risk_count > risk_count or work.await_count > await_count + 1


def may_continue_after_error(interpreter: Interpreter) -> bool:
    """Return whether code may run after an error at this point: in a caller, or where a `try` catches the error."""
    frame = interpreter.frame
    is_caught = any(JumpKind.RAISE in context.intercepted for context in frame.open_contexts)
    return is_caught or (frame.caller is not None and frame.caller.caller is not None)
