"""Models of standard library functions that make collections or select elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.iteration import entries_of, items_of
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Constant,
    Entry,
    External,
    FunctionValue,
    Mapping,
    Value,
    possible,
)
from stepgraph.interpreter.python.arguments import made, mapping, ordered_like
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.syntax.module import Place


def make_dictionary(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`dict(other)`, `dict(pairs)`, `dict(a=1)`: what is not known of these may be in it, too."""
    entries: list[Entry] = []
    partial = False
    for argument in arguments.items:
        if argument.keyword is not None:
            entries.append(Entry(Constant(argument.keyword), argument.value, argument.place, argument.place))
            continue
        given = argument.value
        is_whole = not argument.star and not (isinstance(given, Mapping) and given.partial)
        found = entries_of(machine, given, place) if is_whole else None
        if found is None:
            entries = [replace(entry, maybe=True) for entry in entries]
            partial = True
        entries += given.entries if found is None and isinstance(given, Mapping) else found or ()
    return replace(mapping(machine, _last_of_each(entries), partial=partial), hidden=True)


def _last_of_each(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Leave out the entries that a later one of the same key surely replaces; that one is where the first was."""
    kept: dict[object, Entry] = {}
    for entry in entries:
        is_sure = isinstance(entry.key, Constant) and not entry.maybe
        kept[entry.key if is_sure else entry] = entry
    return tuple(kept.values())


def _from_keys(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`dict.fromkeys(keys, value)`."""
    keys = items_of(machine, arguments.items[0].value) if arguments.items else None
    value = arguments.items[1].value if len(arguments.items) > 1 else Constant(None)
    if keys is None:
        return replace(mapping(machine, (Entry(UNKNOWN, value, place, place, many=True),)), hidden=True)
    entries = (Entry(key.value, value, key.place, place, key.many, key.maybe) for key in keys)
    return replace(mapping(machine, tuple(entries)), hidden=True)


def _default_dictionary(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`defaultdict(list)`: what a missing key holds is made when it is asked for."""
    factory = arguments.items[0].value if arguments.items else None
    others = Arguments(arguments.items[1:])
    made_of = make_dictionary(machine, others, place)
    return replace(made_of, missing=factory) if isinstance(made_of, Mapping) else made_of


def _chain(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`itertools.chain(a, b)`: what is in any of them, one after another."""
    parts = [None if argument.star else items_of(machine, argument.value) for argument in arguments.items]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return call_unknown(machine, External("itertools.chain"), arguments, place)
    chained = made(machine, "list", tuple(item for part in known for item in part))
    for argument in arguments.items:
        chained.state.unordered |= ordered_like(argument.value, made(machine, "list", ())).state.unordered
    return chained


def _chain_from_iterable(machine: Machine, arguments: Arguments, place: Place) -> Value:
    rows = items_of(machine, arguments.items[0].value) if arguments.items else None
    name = External("itertools.chain.from_iterable")
    if rows is None or any(row.many or row.maybe for row in rows):
        return call_unknown(machine, name, arguments, place)
    return _chain(machine, Arguments(tuple(Argument(row.value, row.place) for row in rows)), place)


def _filtered(name: str, *, function_at: int | None) -> Callable[[Machine, Arguments, Place], Value]:
    """Return the model of a function that leaves out elements, those for which a function says so."""

    def model(machine: Machine, arguments: Arguments, place: Place) -> Value:
        at = 0 if function_at is None else 1 - function_at
        if len(arguments.items) <= at:
            return UNKNOWN
        function = UNKNOWN if function_at is None else arguments.items[function_at].value
        items = items_of(machine, arguments.items[at].value)
        if items is None or _may_run(machine, function, place):
            return call_unknown(machine, External(name), arguments, place)
        return ordered_like(arguments.items[at].value, made(machine, "list", tuple(map(possible, items))))

    return model


def _may_run(machine: Machine, function: Value, place: Place) -> bool:
    """Whether a function that is called with an element does anything with steps."""
    if not isinstance(function, FunctionValue):
        return function.relevant
    element = Arguments((Argument(UNKNOWN, place),))
    return bool(machine.branch(lambda: machine.call(function, element, place)).block.operations)


def _choice(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`random.choice(steps)`: any one of the elements."""
    items = items_of(machine, arguments.items[0].value) if arguments.items else None
    if items is None:
        return call_unknown(machine, External("random.choice"), arguments, place)
    return any_of([item.value for item in items], [item.place.text for item in items], place.text, place)


def _same(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """What looks at a dictionary: `types.MappingProxyType(table)`."""
    if len(arguments.items) == 1 and isinstance(arguments.items[0].value, Mapping):
        return arguments.items[0].value
    return make_dictionary(machine, arguments, place)


MODELS: Final[dict[str, Callable[[Machine, Arguments, Place], Value]]] = {
    "builtins.dict": make_dictionary,
    "builtins.dict.fromkeys": _from_keys,
    "collections.OrderedDict": make_dictionary,
    "collections.OrderedDict.fromkeys": _from_keys,
    "collections.UserDict": make_dictionary,
    "collections.defaultdict": _default_dictionary,
    "types.MappingProxyType": _same,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_from_iterable,
    "builtins.filter": _filtered("builtins.filter", function_at=0),
    "itertools.filterfalse": _filtered("itertools.filterfalse", function_at=0),
    "itertools.takewhile": _filtered("itertools.takewhile", function_at=0),
    "itertools.dropwhile": _filtered("itertools.dropwhile", function_at=0),
    "itertools.islice": _filtered("itertools.islice", function_at=None),
    "random.choice": _choice,
}
