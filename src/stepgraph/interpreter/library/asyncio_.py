"""Models of asyncio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.models import LibraryCall, canonical_name, models
from stepgraph.interpreter.objects.iteration import elements_of
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.containers import Collection, Element
from stepgraph.interpreter.values.objects import Instance
from stepgraph.interpreter.values.steps import Event
from stepgraph.interpreter.values.tasks import Gathering, Task, TaskGroup, WaitForCall
from stepgraph.interpreter.values.unions import Union, map_tasks, with_all_runs
from stepgraph.interpreter.workflow.awaiting import awaited_tasks, is_awaitable, start
from stepgraph.ir.nodes import EMPTY, Loop, TaskId, tasks_started_in
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place


@models("asyncio.gather", unpacks=True)
def _gather(call: LibraryCall) -> Value:
    since = call.interpreter.task_id_before_call
    members: list[Value] = []
    for argument in call.arguments.items:
        if argument.star:
            members += start_elements(call.interpreter, argument)
        elif argument.keyword is None:
            members.append(start(call.interpreter, argument.value, argument.place))
    return_exceptions = call.arguments.find(None, "return_exceptions")
    kind: ParallelKind = (
        "all_settled" if return_exceptions and return_exceptions.value == Constant(value=True) else "all"
    )
    if kind == "all_settled":
        members = _without_timed_tasks(call.interpreter, members)
    future = make_gathering(call.interpreter, kind, members, call.place, since)
    if kind == "all_settled" or any(argument.star for argument in call.arguments.items):
        return future
    results = tuple(Element(_event_result(member), call.place) for member in members)
    return replace(future, result=make_result_collection(call.interpreter, "list", results))


def _without_timed_tasks(interpreter: Interpreter, members: Sequence[Value]) -> list[Value]:
    """Clear `on_every_path` of the tasks that a timeout may cut short: they may outlive an await that settles."""
    timed_tasks = interpreter.work.timed_tasks
    return [
        map_tasks(
            member, lambda task: replace(task, on_every_path=task.on_every_path and task.task_id not in timed_tasks)
        )
        for member in members
    ]


def _event_result(member: Value) -> Value:
    """Return the event that a `wait_for_event` member results in, UNKNOWN for any other member."""
    return member.result if isinstance(member, Task) and isinstance(member.result, Event) else UNKNOWN


def _sort_starts(interpreter: Interpreter, task_ids: Sequence[TaskId]) -> None:
    """Sort the starts of a gather's members into the order of its arguments.

    A gather among the arguments is evaluated first, so its members start before the others.
    """
    order = {task_id: index for index, task_id in enumerate(task_ids)}
    first = len(interpreter.operations)
    while first and next(tasks_started_in(interpreter.operations[first - 1]), None) in order:
        first -= 1
    interpreter.operations[first:] = sorted(
        interpreter.operations[first:], key=lambda operation: order[next(tasks_started_in(operation))]
    )


def _task_ids(members: Sequence[Value]) -> list[TaskId]:
    return [awaited.task_id for member in members for awaited in awaited_tasks(member)]


def make_gathering(
    interpreter: Interpreter, kind: ParallelKind, members: list[Value], place: Place, since: TaskId
) -> Gathering:
    """Return a future of several awaitables. Tasks with an id greater than `since` were started for it."""
    results = tuple(Element(UNKNOWN, place) for _ in members)
    started = [task_id for task_id in _task_ids(members) if task_id > since]
    _sort_starts(interpreter, started)
    awaited = tuple(member for member in members if is_awaitable(member))
    loops = interpreter.loop_depth - interpreter.frame.outer_loop_depth
    interpreter.work.record_start(place, _task_ids(awaited))
    return Gathering(
        kind,
        awaited,
        result=make_result_collection(interpreter, "list", results),
        started_tasks=frozenset(started),
        loop_depth=loops,
    )


def start_elements(interpreter: Interpreter, argument: Argument) -> list[Value]:
    """Start the elements of a collection argument and return the tasks."""
    if isinstance(argument.value, Union) and any(isinstance(case.value, Collection) for case in argument.value.cases):
        return [
            interpreter.apply_to_cases(
                argument.value, lambda chosen: _start_collection(interpreter, replace(argument, value=chosen))
            )
        ]
    items = elements_of(interpreter, argument.value)
    if items is not None:
        is_unchanged = not (isinstance(argument.value, Collection) and argument.value.state.changed)
        items = items if is_unchanged else tuple(replace(item, passes=None) for item in items)
        return [_start_item(interpreter, item, argument) for item in items]
    if argument.value.relevant and not is_awaitable(argument.value) and not isinstance(argument.value, Instance):
        interpreter.note(
            "unresolved-await",
            argument.place,
            f"what is in `{argument.place.text}` cannot be followed.",
            "Steps that it runs may be missing from the graph.",
        )
    return [argument.value] if is_awaitable(argument.value) else []


def _start_collection(interpreter: Interpreter, argument: Argument) -> Value:
    """Start the elements of one case of a union, as a future of its own."""
    since = interpreter.work.last_task_id
    return make_gathering(interpreter, "all", start_elements(interpreter, argument), argument.place, since)


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
        interpreter.emit_choice([(condition, outcome.block)], None, item.place)
        return started[0]
    interpreter.loop_depth += 1  # a list that an iteration appends to gets `many` elements
    block = interpreter.block_of(lambda: started.append(start(interpreter, item.value, item.place)))
    interpreter.loop_depth -= 1
    if block.operations:
        interpreter.emit(Loop(block, EMPTY, item.place, iterations=None if item.may_be_missing else item.passes))
    return with_all_runs(started[0])


@models("asyncio.create_task")
def _create_task(call: LibraryCall) -> Value:
    coroutine = call.arguments.find(0, "coro")
    return UNKNOWN if coroutine is None else _start_task(call.interpreter, coroutine, call.place)


def _start_task(interpreter: Interpreter, argument: Argument, place: Place) -> Value:
    task = start(interpreter, argument.value, argument.place)
    interpreter.work.record_start(place, _task_ids([task]))
    return task


@models("asyncio.wait")
def _wait(call: LibraryCall) -> Value:
    since = call.interpreter.task_id_before_call
    futures = call.arguments.find(0, "fs") or call.arguments.find(None, "aws")
    if futures is None:
        return UNKNOWN
    return_when = call.arguments.find(None, "return_when")
    kind = "all_settled" if return_when is None else _wait_kind(return_when.value)
    members = _without_timed_tasks(call.interpreter, start_elements(call.interpreter, futures))
    future = make_gathering(call.interpreter, kind or "all", members, call.place, since)
    timeout = call.arguments.find(None, "timeout")
    until_done = kind is not None and (timeout is None or timeout.value == Constant(None))
    done = make_result_collection(
        call.interpreter, "tuple", (Element(UNKNOWN, call.place), Element(UNKNOWN, call.place))
    )
    return replace(future, until_done=until_done, result=done)


_WAIT_KINDS: Final[dict[str, ParallelKind]] = {
    "asyncio.FIRST_COMPLETED": "race",
    "asyncio.FIRST_EXCEPTION": "all",
    "asyncio.ALL_COMPLETED": "all_settled",
}


def _wait_kind(return_when: Value) -> ParallelKind | None:
    """Return the kind of an `asyncio.wait` by its `return_when`, None if that is not constant."""
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


@models("asyncio.shield")
def _shield(call: LibraryCall) -> Value:
    """`asyncio.shield` turns a coroutine into a task immediately."""
    argument = call.arguments.find(0, "arg")
    if argument is None or not is_awaitable(argument.value):
        return UNKNOWN if argument is None else argument.value
    task = _start_task(call.interpreter, argument, call.place)
    call.interpreter.work.shielded.update(_task_ids([task]))
    return task


@models("asyncio.as_completed")
def _as_completed(call: LibraryCall) -> Value:
    since = call.interpreter.task_id_before_call
    futures = call.arguments.find(0, "fs")
    if futures is None:
        return UNKNOWN
    members = make_gathering(call.interpreter, "all", start_elements(call.interpreter, futures), call.place, since)
    call.interpreter.work.unordered |= members.started_tasks  # `as_completed` puts its arguments into a set
    if not members.members:
        return UNKNOWN
    return make_result_collection(
        call.interpreter,
        "list",
        (Element(replace(members, one_per_iteration=True, in_completion_order=True), call.place, many=True),),
    )


@models("asyncio.TaskGroup")
def _task_group(call: LibraryCall) -> Value:
    return TaskGroup(call.interpreter.store.new({"items": ()}))


@models("asyncio.get_event_loop")
def _event_loop(_call: LibraryCall) -> Value:
    return External("asyncio.loop")


def starts_task(function: Value) -> bool:
    """Return whether an asyncio function turns a coroutine into a task."""
    return isinstance(function, External) and canonical_name(function.name) in ("asyncio.create_task", "asyncio.shield")
