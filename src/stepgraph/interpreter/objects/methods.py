"""Methods of lists, sets, dictionaries, payloads, task groups and tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.interpreter import Caller, Machine
from stepgraph.interpreter.objects.iteration import entries_of, items_of
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    Entry,
    Event,
    ExitStack,
    FunctionValue,
    Gathering,
    GeneratorCall,
    Instance,
    Item,
    Mapping,
    MethodOf,
    Payload,
    Pushed,
    Task,
    TaskGroup,
    Value,
    every_run,
    hidden,
    possible,
)
from stepgraph.interpreter.python.arguments import made, mapping, ordered_like
from stepgraph.interpreter.python.assignment import COPIED_AT_ONCE, add_items, set_entry, take_item
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.python.subscripts import entry_at, part_of
from stepgraph.interpreter.replay.event import observe_key
from stepgraph.interpreter.workflow.awaiting import awaited_of, is_awaitable, start
from stepgraph.interpreter.workflow.timeouts import note_cut_short, observe_sleep_as_task
from stepgraph.ir.nodes import EMPTY, Handle, Loop
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place


def call_method_of(machine: Machine, callee: MethodOf, arguments: Arguments, place: Place) -> Value:
    """Call a method of a built-in kind of value."""
    if callee.name == "__await__" and is_awaitable(callee.receiver):
        return callee.receiver
    for kind, methods in METHODS:
        if isinstance(callee.receiver, kind):
            method = methods.get(callee.name)
            if method is not None:
                return method(machine, callee.receiver, arguments, place)
    return call_unknown(machine, callee, arguments, place)


def _append(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    del place
    if arguments.items:
        last = arguments.items[-1]
        add_items(machine, receiver, (Item(last.value, last.place),))
    return Constant(None)


def _insert(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    receiver.state.unordered = True
    return _append(machine, receiver, arguments, place)


def _extend(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    del place
    for argument in arguments.items:
        add_items(machine, receiver, items_of(machine, argument.value) or ())
    return Constant(None)


def _clear(machine: Machine, receiver: Collection | Mapping, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    receiver.state.changed = True
    machine.store.write(receiver.state, "items", ())
    return Constant(None)


def _copy(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    return made(machine, receiver.kind, receiver.items)


def _pop(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    """`tasks.pop()`: a known element, or any one; a loop that goes on until there is none takes each."""
    items = receiver.items
    conditions = [item.place.text for item in items]
    if machine.frame.drained is receiver.state:
        receiver.state.changed = receiver.state.unordered = True
        values = [every_run(item.value) if item.many else item.value for item in items]
        return any_of(values, conditions, place.text, place, each=True)
    taken = take_item(machine, receiver, arguments.items[0].value if arguments.items else Constant(-1))
    return any_of([item.value for item in items], conditions, place.text, place) if taken is None else taken.value


def _pop_left(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    del arguments
    return _pop(machine, receiver, Arguments((Argument(Constant(0), place),)), place)


def _get(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    if not arguments.items:
        return UNKNOWN
    default = arguments.items[1].value if len(arguments.items) > 1 else None
    found = entry_at(receiver, arguments.items[0].value, arguments.items[0].place, place, default)
    machine.store.pass_over_others(receiver, found)
    return found


def _set_default(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    found = _get(machine, receiver, arguments, place)
    if len(arguments.items) > 1:
        key, default = arguments.items[0], arguments.items[1]
        if not any(entry.key == key.value for entry in receiver.entries):
            set_entry(machine, receiver, key.value, default.value, key.place, default.place)
    return found


def _taken(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    receiver.state.changed = receiver.state.unordered = True
    return _get(machine, receiver, arguments, place)


def _items(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    return ordered_like(receiver, made(machine, "list", tuple(_pair(machine, entry) for entry in receiver.entries)))


def _pair(machine: Machine, entry: Entry) -> Item:
    pair = (Item(entry.key, entry.key_place), Item(entry.value, entry.place))
    return Item(made(machine, "tuple", pair), entry.key_place, entry.many, entry.maybe)


def _values(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    items = tuple(Item(e.value, e.place, e.many, e.maybe) for e in receiver.entries)
    return ordered_like(receiver, made(machine, "list", items))


def update_mapping(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    """Set the entries of a dictionary that others, pairs or keyword arguments give."""
    for argument in arguments.items:
        if argument.keyword is not None:
            set_entry(machine, receiver, Constant(argument.keyword), argument.value, argument.place, argument.place)
            continue
        known = entries_of(machine, argument.value, argument.place)
        if known is None:
            _update_with_unknown(machine, receiver, place)
        for entry in known or ():
            set_entry(machine, receiver, entry.key, entry.value, entry.key_place, entry.place)
    return Constant(None)


def _update_with_unknown(machine: Machine, receiver: Mapping, place: Place) -> None:
    """Any entry may be another one, and there may be more."""
    kept = tuple(replace(entry, maybe=True) for entry in receiver.entries)
    receiver.state.changed = True
    others = Entry(UNKNOWN, UNKNOWN, place, place, many=True, maybe=True)
    machine.store.write(receiver.state, "items", (*kept, others))


def _pop_item(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    """Any of the entries."""
    receiver.state.changed = receiver.state.unordered = True
    return any_of_items(machine, _items(machine, receiver, arguments, place), place)


def any_of_items(machine: Machine, value: Value, place: Place) -> Value:
    """Return any one of the elements of a collection."""
    items = items_of(machine, value) or ()
    return any_of([item.value for item in items], [item.place.text for item in items], place.text, place)


def _keys(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    return ordered_like(receiver, made(machine, "list", items_of(machine, receiver) or ()))


def _copy_mapping(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    del arguments, place
    copy = mapping(machine, receiver.entries, partial=receiver.partial)
    copy.state.unordered = receiver.state.unordered
    return replace(copy, hidden=True)


def _possible(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    """A set of some of the elements of a set, or of others too."""
    del place
    others = (item for argument in arguments.items for item in items_of(machine, argument.value) or ())
    return made(machine, receiver.kind, tuple(map(possible, (*receiver.items, *others))))


def _keeps_some(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    del place
    for argument in arguments.items:
        items_of(machine, argument.value)
    take_item(machine, receiver, UNKNOWN)
    return Constant(None)


def _exchanges(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    take_item(machine, receiver, UNKNOWN)
    return _extend(machine, receiver, arguments, place)


def _sorts(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    """Sorting calls its `key` for each element."""
    key = arguments.find(None, "key")
    if key is not None:
        call_for_each(machine, key.value, receiver.items, key.place)
    else:
        compare_each(machine, receiver.items, place)
    return _changes(machine, receiver, arguments, place)


def compare_each(machine: Machine, items: Sequence[Item], place: Place) -> None:
    """Sorting compares elements, any number of times."""
    for item in items:
        value = item.value
        if isinstance(value, Instance):
            asked = partial(call_special, machine, value, ("__lt__", "__gt__"), (UNKNOWN,), place)
            block = machine.block_of(asked)
            if block.operations:
                machine.emit(Loop(block, EMPTY, place))


def call_for_each(machine: Machine, function: Value, items: Sequence[Item], place: Place) -> Value:
    """Return what calling a function with any of some elements gives, having emitted a loop of the calls."""
    given = any_of([i.value for i in items], [i.place.text for i in items], place.text, place, each=True)
    found: list[Value] = []
    arguments = Arguments((Argument(given, place),))
    block = machine.block_of(lambda: found.append(machine.call(function, arguments, place)))
    if block.operations:
        machine.emit(Loop(block, EMPTY, place))
    return every_run(found[0])


def _replaced(machine: Machine, receiver: Instance, arguments: Arguments, place: Place) -> Value:
    """`_replace` of a named tuple."""
    return changed_copy(machine, receiver, arguments, place)


def changed_copy(machine: Machine, original: Instance, arguments: Arguments, place: Place) -> Instance:
    """Return a copy of an object with the attributes that keyword arguments give it."""
    del place
    copy = Instance(original.of, machine.store.new(dict(original.state)), original.doubtful)
    for argument in arguments.items:
        if argument.keyword is not None:
            machine.store.write(copy.state, argument.keyword, hidden(argument.value))
    return copy


def _as_dictionary(machine: Machine, receiver: Instance, arguments: Arguments, place: Place) -> Value:
    del arguments
    entries = tuple(Entry(Constant(name), value, place, place) for name, value in receiver.state.items())
    return replace(mapping(machine, entries), hidden=True)


def _setter(machine: Machine, receiver: FunctionValue, arguments: Arguments, place: Place) -> Value:
    """`@name.setter` makes a property that calls its function when it is assigned to."""
    del machine, place
    return replace(receiver, setter=arguments.items[0].value) if arguments.items else receiver


def _getter(machine: Machine, receiver: FunctionValue, arguments: Arguments, place: Place) -> Value:
    del machine, place
    given = arguments.items[0].value if arguments.items else UNKNOWN
    return replace(given, kind="property", setter=receiver.setter) if isinstance(given, FunctionValue) else given


def _deleter(machine: Machine, receiver: FunctionValue, arguments: Arguments, place: Place) -> Value:
    for argument in arguments.items:
        machine.escape(argument.value, place, "is run where an attribute is deleted, which is not followed")
    return receiver


def _part(machine: Machine, receiver: Value, arguments: Arguments, place: Place) -> Value:
    """`payload.get("key")` reads a key."""
    del machine, place
    return part_of(receiver, arguments.items[0].value) if arguments.items else UNKNOWN


def _event_part(machine: Machine, receiver: Value, arguments: Arguments, place: Place) -> Value:
    """`event.get("key")` reads a key."""
    if arguments.items:
        call = place.node
        owner = call.func.value if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) else call
        observe_key(machine, "get", receiver, arguments.items[0].value, Place(place.module, owner), place)
    return _part(machine, receiver, arguments, place)


def _create(machine: Machine, receiver: TaskGroup, arguments: Arguments, place: Place) -> Value:
    if not arguments.items:
        return UNKNOWN
    observe_sleep_as_task(machine, arguments.items[0], place)
    since = machine.work.handles
    task = start(machine, arguments.items[0].value, arguments.items[0].place)
    present: tuple[Handle, ...] = receiver.state["items"]
    added = (awaited.handle for awaited in awaited_of(task))
    fresh = dict.fromkeys(handle for handle in added if handle > since or handle not in present)
    machine.budget.spend(Limit.ELEMENTS, len(fresh) + len(present) // COPIED_AT_ONCE)
    machine.store.extend(receiver.state, (*present, *fresh))
    return task


def _push(machine: Machine, receiver: ExitStack, arguments: Arguments, place: Place) -> Value:
    """What is pushed by a statement of the block of a stack is followed, and nothing else."""
    if receiver.expected is place.node:
        return Pushed(arguments)
    report_escape(machine, arguments, place, "in a way that is not followed")
    return UNKNOWN


def _take_over(machine: Machine, receiver: ExitStack, arguments: Arguments, place: Place) -> Value:
    """What a stack holds is left at another time than at the end of its block."""
    del arguments
    if receiver.works:
        machine.note(
            "context-manager",
            place,
            f"`{place.brief_text}` changes when what the stack holds is left, in a way that is not followed.",
            "The graph shows it at the end of the block.",
        )
    return UNKNOWN


def _result(machine: Machine, receiver: Value, arguments: Arguments, place: Place) -> Value:
    del machine, arguments, place
    return receiver.result if isinstance(receiver, Task | Gathering) else UNKNOWN


def _changes(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    """Sorting leaves what a list can hold, but which constant is where is not known any longer."""
    del machine, arguments, place
    receiver.state.changed = receiver.state.unordered = True
    return Constant(None)


def _removes(machine: Machine, receiver: Collection, arguments: Arguments, place: Place) -> Value:
    """Any element may be the one that is taken out."""
    del arguments, place
    take_item(machine, receiver, UNKNOWN)
    return Constant(None)


def _cancel(machine: Machine, receiver: Value, arguments: Arguments, place: Place) -> Value:
    del receiver, arguments
    note_cut_short(machine, place, "cancelling its task")
    return UNKNOWN


def _nothing(machine: Machine, receiver: Value, arguments: Arguments, place: Place) -> Value:
    del machine, receiver, arguments, place
    return UNKNOWN


METHODS: Final[tuple[tuple[type[Value], dict[str, Caller]], ...]] = (
    (
        Collection,
        {
            "append": _append,
            "add": _append,
            "insert": _insert,
            "extend": _extend,
            "update": _extend,
            "clear": _clear,
            "copy": _copy,
            "pop": _pop,
            "popleft": _pop_left,
            "appendleft": _insert,
            "extendleft": _exchanges,
            "rotate": _changes,
            "union": _possible,
            "difference": _possible,
            "intersection": _possible,
            "symmetric_difference": _possible,
            "difference_update": _keeps_some,
            "intersection_update": _keeps_some,
            "symmetric_difference_update": _exchanges,
            "isdisjoint": _nothing,
            "issubset": _nothing,
            "issuperset": _nothing,
            "remove": _removes,
            "discard": _removes,
            "index": _nothing,
            "count": _nothing,
            "reverse": _changes,
            "sort": _sorts,
        },
    ),
    (
        Mapping,
        {
            "get": _get,
            "pop": _taken,
            "setdefault": _set_default,
            "items": _items,
            "values": _values,
            "update": update_mapping,
            "clear": _clear,
            "copy": _copy_mapping,
            "keys": _keys,
            "popitem": _pop_item,
        },
    ),
    (Instance, {"_replace": _replaced, "_asdict": _as_dictionary}),
    (FunctionValue, {"setter": _setter, "getter": _getter, "deleter": _deleter}),
    (Payload, {"get": _part, "pop": _part}),
    (Event, {"get": _event_part}),
    (TaskGroup, {"create_task": _create}),
    (
        ExitStack,
        {
            "callback": _push,
            "push_async_callback": _push,
            "enter_context": _push,
            "enter_async_context": _push,
            "push": _push,
            "push_async_exit": _push,
            "pop_all": _take_over,
            "close": _take_over,
            "aclose": _take_over,
        },
    ),
    (Task, {"result": _result, "done": _nothing, "cancel": _cancel, "exception": _nothing, "cancelled": _nothing}),
    (GeneratorCall, {"aclose": _nothing, "close": _nothing}),
    (Gathering, {"result": _result, "done": _nothing, "cancel": _cancel}),
)
