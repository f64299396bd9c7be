"""Models of functions that make or copy collections and objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.iteration import copied, entries_of, items_of
from stepgraph.interpreter.objects.methods import changed_copy
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    Event,
    ExternalResult,
    Instance,
    Mapping,
    MappingEntry,
    Payload,
    Union,
    Value,
)
from stepgraph.interpreter.python.arguments import made, mapping
from stepgraph.ir.static_values import CollectionKind


@models("builtins.dict", "collections.OrderedDict", "collections.UserDict")
def make_dictionary(call: LibraryCall) -> Value:
    """`dict(other)`, `dict(pairs)`, `dict(a=1)`: what is not known of these may be in it, too."""
    entries: list[MappingEntry] = []
    partial = False
    for argument in call.arguments.items:
        if argument.keyword is not None:
            entries.append(MappingEntry(Constant(argument.keyword), argument.value, argument.place, argument.place))
            continue
        given = argument.value
        is_whole = not argument.star and not (isinstance(given, Mapping) and given.partial)
        found = entries_of(call.interpreter, given, call.place) if is_whole else None
        if found is None:
            entries = [replace(entry, maybe=True) for entry in entries]
            partial = True
        entries += given.entries if found is None and isinstance(given, Mapping) else found or ()
    return replace(mapping(call.interpreter, _last_of_each(entries), partial=partial), hidden=True)


def _last_of_each(entries: Sequence[MappingEntry]) -> tuple[MappingEntry, ...]:
    """Leave out the entries that a later one of the same key surely replaces; that one is where the first was."""
    kept: dict[object, MappingEntry] = {}
    for entry in entries:
        is_sure = isinstance(entry.key, Constant) and not entry.maybe
        kept[entry.key if is_sure else entry] = entry
    return tuple(kept.values())


@models("builtins.dict.fromkeys", "collections.OrderedDict.fromkeys")
def _from_keys(call: LibraryCall) -> Value:
    """`dict.fromkeys(keys, value)`."""
    keys = items_of(call.interpreter, call.arguments.items[0].value) if call.arguments.items else None
    value = call.arguments.items[1].value if len(call.arguments.items) > 1 else Constant(None)
    if keys is None:
        return replace(
            mapping(call.interpreter, (MappingEntry(UNKNOWN, value, call.place, call.place, many=True),)), hidden=True
        )
    entries = (MappingEntry(key.value, value, key.place, call.place, key.many, key.maybe) for key in keys)
    return replace(mapping(call.interpreter, tuple(entries)), hidden=True)


@models("collections.defaultdict")
def _default_dictionary(call: LibraryCall) -> Value:
    """`defaultdict(list)`: what a missing key holds is made when it is asked for."""
    factory = call.arguments.items[0].value if call.arguments.items else None
    others = Arguments(call.arguments.items[1:])
    made_of = make_dictionary(replace(call, arguments=others))
    return replace(made_of, missing=factory) if isinstance(made_of, Mapping) else made_of


@models("types.MappingProxyType")
def _same(call: LibraryCall) -> Value:
    """What looks at a dictionary: `types.MappingProxyType(table)`."""
    if len(call.arguments.items) == 1 and isinstance(call.arguments.items[0].value, Mapping):
        return call.arguments.items[0].value
    return make_dictionary(call)


@models("builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "collections.deque")
def _copy(call: LibraryCall) -> Value:
    """A collection of the elements of another one."""
    kind = _KINDS[call.name]
    if not call.arguments.items:
        return made(call.interpreter, kind, ())
    unknown = ExternalResult(call.name) if kind in ("deque", "frozenset") else UNKNOWN
    return copied(call.interpreter, call.first, kind) or unknown


_KINDS: Final[dict[str, CollectionKind]] = {
    "builtins.list": "list",
    "builtins.tuple": "tuple",
    "builtins.set": "set",
    "builtins.frozenset": "frozenset",
    "collections.deque": "deque",
}


@models("copy.copy", "copy.deepcopy", "copy.replace", "dataclasses.replace")
def _changed_copy(call: LibraryCall) -> Value:
    """A copy of an object or a collection, with other attributes."""
    original = call.first
    if any(change.keyword is None for change in call.arguments.items[1:]):
        return call.unmodeled()
    if isinstance(original, Instance):
        return changed_copy(call.interpreter, original, call.arguments, call.place)
    if isinstance(original, Collection):
        return copied(call.interpreter, original, original.kind) or UNKNOWN
    if isinstance(original, Mapping):
        copy = replace(mapping(call.interpreter, original.entries, partial=original.partial), hidden=True)
        copy.state.unordered = original.state.unordered
        return copy
    if isinstance(original, Union):
        rest = call.arguments.items[1:]
        return call.interpreter.choose(
            original,
            lambda chosen: _changed_copy(replace(call, arguments=Arguments((Argument(chosen, call.place), *rest)))),
        )
    if isinstance(original, Event | Payload) or not original.relevant or len(call.arguments.items) > 1:
        return call.unmodeled()
    return original
