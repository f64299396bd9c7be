"""Models of functions that create and copy collections and objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.builtin_methods import copy_with_attributes, replace_fields
from stepgraph.interpreter.objects.containers.changes import add_items
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.entries import CopiedEntries, EntryTable, mapping_of
from stepgraph.interpreter.objects.containers.iteration import copy_elements, elements_of, entries_of
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.python.arguments import make_mapping, make_result_collection, unpacked_arguments
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, ContextVariable, Mapping, MappingEntry
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import FunctionValue, ProjectObject
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import UNKNOWN, Constant, ExternalResult, Unresolved, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace


@models("builtins.dict", "collections.OrderedDict", "collections.UserDict", unpacks=True)
def _make_dictionary(call: LibraryCall) -> Value:
    """Model `dict(mapping)`, `dict(pairs)` and `dict(a=1)`. The result is `partial` if it may have unknown entries."""
    table = EntryTable()
    partial = False
    for argument in _unpacked_positions(call.arguments):
        if argument.star == "*":
            call.interpreter.escape(
                argument.value, argument.place, "is stored in a dictionary, which stepgraph does not model"
            )
        if argument.keyword is not None:
            table.add(MappingEntry(Constant(argument.keyword), argument.value, argument.place, argument.place))
            continue
        source = as_collection(call.interpreter, argument.value, "keys", "__iter__", "__getitem__")
        is_unknown = bool(argument.star) and not isinstance(source, Mapping)
        copied = (
            CopiedEntries((), is_complete=False) if is_unknown else entries_of(call.interpreter, source, call.place)
        )
        partial = partial or not copied.is_complete
        table.add_copied(copied)
    dictionary = replace(mapping_of(call.interpreter, table, partial=partial), hidden=True)
    dictionary.state.created_empty = not call.arguments.items
    return dictionary


def _unpacked_positions(arguments: Arguments) -> Iterator[Argument]:
    """Yield the arguments with the elements of `*[...]` unpacked, but whole `**` arguments, whose order counts."""
    for argument in arguments.items:
        yield from (argument,) if argument.star == "**" else unpacked_arguments(Arguments((argument,))).items


@models("builtins.dict.fromkeys", "collections.OrderedDict.fromkeys")
def _from_keys(call: LibraryCall) -> Value:
    """Model `dict.fromkeys(keys, value)`."""
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
    """Model `defaultdict(list)`, whose factory creates the value of a missing key on access."""
    if any(argument.star == "*" for argument in call.arguments.items):
        return call.unmodeled()
    first = next(iter(call.arguments.positional), None)
    factory = None if first is None else first.value
    entries = Arguments(tuple(argument for argument in call.arguments.items if argument is not first))
    dictionary = _make_dictionary(replace(call, arguments=entries))
    return replace(dictionary, default_factory=factory) if isinstance(dictionary, Mapping) else dictionary


@models("contextvars.ContextVar")
def _context_variable(call: LibraryCall) -> Value:
    default = call.arguments.find(None, "default")
    state = call.interpreter.store.new({"items": ()})
    return ContextVariable(state, None if default is None else default.value)


@models("types.MappingProxyType")
def _mapping_proxy(call: LibraryCall) -> Value:
    """Model `types.MappingProxyType(table)` as the dictionary itself."""
    if len(call.arguments.items) == 1 and isinstance(call.arguments.items[0].value, Mapping):
        return call.arguments.items[0].value
    return _make_dictionary(call)


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
    """Model `deque(xs, maxlen=2)`, which keeps the last elements."""
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
    """Return a copy of an object or a collection, with attributes replaced by the keyword arguments."""
    original = call.first
    if call.name == "copy.deepcopy" and len(call.arguments.items) == 1 and isinstance(original, _DEEPLY_COPIED):
        return _DeepCopy(call.interpreter, call.place).copy_of(original, 0)
    if any(change.keyword is None for change in call.arguments.items[1:]):
        return call.unmodeled()
    if isinstance(original, ProjectObject) and call.name in ("copy.replace", "dataclasses.replace"):
        return replace_fields(call.interpreter, original, call.arguments, call.place)
    if isinstance(original, ProjectObject):
        copied = call_special(call.interpreter, original, ("__copy__",), (), call.place)
        return copied or copy_with_attributes(call.interpreter, original, call.arguments, call.place)
    if isinstance(original, Collection):
        elements = copy_elements(call.interpreter, original, original.kind)
        return UNKNOWN if elements is None else replace(elements, max_size=original.max_size)
    if isinstance(original, Mapping):
        copy = make_mapping(call.interpreter, original.entries, partial=original.partial)
        copy.state.unordered = original.state.unordered
        return replace(copy, hidden=True, default_factory=original.default_factory)
    if isinstance(original, Union):
        later_arguments = call.arguments.items[1:]
        return call.interpreter.apply_to_cases(
            original,
            lambda chosen: _copy_object(
                replace(call, arguments=Arguments((Argument(chosen, call.place), *later_arguments)))
            ),
        )
    if isinstance(original, Event | Payload) or not original.relevant or len(call.arguments.items) > 1:
        return call.unmodeled()
    return original


_DEEPLY_COPIED: Final = (Collection, FunctionValue, ProjectObject, Mapping, Union)
"""The types of values whose deep copy is a different value."""
_MAX_DEPTH: Final = 50
"""The nesting depth beyond which a copy is unresolved."""


class _DeepCopy(Struct):
    """One call of `copy.deepcopy`. Values that are reachable by several paths are copied once."""

    interpreter: Interpreter
    place: SourcePlace
    copies: dict[int, Value] = field(default_factory=dict)
    """The copies so far, by the serial of the original cell."""

    def copy_of(self, value: Value, depth: int) -> Value:
        """Return the copy of a value at a nesting depth."""
        if isinstance(value, Event | EventPart | Payload):
            return UNKNOWN  # the copy may be changed
        if not isinstance(value, _DEEPLY_COPIED):
            return value
        if depth > _MAX_DEPTH:
            return Unresolved("its copy contains too many values", self.place)
        self.interpreter.budget.spend(Limit.ELEMENTS, 1)
        match value:
            case Union(cases=cases):
                copied = tuple(replace(case, value=self.copy_of(case.value, depth + 1)) for case in cases)
                return Union(copied, value.discriminant, value.place)
            case FunctionValue():
                return self._copy_function(value, depth)
            case _ if value.state.serial in self.copies:
                return self.copies[value.state.serial]
            case Collection():
                return self._copy_collection(value, depth)
            case Mapping():
                return self._copy_mapping(value, depth)
            case _:
                return self._copy_object(value, depth)

    def _copy_function(self, value: FunctionValue, depth: int) -> Value:
        """Return a copy of a bound method or partial function. A plain function is its own copy."""
        receiver = value.receiver
        if isinstance(receiver, ProjectObject):
            receiver = self.copy_of(receiver, depth + 1)
        positional = tuple(self.copy_of(argument, depth + 1) for argument in value.positional)
        keywords = tuple((name, self.copy_of(argument, depth + 1)) for name, argument in value.keywords)
        return replace(value, receiver=receiver, positional=positional, keywords=keywords)

    def _copy_collection(self, value: Collection, depth: int) -> Value:
        if value.lazy is not None:
            return value  # Python raises a TypeError
        copy = replace(make_result_collection(self.interpreter, value.kind, ()), max_size=value.max_size)
        self.copies[value.state.serial] = copy
        items = tuple(replace(item, value=self.copy_of(item.value, depth + 1)) for item in value.items)
        self._fill(copy.state, value.state, items)
        return copy

    def _copy_mapping(self, value: Mapping, depth: int) -> Value:
        cell = make_mapping(self.interpreter, ()).state
        copy = replace(value, state=cell, loop_depth=self.interpreter.loop_depth, hidden=True)
        self.copies[value.state.serial] = copy
        entries = tuple(replace(entry, value=self.copy_of(entry.value, depth + 1)) for entry in value.entries)
        self._fill(cell, value.state, entries)
        return copy

    def _fill(self, cell: HeapCell, original: HeapCell, elements: tuple[object, ...]) -> None:
        self.interpreter.store.write(cell, "items", elements)
        cell.unordered = original.unordered

    def _copy_object(self, value: ProjectObject, depth: int) -> Value:
        result = call_special(self.interpreter, value, ("__deepcopy__",), (UNKNOWN,), self.place)
        if result is not None:
            return result
        copy = ProjectObject(value.cls, self.interpreter.store.new(), value.may_be_replaced, value.is_from_body)
        self.copies[value.state.serial] = copy
        self.interpreter.store.record_read_of_names(value.state)
        for name, attribute in list(value.state.items()):
            copied = self.copy_of(attribute, depth + 1) if isinstance(attribute, Value) else attribute
            self.interpreter.store.write(copy.state, name, copied)
        return copy
