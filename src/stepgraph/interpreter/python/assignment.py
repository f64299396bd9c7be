"""Assignment: to names, attributes, elements, and into the parts of a tuple."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_values
from stepgraph.interpreter.objects.classes import class_member, field_names
from stepgraph.interpreter.objects.names import bind
from stepgraph.interpreter.objects.union import any_of
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Absent,
    Argument,
    Arguments,
    ClassValue,
    Collection,
    Constant,
    Element,
    FunctionValue,
    GeneratorCall,
    Instance,
    Mapping,
    MappingEntry,
    ModuleValue,
    Union,
    Unresolved,
    Value,
    hide_constants,
    possible,
)
from stepgraph.interpreter.python.arguments import MOST_ITEMS, bounded, collection
from stepgraph.interpreter.python.generators import all_of
from stepgraph.interpreter.replay.event import observe_key
from stepgraph.interpreter.replay.step_state import attribute_changed, change, element_changed
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place

# To copy a tuple takes so much less than to look at its elements.
COPIED_AT_ONCE: Final = 64


def assign(interpreter: Interpreter, target: cst.BaseExpression, value: Value, source: Place | None = None) -> None:
    """Assign a value to a target. `source` is the place of the expression assigned."""
    match target:
        case cst.Name(value=name):
            bind(interpreter, name, value)
            if interpreter.in_step and name in interpreter.frame.scope.bindings.nonlocals:
                change(interpreter, target, value, interpreter.place(target), rebound=True)
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            parts = [element if isinstance(element, cst.StarredElement) else element.value for element in elements]
            _assign_parts(interpreter, parts, value)
        case cst.StarredElement(value=inner):
            assign(interpreter, inner, value)
        case cst.Attribute(value=owner, attr=attr):
            receiver = interpreter.evaluate(owner)
            attribute_changed(interpreter, target, receiver)
            assign_attribute(interpreter, receiver, attr.value, value, interpreter.place(target))
        case cst.Subscript():
            _assign_element(interpreter, target, value, source)


def _assign_parts(interpreter: Interpreter, targets: list[cst.BaseExpression], value: Value) -> None:
    if isinstance(value, GeneratorCall):
        items: tuple[Element, ...] | None = all_of(interpreter, value)
    elif isinstance(value, Unresolved):
        items = (Element(value, value.place, many=True),)
    else:
        items = _parts_of(value)
        if items is None:
            interpreter.escape_operand(
                value, interpreter.place(targets[0]), "is taken apart in a way that is not followed"
            )
    star = next((i for i, target in enumerate(targets) if isinstance(target, cst.StarredElement)), None)
    if items is None or len(items) < len(targets) - (star is not None) or any(item.many for item in items):
        for target in targets:
            assign(interpreter, target, _any_part(interpreter, target, items))
        return
    if star is None:
        for target, item in zip(targets, items, strict=False):
            assign(interpreter, target, item.value)
        return
    after = len(targets) - star - 1
    for target, item in zip(targets[:star], items, strict=False):
        assign(interpreter, target, item.value)
    assign(interpreter, targets[star], collection(interpreter, "list", items[star : len(items) - after]))
    for target, item in zip(targets[star + 1 :], items[len(items) - after :], strict=True):
        assign(interpreter, target, item.value)


def _parts_of(value: Value) -> tuple[Element, ...] | None:
    """Return the parts into which a value is taken apart: those of a set are in no order that is known."""
    if isinstance(value, Collection):
        return tuple(replace(item, many=True) for item in value.items) if value.is_set else value.items
    if isinstance(value, Instance):
        place = Place(value.of.scope.module, value.of.node)
        return tuple(Element(value.state.get(name, UNKNOWN), place) for name in field_names(value.of)) or None
    if isinstance(value, Union):
        return _parts_of_any(value)
    return None


def _parts_of_any(value: Union) -> tuple[Element, ...]:
    """Return the parts of whichever of several tuples it is: each part is one of theirs, or any where they differ."""
    ways = [(case.condition, _parts_of(case.value)) for case in value.cases]
    known = [(condition, parts) for condition, parts in ways if parts is not None]
    if len({len(parts) for _, parts in known}) > 1 or any(item.many for _, parts in known for item in parts):
        return tuple(replace(item, many=True) for _, parts in known for item in parts)
    columns = zip(*(parts for _, parts in known), strict=True)
    conditions = [condition for condition, _ in known]
    return tuple(
        Element(
            join_values(
                [(c, item.value) for c, item in zip(conditions, column, strict=True)], value.discriminant, value.place
            ),
            column[0].place,
        )
        for column in columns
    )


def _any_part(interpreter: Interpreter, target: cst.BaseExpression, items: tuple[Element, ...] | None) -> Value:
    if items is None or not any(item.value.relevant for item in items):
        return UNKNOWN
    if isinstance(target, cst.StarredElement):
        return collection(interpreter, "list", items)
    place = interpreter.place(target)
    return any_of([item.value for item in items], [item.place.text for item in items], interpreter.text(target), place)


def assign_attribute(interpreter: Interpreter, owner: Value, name: str, value: Value, place: Place) -> None:
    """Set an attribute of a value."""
    observe_key(interpreter, "written", owner, Constant(name), place, place)
    if isinstance(owner, Instance):
        if not _set_by_class(interpreter, owner, name, value, place):
            interpreter.store.write(owner.state, name, hide_constants(value))
        return
    if isinstance(owner, Union):
        interpreter.choose(owner, lambda chosen: _assign_to(interpreter, chosen, name, value, place))
        return
    scope = owner.scope if isinstance(owner, ClassValue | ModuleValue) else None
    if scope is not None:
        interpreter.store.write(scope.names, name, hide_constants(value))
    else:
        _lose(interpreter, value, place)


def _assign_to(interpreter: Interpreter, owner: Value, name: str, value: Value, place: Place) -> Value:
    if not isinstance(owner, Constant | Absent):
        assign_attribute(interpreter, owner, name, value, place)
    return UNKNOWN


def _set_by_class(interpreter: Interpreter, owner: Instance, name: str, value: Value, place: Place) -> bool:
    """Run what the class of an object says about assigning to an attribute: the setter of a property, a descriptor."""
    member = class_member(interpreter, owner, name)
    if not isinstance(member, Union):
        return _set_by(interpreter, member, owner, value, place)

    def set_by(chosen: Value) -> Value:
        if not _set_by(interpreter, chosen, owner, value, place):
            interpreter.store.write(owner.state, name, hide_constants(value))
        return UNKNOWN

    interpreter.choose(member, set_by)
    return True


def _set_by(interpreter: Interpreter, member: Value | None, owner: Instance, value: Value, place: Place) -> bool:
    given = Arguments((Argument(value, place),))
    if isinstance(member, FunctionValue) and member.kind == "property" and member.setter is not None:
        setter = member.setter
        interpreter.call(replace(setter, receiver=owner) if isinstance(setter, FunctionValue) else setter, given, place)
        return True
    if not isinstance(member, Instance):
        return False
    given = Arguments((Argument(owner, place), *given.items))
    method = interpreter.attribute(member, "__set__", place)
    if isinstance(method, FunctionValue | Union):
        interpreter.call(method, given, place)
    return isinstance(method, FunctionValue | Union)


def _lose(interpreter: Interpreter, value: Value, place: Place) -> None:
    """Report what can run steps where it is assigned to what is not known."""
    interpreter.escape(value, place, f"is assigned to `{place.text}`, which is not followed")


def _assign_element(interpreter: Interpreter, target: cst.Subscript, value: Value, source: Place | None) -> None:
    changing, interpreter.replay.changing = interpreter.replay.changing, True
    owner = interpreter.evaluate(target.value)
    interpreter.replay.changing = changing
    element_changed(interpreter, target, owner)
    key: Value = UNKNOWN
    key_node: cst.CSTNode = target
    is_slice = False
    for element in target.slice:
        if isinstance(element.slice, cst.Index):
            key_node = element.slice.value
            key = interpreter.evaluate(element.slice.value)
        else:
            is_slice = True
    place = source or interpreter.place(target)
    observe_key(interpreter, "written", owner, key, interpreter.place(target.value), interpreter.place(target))
    if isinstance(owner, Instance):
        method = interpreter.attribute(owner, "__setitem__", place)
        if isinstance(method, FunctionValue | Union):
            interpreter.call(method, Arguments((Argument(key, place), Argument(value, place))), place)
    if isinstance(owner, Mapping):
        set_entry(interpreter, owner, key, value, interpreter.place(key_node), place)
    elif isinstance(owner, Collection):
        owner.state.unordered = True
        items = value.items if is_slice and isinstance(value, Collection) else (Element(value, place),)
        add_items(interpreter, owner, items)
    elif not isinstance(owner, Instance | Union):
        _lose(interpreter, value, interpreter.place(target))


def set_entry(
    interpreter: Interpreter, owner: Mapping, key: Value, value: Value, key_place: Place, place: Place
) -> None:
    """Set a key of a dictionary. A key that is not known adds to those there are."""
    many = interpreter.loop_depth > owner.loop_depth and not isinstance(key, Constant)
    entry = MappingEntry(key, value, key_place, place, many)
    entries = owner.entries
    kept = tuple(e for e in entries if not (isinstance(key, Constant) and e.key == key))
    if len(kept) < len(entries):
        interpreter.store.pass_over(e for e in entries if e.key == key)
    owner.state.changed = True
    interpreter.store.write(owner.state, "items", (*kept, entry))


def take_item(interpreter: Interpreter, owner: Collection, at: Value) -> Element | None:
    """Take an element out of a list or set; return it if it is known which one it is, else it may be any of them."""
    items = owner.items
    owner.state.changed = True
    here = interpreter.loop_depth == owner.loop_depth and owner.has_known_order
    if here and isinstance(at, Constant) and isinstance(at.value, int) and -len(items) <= at.value < len(items):
        left = list(items)
        taken = left.pop(at.value)
        interpreter.store.pass_over((taken,))
        interpreter.store.write(owner.state, "items", tuple(left))
        return taken
    owner.state.unordered = True
    interpreter.store.write(owner.state, "items", tuple(map(possible, items)))
    return None


def add_items(interpreter: Interpreter, owner: Collection, items: tuple[Element, ...]) -> None:
    """Add elements to a list or set; one added in a loop that the list was made outside of stands for many."""
    if interpreter.loop_depth > owner.loop_depth:
        items = tuple(replace(item, many=True, passes=None) for item in items)
    owner.state.changed = True
    again = {id(item.place.node) for item in items if item.many}
    if again:
        kept = [item for item in owner.items if id(item.place.node) not in again]
        interpreter.store.write(owner.state, "items", bounded((*kept, *items)))
        return
    present: tuple[Element, ...] = owner.state["items"]
    interpreter.budget.spend(Limit.ELEMENTS, len(items) + len(present) // COPIED_AT_ONCE)
    if len(present) // MOST_ITEMS == (len(present) + len(items)) // MOST_ITEMS:
        interpreter.store.extend(owner.state, (*present, *items))
    else:
        interpreter.store.write(owner.state, "items", bounded((*present, *items)))
