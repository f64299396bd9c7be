"""Methods of lists, sets, dictionaries, payloads, task groups and tasks."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.limits import Limit
from stepgraph.program.ir import Handle
from stepgraph.program.lowering.arguments import made, ordered_like
from stepgraph.program.lowering.awaiting import awaited_of, is_awaitable, start
from stepgraph.program.lowering.calls import call_unknown
from stepgraph.program.lowering.cutting_short import note_cut_short
from stepgraph.program.lowering.escapes import report_escape
from stepgraph.program.lowering.event_keys import observe_key
from stepgraph.program.lowering.futures_as_tasks import observe_sleep_as_task
from stepgraph.program.lowering.iteration import items_of
from stepgraph.program.lowering.machine import Caller, Machine
from stepgraph.program.lowering.subscripts import entry_at, part_of
from stepgraph.program.lowering.targets import COPIED_AT_ONCE, add_items, set_entry, take_item
from stepgraph.program.lowering.union import any_of
from stepgraph.program.values import (
    UNKNOWN,
    Argument,
    Arguments,
    Collection,
    Constant,
    Entry,
    Event,
    ExitStack,
    Gathering,
    Item,
    Mapping,
    MethodOf,
    Payload,
    Pushed,
    Task,
    TaskGroup,
    Value,
    every_run,
)
from stepgraph.syntax.module import Place


def call_method_of(machine: Machine, callee: MethodOf, arguments: Arguments, place: Place) -> Value:
    """Call a method of a built-in kind of value."""
    if callee.name == "__await__" and is_awaitable(callee.receiver):
        return callee.receiver
    for kind, methods in _METHODS:
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


def _update(machine: Machine, receiver: Mapping, arguments: Arguments, place: Place) -> Value:
    del place
    for argument in arguments.items:
        if argument.keyword is not None:
            set_entry(machine, receiver, Constant(argument.keyword), argument.value, argument.place, argument.place)
        elif isinstance(argument.value, Mapping):
            for entry in argument.value.entries:
                set_entry(machine, receiver, entry.key, entry.value, entry.key_place, entry.place)
    return Constant(None)


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


_METHODS: Final[tuple[tuple[type[Value], dict[str, Caller]], ...]] = (
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
            "remove": _removes,
            "discard": _removes,
            "index": _nothing,
            "count": _nothing,
            "reverse": _changes,
            "sort": _changes,
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
            "update": _update,
            "clear": _clear,
        },
    ),
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
    (Gathering, {"result": _result, "done": _nothing, "cancel": _cancel}),
)
