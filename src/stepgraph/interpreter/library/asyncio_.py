"""Models of asyncio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.models import LibraryCall, canonical_name, models
from stepgraph.interpreter.objects.iteration import items_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Collection,
    Constant,
    Element,
    Event,
    External,
    Gathering,
    Instance,
    Task,
    TaskGroup,
    Union,
    Value,
    Wrapped,
    changed_tasks,
    every_run,
)
from stepgraph.interpreter.python.arguments import made
from stepgraph.interpreter.workflow.awaiting import awaited_of, is_awaitable, start
from stepgraph.ir.nodes import EMPTY, Loop, TaskId, started_in
from stepgraph.model.payload import ParallelKind
from stepgraph.syntax.module import Place


@models("asyncio.gather")
def _gather(call: LibraryCall) -> Value:
    since = call.interpreter.call_since
    members: list[Value] = []
    for given in call.arguments.items:
        if given.star:
            members += start_elements(call.interpreter, given)
        elif given.keyword is None:
            members.append(start(call.interpreter, given.value, given.place))
    settled = call.arguments.find(None, "return_exceptions")
    kind: ParallelKind = "all_settled" if settled and settled.value == Constant(value=True) else "all"
    if kind == "all_settled":
        members = _unless_limited(call.interpreter, members)
    future = gathering(call.interpreter, kind, members, call.place, since)
    if kind == "all_settled" or any(given.star for given in call.arguments.items):
        return future
    results = tuple(Element(_event_of(member), call.place) for member in members)
    return replace(future, result=made(call.interpreter, "list", results))


def _unless_limited(interpreter: Interpreter, members: Sequence[Value]) -> list[Value]:
    """Return work that an await which settles is over with: not what a timeout in it has cut short."""
    limited = interpreter.work.limited
    return [
        changed_tasks(member, lambda t: replace(t, on_every_path=t.on_every_path and t.task_id not in limited))
        for member in members
    ]


def _event_of(member: Value) -> Value:
    """Return the event that a wait among the members of a gather gives; of what others give nothing is known."""
    return member.result if isinstance(member, Task) and isinstance(member.result, Event) else UNKNOWN


def _in_member_order(interpreter: Interpreter, task_ids: Sequence[TaskId]) -> None:
    """A gather among the arguments has started its members before the others: they are shown in the order written."""
    order = {task_id: index for index, task_id in enumerate(task_ids)}
    first = len(interpreter.operations)
    while first and next(started_in(interpreter.operations[first - 1]), None) in order:
        first -= 1
    interpreter.operations[first:] = sorted(interpreter.operations[first:], key=lambda o: order[next(started_in(o))])


def _task_ids(members: Sequence[Value]) -> list[TaskId]:
    return [awaited.task_id for member in members for awaited in awaited_of(member)]


def gathering(
    interpreter: Interpreter, kind: ParallelKind, members: list[Value], place: Place, since: TaskId
) -> Gathering:
    """Return a future of several; what has a handle after `since` was started for it."""
    results = tuple(Element(UNKNOWN, place) for _ in members)
    started = [task_id for task_id in _task_ids(members) if task_id > since]
    _in_member_order(interpreter, started)
    awaited = tuple(member for member in members if is_awaitable(member))
    loops = interpreter.loop_depth - interpreter.frame.loops_outside
    interpreter.work.hold(place, _task_ids(awaited))
    return Gathering(kind, awaited, result=made(interpreter, "list", results), own=frozenset(started), loops=loops)


def start_elements(interpreter: Interpreter, given: Argument) -> list[Value]:
    """Start each element of an argument that holds several awaitables."""
    if isinstance(given.value, Union) and any(isinstance(o.value, Collection) for o in given.value.cases):
        return [
            interpreter.choose(given.value, lambda chosen: _started_of_one(interpreter, replace(given, value=chosen)))
        ]
    items = items_of(interpreter, given.value)
    if items is not None:
        is_whole = not (isinstance(given.value, Collection) and given.value.state.changed)
        items = items if is_whole else tuple(replace(item, passes=None) for item in items)
        return [_start_item(interpreter, item, given) for item in items]
    if given.value.relevant and not is_awaitable(given.value) and not isinstance(given.value, Instance):
        interpreter.note(
            "unresolved-await",
            given.place,
            f"what is in `{given.place.text}` cannot be followed.",
            "Steps that it runs may be missing from the graph.",
        )
    return [given.value] if is_awaitable(given.value) else []


def _started_of_one(interpreter: Interpreter, given: Argument) -> Value:
    """Start each element of one of several collections, as a future of them."""
    since = interpreter.work.task_ids
    return gathering(interpreter, "all", start_elements(interpreter, given), given.place, since)


def _start_item(interpreter: Interpreter, item: Element, given: Argument) -> Value:
    """Start an element; one that stands for many starts in a loop, one that may be missing in a branch."""
    if isinstance(item.value, Task | Gathering):
        return every_run(item.value) if item.many else item.value
    if not (item.many or item.maybe):
        return start(interpreter, item.value, item.place)
    started: list[Value] = []
    if item.maybe and not item.many:
        condition = item.condition or f"{item.place.text} in {given.place.text}"
        outcome = interpreter.branch(lambda: started.append(start(interpreter, item.value, item.place)), condition)
        interpreter.emit_choice([(condition, outcome.block)], None, item.place)
        return started[0]
    interpreter.loop_depth += 1  # what each of them adds to a list is there many times
    block = interpreter.block_of(lambda: started.append(start(interpreter, item.value, item.place)))
    interpreter.loop_depth -= 1
    if block.operations:
        interpreter.emit(Loop(block, EMPTY, item.place, passes=None if item.maybe else item.passes))
    return every_run(started[0])


@models("asyncio.create_task")
def _create_task(call: LibraryCall) -> Value:
    given = call.arguments.find(0, "coro")
    return UNKNOWN if given is None else _task(call.interpreter, given, call.place)


def _task(interpreter: Interpreter, given: Argument, place: Place) -> Value:
    task = start(interpreter, given.value, given.place)
    interpreter.work.hold(place, _task_ids([task]))
    return task


@models("asyncio.wait")
def _wait(call: LibraryCall) -> Value:
    since = call.interpreter.call_since
    given = call.arguments.find(0, "fs") or call.arguments.find(None, "aws")
    if given is None:
        return UNKNOWN
    until = call.arguments.find(None, "return_when")
    kind = "all_settled" if until is None else _kind_when(until.value)
    members = _unless_limited(call.interpreter, start_elements(call.interpreter, given))
    waited = gathering(call.interpreter, kind or "all", members, call.place, since)
    limit = call.arguments.find(None, "timeout")
    until_done = kind is not None and (limit is None or limit.value == Constant(None))
    done = made(call.interpreter, "tuple", (Element(UNKNOWN, call.place), Element(UNKNOWN, call.place)))
    return replace(waited, until_done=until_done, result=done)


_WHEN: Final[dict[str, ParallelKind]] = {
    "asyncio.FIRST_COMPLETED": "race",
    "asyncio.FIRST_EXCEPTION": "all",
    "asyncio.ALL_COMPLETED": "all_settled",
}


def _kind_when(when: Value) -> ParallelKind | None:
    """Return the kind of a wait by its `return_when`, None where that is not known."""
    if isinstance(when, Constant) and isinstance(when.value, str):
        return _WHEN.get(f"asyncio.{when.value}")
    return _WHEN.get(when.name) if isinstance(when, External) else None


@models("asyncio.wait_for")
def _wait_for(call: LibraryCall) -> Value:
    given = call.arguments.find(0, "fut")
    if given is None:
        return UNKNOWN
    call.interpreter.work.wrapped[id(given.place.node)] = call.place
    limit = call.arguments.find(1, "timeout")
    limited = limit is None or limit.value != Constant(None)
    return Wrapped(given.value, call.place) if limited and is_awaitable(given.value) else given.value


@models("asyncio.shield")
def _shield(call: LibraryCall) -> Value:
    """A coroutine that is shielded becomes a task at once."""
    given = call.arguments.find(0, "arg")
    if given is None or not is_awaitable(given.value):
        return UNKNOWN if given is None else given.value
    task = _task(call.interpreter, given, call.place)
    call.interpreter.work.shielded.update(_task_ids([task]))
    return task


@models("asyncio.as_completed")
def _as_completed(call: LibraryCall) -> Value:
    since = call.interpreter.call_since
    given = call.arguments.find(0, "fs")
    if given is None:
        return UNKNOWN
    members = gathering(call.interpreter, "all", start_elements(call.interpreter, given), call.place, since)
    call.interpreter.work.unordered |= members.own  # it makes a set of them
    if not members.members:
        return UNKNOWN
    return made(call.interpreter, "list", (Element(replace(members, each=True, in_turn=True), call.place, many=True),))


@models("asyncio.TaskGroup")
def _task_group(call: LibraryCall) -> Value:
    return TaskGroup(call.interpreter.store.new({"items": ()}))


@models("asyncio.get_event_loop")
def _event_loop(call: LibraryCall) -> Value:
    return External("asyncio.loop")


def starts_task(function: Value) -> bool:
    """Return whether calling a function of asyncio makes a coroutine a task."""
    return isinstance(function, External) and canonical_name(function.name) in ("asyncio.create_task", "asyncio.shield")
