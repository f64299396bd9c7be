"""Assignment to names, attributes and elements, with unpacking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
from msgspec import Struct
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import callable_name, join_values, union_values
from stepgraph.interpreter.objects.attributes.changes import assign_attribute, escape_assigned, set_global
from stepgraph.interpreter.objects.containers.changes import (
    add_entry,
    has_distinct_keys,
    replace_all_items,
    replace_items,
)
from stepgraph.interpreter.objects.containers.container_objects import as_collection
from stepgraph.interpreter.objects.containers.iterators import take_elements
from stepgraph.interpreter.objects.names import bind, is_globals_call
from stepgraph.interpreter.objects.union import name_of, union_of_elements
from stepgraph.interpreter.python.arguments import (
    make_collection,
)
from stepgraph.interpreter.python.loops.loop_keys import constant_key
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall, GeneratorExpression
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, MappingEntry
from stepgraph.interpreter.values.objects import AttributeDictionary, ClassValue, FunctionValue, ProjectObject
from stepgraph.interpreter.values.shown_elements import shown_items
from stepgraph.interpreter.values.unions import Union, as_optional
from stepgraph.ir.values import UNKNOWN, Constant, Nondeterministic, Unresolved, Value, join_taint
from stepgraph.syntax.module import SourcePlace

if TYPE_CHECKING:
    from stepgraph.interpreter.python.subscripts import ElementKey


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
    # The source of a key that a variable determines does not show its constant.
    shown_place = key_place if key is element_key.value else place
    entry = MappingEntry(key, value, shown_place, place)
    _assign_to_object(interpreter, owner, _ElementAssignment(target, entry, key_place, is_slice=is_slice))


class _ElementAssignment(Struct, frozen=True):
    """The assignment of a value to an element, as in `items[0] = value`."""

    target: cst.Subscript
    entry: MappingEntry
    """The key and the value."""
    key_place: SourcePlace
    is_slice: bool


def _assign_to_object(interpreter: Interpreter, owner: Value, assignment: _ElementAssignment) -> None:
    """Assign a value to an element of each object that `owner` may be."""
    key, value, place = assignment.entry.key, assignment.entry.value, assignment.entry.place
    owner = as_collection(interpreter, owner, "__setitem__")
    match owner:
        case Union():

            def assign_to_case(case: Value) -> Value:
                _assign_to_object(interpreter, case, assignment)
                return UNKNOWN

            interpreter.apply_to_cases(owner, assign_to_case)
        case ProjectObject():
            method = interpreter.attribute(owner, "__setitem__", place)
            if isinstance(method, FunctionValue | Union):
                interpreter.call(method, Arguments((Argument(key, place), Argument(value, place))), place)
        case AttributeDictionary(owner=instance):
            from stepgraph.interpreter.objects.attributes.attribute_dictionaries import set_attribute_item

            set_attribute_item(interpreter, instance, Argument(key, assignment.key_place), value, place)
        case Mapping():
            is_distinct = has_distinct_keys(interpreter, owner, assignment.key_place)
            add_entry(interpreter, owner, replace(assignment.entry, has_distinct_keys=is_distinct))
        case Collection() if assignment.is_slice:
            _assign_slice(interpreter, assignment.target, owner, Element(value, place))
        case Collection():
            is_distinct = has_distinct_keys(interpreter, owner, assignment.key_place)
            replace_items(interpreter, owner, key, (Element(value, place),), is_distinct=is_distinct)
        case _:
            escape_assigned(interpreter, value, interpreter.place(assignment.target))


def _assign_slice(interpreter: Interpreter, target: cst.Subscript, owner: Collection, assigned: Element) -> None:
    """Assign a value to a slice. Only a slice of the whole collection, `xs[:]`, determines the elements replaced."""
    if not isinstance(assigned.value, Collection):
        replace_items(interpreter, owner, UNKNOWN, (assigned,), is_distinct=False)
    elif _is_full_slice(target):
        replace_all_items(interpreter, owner, assigned.value)
    else:
        replace_items(interpreter, owner, UNKNOWN, assigned.value.items, is_distinct=False)


def _is_full_slice(target: cst.Subscript) -> bool:
    """Return whether a target is `xs[:]`."""
    match target.slice:
        case [cst.SubscriptElement(slice=cst.Slice(lower=None, upper=None, step=None))]:
            return True
        case _:
            return False
