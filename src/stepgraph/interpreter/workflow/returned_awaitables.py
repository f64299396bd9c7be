"""Awaitables that plain functions return, as in `def spawn(work): return asyncio.create_task(work)`."""

from __future__ import annotations

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Coroutine, PreparedCall
from stepgraph.interpreter.values.tasks import Task
from stepgraph.interpreter.workflow.awaiting import (
    await_value,
    deciding_arguments,
    in_flight_task,
    run_coroutine,
    start_activity,
)
from stepgraph.interpreter.workflow.early_raises import record_queued_task
from stepgraph.interpreter.workflow.resuming import (
    RecordedReads,
    can_reevaluate,
    concurrent_completions,
    put_in_flight,
)
from stepgraph.interpreter.workflow.work import awaited_tasks
from stepgraph.ir.await_groups import AwaitedTask, TaskId
from stepgraph.ir.nodes import Activity, Call
from stepgraph.ir.values import Value
from stepgraph.syntax.module import SourcePlace


def await_returned(interpreter: Interpreter, value: Value, place: SourcePlace) -> Value:
    """Await an awaitable that a plain function returns, as if it were work of the function. Return its result.

    The await belongs to the caller, so it does not count as emitted by the function, and the work stays in flight until
    the caller awaits it. Tasks that the caller has started are returned unchanged.
    """
    frame, store = interpreter.frame, interpreter.store
    task_ids = [awaited.task_id for awaited in awaited_tasks(value)]
    started_here = [task_id for task_id in task_ids if task_id > frame.last_task_id]
    if task_ids and not started_here:
        return value
    emitted = frame.emitted
    frame.returns_awaitable = True
    frame.emits_before_return = frame.emits_before_return or emitted
    tasks = [task for task_id in started_here for task in store.in_flight.get(str(task_id), ())]
    frame.is_returning = True
    with concurrent_completions(interpreter, frame.last_task_id):
        result = await_value(interpreter, value, place)
    frame.is_returning = False
    frame.returned_tasks += tasks
    frame.emitted = emitted
    return result


def run_returned(interpreter: Interpreter, coroutine: Coroutine) -> tuple[Activity | None, Value]:
    """Run a coroutine that a plain function returns, and record it as work that the function returns."""
    returned_tasks = interpreter.frame.returned_tasks
    if isinstance(coroutine, PreparedCall):
        returned_tasks += coroutine.tasks
        return run_coroutine(interpreter, coroutine)
    store = interpreter.store
    newest = store.serial
    with RecordedReads(store) as reads, concurrent_completions(interpreter), store.logged(newest) as log:
        activity, result = run_coroutine(interpreter, coroutine)
    if activity is not None:
        task = in_flight_task(interpreter, Task(interpreter.work.new_task_id(), result), coroutine, activity, newest)
        if can_reevaluate(coroutine, activity):
            task.reads = reads.slots
        task.add_writes(log)
        returned_tasks.append(task)
    return activity, result


def begin_prepared(interpreter: Interpreter, prepared: PreparedCall) -> Call:
    """Return the call that represents an awaitable that a plain function returns, as the awaitable begins."""
    if prepared.task_id is not None:
        awaited = AwaitedTask(prepared.task_id, all_runs=True)
        interpreter.store.finish_task(awaited, interpreter.loop_depth, may_have_failed=False)
    interpreter.frame.called |= interpreter.work.bit_of(prepared.function)
    return Call(prepared.function, deciding_arguments(interpreter, prepared))


def start_prepared(interpreter: Interpreter, prepared: PreparedCall) -> Task:
    """Emit the start of an awaitable that a plain function returns. Its work stays in flight as the new task."""
    queued: tuple[TaskId, ...] = interpreter.work.queued["items"]
    interpreter.work.begun.add(id(prepared.place.node))
    call = begin_prepared(interpreter, prepared)
    task = start_activity(interpreter, call, prepared.place, prepared.result)
    record_queued_task(interpreter, task.task_id, queued)
    put_in_flight(interpreter, prepared.tasks, task.task_id)
    return task
