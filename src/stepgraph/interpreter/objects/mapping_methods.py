"""Models of the methods of dictionaries, and of the special methods of containers when called by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.objects.containers.changes import (
    add_default_entry,
    add_entry,
    add_entry_if_missing,
    remove_entry,
    remove_item,
    set_entry,
    set_item,
)
from stepgraph.interpreter.objects.containers.entries import IteratedEntries, as_key, iterated_entries
from stepgraph.interpreter.objects.containers.iteration import copy_attributes, elements_of, entries_of
from stepgraph.interpreter.objects.containers.iterators import make_view, missing_element
from stepgraph.interpreter.objects.union import union_of_elements
from stepgraph.interpreter.python.arguments import (
    make_mapping,
    make_result_collection,
    ordered_like,
    remove_tasks,
)
from stepgraph.interpreter.python.subscripts import entry_at, get_item
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.containers import (
    Collection,
    Element,
    LazyElements,
    Mapping,
    MappingEntry,
)
from stepgraph.interpreter.values.objects import AttributeDictionary
from stepgraph.ir.values import UNKNOWN, Constant, External, Value
from stepgraph.syntax.module import SourcePlace


def _get_item(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    if not arguments.items:
        return UNKNOWN
    key = arguments.items[0]
    return get_item(interpreter, receiver, key.value, key.place, place)


def _set_item(
    interpreter: Interpreter, receiver: Collection | Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    del place
    if len(arguments.items) > 1:
        set_item(interpreter, receiver, arguments.items[0], arguments.items[1])
    return Constant(None)


def _delete_item(
    interpreter: Interpreter, receiver: Collection | Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    del place
    key = arguments.items[0].value if arguments.items else UNKNOWN
    if isinstance(receiver, Mapping):
        remove_entry(interpreter, receiver, key)
    else:
        remove_item(interpreter, receiver, key)
    return Constant(None)


def _iterate(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments
    return interpreter.call(External("builtins.iter"), Arguments.of(receiver, place), place)


def return_unknown(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Return UNKNOWN, because the result leads to no step."""
    del interpreter, receiver, arguments, place
    return UNKNOWN


ITEM_METHODS: Final[dict[str, Caller]] = {
    "__getitem__": _get_item,
    "__setitem__": _set_item,
    "__delitem__": _delete_item,
    "__iter__": _iterate,
    "__contains__": return_unknown,
    "__len__": return_unknown,
}


def clear_container(
    interpreter: Interpreter, receiver: Collection | Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    """Remove all elements of a collection."""
    del arguments, place
    receiver.state.changed = True
    remove_tasks(interpreter, receiver)
    interpreter.store.record_unselected(receiver.state.elements())
    interpreter.store.write(receiver.state, "items", ())
    return Constant(None)


def forget_order(
    interpreter: Interpreter, receiver: Collection | Mapping, arguments: Arguments, place: SourcePlace
) -> Value:
    """Mark a collection as unordered, because a method has moved its elements."""
    del interpreter, arguments, place
    receiver.state.changed = receiver.state.unordered = True
    if any(element.value.relevant for element in receiver.state.elements()):
        receiver.state.events.shuffled.append(receiver.state.serial)
    return Constant(None)


def _get(interpreter: Interpreter, receiver: Mapping, arguments: Arguments, place: SourcePlace) -> Value:
    if not arguments.items:
        return UNKNOWN
    key = as_key(arguments.items[0].value)
    default = arguments.items[1].value if len(arguments.items) > 1 else missing_element(interpreter, receiver)
    value = entry_at(receiver, key, arguments.items[0].place, place, default)
    interpreter.store.record_selection(receiver, value)
    if not isinstance(key, Constant):
        interpreter.tracer.on_lookup(receiver, place)
    return value


def _set_default(interpreter: Interpreter, receiver: Mapping, arguments: Arguments, place: SourcePlace) -> Value:
    value = _get(interpreter, receiver, arguments, place)
    if len(arguments.items) > 1:
        key, default = arguments.items[0], arguments.items[1]
        entry = MappingEntry(as_key(key.value), default.value, key.place, default.place)
        if isinstance(entry.key, Constant):
            add_default_entry(interpreter, receiver, entry)
        else:
            add_entry_if_missing(interpreter, receiver, entry)
    return value


def _pop_entry(interpreter: Interpreter, receiver: Mapping, arguments: Arguments, place: SourcePlace) -> Value:
    value = _get(interpreter, receiver, arguments, place)
    remove_entry(interpreter, receiver, as_key(arguments.items[0].value) if arguments.items else UNKNOWN)
    return value


def _view_of(element: Callable[[Interpreter, MappingEntry], Element]) -> Caller:
    """Return a model of a dictionary method that returns a view. `element` maps an entry to an element of the view."""
    compute = partial(_compute_view, element=element)  # one object, because views from two loop passes are compared

    def make(
        interpreter: Interpreter, receiver: Mapping | AttributeDictionary, arguments: Arguments, place: SourcePlace
    ) -> Value:
        del arguments
        return make_view(interpreter, receiver, place, compute)

    return make


def _compute_view(
    interpreter: Interpreter, view: LazyElements, element: Callable[[Interpreter, MappingEntry], Element]
) -> Collection:
    """Return the current elements of a view of a dictionary."""
    (mapping,) = view.operands
    if isinstance(mapping, AttributeDictionary):
        mapping = copy_attributes(interpreter, mapping, Arguments(), view.place)
    iterated = iterated_entries(mapping) if isinstance(mapping, Mapping) else IteratedEntries((), is_ordered=True)
    items = tuple(element(interpreter, entry) for entry in iterated.entries)
    elements = make_result_collection(interpreter, "list", items)
    elements.state.unordered = not iterated.is_ordered
    return ordered_like(mapping, elements)


def _pair(interpreter: Interpreter, entry: MappingEntry) -> Element:
    pair = (Element(entry.key, entry.key_place), Element(entry.value, entry.place))
    return Element(
        make_result_collection(interpreter, "tuple", pair), entry.key_place, entry.many, entry.may_be_missing
    )


def _key(interpreter: Interpreter, entry: MappingEntry) -> Element:
    del interpreter
    return Element(entry.key, entry.key_place, entry.many, entry.may_be_missing)


def _value(interpreter: Interpreter, entry: MappingEntry) -> Element:
    del interpreter
    return Element(entry.value, entry.place, entry.many, entry.may_be_missing)


def update_mapping(interpreter: Interpreter, receiver: Mapping, arguments: Arguments, place: SourcePlace) -> Value:
    """Update a dictionary with dictionaries, iterables of pairs and keyword arguments."""
    for argument in arguments.items:
        if argument.keyword is not None:
            set_entry(interpreter, receiver, Constant(argument.keyword), argument.value, argument.place, argument.place)
            continue
        copied = entries_of(interpreter, argument.value, argument.place)
        if not copied.is_complete:
            _update_with_unknown(interpreter, receiver, place)
        receiver.state.unordered = receiver.state.unordered or not copied.is_ordered
        for entry in copied.entries:
            add_entry(interpreter, receiver, entry)
    return Constant(None)


def _update_with_unknown(interpreter: Interpreter, receiver: Mapping, place: SourcePlace) -> None:
    """Add any number of unknown entries, which may replace the existing entries."""
    present = tuple(replace(entry, may_be_missing=True) for entry in receiver.entries)
    receiver.state.changed = True
    unknown = MappingEntry(UNKNOWN, UNKNOWN, place, place, many=True, may_be_missing=True, is_unseen=True)
    interpreter.store.write(receiver.state, "items", (*present, unknown))


def _pop_item(interpreter: Interpreter, receiver: Mapping, arguments: Arguments, place: SourcePlace) -> Value:
    """Model `popitem`: remove the last entry and return it as a pair.

    If the last entry is uncertain, any entry may be removed, and the result is the union of all pairs.
    """
    iterated = iterated_entries(receiver)
    pairs = ordered_like(
        receiver,
        make_result_collection(interpreter, "list", tuple(_pair(interpreter, entry) for entry in iterated.entries)),
    )
    if (
        pairs.has_definite_order
        and pairs.items
        and interpreter.loop_depth == receiver.loop_depth
        and not arguments.items
    ):
        receiver.state.changed = True
        interpreter.store.write(receiver.state, "items", receiver.entries[:-1])
        return pairs.items[-1].value
    receiver.state.unordered = True
    remove_entry(interpreter, receiver, UNKNOWN)
    return union_of_elements(elements_of(interpreter, pairs) or (), place)


def _copy_mapping(interpreter: Interpreter, receiver: Mapping, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments, place
    copy = make_mapping(interpreter, receiver.entries, partial=receiver.partial)
    copy.state.unordered = receiver.state.unordered
    return replace(copy, hidden=True, default_factory=receiver.default_factory)


VIEW_METHODS: Final[dict[str, Caller]] = {
    "items": _view_of(_pair),
    "keys": _view_of(_key),
    "values": _view_of(_value),
}

MAPPING_METHODS: Final[dict[str, Caller]] = {
    **ITEM_METHODS,
    **VIEW_METHODS,
    "get": _get,
    "pop": _pop_entry,
    "setdefault": _set_default,
    "update": update_mapping,
    "clear": clear_container,
    "copy": _copy_mapping,
    "popitem": _pop_item,
    "move_to_end": forget_order,
}
