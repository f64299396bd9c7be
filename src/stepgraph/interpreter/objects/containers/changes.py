"""Changes of the elements of lists and the entries of dictionaries."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.equivalence import MISSING, Slot, ValueSet
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.containers.entries import EntryTable, exact_key, may_be_equal, table_of
from stepgraph.interpreter.python.arguments import (
    MAX_ELEMENTS,
    is_older_than_pass,
    is_unordered,
    merge_repeated,
    remove_some_tasks,
    remove_tasks,
    tasks_of_each_pass,
)
from stepgraph.interpreter.python.loops.loop_keys import is_loop_key
from stepgraph.interpreter.values.calls import Argument
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.unions import as_optional, on_some_paths
from stepgraph.ir.values import Constant, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace

# Number of tuple elements that can be copied at the cost of examining one element.
ELEMENTS_COPIED_PER_UNIT: Final = 64

MAX_REPETITIONS: Final = 64
"""The largest `n` for which `[a] * n` is expanded into `n` elements."""


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
        replace_items(interpreter, owner, key.value, element, is_distinct=False)


def has_distinct_keys(interpreter: Interpreter, owner: Collection | Mapping, key_place: SourcePlace) -> bool:
    """Return whether each loop pass sets a different key of a collection created before the loop: `tasks[i] = t`."""
    is_in_one_loop = interpreter.loop_depth == owner.loop_depth + 1
    return is_in_one_loop and is_loop_key(interpreter, key_place.node)


def replace_all_items(interpreter: Interpreter, owner: Collection, elements: Collection) -> None:
    """Replace all elements of a list, as an assignment to `xs[:]` does."""
    owner.state.changed = True
    remove_tasks(interpreter, owner)
    # The cell does not tell paths or passes apart, so an order that was uncertain on one of them remains so.
    owner.state.unordered = owner.state.unordered or is_unordered(elements)
    interpreter.store.record_unselected(owner.items)
    interpreter.store.write(owner.state, "items", elements.items)


def replace_items(
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
