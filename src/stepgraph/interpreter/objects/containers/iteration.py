"""Elements and entries of iterable values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import NO_EXCLUSIVE_TASKS, ExclusiveTasks, join_slot, on_path, union_values
from stepgraph.interpreter.objects.classes import class_member, enum_members
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.entries import CopiedEntries, exact_key, iterated_entries
from stepgraph.interpreter.objects.containers.iterators import is_certainly_empty, is_lazy, take_elements
from stepgraph.interpreter.objects.special_methods import call_special, iterator_of
from stepgraph.interpreter.objects.union import may_be_unset, with_fallback
from stepgraph.interpreter.python.arguments import derived_from, is_unordered, make_mapping, make_result_collection
from stepgraph.interpreter.python.generator_expressions import consume_generator_expression
from stepgraph.interpreter.python.loops.generators import consume_generator
from stepgraph.interpreter.values.calls import (
    Arguments,
    FunctionCoroutine,
    GeneratorCall,
    GeneratorExpression,
    StepCall,
    WaitCall,
)
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry, hide_constants
from stepgraph.interpreter.values.objects import (
    COMPUTED_NAME,
    HIDDEN_ITEM,
    AttributeDictionary,
    ClassValue,
    ProjectObject,
)
from stepgraph.interpreter.values.shown_elements import shown_entries
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import UNKNOWN, Constant, Unresolved, Value, is_none
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace


def materialize_generator(
    interpreter: Interpreter, value: Value, kind: CollectionKind = "list", *, exhausts: bool = False
) -> Value:
    """Return the remaining elements of a generator expression or iterator as a collection.

    For an object whose class derives from a collection, return its collection. Other values are returned unchanged.
    With `exhausts`, the caller consumes all elements. The loop of a generator expression is emitted.
    """
    match value:
        case GeneratorExpression():
            return consume_generator_expression(interpreter, value, kind, exhausts=exhausts)
        case Collection():
            return take_elements(interpreter, value, exhausts=exhausts)
        case ProjectObject():
            return as_collection(interpreter, value, "__iter__")
        case Union() if any(map(is_lazy, union_values(value))):
            return interpreter.apply_to_cases(
                value, lambda chosen: materialize_generator(interpreter, chosen, kind, exhausts=exhausts)
            )
        case _:
            return value


def elements_of(interpreter: Interpreter, value: Value, *, exhausts: bool = True) -> tuple[Element, ...] | None:
    """Return the elements of an iterable value. Return None if they are unknown.

    The call consumes an iterator. Without `exhausts`, some elements of the iterator may remain.
    """
    match materialize_generator(interpreter, value, exhausts=exhausts):
        case Collection(items=items):
            return items
        case Mapping() as mapping:
            entries = iterated_entries(mapping).entries
            return tuple(Element(entry.key, entry.key_place, entry.many, entry.may_be_missing) for entry in entries)
        case GeneratorCall() as generator:
            return consume_generator(interpreter, generator, exhausts=exhausts) or None
        case Unresolved(place=place) as unresolved:
            return (Element(unresolved, place, many=True),)
        case ClassValue() as class_value:
            return enum_members(interpreter, class_value)
        case ProjectObject() as instance:
            return _elements_of_open_object(interpreter, instance, exhausts=exhausts)
        case Union(cases=cases, place=place, since=since):
            return tuple(
                replace(item, value=on_path(item.value, (), ExclusiveTasks(since)), may_be_missing=True)
                for case in cases
                for item in _elements_of_case(interpreter, case.value, place, exhausts=exhausts)
            )
        case _:
            return None


def _elements_of_case(
    interpreter: Interpreter, value: Value, place: SourcePlace, *, exhausts: bool
) -> tuple[Element, ...]:
    """Return the elements of one case of a union.

    Unresolved elements are one unknown element at `place` that may repeat.
    """
    items = elements_of(interpreter, value, exhausts=exhausts)
    if items is not None:
        return items
    return () if is_none(value) else (Element(UNKNOWN, place, many=True),)


def _elements_of_open_object(
    interpreter: Interpreter, instance: ProjectObject, *, exhausts: bool
) -> tuple[Element, ...] | None:
    """Return the elements of a project object, or an unresolved element if its iterator iterates over the object."""
    place = SourcePlace(instance.cls.scope.module, instance.cls.node)
    open_objects = interpreter.work.open_objects
    if instance in open_objects or len(open_objects) >= MAX_OPEN_OBJECTS:
        return (Element(Unresolved("its iterator iterates over the object itself", place), place, many=True),)
    open_objects.append(instance)
    try:
        return _elements_of_object(interpreter, instance, exhausts=exhausts)
    finally:
        open_objects.pop()


MAX_OPEN_OBJECTS: Final = 16
"""The maximum number of objects whose iterators iterate over each other."""


def _elements_of_object(
    interpreter: Interpreter, instance: ProjectObject, *, exhausts: bool
) -> tuple[Element, ...] | None:
    """Return the elements of a project object. Return None if they are unknown.

    The elements come from `__iter__` or from the results of `__getitem__`.
    """
    place = SourcePlace(instance.cls.scope.module, instance.cls.node)
    iterator = iterator_of(interpreter, instance, place)
    if iterator is not instance:
        return elements_of(interpreter, iterator, exhausts=exhausts)
    if class_member(interpreter, instance, "__iter__") is None:
        from stepgraph.interpreter.python.loops.interpretation import LoopBounds, interpret_loop

        results: list[Value | None] = []

        def get_item() -> None:
            results.append(call_special(interpreter, instance, ("__getitem__",), (UNKNOWN,), place))

        interpret_loop(interpreter, get_item, None, place, LoopBounds())
        if results[-1] is not None:
            return (Element(results[-1], place, many=True),)
    interpreter.escape(instance, place, "is in an object that is iterated over, which stepgraph does not model")
    return None


def added_elements(interpreter: Interpreter, value: Value, place: SourcePlace) -> Collection:
    """Return the elements that an iterable adds to a collection: an unknown element if the iterable is unknown."""
    value = materialize_generator(interpreter, value, exhausts=True)
    elements = value if isinstance(value, Collection) else copy_elements(interpreter, value, "list")
    if elements is not None and elements.items:
        return elements
    if isinstance(value, ClassValue):  # its metaclass may have a method `__iter__`
        interpreter.escape(value, place, "is iterated over, which stepgraph does not model")
    items = () if is_certainly_empty(interpreter, value) else (Element(UNKNOWN, place, many=True),)
    return make_result_collection(interpreter, "list", items)


def copy_elements(interpreter: Interpreter, value: Value, kind: CollectionKind) -> Collection | None:
    """Return a new collection of the elements of an iterable value. Return None if they are unknown."""
    value = materialize_generator(interpreter, value, exhausts=True)
    items = elements_of(interpreter, value)
    if items is None:
        return None
    return derived_from(value, make_result_collection(interpreter, kind, items))


def entries_of(interpreter: Interpreter, value: Value, place: SourcePlace) -> CopiedEntries:
    """Return the entries of a dictionary or of an iterable of pairs."""
    value = as_collection(interpreter, value, "keys", "__iter__", "__getitem__")
    if isinstance(value, Mapping):
        return CopiedEntries(
            shown_entries(value, place), is_complete=not value.partial, is_ordered=not is_unordered(value)
        )
    if isinstance(value, Union):
        return _entries_of_cases(interpreter, value, place)
    if isinstance(value, AttributeDictionary) and COMPUTED_NAME not in value.owner.state:
        entries = tuple(_entries_of_attributes(interpreter, value.owner, place))
        return CopiedEntries(entries, is_complete=True, is_ordered=not value.owner.state.unordered)
    if isinstance(value, StepCall | WaitCall | FunctionCoroutine):
        return CopiedEntries((), is_complete=False)  # copying from a coroutine raises a TypeError
    items = elements_of(interpreter, value)
    pairs = None if items is None else [_pair_of(item) for item in items]
    if pairs is None or None in pairs:
        parts = [value] if items is None or isinstance(value, ProjectObject) else [item.value for item in items]
        for part in parts:
            interpreter.escape(part, place, "is stored in a dictionary, which stepgraph does not model")
        return CopiedEntries(tuple(_unknown_entries(interpreter, parts, place)), is_complete=False)
    entries = tuple(pair for pair in pairs if pair is not None)
    return CopiedEntries(entries, is_complete=True, is_ordered=not is_unordered(value))


def _entries_of_cases(interpreter: Interpreter, value: Union, place: SourcePlace) -> CopiedEntries:
    """Return the entries of all cases of a value, which may be missing in some. Copying from None raises an error."""
    copied = [entries_of(interpreter, case.value, place) for case in value.cases if not is_none(case.value)]
    interpreter.budget.spend(Limit.ELEMENTS, sum(len(each.entries) for each in copied))
    branches = [(None, each.entries) for each in copied]
    entries = join_slot(interpreter.budget, branches, None, place, NO_EXCLUSIVE_TASKS) if branches else ()
    is_complete = all(each.is_complete for each in copied)
    is_ordered = all(each.is_ordered for each in copied) and _have_same_order([each.entries for each in copied])
    return CopiedEntries(entries, is_complete, is_ordered)


def _have_same_order(dictionaries: Sequence[Sequence[MappingEntry]]) -> bool:
    """Return whether a join of dictionaries, which keeps the order of first appearance, has the order of each."""
    positions: dict[object, int] = {}
    for entries in dictionaries:
        order = [positions.setdefault((entry.place.node, exact_key(entry.key)), len(positions)) for entry in entries]
        if order != sorted(order):
            return False
    return True


def copy_attributes(
    interpreter: Interpreter, owner: AttributeDictionary, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `copy` of an object's `__dict__`."""
    del arguments
    copied = entries_of(interpreter, owner, place)
    dictionary = make_mapping(interpreter, copied.entries, partial=not copied.is_complete)
    dictionary.state.unordered = not copied.is_ordered
    return replace(dictionary, hidden=True)


def _entries_of_attributes(
    interpreter: Interpreter, owner: ProjectObject, place: SourcePlace
) -> Iterator[MappingEntry]:
    """Yield the entries of the `__dict__` of an object, without constants, because assignments may change them."""
    interpreter.store.record_read_of_names(owner.state)
    for name, slot in tuple(owner.state.items()):
        key = name.removeprefix(HIDDEN_ITEM)
        if key.isidentifier():
            value = interpreter.attribute(owner, name, place) if key == name else with_fallback(slot, None)
            yield MappingEntry(Constant(key), hide_constants(value), place, place, may_be_missing=may_be_unset(slot))


def _unknown_entries(interpreter: Interpreter, parts: Sequence[Value], place: SourcePlace) -> Iterator[MappingEntry]:
    """Yield entries for the values that a dictionary may get from sources of unknown pairs, if they may lead to a step.

    A pair of unknown length contains its value.
    """
    for value in (value for part in parts for value in _paired_values(interpreter, part, place)):
        if value.relevant and not isinstance(value, Event | Payload):
            yield MappingEntry(UNKNOWN, value, place, place, many=True, may_be_missing=True)


def _paired_values(interpreter: Interpreter, part: Value, place: SourcePlace) -> Iterator[Value]:
    """Yield the values that a pair may contain, or an unresolved value if they are unknown."""
    for pair in union_values(part):
        items = elements_of(interpreter, pair) if isinstance(pair, Collection | Mapping) else None
        if items is not None:
            yield from (item.value for item in items)
        elif pair.relevant and not isinstance(pair, Event | Payload):
            yield Unresolved("some entries of the dictionary are unknown", place)


def _pair_of(item: Element) -> MappingEntry | None:
    pair = item.value
    if not isinstance(pair, Collection) or not pair.has_definite_order or len(pair.items) != _PAIR:
        return None
    key, value = pair.items
    return MappingEntry(key.value, value.value, key.place, value.place, item.many, item.may_be_missing)


_PAIR: Final = 2
