"""What there is in a value that is iterated over."""

from __future__ import annotations

from msgspec.structs import replace

from stepgraph.limits import Limit
from stepgraph.program.known import CollectionKind
from stepgraph.program.lowering.arguments import made, ordered_like
from stepgraph.program.lowering.comprehensions import consumed
from stepgraph.program.lowering.functions import read_function
from stepgraph.program.lowering.machine import Machine
from stepgraph.program.values import Alternatives, Collection, GeneratorCall, Item, LazyItems, Mapping, Value


def materialized(machine: Machine, value: Value, kind: CollectionKind = "list") -> Value:
    """Return a value with a generator expression in it consumed: its loop is emitted here."""
    if isinstance(value, LazyItems):
        return consumed(machine, value.node, value.scope, kind)
    return value


def items_of(machine: Machine, value: Value) -> tuple[Item, ...] | None:
    """Return the elements of a value, None where they are not known."""
    match materialized(machine, value):
        case Collection(items=items):
            return items
        case Mapping(entries=entries):
            return tuple(Item(entry.key, entry.key_place, entry.many) for entry in entries)
        case GeneratorCall(function=function, arguments=arguments):
            yields = read_function(machine, function, arguments).yields
            machine.budget.spend(Limit.ELEMENTS, len(yields))
            return yields or None
        case Alternatives(options=options):
            parts = [items_of(machine, option.value) for option in options]
            return tuple(replace(item, maybe=True) for part in parts for item in part or ())
        case _:
            return None


def copied(machine: Machine, value: Value, kind: CollectionKind) -> Collection | None:
    """Return a new collection of the elements of a value, None where they are not known."""
    items = items_of(machine, value)
    return None if items is None else ordered_like(value, made(machine, kind, items))
