"""The block of an `asyncio.TaskGroup`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.tasks import TaskGroup
from stepgraph.interpreter.workflow.awaiting import emit_await
from stepgraph.interpreter.workflow.resuming import resume_tasks
from stepgraph.interpreter.workflow.timeouts import report_cancelled_step
from stepgraph.ir.await_groups import AwaitedTask, AwaitGroup
from stepgraph.ir.nodes import Activity, Await, Block, Call, Scope, Start, Try, may_run_steps
from stepgraph.ir.walk import walk_operations
from stepgraph.syntax.module import Place


def execute_task_group(interpreter: Interpreter, place: Place, execute: Callable[[], None], group: TaskGroup) -> None:
    """Execute the block of a task group, whose tasks are awaited at every exit of the block."""

    def leave() -> None:
        resume_tasks(interpreter)
        members = tuple(AwaitedTask(task_id, all_runs=True) for task_id in group.state["items"])
        if members:
            awaited = AwaitGroup("all", members)
            emit_await(interpreter, Await(awaited, place, before_exit=not interpreter.is_reachable))

    def body() -> None:
        with interpreter.open_context(leave):
            execute()
        if interpreter.is_reachable:
            leave()

    block = interpreter.block_of(body)
    if any(
        _runs_steps_after_cancellation(interpreter.work.activities.get(task_id)) for task_id in group.state["items"]
    ) and not _has_single_task(block):
        report_cancelled_step(interpreter, place, "the failure of another task")
    if block.operations:
        interpreter.emit(Scope(block, place))


def _has_single_task(block: Block) -> bool:
    """Return whether a task group has a single task, and no code that can fail and cancel it."""
    match block.operations:
        case (Start(), Await()):
            return True
        case _:
            return False


def _runs_steps_after_cancellation(activity: Activity | None) -> bool:
    """Return whether a call that is cancelled while it awaits a step runs further steps."""
    if not isinstance(activity, Call):
        return False
    operations = (item.operation for item in walk_operations(activity.function.body))
    return any(
        may_run_steps(operation.body) and any(map(may_run_steps, _blocks_after_cancellation(operation)))
        for operation in operations
        if isinstance(operation, Try)
    )


# Exception types whose handlers catch a cancellation.
_CANCELLATION: Final = frozenset(
    ["asyncio.CancelledError", "asyncio.exceptions.CancelledError", "builtins.BaseException"]
)


def _blocks_after_cancellation(try_: Try) -> Iterator[Block]:
    yield try_.finalbody
    for handler in try_.handlers:
        names = {caught.name for caught in handler.types}
        if not names or names & _CANCELLATION:
            yield handler.block
