"""What there is in a value that is iterated over."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.classes import field_names
from stepgraph.interpreter.objects.special_methods import iterated
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Collection,
    Element,
    GeneratorCall,
    GeneratorExpression,
    Instance,
    Mapping,
    MappingEntry,
    Union,
    Unresolved,
    Value,
    hide_constants,
)
from stepgraph.interpreter.python.arguments import made, ordered_like
from stepgraph.interpreter.python.comprehensions import consumed
from stepgraph.interpreter.python.generators import all_of
from stepgraph.ir.static_values import CollectionKind
from stepgraph.syntax.module import Place


def materialized(interpreter: Interpreter, value: Value, kind: CollectionKind = "list") -> Value:
    """Return a value with a generator expression in it consumed: its loop is emitted here."""
    if isinstance(value, GeneratorExpression):
        return consumed(interpreter, value.node, value.scope, kind)
    return value


def items_of(interpreter: Interpreter, value: Value) -> tuple[Element, ...] | None:
    """Return the elements of a value, None where they are not known."""
    match materialized(interpreter, value):
        case Collection(items=items):
            return items
        case Mapping(entries=entries):
            return tuple(Element(entry.key, entry.key_place, entry.many) for entry in entries)
        case GeneratorCall() as generator:
            return all_of(interpreter, generator) or None
        case Unresolved(place=place) as unresolved:
            return (Element(unresolved, place, many=True),)
        case Instance() as instance:
            return _items_of_object(interpreter, instance)
        case Union(cases=cases):
            parts = [items_of(interpreter, case.value) for case in cases]
            return tuple(replace(item, maybe=True) for part in parts for item in part or ())
        case _:
            return None


def _items_of_object(interpreter: Interpreter, instance: Instance) -> tuple[Element, ...] | None:
    """Return what an object of the project gives: by its `__iter__`, or the fields of a named tuple."""
    place = Place(instance.of.scope.module, instance.of.node)
    found = iterated(interpreter, instance, place)
    if found is not instance:
        return items_of(interpreter, found)
    fields = tuple(Element(instance.state.get(name, UNKNOWN), place) for name in field_names(instance.of))
    if not fields:
        interpreter.escape(instance, place, "is in an object that is iterated over in a way that is not followed")
    return fields or None


def copied(interpreter: Interpreter, value: Value, kind: CollectionKind) -> Collection | None:
    """Return a new collection of the elements of a value, None where they are not known."""
    items = items_of(interpreter, value)
    return None if items is None else ordered_like(value, made(interpreter, kind, items))


def entries_of(interpreter: Interpreter, value: Value, place: Place) -> tuple[MappingEntry, ...] | None:
    """Return the entries that a value gives a dictionary: those of another one, or pairs. None if not all are known."""
    if isinstance(value, Mapping):
        if value.partial:
            return None
        return value.entries if value.shows_constants else tuple(map(_hidden_entry, value.entries))
    items = None if isinstance(value, Union) else items_of(interpreter, value)
    pairs = None if items is None else [_pair_of(item) for item in items]
    if pairs is None or None in pairs:
        interpreter.escape(value, place, "is put into a dictionary in a way that is not followed")
        return None
    return tuple(pair for pair in pairs if pair is not None)


def _hidden_entry(entry: MappingEntry) -> MappingEntry:
    return replace(entry, value=hide_constants(entry.value))


def _pair_of(item: Element) -> MappingEntry | None:
    pair = item.value
    if not isinstance(pair, Collection) or not pair.has_known_order or len(pair.items) != _PAIR:
        return None
    key, value = pair.items
    return MappingEntry(key.value, value.value, key.place, value.place, item.many, item.maybe)


_PAIR: Final = 2
