"""Models of the special methods of lists and dictionaries, called by name: `super().__setitem__(key, value)`."""

from __future__ import annotations

from typing import Final

from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.python.assignment import remove_entry, remove_item, set_item
from stepgraph.interpreter.python.items import get_item
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.syntax.module import Place


def _get(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: Place) -> Value:
    if not arguments.items:
        return UNKNOWN
    key = arguments.items[0]
    return get_item(interpreter, receiver, key.value, key.place, place)


def _set(interpreter: Interpreter, receiver: Collection | Mapping, arguments: Arguments, place: Place) -> Value:
    del place
    if len(arguments.items) > 1:
        set_item(interpreter, receiver, arguments.items[0], arguments.items[1])
    return Constant(None)


def _delete(interpreter: Interpreter, receiver: Collection | Mapping, arguments: Arguments, place: Place) -> Value:
    del place
    key = arguments.items[0].value if arguments.items else UNKNOWN
    if isinstance(receiver, Mapping):
        remove_entry(interpreter, receiver, key)
    else:
        remove_item(interpreter, receiver, key)
    return Constant(None)


def _iterate(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: Place) -> Value:
    del arguments
    return interpreter.call(External("builtins.iter"), Arguments((Argument(receiver, place),)), place)


def _return_unknown(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: Place) -> Value:
    del interpreter, receiver, arguments, place
    return UNKNOWN


ITEM_METHODS: Final[dict[str, Caller]] = {
    "__getitem__": _get,
    "__setitem__": _set,
    "__delitem__": _delete,
    "__iter__": _iterate,
    "__contains__": _return_unknown,
    "__len__": _return_unknown,
}
