"""Elements read by subscripts, from collections, classes and objects with special methods."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import NOT_FOLLOWED
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.classes import select_member
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.python.assignment import add_default_entry, add_entry_if_missing
from stepgraph.interpreter.python.subscripts import contains_key, element_at, entry_at
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, Instance
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import AttributeName, Constant, External, Unresolved, Value, is_foreign
from stepgraph.syntax.module import Place


def get_item(interpreter: Interpreter, owner: Value, key: Value, key_place: Place, place: Place) -> Value:
    """Return `owner[key]`, and emit the operations of a special method."""
    key = Constant(key.value) if isinstance(key, AttributeName) else key
    if isinstance(owner, Union) and any(map(_runs_code_for_item, union_values(owner))):
        return interpreter.apply_to_cases(owner, lambda chosen: get_item(interpreter, chosen, key, key_place, place))
    collection = as_collection(interpreter, owner, "__getitem__")
    if isinstance(collection, Mapping) and isinstance(owner, Instance):
        return _entry_of_object(interpreter, owner, collection, Argument(key, key_place), place)
    owner = collection
    result = call_special(interpreter, owner, ("__getitem__",), (key,), place)
    if result is None and isinstance(owner, ClassValue):
        result = _call_class_getitem(interpreter, owner, key, place)
        if result is None:
            result = select_member(interpreter, owner, place, lambda name, _: key == Constant(name))
    if result is not None:
        return result
    if owner == External("sys.modules"):
        return Unresolved("a module is read by its name", place)
    if is_foreign(owner):
        interpreter.escape_operand(key, place, f"is a key{NOT_FOLLOWED}")
    if not isinstance(owner, _SUBSCRIPTABLE):
        interpreter.escape_operand(owner, place, "is subscripted in a way that is not followed")
    element = _default_entry(interpreter, owner, key, key_place, place) if isinstance(owner, Mapping) else None
    element = element_at(owner, key, key_place, place) if element is None else element
    if isinstance(owner, Collection | Mapping):
        interpreter.store.record_selection(owner, element)
    return element


def _entry_of_object(interpreter: Interpreter, owner: Instance, mapping: Mapping, key: Argument, place: Place) -> Value:
    """Return the value at a key of an object that is a dictionary: `__missing__` gives that of a missing key."""
    method = interpreter.attribute(owner, "__missing__", place)
    is_present = contains_key(mapping, key.value)
    if not isinstance(method, FunctionValue) or is_present or _is_argument_of_missing(interpreter, method, key):
        return get_item(interpreter, mapping, key.value, key.place, place)
    if is_present is False:
        return interpreter.call(method, Arguments((key,)), place)
    before = replace(mapping, state=interpreter.store.new({"items": mapping.state.contents}))
    results: list[Value] = []
    condition = f"{key.place.text} is missing"
    path = interpreter.branch(lambda: results.append(interpreter.call(method, Arguments((key,)), place)), condition)
    interpreter.join_branches([(condition, path)], None, place)
    return entry_at(before, key.value, key.place, place, results[0])


def _is_argument_of_missing(interpreter: Interpreter, method: FunctionValue, key: Argument) -> bool:
    """Whether `__missing__` looks up its own argument, which it has set: it would not end otherwise."""
    if not interpreter.active_functions.get(method.node):
        return False
    name = key.place.node.value if isinstance(key.place.node, cst.Name) else ""
    argument = method.node.params.params[1:2]
    return bool(argument) and interpreter.frame.scope.bindings.binders.get(name) == [*argument]


def _runs_code_for_item(owner: Value) -> bool:
    """Whether a subscript of a value may run code of the project: a special method, or the factory of a default."""
    return isinstance(owner, Instance) or (isinstance(owner, Mapping) and owner.default_factory is not None)


def _default_entry(
    interpreter: Interpreter, owner: Mapping, key: Value, key_place: Place, place: Place
) -> Value | None:
    """Return the value of a `defaultdict` at a key that may be missing, and insert it. None for any other key."""
    is_constant = isinstance(key, Constant)
    is_present = is_constant and any(entry.key == key and not entry.may_be_missing for entry in owner.entries)
    if owner.default_factory is None or is_present:
        return None
    default = interpreter.call(owner.default_factory, Arguments(), place)
    entry = MappingEntry(key, default, key_place, place)
    if is_constant and all(isinstance(entry.key, Constant) for entry in owner.entries):
        add_default_entry(interpreter, owner, entry)
        return None
    element = entry_at(owner, key, key_place, place, default)
    if default.relevant:
        add_entry_if_missing(interpreter, owner, entry)
    return element


_SUBSCRIPTABLE: Final = (Union, ClassValue, Collection, Event, Mapping, Payload, Unresolved)


def _call_class_getitem(interpreter: Interpreter, owner: ClassValue, key: Value, place: Place) -> Value | None:
    """Call `__class_getitem__` of a project class. Return None if the class lacks the method."""
    method = interpreter.attribute(owner, "__class_getitem__", place)
    if not isinstance(method, FunctionValue):
        return None
    arguments = Arguments((Argument(key, place),))
    return interpreter.call(
        method if method.receiver is not None else replace(method, receiver=owner), arguments, place
    )
