"""Models of the methods of built-in types, dispatched on the type of the receiver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Caller, Interpreter
from stepgraph.interpreter.library.caches import clear_cache
from stepgraph.interpreter.objects.attributes.attribute_dictionaries import (
    clear_attributes,
    get_optional_attribute,
    pop_attribute,
    set_default_attribute,
    update_attributes,
)
from stepgraph.interpreter.objects.class_relations import is_data_class
from stepgraph.interpreter.objects.classes import project_classes, resolution_order
from stepgraph.interpreter.objects.containers.changes import add_items, remove_item
from stepgraph.interpreter.objects.containers.container_objects import contents_of, field_names, field_value
from stepgraph.interpreter.objects.containers.iteration import added_elements, copy_attributes, elements_of
from stepgraph.interpreter.objects.containers.iterators import missing_element
from stepgraph.interpreter.objects.fields import fields_of
from stepgraph.interpreter.objects.mapping_methods import (
    ITEM_METHODS,
    MAPPING_METHODS,
    VIEW_METHODS,
    clear_container,
    forget_order,
    return_unknown,
)
from stepgraph.interpreter.objects.special_methods import emit_comparisons
from stepgraph.interpreter.objects.task_methods import (
    CONTEXT_VARIABLE_METHODS,
    FUTURE_METHODS,
    GATHERING_METHODS,
    QUEUE_METHODS,
    TASK_GROUP_METHODS,
    TASK_METHODS,
)
from stepgraph.interpreter.objects.union import record_read_of_element, union_of_elements
from stepgraph.interpreter.python.arguments import (
    attach_task,
    derived_from,
    make_mapping,
    make_result_collection,
    ordered_like,
    tasks_of_each_pass,
    without_stars,
)
from stepgraph.interpreter.python.calls import call_unknown
from stepgraph.interpreter.python.context_managers.exit_stacks import STACK_METHODS
from stepgraph.interpreter.python.loops.generators import close_generator, consume_generator
from stepgraph.interpreter.python.loops.interpretation import (
    LoopBounds,
    interpret_loop,
    mark_objects,
    value_in_each_pass,
)
from stepgraph.interpreter.python.subscripts import payload_member
from stepgraph.interpreter.values.calls import (
    Argument,
    Arguments,
    ExitStack,
    FunctionCoroutine,
    GeneratorCall,
    StepCall,
)
from stepgraph.interpreter.values.containers import (
    Collection,
    ContextVariable,
    Element,
    Mapping,
    MappingEntry,
    as_attribute,
)
from stepgraph.interpreter.values.objects import (
    AttributeDictionary,
    BuiltinMethod,
    FunctionValue,
    ProjectObject,
)
from stepgraph.interpreter.values.steps import Event, Payload
from stepgraph.interpreter.values.tasks import Future, Gathering, Queue, Task, TaskGroup
from stepgraph.interpreter.values.unions import Case, Union, as_optional, with_all_runs
from stepgraph.interpreter.workflow.awaiting import is_awaitable
from stepgraph.interpreter.workflow.work import task_ids_in
from stepgraph.ir.values import UNKNOWN, Constant, Value, join_taint, taint_of
from stepgraph.syntax.module import SourcePlace

_UNPACKING: Final = frozenset({"update"})
"""The methods whose models unpack starred arguments themselves."""


def call_builtin_method(
    interpreter: Interpreter, callee: BuiltinMethod, arguments: Arguments, place: SourcePlace
) -> Value:
    """Call a method of a built-in type."""
    if callee.name == "__await__" and is_awaitable(callee.receiver):
        return callee.receiver
    method = model_of_method(callee)
    if method is None:
        return call_unknown(interpreter, callee, arguments, place)
    positional = arguments if callee.name in _UNPACKING else without_stars(interpreter, arguments, place)
    result = method(interpreter, callee.receiver, positional, place)
    record_read_of_element(interpreter.store, result)
    return result


def model_of_method(callee: BuiltinMethod) -> Caller | None:
    """Return the model of a method, or None without a model, as for a method that the type of the receiver lacks."""
    for kind, methods in METHODS:
        method = methods.get(callee.name) if isinstance(callee.receiver, kind) else None
        if method is not None:
            return method
    return None


def _append(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    del place
    if arguments.items:
        last = arguments.items[-1]
        add_items(interpreter, receiver, (Element(last.value, last.place),))
        attach_task(interpreter, receiver.state, "items", last.value, last.place.node)
    return Constant(None)


def _insert(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    receiver.state.unordered = True
    return _append(interpreter, receiver, arguments, place)


def _extend(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    del place
    for argument in arguments.items:
        added = added_elements(interpreter, argument.value, argument.place)
        add_items(interpreter, ordered_like(added, receiver), added.items)
    return Constant(None)


def _copy(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments, place
    copy = make_result_collection(interpreter, receiver.kind, receiver.items)
    return derived_from(receiver, replace(copy, max_size=receiver.max_size))


def _pop(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    """Remove an element and return it if its index is constant, or else return the union of all elements.

    In a loop that runs until the collection is empty, return each element in turn.
    """
    missing = missing_element(interpreter, receiver)
    if missing is not None:
        return missing  # Python raises an IndexError
    items = receiver.items
    if interpreter.frame.drained_collection is receiver.state:
        receiver.state.changed = receiver.state.unordered = True
        return value_in_each_pass(items, place.text, place)
    removed = remove_item(interpreter, receiver, arguments.items[0].value if arguments.items else Constant(-1))
    return union_of_elements(items, place) if removed is None else removed.value


def _pop_left(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments
    return _pop(interpreter, receiver, Arguments.of(Constant(0), place), place)


def _combine_sets(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    """Return a set of the elements of the receiver and of the arguments, each of which may be missing."""
    del place
    added = (
        item
        for argument in arguments.items
        for item in added_elements(interpreter, argument.value, argument.place).items
    )
    return make_result_collection(interpreter, receiver.kind, tuple(map(as_optional, (*receiver.items, *added))))


def _remove_some(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    del place
    for argument in arguments.items:
        elements_of(interpreter, argument.value)
    remove_item(interpreter, receiver, UNKNOWN)
    return Constant(None)


def _remove_and_extend(
    interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace
) -> Value:
    remove_item(interpreter, receiver, UNKNOWN)
    return _extend(interpreter, receiver, arguments, place)


def _sort(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    """Model `sort`: emit the calls of `key`, or of the comparison methods of the elements."""
    key = arguments.find(None, "key")
    if key is not None:
        call_for_each(interpreter, key.value, receiver.items, key.place)
    else:
        emit_comparisons(interpreter, receiver.items, place)
    return forget_order(interpreter, receiver, arguments, place)


def call_for_each(interpreter: Interpreter, function: Value, items: Sequence[Element], place: SourcePlace) -> Value:
    """Emit a loop that calls a function with each element and return the union of the results."""
    element = union_of_elements(items, place, each=True)
    return call_in_loop(interpreter, function, Arguments.of(element, place), place)


def call_in_loop(interpreter: Interpreter, function: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Emit a loop that calls a function and return the union of the results."""
    results: list[Value] = []
    since, newest_serial = interpreter.work.last_task_id, interpreter.store.serial
    iterated = {task_id for argument in arguments.items for task_id in task_ids_in(argument.value)}

    def call() -> None:
        result = interpreter.call(function, arguments, place)
        results.append(tasks_of_each_pass(interpreter, result, since, iterated))

    interpret_loop(interpreter, call, None, place, LoopBounds())
    mark_objects(interpreter, results[-1:], newest_serial, place)
    return with_all_runs(results[-1])


def copy_with_attributes(
    interpreter: Interpreter, original: ProjectObject, arguments: Arguments, place: SourcePlace
) -> ProjectObject:
    """Return a copy of an object, with its attributes updated by the keyword arguments."""
    del place
    interpreter.store.record_read_of_names(original.state)
    state = dict(original.state)
    contents = contents_of(interpreter, original)
    if contents is not None:
        copied = interpreter.store.new({"items": contents.state.contents})
        copied.changed, copied.unordered = True, contents.state.unordered
        slot = next(name for name, value in state.items() if value is contents)
        state[slot] = replace(contents, state=copied, loop_depth=interpreter.loop_depth)
    copy = ProjectObject(original.cls, interpreter.store.new(state), original.may_be_replaced, original.is_from_body)
    for argument in arguments.items:
        if argument.keyword is not None:
            interpreter.store.write(copy.state, argument.keyword, as_attribute(argument.value))
    return copy


def replace_fields(
    interpreter: Interpreter, original: ProjectObject, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `dataclasses.replace`: initialize a new object with the fields of the original, some of them changed."""
    if not any(map(is_data_class, project_classes(original.cls))):
        return copy_with_attributes(interpreter, original, arguments, place)
    changes = [argument for argument in arguments.items if argument.keyword is not None]
    changed = {argument.keyword for argument in changes if argument.keyword is not None}
    interpreter.store.record_dropped(original.state.get(name) for name in changed)
    unchanged = [
        Argument(interpreter.attribute(original, field.name, place), place, field.parameter)
        for field in fields_of(interpreter, resolution_order(original.cls))
        if field.in_initializer and not field.initializer_only and field.parameter not in changed
    ]
    return interpreter.call(original.cls, Arguments((*unchanged, *changes)), place)


def _as_dictionary(
    interpreter: Interpreter, receiver: ProjectObject, arguments: Arguments, place: SourcePlace
) -> Value:
    del arguments
    entries = tuple(
        MappingEntry(Constant(name), field_value(interpreter, receiver, name), place, place)
        for name in field_names(receiver.cls)
    )
    return replace(make_mapping(interpreter, entries), hidden=True)


def _apply_setter(interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace) -> Value:
    """Model `@name.setter`."""
    del interpreter, place
    return replace(receiver, setter=arguments.items[0].value) if arguments.items else receiver


def _register(interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace) -> Value:
    """Model `@name.register` of a `functools.singledispatch`."""
    from stepgraph.interpreter.library.functools_ import register_implementation

    return register_implementation(interpreter, receiver, arguments, place)


def _apply_getter(interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace) -> Value:
    del interpreter, place
    getter = arguments.items[0].value if arguments.items else UNKNOWN
    return (
        replace(getter, kind="property", setter=receiver.setter, deleter=receiver.deleter)
        if isinstance(getter, FunctionValue)
        else getter
    )


def _apply_deleter(
    interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `@name.deleter`."""
    del interpreter, place
    return replace(receiver, deleter=arguments.items[0].value) if arguments.items else receiver


def _clear_cache(interpreter: Interpreter, receiver: FunctionValue, arguments: Arguments, place: SourcePlace) -> Value:
    del arguments, place
    clear_cache(interpreter, receiver)
    return Constant(None)


def _get_part(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the part of a payload at a key.

    A default matters only if it is relevant or tainted, because the part is unknown.
    """
    del interpreter
    if not arguments.items:
        return UNKNOWN
    key, *defaults = arguments.items
    part = payload_member(receiver, key.value)
    is_relevant = any(_may_lead_to_step(default.value) for default in defaults)
    if not is_relevant and not any(taint_of(default.value) for default in defaults):
        return part
    owner = _receiver_of(place)
    condition = f"{key.place.text} in {owner.text}" if is_relevant and owner is not place else key.place.text
    cases = (Case(condition, part), *(Case(None, default.value) for default in defaults))
    if is_relevant or part.relevant:
        return Union(cases, None, place)
    return join_taint([case.value for case in cases])


def _set_default_part(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the part of a payload at a key. A relevant default escapes into the payload."""
    if any(_may_lead_to_step(argument.value) for argument in arguments.items):
        return call_unknown(interpreter, receiver, arguments, place)
    return _get_part(interpreter, receiver, arguments, place)


def _may_lead_to_step(value: Value) -> bool:
    """Return whether a value is relevant. A collection is relevant only if one of its elements is, at any depth."""
    pending, visited = [value], set[int]()
    while pending:
        current = pending.pop()
        if not isinstance(current, Collection | Mapping):
            if current.relevant:
                return True
        elif current.state.serial not in visited:
            visited.add(current.state.serial)
            pending += [element.value for element in current.state.elements()]
    return False


def _receiver_of(call: SourcePlace) -> SourcePlace:
    """Return the location of the object whose method is called."""
    match call.node:
        case cst.Call(func=cst.Attribute(value=receiver)):
            return SourcePlace(call.module, receiver)
        case _:
            return call


def _get_event_part(interpreter: Interpreter, receiver: Value, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the part of an event at a key, and record the access for the rules."""
    if arguments.items:
        interpreter.tracer.on_event_key("get", receiver, arguments.items[0].value, _receiver_of(place), place)
    return _get_part(interpreter, receiver, arguments, place)


def _send(interpreter: Interpreter, receiver: GeneratorCall, arguments: Arguments, place: SourcePlace) -> Value:
    """Advance a generator as `next` does. The generator yields any of its values, and receives an unknown value."""
    for argument in arguments.items:
        interpreter.escape(argument.value, argument.place, "is sent to a generator, which stepgraph does not model")
    elements = consume_generator(interpreter, receiver, exhausts=False)
    return union_of_elements(elements, place) if elements else UNKNOWN


def _remove(interpreter: Interpreter, receiver: Collection, arguments: Arguments, place: SourcePlace) -> Value:
    """Remove an unknown element, unless the argument is the finished task that a callback removes."""
    del place
    if not arguments.items or not interpreter.work.is_finished(arguments.items[0].value):
        remove_item(interpreter, receiver, UNKNOWN)
    return Constant(None)


METHODS: Final[tuple[tuple[type[Value], dict[str, Caller]], ...]] = (
    (
        Collection,
        {
            **ITEM_METHODS,
            "append": _append,
            "add": _append,
            "insert": _insert,
            "extend": _extend,
            "update": _extend,
            "clear": clear_container,
            "copy": _copy,
            "pop": _pop,
            "popleft": _pop_left,
            "appendleft": _insert,
            "extendleft": _remove_and_extend,
            "rotate": forget_order,
            "union": _combine_sets,
            "difference": _combine_sets,
            "intersection": _combine_sets,
            "symmetric_difference": _combine_sets,
            "difference_update": _remove_some,
            "intersection_update": _remove_some,
            "symmetric_difference_update": _remove_and_extend,
            "isdisjoint": return_unknown,
            "issubset": return_unknown,
            "issuperset": return_unknown,
            "remove": _remove,
            "discard": _remove,
            "index": return_unknown,
            "count": return_unknown,
            "reverse": forget_order,
            "sort": _sort,
        },
    ),
    (Mapping, MAPPING_METHODS),
    (
        AttributeDictionary,
        {
            **VIEW_METHODS,
            "get": get_optional_attribute,
            "update": update_attributes,
            "copy": copy_attributes,
            "setdefault": set_default_attribute,
            "pop": pop_attribute,
            "clear": clear_attributes,
        },
    ),
    (ProjectObject, {"_replace": copy_with_attributes, "_asdict": _as_dictionary, "copy": copy_with_attributes}),
    (
        FunctionValue,
        {
            "setter": _apply_setter,
            "getter": _apply_getter,
            "deleter": _apply_deleter,
            "cache_clear": _clear_cache,
            "cache_info": return_unknown,
            "register": _register,
        },
    ),
    (Payload, {"get": _get_event_part, "pop": _get_part, "setdefault": _set_default_part}),
    (Event, {"get": _get_event_part}),
    (TaskGroup, TASK_GROUP_METHODS),
    (Queue, QUEUE_METHODS),
    (Future, FUTURE_METHODS),
    (ContextVariable, CONTEXT_VARIABLE_METHODS),
    (ExitStack, STACK_METHODS),
    (Task, TASK_METHODS),
    (GeneratorCall, {"aclose": close_generator, "close": close_generator, "send": _send}),
    (FunctionCoroutine, {"close": return_unknown}),
    (StepCall, {"close": return_unknown}),
    (Gathering, GATHERING_METHODS),
)
