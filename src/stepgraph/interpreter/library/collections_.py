"""Models of functions that create or copy collections and objects."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.entries import EntryTable, mapping_of
from stepgraph.interpreter.objects.containers.iteration import copy_elements, elements_of, entries_of
from stepgraph.interpreter.objects.deep_copies import COPIED, DeepCopy
from stepgraph.interpreter.objects.methods.builtin_methods import copy_with_attributes, replace_fields
from stepgraph.interpreter.python.arguments import (
    is_unordered,
    make_mapping,
    make_result_collection,
    unpacked_arguments,
)
from stepgraph.interpreter.python.assignment import add_items
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, ContextVariable, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import Instance
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import UNKNOWN, Constant, ExternalResult, Value, is_none


@models("builtins.dict", "collections.OrderedDict", "collections.UserDict", unpacks=True)
def make_dictionary(call: LibraryCall) -> Value:
    """`dict(mapping)`, `dict(pairs)`, `dict(a=1)`. The result is `partial` if an argument has unknown entries."""
    table = EntryTable()
    partial = unordered = False
    for argument in unpacked_arguments(call.arguments).items:
        if argument.star == "*":
            call.interpreter.escape(
                argument.value, argument.place, "is put into a dictionary in a way that is not followed"
            )
        if argument.keyword is not None:
            table.add(MappingEntry(Constant(argument.keyword), argument.value, argument.place, argument.place))
            continue
        source = as_collection(call.interpreter, argument.value, "keys", "__iter__", "__getitem__")
        is_complete = not source.partial if isinstance(source, Mapping) else not argument.star
        copied_entries = entries_of(call.interpreter, source, call.place) if is_complete else None
        if copied_entries is None:
            table.make_optional()
            partial = True
        unordered = unordered or is_unordered(source)
        for entry in source.entries if copied_entries is None and isinstance(source, Mapping) else copied_entries or ():
            table.add(entry)
    dictionary = replace(mapping_of(call.interpreter, table, partial=partial), hidden=True)
    dictionary.state.unordered = dictionary.state.unordered or unordered
    dictionary.state.created_empty = not call.arguments.items
    return dictionary


@models("builtins.dict.fromkeys", "collections.OrderedDict.fromkeys")
def _from_keys(call: LibraryCall) -> Value:
    """`dict.fromkeys(keys, value)`."""
    keys = elements_of(call.interpreter, call.arguments.items[0].value) if call.arguments.items else None
    value = call.arguments.items[1].value if len(call.arguments.items) > 1 else Constant(None)
    if keys is None:
        return replace(
            make_mapping(call.interpreter, (MappingEntry(UNKNOWN, value, call.place, call.place, many=True),)),
            hidden=True,
        )
    entries = (MappingEntry(key.value, value, key.place, call.place, key.many, key.may_be_missing) for key in keys)
    return replace(mapping_of(call.interpreter, EntryTable(entries)), hidden=True)


@models("collections.defaultdict", unpacks=True)
def _default_dictionary(call: LibraryCall) -> Value:
    """`defaultdict(list)`: the factory creates the value of a missing key on access."""
    if any(argument.star == "*" for argument in call.arguments.items):
        return call.unmodeled()
    first = next(iter(call.arguments.positional), None)
    factory = None if first is None else first.value
    entries = Arguments(tuple(argument for argument in call.arguments.items if argument is not first))
    dictionary = make_dictionary(replace(call, arguments=entries))
    return replace(dictionary, default_factory=factory) if isinstance(dictionary, Mapping) else dictionary


@models("contextvars.ContextVar")
def _context_variable(call: LibraryCall) -> Value:
    default = call.arguments.find(None, "default")
    state = call.interpreter.store.new({"items": ()})
    return ContextVariable(state, None if default is None else default.value)


@models("types.MappingProxyType")
def _mapping_proxy(call: LibraryCall) -> Value:
    """`types.MappingProxyType(table)` is modeled as the dictionary itself."""
    if len(call.arguments.items) == 1 and isinstance(call.arguments.items[0].value, Mapping):
        return call.arguments.items[0].value
    return make_dictionary(call)


@models(
    "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "collections.deque", "collections.UserList"
)
def _make_collection(call: LibraryCall) -> Value:
    """Return a new collection with the elements of an iterable."""
    kind = _KINDS[call.name]
    if not call.arguments.items:
        empty = make_result_collection(call.interpreter, kind, ())
        empty.state.created_empty = True
        return empty
    unknown = ExternalResult(call.name) if kind in ("deque", "frozenset") else UNKNOWN
    size = call.arguments.find(1, "maxlen") if kind == "deque" else None
    if size is not None and not is_none(size.value):
        return _make_bounded(call, size.value)
    return copy_elements(call.interpreter, call.first, kind) or unknown


def _make_bounded(call: LibraryCall, size: Value) -> Value:
    """`deque(xs, maxlen=2)`: a deque with the last elements."""
    source = call.arguments.find(0, "iterable")
    elements = None if source is None else copy_elements(call.interpreter, source.value, "deque")
    max_size = size.value if isinstance(size, Constant) and isinstance(size.value, int) else 0
    bounded = replace(make_result_collection(call.interpreter, "deque", ()), max_size=max_size)
    if elements is not None:
        bounded.state.unordered = elements.state.unordered
        add_items(call.interpreter, bounded, elements.items)
    return bounded


_KINDS: Final[dict[str, CollectionKind]] = {
    "builtins.list": "list",
    "builtins.tuple": "tuple",
    "builtins.set": "set",
    "builtins.frozenset": "frozenset",
    "collections.UserList": "list",
    "collections.deque": "deque",
}


@models("copy.copy", "copy.deepcopy", "copy.replace", "dataclasses.replace")
def _copy_object(call: LibraryCall) -> Value:
    """Return a copy of an object or a collection, with some attributes replaced."""
    original = call.first
    if call.name == "copy.deepcopy" and len(call.arguments.items) == 1 and isinstance(original, COPIED):
        return DeepCopy(call.interpreter, call.place).copy_of(original, 0)
    if any(change.keyword is None for change in call.arguments.items[1:]):
        return call.unmodeled()
    if isinstance(original, Instance) and call.name in ("copy.replace", "dataclasses.replace"):
        return replace_fields(call.interpreter, original, call.arguments, call.place)
    if isinstance(original, Instance):
        return copy_with_attributes(call.interpreter, original, call.arguments, call.place)
    if isinstance(original, Collection):
        copied = copy_elements(call.interpreter, original, original.kind)
        return UNKNOWN if copied is None else replace(copied, max_size=original.max_size)
    if isinstance(original, Mapping):
        copy = replace(make_mapping(call.interpreter, original.entries, partial=original.partial), hidden=True)
        copy.state.unordered = original.state.unordered
        return copy
    if isinstance(original, Union):
        rest = call.arguments.items[1:]
        return call.interpreter.apply_to_cases(
            original,
            lambda chosen: _copy_object(replace(call, arguments=Arguments((Argument(chosen, call.place), *rest)))),
        )
    if isinstance(original, Event | Payload) or not original.relevant or len(call.arguments.items) > 1:
        return call.unmodeled()
    return original
