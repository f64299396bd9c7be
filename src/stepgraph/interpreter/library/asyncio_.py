"""Models of asyncio, of the queues in other modules, and of JavaScript promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.equivalence import is_equivalent
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import ExclusiveTasks, join_slot_values, union_values
from stepgraph.interpreter.library.models import LibraryCall, canonical_name, models
from stepgraph.interpreter.objects.containers.iteration import elements_of
from stepgraph.interpreter.objects.union import union_of_results, union_of_values
from stepgraph.interpreter.path_joins import apply, join_any
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.raised_exceptions import raised_with_work
from stepgraph.interpreter.task_runs import record_group
from stepgraph.interpreter.values.calls import Argument, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import ProjectObject
from stepgraph.interpreter.values.steps import Event
from stepgraph.interpreter.values.tasks import Future, Gathering, Queue, Task, TaskGroup, WaitForCall
from stepgraph.interpreter.values.unions import Union, as_optional, map_tasks, on_some_paths, with_all_runs
from stepgraph.interpreter.workflow.awaiting import await_value, is_awaitable, start
from stepgraph.interpreter.workflow.invalid_awaits import (
    report_await_of_collection,
    report_unconverted_collection,
    report_wait_for_coroutines,
)
from stepgraph.interpreter.workflow.resuming import overlap_runs
from stepgraph.interpreter.workflow.work import awaited_tasks
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import EMPTY_BLOCK, Call, LoopOperation, Suspension
from stepgraph.ir.values import UNKNOWN, Constant, External, Value, origin_name
from stepgraph.ir.walk import tasks_started_by
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import SourcePlace


@models("asyncio.gather", unpacks=True, starts_tasks=True)
def _gather(call: LibraryCall) -> Value:
    since = call.last_task_before
    members: list[Element] = []
    awaits_other_work = False
    for argument in call.arguments.items:
        if argument.keyword is not None:
            continue
        if argument.star:
            started = start_elements(call.interpreter, argument)
            awaits_other_work |= not isinstance(argument.value, Collection)
        elif isinstance(argument.value, Collection | GeneratorExpression) and report_await_of_collection(
            call.interpreter, argument.value, argument.place
        ):
            continue
        else:
            started = [Element(start(call.interpreter, argument.value, argument.place), call.place)]
        if origin_name(argument.value) != "asyncio.sleep":
            awaits_other_work |= awaits_work_without_steps(call.interpreter, started)
        members += started
    return_exceptions = call.arguments.find(None, "return_exceptions")
    suspension = _suspension_of_gather(call)
    if return_exceptions is not None and return_exceptions.value == Constant(value=True):
        members = _without_outliving_tasks(call.interpreter, members)
        settled = _make_gathering(call.interpreter, "all_settled", members, call.place, since)
        return replace(settled, suspension=suspension)
    gathering = _make_gathering(call.interpreter, "all", members, call.place, since)
    return replace(gathering, awaits_work_without_steps=awaits_other_work, suspension=suspension)


def _suspension_of_gather(call: LibraryCall) -> Suspension:
    """Return whether an await of a gather suspends. A gather that is awaited later may be done."""
    positional = [argument for argument in call.arguments.items if argument.keyword is None]
    if not positional:
        return Suspension.NEVER
    has_members = not all(argument.star for argument in positional)
    return Suspension.ALWAYS if has_members and call.is_awaited else Suspension.MAYBE


def awaits_work_without_steps(interpreter: Interpreter, members: Sequence[Element]) -> bool:
    """Return whether a gather awaits work without steps, which may fail while other members run steps."""
    return any(_is_without_steps(interpreter, member.value) for member in members)


def _is_without_steps(interpreter: Interpreter, member: Value) -> bool:
    if isinstance(member, Gathering) and member.members:
        return member.awaits_work_without_steps
    return not _has_steps(interpreter, member)


def _has_steps(interpreter: Interpreter, member: Value) -> bool:
    activities = [interpreter.work.activities[task_id] for task_id in _task_ids([member])]
    return any(not isinstance(activity, Call) or activity.function.may_run_steps for activity in activities)


def _without_outliving_tasks(interpreter: Interpreter, members: Sequence[Element]) -> list[Element]:
    """Return the members, with `on_every_path` cleared for tasks that may outlive the await of the members.

    A task may outlive the await if a timeout cancels it, or if the error of another task ends its gather.
    """
    timed_tasks = interpreter.work.timed_tasks

    def without_timed(task: Task) -> Task:
        return replace(task, on_every_path=task.on_every_path and task.task_id not in timed_tasks)

    return [
        replace(
            member,
            value=on_some_paths(member.value)
            if _may_fail_early(member.value)
            else map_tasks(member.value, without_timed),
        )
        for member in members
    ]


def _may_fail_early(member: Value) -> bool:
    """Return whether a member is a gather that may end before its members, by an error of work without steps."""
    return isinstance(member, Gathering) and member.kind == "all" and member.awaits_work_without_steps


def _sort_starts(interpreter: Interpreter, task_ids: Sequence[TaskId]) -> None:
    """Sort the starts of a gather's members by the order of its arguments.

    Without sorting, the members of a nested gather come first, because Python evaluates arguments before the call.
    """
    order = {task_id: index for index, task_id in enumerate(task_ids)}
    first = len(interpreter.operations)
    while first and next(tasks_started_by(interpreter.operations[first - 1]), None) in order:
        first -= 1
    interpreter.operations[first:] = sorted(
        interpreter.operations[first:], key=lambda operation: order[next(tasks_started_by(operation))]
    )


def _task_ids(members: Sequence[Value]) -> list[TaskId]:
    return [awaited.task_id for member in members for awaited in awaited_tasks(member)]


def _make_gathering(
    interpreter: Interpreter, kind: ParallelKind, members: Sequence[Element], place: SourcePlace, since: TaskId
) -> Gathering:
    """Return a future of several awaitables. The tasks with ids greater than `since` were started for this future."""
    text = place.text  # computed once, because it contains all members
    results = tuple(
        _result_element(interpreter, member, place, text, may_fail=kind == "all_settled") for member in members
    )
    values = [member.value for member in members]
    started = [task_id for task_id in _task_ids(values) if task_id > since]
    _sort_starts(interpreter, started)
    awaited = tuple(value for value in values if _task_ids([value]))
    loops = interpreter.local_loop_depth
    interpreter.work.record_start(place, _task_ids(awaited))
    return Gathering(
        kind,
        awaited,
        result=make_result_collection(interpreter, "list", results),
        started_tasks=frozenset(started),
        loop_depth=loops,
    )


def _result_element(
    interpreter: Interpreter, member: Element, place: SourcePlace, text: str, *, may_fail: bool
) -> Element:
    """Return the result of a member of a gather. If the member `may_fail`, the result may be an exception.

    `text` is the source of the gather at `place`.
    """
    futures = union_values(member.value)
    result = union_of_results(futures, text, place)
    if may_fail and isinstance(result, Event):
        result = UNKNOWN
    raised = raised_with_work(interpreter) if may_fail else []
    if raised:
        names = [text, *(value.cls.name for value in raised)]
        result = union_of_values([result, *raised], names, text, place)
    return Element(result, place, member.many, member.may_be_missing)


def start_elements(interpreter: Interpreter, argument: Argument) -> list[Element]:
    """Start each element of a collection argument as a task, and return the tasks as elements."""
    joined = _elements_of_union(interpreter, argument)
    joined = _common_elements(argument) if joined is None else joined
    if joined is not None:
        return [replace(item, value=_start_item(interpreter, item, argument)) for item in joined]
    if isinstance(argument.value, Union) and any(isinstance(case.value, Collection) for case in argument.value.cases):
        started = interpreter.apply_to_cases(
            argument.value, lambda chosen: _start_collection(interpreter, replace(argument, value=chosen))
        )
        return [Element(started, argument.place, many=True)]
    items = elements_of(interpreter, argument.value)
    if items is not None:
        if isinstance(argument.value, Collection):
            record_group(interpreter.store, argument.value)
        is_unchanged = not (isinstance(argument.value, Collection) and argument.value.state.changed)
        items = items if is_unchanged else tuple(replace(item, passes=None) for item in items)
        return [replace(item, value=_start_item(interpreter, item, argument)) for item in items]
    if argument.value.relevant and not is_awaitable(argument.value) and not isinstance(argument.value, ProjectObject):
        interpreter.note(
            "unresolved-await",
            argument.place,
            f"the elements of `{argument.place.text}` cannot be resolved.",
            "Steps that they run may be missing from the graph. Pass the calls themselves.",
        )
    return [Element(argument.value, argument.place)] if is_awaitable(argument.value) else []


def _elements_of_union(interpreter: Interpreter, argument: Argument) -> tuple[Element, ...] | None:
    """Return the joined elements of several collections of started tasks. Return None for any other argument.

    A value that leads to no step has no elements.
    """
    if not isinstance(argument.value, Union):
        return None
    values = union_values(argument.value)
    collections = [
        value.items if isinstance(value, Collection) else ()
        for value in values
        if isinstance(value, Collection) or not value.relevant
    ]
    leaves = [leaf for items in collections for item in items for leaf in union_values(item.value)]
    if len(collections) < len(values) or not all(isinstance(leaf, Task) for leaf in leaves):
        return None
    elements: tuple[Element, ...] = join_slot_values(
        interpreter.budget, "items", collections, argument.place, ExclusiveTasks(argument.value.since)
    )
    return elements


def _common_elements(argument: Argument) -> tuple[Element, ...] | None:
    """Return the elements of several collections that are filled in the same loops, as by `batch = []` after a batch.

    Some of the collections may be empty, since the loops may make no pass. Return None for any other argument.
    """
    if not isinstance(argument.value, Union):
        return None
    collections = [value for value in union_values(argument.value) if isinstance(value, Collection)]
    filled = [collection.items for collection in collections if collection.items]
    is_repeated = all(item.many and item.may_be_missing for items in filled for item in items)
    if len(collections) < len(union_values(argument.value)) or not is_repeated:
        return None
    if not filled or any(len(items) != len(filled[0]) for items in filled):
        return None
    if not all(all(map(is_equivalent, items, filled[0])) for items in filled):
        return None
    return tuple(replace(item, condition=None) for item in filled[0])


def _start_collection(interpreter: Interpreter, argument: Argument) -> Value:
    """Start the elements of one case of a union, as a separate future."""
    since = interpreter.work.last_task_id
    return _make_gathering(interpreter, "all", start_elements(interpreter, argument), argument.place, since)


def _start_item(interpreter: Interpreter, item: Element, argument: Argument) -> Value:
    """Start an element: in a loop if it is `many`, in a branch if it is `may_be_missing`."""
    if isinstance(item.value, Task | Gathering):
        return with_all_runs(item.value) if item.many else item.value
    if not (item.many or item.may_be_missing):
        return start(interpreter, item.value, item.place)
    started: list[Value] = []
    if item.may_be_missing and not item.many:
        condition = item.condition or f"{item.place.text} in {argument.place.text}"
        outcome = interpreter.branch(lambda: started.append(start(interpreter, item.value, item.place)), condition)
        interpreter.join_branches([(condition, outcome)], None, item.place)
        return started[0]
    since, store = interpreter.work.last_task_id, interpreter.store
    checkpoint = store.checkpoint()
    interpreter.loop_depth += 1  # a `many` element was appended in a loop, so its start repeats as well
    block = interpreter.block_of(lambda: started.append(start(interpreter, item.value, item.place)))
    interpreter.loop_depth -= 1
    passes = None if item.may_be_missing else item.passes
    if passes is None or not passes.count:  # the collection may be empty
        interpreter.expose(checkpoint)
        apply(store, join_any(store, [store.rollback(checkpoint)], item.place, since))
    if block.operations:
        overlap_runs(interpreter, since)
        interpreter.emit(LoopOperation(block, EMPTY_BLOCK, item.place, iterations=passes))
    return with_all_runs(started[0])


@models("asyncio.create_task", starts_tasks=True)
def _create_task(call: LibraryCall) -> Value:
    coroutine = call.arguments.find(0, "coro")
    if coroutine is None:
        return UNKNOWN
    task = _start_task(call.interpreter, coroutine, call.place)
    eager_start = call.arguments.find(None, "eager_start")
    if eager_start is not None and eager_start.value != Constant(value=False):
        call.interpreter.record_suspension(Suspension.MAYBE)  # the task may begin now, before earlier ones
        call.interpreter.work.unordered.update(_task_ids([task]))
    return task


def _start_task(interpreter: Interpreter, argument: Argument, place: SourcePlace) -> Value:
    since = interpreter.work.last_task_id
    task = start(interpreter, argument.value, argument.place)
    task_ids = _task_ids([task])
    interpreter.work.record_start(place, task_ids)
    interpreter.store.runs.start_calls.update({each: id(place.node) for each in task_ids if each > since})
    return task


@models("asyncio.wait")
def _wait(call: LibraryCall) -> Value:
    since = call.last_task_before
    futures = call.arguments.find(0, "fs") or call.arguments.find(None, "aws")
    if futures is None:
        return UNKNOWN
    return_when = call.arguments.find(None, "return_when")
    kind = "all_settled" if return_when is None else _wait_kind(return_when.value)
    if isinstance(futures.value, Collection) and not futures.value.state.unordered:
        report_wait_for_coroutines(call.interpreter, futures.value.items)
    members = _without_outliving_tasks(call.interpreter, start_elements(call.interpreter, futures))
    future = _make_gathering(call.interpreter, kind or "all", members, call.place, since)
    if kind == "all" and awaits_work_without_steps(call.interpreter, members):
        kind = None  # an error of work without steps, which the graph does not show, also ends the wait
    timeout = call.arguments.find(None, "timeout")
    until_done = kind is not None and (timeout is None or timeout.value == Constant(None))
    if kind == "race" and call.place.node is call.interpreter.frame.repeated_wait:
        kind, until_done = "all_settled", False  # the loop continues to wait for the losers
        future = replace(future, kind=kind)
    parts = (Element(_some_of(call.interpreter, members), call.place) for _ in ("done", "pending"))
    result = make_result_collection(call.interpreter, "tuple", tuple(parts))
    return replace(
        future, until_done=until_done, until_error=kind == "all", result=result, suspension=Suspension.ALWAYS
    )


def _some_of(interpreter: Interpreter, members: Sequence[Element]) -> Value:
    """Return a set of some members of an `asyncio.wait`, or UNKNOWN if no member is relevant."""
    relevant = tuple(as_optional(member) for member in members if member.value.relevant)
    return make_result_collection(interpreter, "set", relevant) if relevant else UNKNOWN


_WAIT_KINDS: Final[dict[str, ParallelKind]] = {
    "asyncio.FIRST_COMPLETED": "race",
    "asyncio.FIRST_EXCEPTION": "all",
    "asyncio.ALL_COMPLETED": "all_settled",
}


def _wait_kind(return_when: Value) -> ParallelKind | None:
    """Return the kind of an `asyncio.wait` with this `return_when`. Return None if the argument is not constant."""
    if isinstance(return_when, Constant) and isinstance(return_when.value, str):
        return _WAIT_KINDS.get(f"asyncio.{return_when.value}")
    return _WAIT_KINDS.get(return_when.name) if isinstance(return_when, External) else None


@models("asyncio.wait_for")
def _wait_for(call: LibraryCall) -> Value:
    future = call.arguments.find(0, "fut")
    if future is None:
        return UNKNOWN
    call.interpreter.work.wrapping_calls[id(future.place.node)] = call.place
    timeout = call.arguments.find(1, "timeout")
    has_timeout = timeout is None or timeout.value != Constant(None)
    return WaitForCall(future.value, call.place) if has_timeout and is_awaitable(future.value) else future.value


@models("asyncio.loop.run_until_complete", "asyncio.run", "pyodide.ffi.run_sync")
def _run_until_complete(call: LibraryCall) -> Value:
    """Model the functions of Pyodide that start a coroutine as a task and wait for it, in any function."""
    argument = call.arguments.find(0, "main") or call.arguments.find(None, "future")
    if argument is None:
        return call.unmodeled()
    value, first_operation = argument.value, len(call.interpreter.operations)
    if is_awaitable(value):
        value = start(call.interpreter, value, argument.place)
    return await_value(call.interpreter, value, call.place, first_operation)


@models("asyncio.shield", starts_tasks=True)
def _shield(call: LibraryCall) -> Value:
    """Model `asyncio.shield`, which immediately turns a coroutine into a task."""
    argument = call.arguments.find(0, "arg")
    if argument is None or not is_awaitable(argument.value):
        return UNKNOWN if argument is None else argument.value
    task = _start_task(call.interpreter, argument, call.place)
    call.interpreter.work.shielded.update(_task_ids([task]))
    return task


@models("asyncio.as_completed")
def _as_completed(call: LibraryCall) -> Value:
    since = call.last_task_before
    argument = call.arguments.find(0, "fs")
    if argument is None:
        return UNKNOWN
    members = start_elements(call.interpreter, argument)
    future = _make_gathering(call.interpreter, "all", members, call.place, since)
    call.interpreter.work.unordered |= future.started_tasks  # `as_completed` stores its arguments in a set
    futures = [leaf for member in members for leaf in union_values(member.value)]
    result = union_of_results(futures, call.place.text, call.place)
    if not future.members and not result.relevant:
        return UNKNOWN
    each = replace(future, result=result, one_per_iteration=True, in_completion_order=True)
    return make_result_collection(call.interpreter, "list", (Element(each, call.place, many=True),))


@models("asyncio.TaskGroup")
def _task_group(call: LibraryCall) -> Value:
    return TaskGroup(call.interpreter.store.new({"items": ()}))


@models(
    "asyncio.Queue",
    "asyncio.LifoQueue",
    "asyncio.PriorityQueue",
    "queue.LifoQueue",
    "queue.PriorityQueue",
    "queue.Queue",
    "queue.SimpleQueue",
)
def _queue(call: LibraryCall) -> Value:
    """Create a queue whose `get` may return any value added so far."""
    return Queue(make_result_collection(call.interpreter, "list", ()), call.name.startswith("asyncio."))


@models("asyncio.Future", "asyncio.loop.create_future")
def _future(call: LibraryCall) -> Value:
    return Future(make_result_collection(call.interpreter, "list", ()), call.place)


@models("asyncio.all_tasks")
def _all_tasks(call: LibraryCall) -> Value:
    """Model `asyncio.all_tasks`. A module that mentions `cancel` may cancel any of the returned tasks."""
    if call.place.module.mentions(b"cancel"):
        tasks = range(1, call.interpreter.work.last_task_id + 1)
        call.interpreter.work.cancelled.update(tasks)
        call.interpreter.work.cancelled_elsewhere.update(tasks)
    return call.unmodeled()


@models("asyncio.get_event_loop")
def _event_loop(_call: LibraryCall) -> Value:
    return External("asyncio.loop")


def starts_task(function: Value) -> bool:
    """Return whether an asyncio function turns a coroutine into a task."""
    return isinstance(function, External) and canonical_name(function.name) in ("asyncio.create_task", "asyncio.shield")


@models("js.Promise.all", "js.Promise.any", "js.Promise.race", "js.Promise.allSettled")
def _promise(call: LibraryCall) -> Value:
    interpreter = call.interpreter
    members: list[Element] = []
    if call.arguments.items:
        report_unconverted_collection(interpreter, call.arguments.items[0])
        members = start_elements(interpreter, call.arguments.items[0])
    promise = _make_gathering(interpreter, _PROMISE_KINDS[call.name], members, call.place, call.last_task_before)
    promise = replace(promise, suspension=Suspension.MAYBE)
    interpreter.work.unordered |= promise.started_tasks  # JavaScript starts them in later microtasks, in no fixed order
    if promise.kind != "all":
        return promise
    return replace(promise, awaits_work_without_steps=awaits_work_without_steps(interpreter, members))


_PROMISE_KINDS: Final[dict[str, ParallelKind]] = {
    "js.Promise.all": "all",
    "js.Promise.any": "any",
    "js.Promise.race": "race",
    "js.Promise.allSettled": "all_settled",
}


@models("pyodide.ffi.to_js")
def _convert(call: LibraryCall) -> Value:
    return call.first
