"""Functions of the standard library that make collections, or take something of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from stepgraph.program.lowering.arguments import made, mapping, ordered_like
from stepgraph.program.lowering.calls import call_unknown
from stepgraph.program.lowering.iteration import items_of
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.lowering.union import any_of
from stepgraph.program.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    Entry,
    External,
    FunctionValue,
    Instance,
    Item,
    Mapping,
    Value,
    hidden,
    possible,
)
from stepgraph.syntax.module import Place

_PAIR: Final = 2


def make_dictionary(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`dict(other)`, `dict(pairs)`, `dict(a=1)`: what is not known of these may be in it, too."""
    del place
    entries: list[Entry] = []
    partial = False
    for argument in arguments.items:
        if argument.keyword is not None:
            entries.append(Entry(Constant(argument.keyword), argument.value, argument.place, argument.place))
            continue
        found = None if argument.star else _entries(machine, argument.value)
        entries += found or ()
        partial = partial or found is None or (isinstance(argument.value, Mapping) and argument.value.partial)
    return replace(mapping(machine, tuple(entries), partial=partial), hidden=True)


def _entries(machine: Machine, value: Value) -> tuple[Entry, ...] | None:
    """Return the entries of a dictionary, or those that pairs are; None where they are not known."""
    if isinstance(value, Mapping):
        return value.entries
    items = items_of(machine, value)
    if items is None:
        return None
    pairs = [item.value.items if isinstance(item.value, Collection) else () for item in items]
    if not all(len(pair) == _PAIR for pair in pairs):
        return None
    return tuple(
        Entry(pair[0].value, pair[1].value, pair[0].place, pair[1].place, item.many, item.maybe)
        for pair, item in zip(pairs, items, strict=True)
    )


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


def _one_of(name: str) -> Callable[[Machine, Arguments, Place], Value]:
    """Return the model of a function that gives one of the elements, or of its arguments."""

    def model(machine: Machine, arguments: Arguments, place: Place) -> Value:
        positional = [argument for argument in arguments.items if argument.keyword is None]
        if any(_may_run(machine, argument.value, place) for argument in arguments.items if argument.keyword == "key"):
            return call_unknown(machine, External(name), arguments, place)
        items = [Item(argument.value, argument.place) for argument in positional]
        if len(positional) == 1:
            items = list(items_of(machine, positional[0].value) or ())
        if not any(item.value.relevant for item in items):
            return UNKNOWN
        return any_of([item.value for item in items], [item.place.text for item in items], place.text, place)

    return model


def _same(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """What looks at a dictionary: `types.MappingProxyType(table)`."""
    if len(arguments.items) == 1 and isinstance(arguments.items[0].value, Mapping):
        return arguments.items[0].value
    return make_dictionary(machine, arguments, place)


def _replaced(machine: Machine, arguments: Arguments, place: Place) -> Value:
    """`dataclasses.replace(order, status=...)`: another object of the class, with some fields changed."""
    changes = arguments.items[1:]
    if not arguments.items or any(change.keyword is None for change in changes):
        return call_unknown(machine, External("dataclasses.replace"), arguments, place)
    value = arguments.items[0].value
    if not isinstance(value, Instance):
        return call_unknown(machine, External("dataclasses.replace"), arguments, place)
    instance = Instance(value.of, machine.store.new(), value.doubtful)
    for name, held in value.state.items():
        machine.store.write(instance.state, name, held)
    for change in changes:
        if change.keyword is not None:
            machine.store.write(instance.state, change.keyword, hidden(change.value))
    return instance


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
    "builtins.max": _one_of("builtins.max"),
    "builtins.min": _one_of("builtins.min"),
    "random.choice": _one_of("random.choice"),
    "dataclasses.replace": _replaced,
    "copy.replace": _replaced,
}
