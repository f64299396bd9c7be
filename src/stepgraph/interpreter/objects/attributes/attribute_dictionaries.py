"""The `__dict__` of an object, whose items bypass the properties and descriptors of the class."""

from __future__ import annotations

from functools import partial

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.attributes.changes import delete_named, report_unknown_name, set_named
from stepgraph.interpreter.objects.attributes.dynamic import constant_name, is_conditional
from stepgraph.interpreter.objects.class_relations import is_closed
from stepgraph.interpreter.objects.classes import class_member, set_slot
from stepgraph.interpreter.objects.union import record_read_of_contents, with_fallback
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Mapping, MappingEntry
from stepgraph.interpreter.values.objects import (
    COMPUTED_NAME,
    HIDDEN_ITEM,
    UNKNOWN_ITEM,
    AttributeDictionary,
    FunctionValue,
    ProjectObject,
)
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.ir.values import UNKNOWN, UNSET, Constant, Unresolved, Value
from stepgraph.syntax.module import SourcePlace


def slot_of(interpreter: Interpreter, owner: ProjectObject, name: str) -> str:
    """Return the key of `owner.__dict__[name]` in the state of the object.

    An item with the name of a property or data descriptor has a key of its own, because `owner.name` does not read it.
    """
    return HIDDEN_ITEM + name if any(_hide_items(interpreter, owner, name)) else name


def _hide_items(interpreter: Interpreter, owner: ProjectObject, name: str) -> list[bool]:
    """Return for each value that a class may bind to a name whether it hides the item of `__dict__` with this name."""
    member = class_member(interpreter, owner, name) or UNSET
    hide_items = [_is_data_descriptor(interpreter, each) for each in union_values(member)]
    return [*hide_items, False] if is_conditional(owner, name) else hide_items


def _is_data_descriptor(interpreter: Interpreter, member: Value) -> bool:
    if isinstance(member, FunctionValue):
        return member.kind == "property" and member.cache is None  # a `cached_property` is a non-data descriptor
    return isinstance(member, ProjectObject) and class_member(interpreter, member, "__set__") is not None


def get_attribute_item(
    interpreter: Interpreter, owner: ProjectObject, name: Argument, place: SourcePlace, default: Value | None = None
) -> Value:
    """Return the value of `owner.__dict__[name]`, or a default if the item is missing."""
    constant = constant_name(interpreter, name)
    if constant is not None and not owner.is_from_body and COMPUTED_NAME not in owner.state:
        slot = slot_of(interpreter, owner, constant)
        if slot in owner.state or is_closed(owner.cls):
            interpreter.store.record_outer_read(owner.state, slot)
            value: Value = owner.state.get(slot, UNSET)
            record_read_of_contents(interpreter.store, value)
            return with_fallback(value, default)
    values = owner.state.values() if default is None else (*owner.state.values(), default)
    return Unresolved(UNKNOWN_ITEM, place) if any(value.relevant for value in values) else UNKNOWN


def get_optional_attribute(
    interpreter: Interpreter, owner: AttributeDictionary, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `get` of an object's `__dict__`."""
    if not arguments.items:
        return UNKNOWN
    default = arguments.items[1].value if len(arguments.items) > 1 else Constant(None)
    return get_attribute_item(interpreter, owner.owner, arguments.items[0], place, default)


def set_attribute_item(
    interpreter: Interpreter, owner: ProjectObject, name: Argument, value: Value, place: SourcePlace
) -> None:
    """Set `owner.__dict__[name]`."""
    set_named(interpreter, owner, name, value, place, _store)


def _store(interpreter: Interpreter, owner: ProjectObject, name: str, value: Value, place: SourcePlace) -> None:
    hide_items = _hide_items(interpreter, owner, name)
    if any(hide_items) and not all(hide_items):
        interpreter.escape(
            value, place, "is stored under the name of an attribute that may be a descriptor", is_stored=True
        )
    set_slot(interpreter, owner.state, slot_of(interpreter, owner, name), value)


def delete_attribute_item(interpreter: Interpreter, owner: ProjectObject, name: Argument, place: SourcePlace) -> None:
    """Delete `owner.__dict__[name]`."""
    constant = constant_name(interpreter, name)
    slot = None if constant is None else slot_of(interpreter, owner, constant)
    if slot is None or slot == constant:
        delete_named(interpreter, owner, name, place)
    else:
        set_slot(interpreter, owner.state, slot, UNSET)


def update_attributes(
    interpreter: Interpreter, owner: AttributeDictionary, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `update` of an object's `__dict__`."""
    for argument in arguments.items:
        if argument.keyword is not None:
            name = Argument(Constant(argument.keyword), argument.place)
            set_attribute_item(interpreter, owner.owner, name, argument.value, argument.place)
        elif isinstance(argument.value, Mapping):
            for entry in argument.value.entries:
                _update_attribute(interpreter, owner.owner, entry, place)
        else:
            interpreter.tracer.on_named_assignment(owner.owner, None)
            if argument.value.relevant and not isinstance(argument.value, Event | Payload):
                report_unknown_name(interpreter, place)
    return Constant(None)


def _update_attribute(interpreter: Interpreter, owner: ProjectObject, entry: MappingEntry, place: SourcePlace) -> None:
    name = Argument(entry.key, entry.key_place)
    if not (entry.may_be_missing or entry.many):
        set_attribute_item(interpreter, owner, name, entry.value, place)
        return
    path = interpreter.branch(
        partial(set_attribute_item, interpreter, owner, name, entry.value, place), entry.key_place.text
    )
    interpreter.join_branches([(entry.key_place.text, path)], None, place)


def set_default_attribute(
    interpreter: Interpreter, owner: AttributeDictionary, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `setdefault` of an object's `__dict__`."""
    name = constant_name(interpreter, arguments.items[0]) if arguments.items else None
    default = arguments.items[1].value if len(arguments.items) > 1 else Constant(None)
    if name is None:
        if default.relevant:
            report_unknown_name(interpreter, place)
        return UNKNOWN
    slot = slot_of(interpreter, owner.owner, name)
    value = with_fallback(owner.owner.state.get(slot, UNSET), default)
    set_slot(interpreter, owner.owner.state, slot, value)
    return value


def pop_attribute(
    interpreter: Interpreter, owner: AttributeDictionary, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `pop` of an object's `__dict__`."""
    if not arguments.items:
        return UNKNOWN
    name = constant_name(interpreter, arguments.items[0])
    default = arguments.items[1].value if len(arguments.items) > 1 else None
    value = UNSET if name is None else owner.owner.state.get(slot_of(interpreter, owner.owner, name), UNSET)
    delete_attribute_item(interpreter, owner.owner, arguments.items[0], place)
    return with_fallback(value, default)


def clear_attributes(
    interpreter: Interpreter, owner: AttributeDictionary, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `clear` of an object's `__dict__`."""
    del arguments, place
    for name in list(owner.owner.state):
        set_slot(interpreter, owner.owner.state, name, UNSET)
    return Constant(None)
