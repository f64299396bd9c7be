"""Subscripts of payloads, collections, classes and objects with special methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import ValueSet
from stepgraph.interpreter.escapes import NOT_MODELED
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import MAX_CASES, join_values, union_values
from stepgraph.interpreter.objects.classes import (
    derives_from_value_enumeration,
    enum_members,
    resolution_order,
    select_member,
)
from stepgraph.interpreter.objects.containers.changes import add_default_entry, add_entry_if_missing
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.entries import as_key, exact_key, key_texts, may_be_equal, table_of
from stepgraph.interpreter.objects.containers.iterators import missing_element
from stepgraph.interpreter.objects.names import is_globals_call
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.objects.union import record_read_of_element, union_of_values, union_with_numbers
from stepgraph.interpreter.python.arguments import derived_from, make_collection
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import (
    Collection,
    Element,
    Mapping,
    MappingEntry,
    hide_constants,
    without_constants,
)
from stepgraph.interpreter.values.data import data_objects, is_event_data
from stepgraph.interpreter.values.objects import (
    UNKNOWN_ITEM,
    AttributeDictionary,
    ClassValue,
    FunctionValue,
    ProjectObject,
)
from stepgraph.interpreter.values.shown_elements import hidden_like
from stepgraph.interpreter.values.steps import Event, EventPart, Payload
from stepgraph.interpreter.values.unions import Case, Union, as_optional, on_some_paths
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    Absent,
    Constant,
    External,
    Nondeterministic,
    Template,
    Unresolved,
    Value,
    is_foreign,
    join_taint,
)
from stepgraph.syntax.module import SourcePlace


class ElementKey(NamedTuple):
    """The evaluated key of a subscript."""

    value: Value
    """The key, which is a tuple if the subscript has several indices. It is unknown if the subscript has a slice."""
    node: cst.BaseExpression
    """The expression that the graph shows as the key."""
    bounds: tuple[Any, ...] | None = None
    """The bounds of a slice: constants, None for a missing bound, or abstract values. None for other subscripts."""


def evaluate_key(interpreter: Interpreter, node: cst.Subscript) -> ElementKey:
    """Evaluate the indices and the slice bounds of a subscript, in this order of the source."""
    values: list[Value | tuple[Any, ...]] = []
    for element in node.slice:
        part = element.slice
        if isinstance(part, cst.Index):
            values.append(interpreter.evaluate(part.value))
        elif isinstance(part, cst.Slice):
            values.append(tuple(_evaluate_bound(interpreter, bound) for bound in (part.lower, part.upper, part.step)))
    if len(values) == 1:
        key = values[0]
        if isinstance(key, tuple):
            return ElementKey(UNKNOWN, node, key)
        return ElementKey(key, _index_of(node.slice[0]) or node)
    indices = [index for element in node.slice if (index := _index_of(element)) is not None]
    return ElementKey(
        _tuple_of(interpreter, values, indices),
        cst.Tuple([cst.Element(index) for index in indices], lpar=[], rpar=[]),
    )


def _tuple_of(
    interpreter: Interpreter, values: list[Value | tuple[Any, ...]], indices: list[cst.BaseExpression]
) -> Value:
    elements = [
        Element(value, interpreter.place(index))
        for value, index in zip(values, indices, strict=False)
        if isinstance(value, Value)
    ]
    return make_collection(interpreter, "tuple", tuple(elements)) if len(elements) == len(values) else UNKNOWN


def _index_of(element: cst.SubscriptElement) -> cst.BaseExpression | None:
    return element.slice.value if isinstance(element.slice, cst.Index) else None


def _evaluate_bound(interpreter: Interpreter, part: cst.BaseExpression | None) -> object:
    """Return a slice bound: its constant, None if the bound is missing, or the abstract value of any other bound."""
    value = Constant(None) if part is None else interpreter.evaluate(part)
    return value.value if isinstance(value, Constant) else value


def element_of(interpreter: Interpreter, node: cst.Subscript, owner: Value, key: ElementKey) -> Value:
    """Return the value of a subscript whose object has the value `owner`."""
    element = _element_of(interpreter, node, owner, key)
    interpreter.tracer.on_element_read(node, element)
    return element


def _element_of(interpreter: Interpreter, node: cst.Subscript, owner: Value, key: ElementKey) -> Value:
    from stepgraph.interpreter.objects.attributes.dynamic import get_global, own_module

    if key.bounds is not None:
        return _slice(interpreter, owner, key.bounds, interpreter.place(node))
    key_place, place = interpreter.place(key.node), interpreter.place(node)
    interpreter.tracer.on_event_key("read", owner, key.value, interpreter.place(node.value), place)
    if is_globals_call(interpreter, node.value):
        member = get_global(interpreter, Argument(key.value, key_place), place)
        return UNKNOWN if member is None else member
    if owner == External("sys.modules") and key.value == External("builtins.__name__"):
        return own_module(interpreter)
    return get_item(interpreter, owner, key.value, key_place, place)


def _slice(interpreter: Interpreter, owner: Value, bounds: tuple[Any, ...], place: SourcePlace) -> Value:
    if isinstance(owner, Nondeterministic):
        return replace(owner, result_name="")
    owner = as_collection(interpreter, owner, "__getitem__")
    result = call_special(interpreter, owner, ("__getitem__",), (UNKNOWN,), place)
    if result is not None:
        return result
    if isinstance(owner, Union):
        owner = _merge_cases(interpreter, owner)
    if isinstance(owner, Unresolved):
        return owner
    if not isinstance(owner, Collection) or not (_has_relevant_item(owner) or _has_constants(owner)):
        interpreter.escape_operand(owner, place, "is sliced, which stepgraph does not model")
        return UNKNOWN
    if owner.has_definite_order and all(isinstance(bound, int | None) for bound in bounds):
        selected = owner.items[slice(*bounds)]
        selected_ids = set(map(id, selected))
        interpreter.store.record_unselected(item for item in owner.items if id(item) not in selected_ids)
        return hidden_like((owner,), derived_from(owner, make_collection(interpreter, owner.kind, selected)))
    if not _has_relevant_item(owner):
        return UNKNOWN
    copy = make_collection(interpreter, owner.kind, tuple(map(as_optional, owner.items)))
    copy.state.unordered = True
    return copy


def _merge_cases(interpreter: Interpreter, owner: Union) -> Value:
    """Return a list with the elements of all cases of a union, as needed for `todo = todo[10:]` in a loop."""
    from stepgraph.interpreter.objects.containers.iteration import elements_of

    items: dict[int, Element] = {id(item.value): item for item in elements_of(interpreter, owner) or ()}
    merged = make_collection(interpreter, "list", tuple(items.values()))
    merged.state.unordered = True
    return merged if items else UNKNOWN


def get_item(interpreter: Interpreter, owner: Value, key: Value, key_place: SourcePlace, place: SourcePlace) -> Value:
    """Evaluate `owner[key]`, including the operations of a special method."""
    key = as_key(key)
    if isinstance(owner, Union) and any(map(_runs_code_for_item, union_values(owner))):
        return interpreter.apply_to_cases(owner, lambda chosen: get_item(interpreter, chosen, key, key_place, place))
    collection = as_collection(interpreter, owner, "__getitem__")
    if isinstance(collection, Mapping) and isinstance(owner, ProjectObject):
        return _entry_of_object(interpreter, owner, collection, Argument(key, key_place), place)
    owner = collection
    result = call_special(interpreter, owner, ("__getitem__",), (key,), place)
    if result is None and isinstance(owner, ClassValue):
        result = _call_class_getitem(interpreter, owner, key, place)
        if result is None:
            result = _enum_member(interpreter, owner, key, place)
    if result is not None:
        return result
    if owner == External("sys.modules"):
        return Unresolved("a module is looked up by name", place)
    if isinstance(owner, AttributeDictionary):
        # Imported here because few programs read `__dict__`.
        from stepgraph.interpreter.objects.attributes.attribute_dictionaries import get_attribute_item

        return get_attribute_item(interpreter, owner.owner, Argument(key, key_place), place)
    if is_foreign(owner):
        interpreter.escape_operand(key, place, f"is a key{NOT_MODELED}")
    if not isinstance(owner, _SUBSCRIPTABLE):
        interpreter.escape_operand(owner, place, "is subscripted, which stepgraph does not model")
    if isinstance(owner, Union):
        interpreter.count_cases(owner)
    element = _default_entry(interpreter, owner, key, key_place, place) if isinstance(owner, Mapping) else None
    if element is None:
        element = missing_element(interpreter, owner) or element_at(owner, key, key_place, place)
    record_read_of_element(interpreter.store, element)
    if isinstance(owner, Collection | Mapping):
        interpreter.store.record_selection(owner, element)
        if not isinstance(key, Constant):
            interpreter.tracer.on_lookup(owner, place)
    return element


def _enum_member(interpreter: Interpreter, owner: ClassValue, key: Value, place: SourcePlace) -> Value | None:
    """Return the member of an enumeration with a name. Return None for another class, such as a generic one."""
    member = select_member(interpreter, owner, place, lambda name, _: key == Constant(name))
    if member is not None:
        return member
    if enum_members(interpreter, owner) is None and not derives_from_value_enumeration(resolution_order(owner)):
        return None
    match key:
        case Constant(value=str(name)):
            return interpreter.attribute(owner, name, place)
        case _:
            return UNKNOWN


def _entry_of_object(
    interpreter: Interpreter, owner: ProjectObject, mapping: Mapping, key: Argument, place: SourcePlace
) -> Value:
    """Return the value at a key of an object that is a dictionary. `__missing__` is called for a missing key."""
    method = interpreter.attribute(owner, "__missing__", place)
    is_present = _contains_key(mapping, key.value)
    if not isinstance(method, FunctionValue) or is_present or _is_argument_of_missing(interpreter, method, key):
        return get_item(interpreter, mapping, key.value, key.place, place)
    if is_present is False:
        return interpreter.call(method, Arguments((key,)), place)
    before = replace(mapping, state=interpreter.store.new({"items": mapping.state.contents}))
    results: list[Value] = []
    condition = f"{key.place.text} is missing"
    path = interpreter.branch(lambda: results.append(interpreter.call(method, Arguments((key,)), place)), condition)
    interpreter.join_branches([(condition, path)], None, place)
    return entry_at(before, key.value, key.place, place, results[0])


def _is_argument_of_missing(interpreter: Interpreter, method: FunctionValue, key: Argument) -> bool:
    """Return whether a running `__missing__` looks up its own argument. It must have set the key to avoid recursion."""
    if not interpreter.active_functions.get(method.node):
        return False
    name = key.place.node.value if isinstance(key.place.node, cst.Name) else ""
    argument = method.node.params.params[1:2]
    return bool(argument) and interpreter.frame.scope.bindings.binders.get(name) == [*argument]


def _runs_code_for_item(owner: Value) -> bool:
    """Return whether a subscript of a value may run project code, or is a lookup of an attribute."""
    return isinstance(owner, ProjectObject | AttributeDictionary) or (
        isinstance(owner, Mapping) and owner.default_factory is not None
    )


def _default_entry(
    interpreter: Interpreter, owner: Mapping, key: Value, key_place: SourcePlace, place: SourcePlace
) -> Value | None:
    """Insert the default of a `defaultdict` at a key that may be missing.

    Return the value at the key. Return None if an ordinary lookup can find the value.
    """
    exact = exact_key(key)
    is_present = _contains_key(owner, key)
    if owner.default_factory is None or is_present:
        return None
    default = interpreter.call(owner.default_factory, Arguments(), place)
    entry = MappingEntry(key, default, key_place, place)
    is_exact = exact is not None and table_of(owner).is_exact
    if is_exact or (exact is not None and all(exact_key(entry.key) is not None for entry in owner.entries)):
        add_default_entry(interpreter, owner, entry)
        return None
    element = entry_at(owner, key, key_place, place, default)
    if default.relevant:
        add_entry_if_missing(interpreter, owner, entry)
    return element


_SUBSCRIPTABLE: Final = (Union, ClassValue, Collection, Event, Mapping, Payload, Unresolved)


def _call_class_getitem(interpreter: Interpreter, owner: ClassValue, key: Value, place: SourcePlace) -> Value | None:
    """Call `__class_getitem__` of a project class. Return None if the class lacks the method."""
    method = interpreter.attribute(owner, "__class_getitem__", place)
    if not isinstance(method, FunctionValue):
        return None
    arguments = Arguments.of(key, place)
    return interpreter.call(
        method if method.receiver is not None else replace(method, receiver=owner), arguments, place
    )


def _has_relevant_item(value: Collection) -> bool:
    return any(item.value.relevant for item in value.items)


def _has_constants(value: Collection) -> bool:
    """Return whether a collection is empty or has visible constants in a certain order, such as names of methods."""
    has_constants = value.has_definite_order and all(isinstance(item.value, Constant) for item in value.items)
    return has_constants and (value.read_as_empty() or value.shows_constants)


def element_at(owner: Value, key: Value, key_place: SourcePlace, place: SourcePlace) -> Value:
    """Return the value of `owner[key]` without running special methods."""
    match owner:
        case Event() | Payload():
            return payload_member(owner, key)
        case Mapping():
            return entry_at(owner, key, key_place, place, None)
        case Collection():
            return _item_at(owner, key, key_place, place)
        case Union(cases=cases, discriminant=discriminant):
            subscriptable = [case for case in cases if not isinstance(case.value, Constant)]
            parts = [(case.condition, element_at(case.value, key, key_place, place)) for case in subscriptable]
            if not parts:
                return UNKNOWN
            return join_values(parts, discriminant, owner.place)
        case Nondeterministic():
            return owner.element()
        case AttributeDictionary(owner=instance) if any(value.relevant for value in instance.state.values()):
            return Unresolved(UNKNOWN_ITEM, place)
        case Absent() | EventPart() | Unresolved() | ClassValue():
            return owner
        case _:
            return UNKNOWN


def payload_member(owner: Value, key: Value) -> Value:
    """Return the value at a key of an event or payload. A constant key becomes part of the payload shape."""
    if isinstance(owner, Union):
        parts = [(case.condition, payload_member(case.value, key)) for case in owner.cases]
        return join_values(parts, owner.discriminant, owner.place)
    if not isinstance(key, Constant) or not isinstance(key.value, str):
        return EventPart() if isinstance(owner, Payload) and owner.is_run_event else UNKNOWN
    if isinstance(owner, Event):
        return Payload(owner.shape, owner.is_run_event) if key.value == "payload" else UNKNOWN
    return Payload(owner.shape.at(key.value), owner.is_run_event) if isinstance(owner, Payload) else UNKNOWN


def entry_at(owner: Mapping, key: Value, key_place: SourcePlace, place: SourcePlace, default: Value | None) -> Value:
    """Return the value at a key of a dictionary. A key that is not constant results in a `switch` on its source."""
    exact = exact_key(key)
    match = None if exact is None else table_of(owner).find(exact)
    if match is not None:
        return _visible_value(owner, match.value)
    all_entries = owner.entries
    entries = tuple(entry for entry in all_entries if may_be_equal(entry.key, key))
    if exact is not None:
        is_same = [exact_key(entry.key) == exact for entry in entries]
        replaces_earlier = [same and not entry.may_be_missing for same, entry in zip(is_same, entries, strict=True)]
        last_replacement = next((index for index in reversed(range(len(entries))) if replaces_earlier[index]), None)
        first = last_replacement or 0
        entries, is_same = entries[first:], is_same[first:]
        if entries and all(is_same) and not (owner.partial and last_replacement is None):
            return _select_entry(owner, entries, place, default)
    if not entries and not owner.partial:
        missing = ABSENT if _has_all_keys(owner) else UNKNOWN
        return missing if default is None else default
    default_matters = default is not None and default.relevant
    if not default_matters and not any(entry.value.relevant for entry in entries):
        values = [entry.value for entry in entries] + ([] if default is None else [default])
        return default if default is not None and not owner.entries else join_taint(values)
    texts = key_texts(all_entries)
    cases = [Case(texts[id(entry)], on_some_paths(entry.value)) for entry in entries]
    has_unseen = any(entry.is_unseen for entry in entries)
    if owner.partial or has_unseen:
        is_data = not has_unseen and data_objects(*all_entries) is not None
        is_data = is_data or all(is_event_data(entry.value) for entry in all_entries)
        others = UNKNOWN if is_data else Unresolved("some entries of the dictionary are unknown", place)
        cases.append(Case("others", others))
    if default is not None and default != Constant(None):
        cases.append(Case(None, default))
    if len(cases) == len(entries) == 1 and entries[0].many and not isinstance(entries[0].value, Union):
        return cases[0].value  # a loop has added all entries
    return Union(tuple(cases), key_place.text, place)


def _has_all_keys(owner: Mapping) -> bool:
    """Return whether the entries are those of a dictionary that no code has changed since it was created."""
    return not owner.state.changed and any(entry.value.relevant for entry in owner.entries)


def _contains_key(owner: Mapping, key: Value) -> bool | None:
    """Return whether a dictionary has a key. Return None if this is uncertain."""
    exact, table = exact_key(key), table_of(owner)
    if exact is not None and table.is_exact:
        return True if table.find(exact) is not None else None if owner.partial else False
    if exact is not None and any(exact_key(entry.key) == exact and not entry.may_be_missing for entry in owner.entries):
        return True
    return None if owner.partial or any(may_be_equal(entry.key, key) for entry in owner.entries) else False


def _select_entry(owner: Mapping, entries: Sequence[MappingEntry], place: SourcePlace, default: Value | None) -> Value:
    """Return the value of the last entry that must be present, joined with later entries that may be missing."""
    last_present = next((index for index in reversed(range(len(entries))) if not entries[index].may_be_missing), None)
    candidates = entries if last_present is None else entries[last_present:]
    values = [_visible_value(owner, entry.value) for entry in candidates]
    if last_present is None and default is not None:
        values.append(default)
    return values[0] if len(values) == 1 else union_with_numbers(values, place.text, place)


def _visible_value(owner: Collection | Mapping, value: Value) -> Value:
    """Return the value of an element as read through its collection, which may hide constants.

    A template is always hidden, because its text is the source of the element itself.
    """
    if isinstance(value, Template):
        return without_constants(value)
    return value if owner.shows_constants else hide_constants(value)


def _item_at(owner: Collection, key: Value, key_place: SourcePlace, place: SourcePlace) -> Value:
    items = owner.items
    index = owner.index_of(key)
    if index is not None:
        return _visible_value(owner, items[index].value)
    if isinstance(key, Constant) or not owner.has_definite_order:  # the elements' positions are unknown
        return union_with_numbers([item.value for item in items], place.text, place) if items else UNKNOWN
    patterns = [(" | ".join(positions), value) for value, positions in _positions_of_values(items)]
    if len(patterns) <= MAX_CASES and any(isinstance(value, Union) for _, value in patterns):
        cases = tuple(Case(pattern, on_some_paths(value)) for pattern, value in patterns)
        return Union(cases, key_place.text, place)
    return union_of_values([v for _, v in patterns], [pattern for pattern, _ in patterns], key_place.text, place)


def _positions_of_values(items: Sequence[Element]) -> list[tuple[Value, list[str]]]:
    """Return each different value, with its positions."""
    distinct = ValueSet()
    positions: dict[int, tuple[Value, list[str]]] = {}
    for index, item in enumerate(items):
        distinct.add(item.value)
        value: Value = distinct.find(item.value)
        positions.setdefault(id(value), (value, []))[1].append(str(index))
    return list(positions.values())
