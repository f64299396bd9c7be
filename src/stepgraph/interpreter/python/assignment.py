"""Assignment to names, attributes and elements, with unpacking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING, Slot, ValueSet
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name, join_values, union_values
from stepgraph.interpreter.objects.attributes.changes import assign_attribute, escape_assigned, set_global
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.entries import EntryTable, exact_key, may_be_equal, table_of
from stepgraph.interpreter.objects.containers.iterators import take_elements
from stepgraph.interpreter.objects.names import bind, is_globals_call
from stepgraph.interpreter.objects.union import name_of, union_of_elements
from stepgraph.interpreter.python.arguments import (
    MAX_ELEMENTS,
    is_older_than_pass,
    is_unordered,
    make_collection,
    merge_repeated,
    remove_some_tasks,
    remove_tasks,
    tasks_of_each_pass,
)
from stepgraph.interpreter.python.loops.loop_keys import constant_key, is_loop_key
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import AttributeDictionary, ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.shown_elements import shown_items
from stepgraph.interpreter.values.unions import Union, as_optional, on_some_paths
from stepgraph.ir.values import UNKNOWN, Constant, Nondeterministic, Unresolved, Value, join_taint
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.python.subscripts import ElementKey

# Number of tuple elements that can be copied at the cost of examining one element.
ELEMENTS_COPIED_PER_UNIT: Final = 64

MAX_REPETITIONS: Final = 64
"""The largest `n` for which `[a] * n` is expanded into `n` elements."""


def assign(
    interpreter: Interpreter, target: cst.BaseExpression, value: Value, source: SourcePlace | None = None
) -> None:
    """Assign a value to a target. `source` is the location of the assigned expression."""
    match target:
        case cst.Name(value=name):
            value = _as_variable(interpreter, name, value, source)
            bind(interpreter, name, value)
            interpreter.tracer.on_assignment(target, value, source)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            parts = [element if isinstance(element, cst.StarredElement) else element.value for element in elements]
            _unpack(interpreter, parts, value, switch=_switch_of(interpreter, value, target, source))
        case cst.StarredElement(value=starred):
            assign(interpreter, starred, value)
        case cst.Attribute(value=owner):
            assign_member(interpreter, target, interpreter.evaluate(owner), value, source)
        case cst.Subscript():
            from stepgraph.interpreter.python.subscripts import evaluate_key

            with interpreter.tracer.target():
                receiver = interpreter.evaluate(target.value)
            assign_element(interpreter, target, receiver, evaluate_key(interpreter, target), value, source)


def assign_member(
    interpreter: Interpreter, target: cst.Attribute, owner: Value, value: Value, source: SourcePlace | None = None
) -> None:
    """Assign a value to an attribute reference whose object has the value `owner`."""
    interpreter.tracer.on_attribute_change(target, owner)
    interpreter.tracer.on_attribute_assignment(target, owner, value, source)
    assign_attribute(interpreter, owner, target.attr.value, value, interpreter.place(target))


def _as_variable(interpreter: Interpreter, name: str, value: Value, source: SourcePlace | None) -> Value:
    """Return a value, with `name` as the discriminant if it is a union that the call at `source` returned.

    The code of the called function determined the previous discriminant.
    """
    if source is None or not isinstance(value, Union) or value.discriminant is None:
        return value
    call = source.node.expression if isinstance(source.node, cst.Await) else source.node
    if not isinstance(call, cst.Call):
        return value
    function = interpreter.frame.function
    is_local = function is None or SourcePlace(interpreter.module, function).span.encloses(value.place.span)
    is_of_call = call is source.node and value.discriminant == source.text
    return value if is_local and not is_of_call else replace(value, discriminant=name)


def _switch_of(
    interpreter: Interpreter, value: Value, target: cst.Tuple | cst.List, source: SourcePlace | None
) -> str | None:
    """Return the discriminant of a union that is unpacked, if it is the target of a loop or the call at `source`."""
    if not isinstance(value, Union) or value.discriminant is None:
        return None
    is_call = source is not None and isinstance(source.node, cst.Call) and value.discriminant == source.text
    return value.discriminant if is_call or value.discriminant == interpreter.text(target) else None


def _as_part(interpreter: Interpreter, target: cst.BaseExpression, value: Value, switch: str | None) -> Value:
    """Return a value that is unpacked from a union, with its target as the discriminant instead of `switch`.

    The branches of functions, classes and objects of classes with different names are named after these.
    """
    if switch is None or not isinstance(value, Union) or value.discriminant != switch:
        return value
    names = [callable_name(case.value) or name_of(case.value) for case in value.cases]
    cases = value.cases
    if None not in names and len(set(names)) == len(names):
        cases = tuple(replace(case, condition=name) for case, name in zip(cases, names, strict=True))
    return replace(value, cases=cases, discriminant=interpreter.text(target))


def _unpack(
    interpreter: Interpreter, targets: list[cst.BaseExpression], value: Value, *, switch: str | None = None
) -> None:
    """Assign the elements of a value. Unions of elements with the discriminant `switch` are named after the targets."""
    value = _as_unpackable(interpreter, value)
    items: tuple[Element, ...] | None
    if isinstance(value, Unresolved):
        items = (Element(value, value.place, many=True),)
    elif isinstance(value, Nondeterministic):
        items = (Element(value.element(), value.place, many=True),)
    else:
        items = _unpacked_items(interpreter, value, interpreter.place(targets[0]))
    star_index = next((i for i, target in enumerate(targets) if isinstance(target, cst.StarredElement)), None)
    if items is None or len(items) < len(targets) - (star_index is not None) or any(item.many for item in items):
        for target in targets:
            assign(interpreter, target, _any_item(interpreter, target, items))
        return
    if star_index is None:
        for target, item in zip(targets, items, strict=False):
            assign(interpreter, target, _as_part(interpreter, target, item.value, switch))
        return
    trailing_count = len(targets) - star_index - 1
    for target, item in zip(targets[:star_index], items, strict=False):
        assign(interpreter, target, _as_part(interpreter, target, item.value, switch))
    assign(
        interpreter,
        targets[star_index],
        make_collection(interpreter, "list", items[star_index : len(items) - trailing_count]),
    )
    for target, item in zip(targets[star_index + 1 :], items[len(items) - trailing_count :], strict=True):
        assign(interpreter, target, _as_part(interpreter, target, item.value, switch))


def _as_unpackable(interpreter: Interpreter, value: Value) -> Value:
    """Return a collection of the elements of an iterable value. Return other values unchanged."""
    from stepgraph.interpreter.objects.containers.iteration import copy_elements

    match value:
        case Collection():
            return take_elements(interpreter, value, exhausts=True)
        case Union() if not all(isinstance(leaf, Collection | Constant) for leaf in union_values(value)):
            return interpreter.apply_to_cases(value, lambda case: _as_unpackable(interpreter, case))
        case GeneratorCall() | GeneratorExpression() | Mapping() | ProjectObject():
            return copy_elements(interpreter, value, "list") or UNKNOWN
        case ClassValue():
            return copy_elements(interpreter, value, "list") or value
        case _:
            return value


def _unpacked_items(interpreter: Interpreter, value: Value, place: SourcePlace) -> tuple[Element, ...] | None:
    """Return the elements of a value that is unpacked at `place`, or None if they are unknown.

    Elements at unknown positions are `many`.
    """
    if isinstance(value, Collection):
        items = shown_items(value, place)
        return items if value.has_definite_order else tuple(replace(item, many=True) for item in items)
    if isinstance(value, Union):
        return _unpacked_union_items(interpreter, value, place)
    interpreter.escape_operand(value, place, "is unpacked, which stepgraph does not model")
    return None


def _unpacked_union_items(interpreter: Interpreter, value: Union, place: SourcePlace) -> tuple[Element, ...]:
    """Return the elements of a union, joined by position if all resolved cases have the same fixed length.

    Cases with unknown elements have an unknown one at each position.
    """
    case_items = [(case.condition, _unpacked_items(interpreter, case.value, place)) for case in value.cases]
    sizes = {len(items) for _, items in case_items if items is not None}
    unknown = (Element(UNKNOWN, value.place),) * max(sizes, default=0)
    unpacked = [(condition, unknown if items is None else items) for condition, items in case_items]
    if len(sizes) > 1 or any(item.many for _, items in unpacked for item in items):
        return tuple(replace(item, many=True) for _, items in unpacked for item in items)
    columns = zip(*(items for _, items in unpacked), strict=True)
    conditions = [condition for condition, _ in unpacked]
    return tuple(
        Element(
            join_values(
                [(condition, item.value) for condition, item in zip(conditions, column, strict=True)],
                value.discriminant,
                value.place,
            ),
            column[0].place,
        )
        for column in columns
    )


def _any_item(interpreter: Interpreter, target: cst.BaseExpression, items: tuple[Element, ...] | None) -> Value:
    if items is None:
        return UNKNOWN
    if not any(item.value.relevant for item in items):
        return join_taint([item.value for item in items])
    if isinstance(target, cst.StarredElement):
        return make_collection(interpreter, "list", tuple(map(as_optional, items)))
    return union_of_elements(items, interpreter.place(target), interpreter.text(target))


def assign_element(
    interpreter: Interpreter,
    target: cst.Subscript,
    owner: Value,
    element_key: ElementKey,
    value: Value,
    source: SourcePlace | None = None,
) -> None:
    """Assign a value to a subscript whose object has the value `owner`."""
    interpreter.tracer.on_element_change(target, owner)
    key_node, is_slice = element_key.node, element_key.bounds is not None
    key = element_key.value if is_slice else constant_key(interpreter, key_node, element_key.value)
    place = source or interpreter.place(target)
    if is_slice:
        from stepgraph.interpreter.objects.containers.iteration import added_elements

        value = added_elements(interpreter, value, place)
    key_place = interpreter.place(key_node)
    interpreter.tracer.on_event_key("written", owner, key, interpreter.place(target.value), interpreter.place(target))

    if is_globals_call(interpreter, target.value):
        set_global(interpreter, Argument(key, key_place), value, interpreter.place(target))
        return

    def assign_to(owner: Value) -> Value:
        owner = as_collection(interpreter, owner, "__setitem__")
        match owner:
            case Union():
                interpreter.apply_to_cases(owner, assign_to)
            case ProjectObject():
                method = interpreter.attribute(owner, "__setitem__", place)
                if isinstance(method, FunctionValue | Union):
                    interpreter.call(method, Arguments((Argument(key, place), Argument(value, place))), place)
            case AttributeDictionary(owner=instance):
                from stepgraph.interpreter.objects.attributes.attribute_dictionaries import set_attribute_item

                set_attribute_item(interpreter, instance, Argument(key, key_place), value, place)
            case Mapping():
                is_distinct = _has_distinct_keys(interpreter, owner, key_place)
                # The source of a key that a variable determines does not show its constant.
                shown_place = key_place if key is element_key.value else place
                entry = MappingEntry(key, value, shown_place, place, has_distinct_keys=is_distinct)
                add_entry(interpreter, owner, entry)
            case Collection() if is_slice:
                _assign_slice(interpreter, target, owner, Element(value, place))
            case Collection():
                is_distinct = _has_distinct_keys(interpreter, owner, key_place)
                _replace_items(interpreter, owner, key, (Element(value, place),), is_distinct=is_distinct)
            case _:
                escape_assigned(interpreter, value, interpreter.place(target))
        return UNKNOWN

    assign_to(owner)


def _assign_slice(interpreter: Interpreter, target: cst.Subscript, owner: Collection, assigned: Element) -> None:
    """Assign a value to a slice. Only a slice of the whole collection, `xs[:]`, determines the elements replaced."""
    if not isinstance(assigned.value, Collection):
        _replace_items(interpreter, owner, UNKNOWN, (assigned,), is_distinct=False)
    elif _is_full_slice(target):
        _replace_all(interpreter, owner, assigned.value)
    else:
        _replace_items(interpreter, owner, UNKNOWN, assigned.value.items, is_distinct=False)


def set_entry(
    interpreter: Interpreter, owner: Mapping, key: Value, value: Value, key_place: SourcePlace, place: SourcePlace
) -> None:
    """Set a key of a dictionary. A key that is not constant adds an entry without replacing another."""
    add_entry(interpreter, owner, MappingEntry(key, value, key_place, place))


def add_entry(interpreter: Interpreter, owner: Mapping, entry: MappingEntry) -> None:
    """Set a key of a dictionary. An existing key keeps its position.

    An entry that may be missing, or whose key is not constant, replaces no other entry.
    """
    if exact_key(entry.key) is None and is_older_than_pass(interpreter, owner):
        value = on_some_paths(entry.value) if owner.state.drops_tasks else entry.value
        entry = replace(entry, value=value, many=True)
    table = table_of(owner)
    existing, table.contents = table.contents, None
    table.add(entry)
    replaced, table.replaced = table.replaced, []
    interpreter.store.record_unselected(replaced)
    _write_entries(interpreter, owner, table, existing if not replaced else None)


def add_default_entry(interpreter: Interpreter, owner: Mapping, entry: MappingEntry) -> None:
    """Set a constant key of a dictionary unless the key has a value."""
    table = table_of(owner)
    existing, table.contents = table.contents, None
    is_append = table.is_exact
    if table.add_default(entry):
        _write_entries(interpreter, owner, table, existing if is_append else None)
    else:
        table.contents = existing


def add_entry_if_missing(interpreter: Interpreter, owner: Mapping, entry: MappingEntry) -> None:
    """Set a key of a dictionary unless the key has a value. If the key may have a value, the entry is `many`."""
    if owner.entries or is_older_than_pass(interpreter, owner):
        entry = replace(entry, value=on_some_paths(entry.value), many=True)
    add_entry(interpreter, owner, entry)


def _write_entries(
    interpreter: Interpreter, owner: Mapping, table: EntryTable, existing: tuple[MappingEntry, ...] | None
) -> None:
    """Write the entries of a table to its dictionary. `existing` are all entries but the last, if none has changed."""
    if table.is_exact:
        owner.state.record_followed_change()
    else:
        owner.state.changed = True
    owner.state.unordered = owner.state.unordered or not table.is_ordered
    if existing is not None and not interpreter.store.items_may_change_in_task(owner.state):
        interpreter.budget.spend(Limit.ELEMENTS, len(existing) // ELEMENTS_COPIED_PER_UNIT)
        table.contents = (*existing, table.last)
        interpreter.store.extend(owner.state, table.contents)
    else:
        interpreter.budget.spend(Limit.ELEMENTS, len(table))
        table.contents = table.entries
        interpreter.store.write(owner.state, "items", table.contents)
    owner.state.table = table


def remove_entry(interpreter: Interpreter, owner: Mapping, key: Value) -> None:
    """Remove a key from a dictionary. If the key is not constant, any entry may be removed."""
    if interpreter.work.is_finished(key) and not any(entry.value.relevant for entry in owner.entries):
        return
    owner.state.changed = True
    exact = exact_key(key)
    removed = [entry for entry in owner.entries if exact is not None and exact_key(entry.key) == exact]
    interpreter.store.record_unselected(removed)
    if exact is None:
        remove_some_tasks(interpreter, owner)
    remaining = [entry for entry in owner.entries if exact is None or exact_key(entry.key) != exact]
    entries = (as_optional(entry) if may_be_equal(entry.key, key) else entry for entry in remaining)
    interpreter.store.write(owner.state, "items", tuple(entries))


def set_item(interpreter: Interpreter, owner: Collection | Mapping, key: Argument, value: Argument) -> None:
    """Set an element as a call of `__setitem__` does."""
    if isinstance(owner, Mapping):
        set_entry(interpreter, owner, key.value, value.value, key.place, value.place)
    else:
        element = (Element(value.value, value.place),)
        _replace_items(interpreter, owner, key.value, element, is_distinct=False)


def _has_distinct_keys(interpreter: Interpreter, owner: Collection | Mapping, key_place: SourcePlace) -> bool:
    """Return whether each loop pass sets a different key of a collection created before the loop: `tasks[i] = t`."""
    is_in_one_loop = interpreter.loop_depth == owner.loop_depth + 1
    return is_in_one_loop and is_loop_key(interpreter, key_place.node)


def _is_full_slice(target: cst.Subscript) -> bool:
    """Return whether a target is `xs[:]`."""
    match target.slice:
        case [cst.SubscriptElement(slice=cst.Slice(lower=None, upper=None, step=None))]:
            return True
        case _:
            return False


def _replace_all(interpreter: Interpreter, owner: Collection, elements: Collection) -> None:
    """Replace all elements of a list, as an assignment to `xs[:]` does."""
    owner.state.changed = True
    remove_tasks(interpreter, owner)
    # The cell does not tell paths or passes apart, so an order that was uncertain on one of them remains so.
    owner.state.unordered = owner.state.unordered or is_unordered(elements)
    interpreter.store.record_unselected(owner.items)
    interpreter.store.write(owner.state, "items", elements.items)


def _replace_items(
    interpreter: Interpreter, owner: Collection, key: Value, elements: tuple[Element, ...], *, is_distinct: bool
) -> None:
    """Assign to an index or slice of a list. If the index is uncertain, any element may be replaced."""
    items = owner.items
    owner.state.changed = True
    index = owner.index_of(key) if interpreter.loop_depth == owner.loop_depth else None
    if index is not None:
        replaced = list(items)
        replaced[index] = elements[0]
        interpreter.store.record_unselected((items[index],))
        interpreter.store.write(owner.state, "items", tuple(replaced))
        return
    owner.state.unordered = True
    nodes = {id(element.place.node) for element in elements} if is_distinct else set()
    retained = (item if id(item.place.node) in nodes else as_optional(item) for item in items)
    interpreter.store.write(owner.state, "items", tuple(retained))
    if is_older_than_pass(interpreter, owner) and not is_distinct:
        remove_some_tasks(interpreter, owner)
        elements = tuple(replace(element, value=on_some_paths(element.value)) for element in elements)
    add_items(interpreter, owner, elements)


def remove_item(interpreter: Interpreter, owner: Collection, key: Value) -> Element | None:
    """Remove an element from a list or set and return it.

    If the index does not resolve to one element, mark every element as possibly missing and return None.
    """
    items = owner.items
    owner.state.changed = True
    index = owner.index_of(key) if interpreter.loop_depth == owner.loop_depth else None
    if index is not None:
        remaining = list(items)
        removed = remaining.pop(index)
        interpreter.store.record_unselected((removed,))
        interpreter.store.write(owner.state, "items", tuple(remaining))
        return removed
    owner.state.unordered = True
    remove_some_tasks(interpreter, owner)
    interpreter.store.write(owner.state, "items", tuple(map(as_optional, items)))
    return None


def add_items(interpreter: Interpreter, owner: Collection, items: tuple[Element, ...]) -> None:
    """Add elements to a collection. If it is older than this pass of the current loop, mark the elements as `many`."""
    if not items:
        return
    if is_older_than_pass(interpreter, owner):
        items = tuple(
            item if item.many else replace(item, value=tasks_of_each_pass(interpreter, item.value, 0)) for item in items
        )
        items = tuple(replace(item, many=True, passes=None) for item in items)
        if owner.state.drops_tasks:
            items = tuple(replace(item, value=on_some_paths(item.value)) for item in items)
    owner.state.record_followed_change()
    if owner.max_size is not None:
        _add_bounded(interpreter, owner, owner.max_size, items)
        return
    if any(item.many for item in items):
        interpreter.store.write(owner.state, "items", merge_repeated(_with_repeated(owner.items, items)))
        return
    existing: tuple[Element, ...] = owner.state["items"]
    interpreter.budget.spend(Limit.ELEMENTS, len(items) + len(existing) // ELEMENTS_COPIED_PER_UNIT)
    if len(existing) // MAX_ELEMENTS == (len(existing) + len(items)) // MAX_ELEMENTS:
        interpreter.store.extend(owner.state, (*existing, *items))
    else:
        interpreter.store.write(owner.state, "items", merge_repeated((*existing, *items)))


def _with_repeated(present: tuple[Element, ...], items: tuple[Element, ...]) -> tuple[Element, ...]:
    """Return elements with added ones, which replace their `many` equivalents of earlier passes where these are."""
    added = ValueSet(items)
    unplaced = {id(item): item for item in items}
    result: list[Element] = []
    for element in present:
        item: Slot = added.find(element) if element.many else MISSING
        if item is MISSING:
            result.append(element)
        elif unplaced.pop(id(item), None) is not None:
            result.append(item)
    return (*result, *unplaced.values())


def multiply_items(interpreter: Interpreter, owner: Collection, count: Value) -> None:
    """Repeat the elements of a collection in place. If the result is large or uncertain, mark them as `many`."""
    number = count.value if isinstance(count, Constant) and isinstance(count.value, int) else None
    owner.state.changed = True
    items = owner.items
    if (
        number is None
        or number > MAX_REPETITIONS
        or interpreter.loop_depth > owner.loop_depth
        or owner.max_size is not None
    ):
        owner.state.unordered = True
        items = tuple(replace(as_optional(item), many=True, passes=None) for item in items)
    else:
        interpreter.budget.spend(Limit.ELEMENTS, len(items) * max(number, 0))
        items = merge_repeated(items * number)
    interpreter.store.write(owner.state, "items", items)


def _add_bounded(interpreter: Interpreter, owner: Collection, max_size: int, items: tuple[Element, ...]) -> None:
    """Append elements to a bounded deque, which drops elements from the other end to keep its maximum size."""
    is_definite = owner.has_definite_order and not any(item.many or item.may_be_missing for item in items)
    elements = merge_repeated((*owner.items, *items))
    if is_definite and max_size:
        interpreter.store.record_unselected(elements[:-max_size])
        elements = elements[-max_size:]
    elif any(item.many for item in elements) or len(elements) > max_size:
        owner.state.unordered = True
        elements = tuple(map(as_optional, elements))
    interpreter.store.write(owner.state, "items", elements)
