"""Elements and entries of iterable values."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.classes import enum_members
from stepgraph.interpreter.objects.instances import field_names
from stepgraph.interpreter.objects.iterators import is_lazy, take_elements
from stepgraph.interpreter.objects.special_methods import iterator_of
from stepgraph.interpreter.python.arguments import make_result_collection, ordered_like
from stepgraph.interpreter.python.assignment import field_value
from stepgraph.interpreter.python.comprehensions import consume_generator_expression
from stepgraph.interpreter.python.generators import consume_generator
from stepgraph.interpreter.values.calls import GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry, hide_constants
from stepgraph.interpreter.values.objects import ClassValue, Instance
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import Unresolved, Value
from stepgraph.syntax.module import Place


def materialize_generator(
    interpreter: Interpreter, value: Value, kind: CollectionKind = "list", *, exhausts: bool = False
) -> Value:
    """Return a value, a generator expression or an iterator as the collection of its remaining elements.

    With `exhausts`, certainly all of them are used up. The loop of a generator expression is emitted.
    """
    match value:
        case GeneratorExpression():
            return consume_generator_expression(interpreter, value, kind, exhausts=exhausts)
        case Collection():
            return take_elements(interpreter, value, exhausts=exhausts)
        case Union() if any(map(is_lazy, union_values(value))):
            return interpreter.apply_to_cases(
                value, lambda chosen: materialize_generator(interpreter, chosen, kind, exhausts=exhausts)
            )
        case _:
            return value


def elements_of(interpreter: Interpreter, value: Value, *, exhausts: bool = True) -> tuple[Element, ...] | None:
    """Return the elements of an iterable value, None if they are unknown.

    An iterator is used up: with `exhausts` completely, else some of its elements may remain.
    """
    match materialize_generator(interpreter, value, exhausts=exhausts):
        case Collection(items=items):
            return items
        case Mapping(entries=entries):
            return tuple(Element(entry.key, entry.key_place, entry.many, entry.may_be_missing) for entry in entries)
        case GeneratorCall() as generator:
            return consume_generator(interpreter, generator, exhausts=exhausts) or None
        case Unresolved(place=place) as unresolved:
            return (Element(unresolved, place, many=True),)
        case ClassValue() as class_value:
            return enum_members(interpreter, class_value)
        case Instance() as instance:
            return _elements_of_object(interpreter, instance, exhausts=exhausts)
        case Union(cases=cases):
            items_by_case = [elements_of(interpreter, case.value, exhausts=exhausts) for case in cases]
            return tuple(replace(item, may_be_missing=True) for items in items_by_case for item in items or ())
        case _:
            return None


def _elements_of_object(interpreter: Interpreter, instance: Instance, *, exhausts: bool) -> tuple[Element, ...] | None:
    """Return the elements of an object of the project, from its `__iter__` or the fields of a named tuple."""
    place = Place(instance.cls.scope.module, instance.cls.node)
    iterator = iterator_of(interpreter, instance, place)
    if iterator is not instance:
        return elements_of(interpreter, iterator, exhausts=exhausts)
    fields = tuple(Element(field_value(interpreter, instance, name), place) for name in field_names(instance.cls))
    if not fields:
        interpreter.escape(instance, place, "is in an object that is iterated over in a way that is not followed")
    return fields or None


def copy_elements(interpreter: Interpreter, value: Value, kind: CollectionKind) -> Collection | None:
    """Return a new collection of the elements of an iterable value, None if they are unknown."""
    value = materialize_generator(interpreter, value, exhausts=True)
    items = elements_of(interpreter, value)
    return None if items is None else ordered_like(value, make_result_collection(interpreter, kind, items))


def entries_of(interpreter: Interpreter, value: Value, place: Place) -> tuple[MappingEntry, ...] | None:
    """Return the entries of a dictionary or an iterable of pairs, None if some are unknown."""
    if isinstance(value, Mapping):
        if value.partial:
            return None
        return value.entries if value.shows_constants else tuple(map(_hidden_entry, value.entries))
    items = None if isinstance(value, Union) else elements_of(interpreter, value)
    pairs = None if items is None else [_pair_of(item) for item in items]
    if pairs is None or None in pairs:
        interpreter.escape(value, place, "is put into a dictionary in a way that is not followed")
        return None
    return tuple(pair for pair in pairs if pair is not None)


def _hidden_entry(entry: MappingEntry) -> MappingEntry:
    return replace(entry, value=hide_constants(entry.value))


def _pair_of(item: Element) -> MappingEntry | None:
    pair = item.value
    if not isinstance(pair, Collection) or not pair.has_definite_order or len(pair.items) != _PAIR:
        return None
    key, value = pair.items
    return MappingEntry(key.value, value.value, key.place, value.place, item.many, item.may_be_missing)


_PAIR: Final = 2
