"""Models of the methods of tasks, futures, task groups, queues and context variables."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_MODELED, report_escape
from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.objects.containers.changes import ELEMENTS_COPIED_PER_UNIT, add_items
from stepgraph.interpreter.objects.mapping_methods import (
    return_unknown,
)
from stepgraph.interpreter.objects.special_methods import emit_comparisons
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.raised_exceptions import raised_with_work
from stepgraph.interpreter.values.calls import (
    Argument,
    Arguments,
    Partial,
)
from stepgraph.interpreter.values.containers import (
    ContextVariable,
    Element,
)
from stepgraph.interpreter.values.tasks import Future, Gathering, Queue, Task, TaskGroup
from stepgraph.interpreter.values.unions import as_optional
from stepgraph.interpreter.workflow.awaiting import current_result, start, value_of
from stepgraph.interpreter.workflow.timeouts import observe_future_as_task, report_canceled_tasks
from stepgraph.interpreter.workflow.work import awaited_tasks
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.values import UNKNOWN, Constant, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace


def _exception_of(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the union of all raised exceptions that may lead to a step."""
    del receiver, arguments
    raised = raised_with_work(interpreter)
    return union_of_values(list(raised), [value.cls.name for value in raised], place.text, place)


def _put(interpreter: Interpreter, receiver: Queue | Future, arguments: Arguments, place: SourcePlace) -> Value:
    if arguments.items:
        item = arguments.items[0]
        emit_comparisons(interpreter, (Element(item.value, item.place),), place)  # a priority queue compares its items
        add_items(interpreter, receiver.contents, (Element(item.value, item.place),))
    return UNKNOWN


def _get_item(interpreter: Interpreter, receiver: Queue, arguments: Arguments, place: SourcePlace) -> Value:
    if receiver.is_async:
        return Future(receiver.contents, place)
    return _get_item_now(interpreter, receiver, arguments, place)


def _get_item_now(
    interpreter: Interpreter, receiver: Queue | Future, arguments: Arguments, place: SourcePlace
) -> Value:
    del arguments
    return value_of(interpreter, receiver.contents, place)


def _create_task(interpreter: Interpreter, receiver: TaskGroup, arguments: Arguments, place: SourcePlace) -> Value:
    if not arguments.items:
        return UNKNOWN
    observe_future_as_task(interpreter, arguments.items[0], place)
    since = interpreter.work.last_task_id
    task = start(interpreter, arguments.items[0].value, arguments.items[0].place)
    present: tuple[TaskId, ...] = receiver.state["items"]
    awaited_ids = (awaited.task_id for awaited in awaited_tasks(task))
    added = dict.fromkeys(task_id for task_id in awaited_ids if task_id > since or task_id not in present)
    interpreter.budget.spend(Limit.ELEMENTS, len(added) + len(present) // ELEMENTS_COPIED_PER_UNIT)
    interpreter.store.extend(receiver.state, (*present, *added))
    return task


def _get_variable(
    interpreter: Interpreter, receiver: ContextVariable, arguments: Arguments, place: SourcePlace
) -> Value:
    """Return the union of the values that a context variable may have, including the default if it may be unset.

    The body of a step runs in a context of the engine, in which the variable may be unset.
    """
    interpreter.store.record_outer_read(receiver.state, "items")
    items: tuple[Element, ...] = receiver.state.elements()
    interpreter.budget.spend(Limit.ELEMENTS, len(items))
    values, conditions = [item.value for item in items], [item.place.case_text for item in items]
    default = arguments.items[0].value if arguments.items else receiver.default
    may_be_unset = not items or interpreter.in_step or any(item.may_be_missing for item in items)
    if default is not None and may_be_unset:
        values, conditions = [*values, default], [*conditions, place.text]
    return union_of_values(values, conditions, place.text, place) if values else UNKNOWN


def _set_variable(
    interpreter: Interpreter, receiver: ContextVariable, arguments: Arguments, place: SourcePlace
) -> Value:
    """Add a possible value of a context variable. Earlier values remain possible in other tasks and after `reset`.

    A task or step has a context of its own, so the variable may remain unset for other code.
    """
    del place
    if arguments.items:
        argument = arguments.items[0]
        is_local = interpreter.work.starting > 0 or interpreter.in_step
        items: tuple[Element, ...] = receiver.state.elements()
        earlier = next((item for item in items if item.value is argument.value), None)
        if earlier is None:
            element = Element(argument.value, argument.place, may_be_missing=is_local)
            interpreter.store.extend(receiver.state, (*items, element))
        elif earlier.may_be_missing and not is_local:
            present = replace(earlier, may_be_missing=False)
            present_items = tuple(present if item is earlier else item for item in items)
            interpreter.store.write(receiver.state, "items", present_items)
    return UNKNOWN


def _reset_variable(
    interpreter: Interpreter, receiver: ContextVariable, arguments: Arguments, place: SourcePlace
) -> Value:
    """Let a context variable have any earlier value again, or none."""
    del arguments, place
    items: tuple[Element, ...] = receiver.state.elements()
    if not all(item.may_be_missing for item in items):
        interpreter.store.write(receiver.state, "items", tuple(map(as_optional, items)))
    return Constant(None)


def _result(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments
    return current_result(interpreter, receiver, place) if isinstance(receiver, Task | Gathering) else UNKNOWN


def _cancel(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments
    if isinstance(receiver, Task | Gathering):
        report_canceled_tasks(interpreter, place, [awaited.task_id for awaited in awaited_tasks(receiver)])
    return UNKNOWN


def _add_done_callback(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Report a done callback of a task if the callback runs steps or changes values on which steps depend."""
    finished = replace(receiver) if isinstance(receiver, Task) else receiver  # a copy to which only the callback refers
    task = Argument(finished, place)
    calls = (replace(a, value=Partial(a.value, Arguments((task,)))) for a in arguments.items if a.keyword is None)
    with interpreter.work.in_callback(finished, is_in_loop=interpreter.loop_depth > 0):
        report_escape(interpreter, Arguments(tuple(calls)), place, NOT_MODELED)
    return Constant(None)


TASK_GROUP_METHODS: Final[dict[str, Caller]] = {"create_task": _create_task}
GATHERING_METHODS: Final[dict[str, Caller]] = {
    "result": _result,
    "done": return_unknown,
    "cancel": _cancel,
    "exception": _exception_of,
    "cancelled": return_unknown,
    "add_done_callback": _add_done_callback,
}
TASK_METHODS: Final[dict[str, Caller]] = {**GATHERING_METHODS, "remove_done_callback": return_unknown}
QUEUE_METHODS: Final[dict[str, Caller]] = {
    "put": _put,
    "put_nowait": _put,
    "get": _get_item,
    "get_nowait": _get_item_now,
    "empty": return_unknown,
    "full": return_unknown,
    "join": return_unknown,
    "qsize": return_unknown,
    "shutdown": return_unknown,
    "task_done": return_unknown,
}
FUTURE_METHODS: Final[dict[str, Caller]] = {
    "set_result": _put,
    "result": _get_item_now,
    "exception": _exception_of,
    "done": return_unknown,
    "cancel": return_unknown,
    "cancelled": return_unknown,
}
CONTEXT_VARIABLE_METHODS: Final[dict[str, Caller]] = {
    "get": _get_variable,
    "set": _set_variable,
    "reset": _reset_variable,
}
