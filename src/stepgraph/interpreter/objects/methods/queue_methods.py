"""Models of the methods of queues and futures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.python.assignment import add_items
from stepgraph.interpreter.raised_exceptions import raised_with_work
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import Element
from stepgraph.interpreter.values.objects import Instance
from stepgraph.interpreter.values.tasks import Future, Queue
from stepgraph.interpreter.workflow.awaiting import value_of
from stepgraph.ir.nodes import EMPTY, Loop
from stepgraph.ir.values import UNKNOWN, Value
from stepgraph.syntax.module import Place


def emit_comparisons(interpreter: Interpreter, items: Sequence[Element], place: Place) -> None:
    """Emit the comparisons of a sort, as a loop for each element with a comparison method."""
    for item in items:
        value = item.value
        if isinstance(value, Instance):
            compare = partial(call_special, interpreter, value, ("__lt__", "__gt__"), (UNKNOWN,), place)
            block = interpreter.block_of(compare)
            if block.operations:
                interpreter.emit(Loop(block, EMPTY, place))


def exception_of(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: Place) -> Value:
    """Return any raised exception that may lead to a step."""
    del receiver, arguments
    raised = raised_with_work(interpreter)
    return union_of_values(list(raised), [value.cls.name for value in raised], place.text, place)


def _put(interpreter: Interpreter, receiver: Queue | Future, arguments: Arguments, place: Place) -> Value:
    if arguments.items:
        item = arguments.items[0]
        emit_comparisons(interpreter, (Element(item.value, item.place),), place)  # a priority queue compares its items
        add_items(interpreter, receiver.contents, (Element(item.value, item.place),))
    return UNKNOWN


def _get_item(interpreter: Interpreter, receiver: Queue, arguments: Arguments, place: Place) -> Value:
    if receiver.is_async:
        return Future(receiver.contents, place)
    return _get_item_now(interpreter, receiver, arguments, place)


def _get_item_now(interpreter: Interpreter, receiver: Queue | Future, arguments: Arguments, place: Place) -> Value:
    del arguments
    return value_of(interpreter, receiver.contents, place)


def _return_unknown(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: Place) -> Value:
    del interpreter, receiver, arguments, place
    return UNKNOWN


QUEUE_METHODS: Final[dict[str, Caller]] = {
    "put": _put,
    "put_nowait": _put,
    "get": _get_item,
    "get_nowait": _get_item_now,
    "empty": _return_unknown,
    "full": _return_unknown,
    "join": _return_unknown,
    "qsize": _return_unknown,
    "shutdown": _return_unknown,
    "task_done": _return_unknown,
}

FUTURE_METHODS: Final[dict[str, Caller]] = {
    "set_result": _put,
    "result": _get_item_now,
    "exception": exception_of,
    "done": _return_unknown,
    "cancel": _return_unknown,
    "cancelled": _return_unknown,
}
