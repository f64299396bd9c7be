"""Members of project classes: method resolution order, class variables and members of enumerations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.objects.reassignment import mark_reassigned
from stepgraph.interpreter.objects.union import may_be_unset, may_change_order, union_of_values, with_fallback
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Collection, Element, Mapping, as_attribute, hide_constants
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import (
    PLAIN_ENUMERATIONS,
    VALUE_ENUMERATIONS,
    Caveat,
    ClassValue,
    EnumMember,
    FunctionValue,
    LexicalScope,
    ProjectObject,
    UnknownBase,
    body_name,
    mangle,
    member_slot,
)
from stepgraph.interpreter.values.unions import Union, map_cases
from stepgraph.interpreter.workflow.data_calls import record_read
from stepgraph.ir.values import (
    ABSENT,
    UNKNOWN,
    UNSET,
    Constant,
    Duration,
    External,
    ExternalResult,
    Moment,
    Unresolved,
    Value,
    is_none,
)
from stepgraph.limits import MAXIMUM, Limit, LimitExceededError
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.assignments import assigned_attributes
from stepgraph.syntax.mutation.changes import may_set_computed_attributes
from stepgraph.syntax.walk import statements

# Members of an enumeration class that can change the `value` of its members.
_ENUM_VALUE_HOOKS: Final = ("__new__", "__init__", "__getattribute__", "value", "_value_")
# Functions that turn a function, which would otherwise be a method, into a member of an enumeration.
_MEMBER_FUNCTIONS: Final = ("partial", "member")
# The orders of several bases share classes, so their total length may exceed the limit for one order.
_MAX_MERGE_LENGTH: Final = 10 * MAXIMUM[Limit.BASES]
LOOKUP_HOOKS: Final = ("__getattr__", "__getattribute__")


def order_of(owner: ProjectObject | ClassValue) -> tuple[Value, ...]:
    """Return the method resolution order of a class, or of the class of an object."""
    return resolution_order(owner.cls if isinstance(owner, ProjectObject) else owner)


def resolution_order(class_value: ClassValue) -> tuple[Value, ...]:
    """Return the method resolution order of a class, including External and unresolved bases.

    The order is the C3 linearization. Bases that contradict each other are ordered depth first, although Python rejects
    them at run time. Raises LimitExceededError for an order longer than `Limit.BASES`.
    """
    if not class_value.resolution_order:
        class_value.resolution_order = (class_value,)  # ends the recursion for a class that derives from itself
        try:
            class_value.resolution_order = _linearize(class_value)
        except LimitExceededError:
            class_value.resolution_order = ()
            raise
    return class_value.resolution_order


def project_classes(class_value: ClassValue) -> list[ClassValue]:
    """Return the classes of the project in the method resolution order of a class."""
    return [owner for owner in resolution_order(class_value) if isinstance(owner, ClassValue)]


def _linearize(class_value: ClassValue) -> tuple[Value, ...]:
    orders = [list(resolution_order(base)) if isinstance(base, ClassValue) else [base] for base in class_value.bases]
    if sum(map(len, orders)) > _MAX_MERGE_LENGTH:
        raise LimitExceededError(Limit.BASES)
    merged = orders[0] if len(orders) == 1 else _merge_c3([o for o in [*orders, list(class_value.bases)] if o])
    if len(merged) > MAXIMUM[Limit.BASES]:
        raise LimitExceededError(Limit.BASES)
    return (class_value, *merged)


def _merge_c3(orders: list[list[Value]]) -> list[Value]:
    """Return the C3 merge of several resolution orders, or depth-first order where no consistent order exists."""
    merged: list[Value] = []
    pending = [order[::-1] for order in orders]
    tail_counts = _count_in_tails(pending)
    while pending:
        head = next((order[-1] for order in pending if not tail_counts[order[-1]]), pending[0][-1])
        merged.append(head)
        if tail_counts[head]:
            pending = [[c for c in order if c != head] for order in pending]
            tail_counts = _count_in_tails(pending)
        for order in pending:
            if order and order[-1] == head:
                order.pop()
                if order:
                    tail_counts[order[-1]] -= 1
        pending = [order for order in pending if order]
    return merged


def _count_in_tails(reversed_orders: list[list[Value]]) -> Counter[Value]:
    """Count, for each class, the orders whose tail contains it. The head of a reversed order is its last item."""
    return Counter(c for order in reversed_orders for c in order[:-1])


def find_member(interpreter: Interpreter, order: tuple[Value, ...], name: str) -> Value | None:
    """Return a member from the first project class of a resolution order that defines it. Return None if none does.

    If an unknown base is earlier in the order, the member has a caveat, because that base may define it, too. If a
    class defines the member on only some paths, the result is a union with the member of the following classes.
    """
    unknown_bases: list[UnknownBase | Unresolved] = []
    for index, owner in enumerate(order):
        if isinstance(owner, UnknownBase | Unresolved):
            unknown_bases.append(owner)
        if not isinstance(owner, ClassValue):
            continue
        value = resolve_body_name(interpreter, owner.scope, body_name(owner, name))
        is_assigned = not interpreter.is_import_time and interpreter.modules.is_assigned_externally(owner.scope, name)
        if value is None or value is UNSET:
            if is_assigned:
                interpreter.store.record_outer_read(owner.scope.names, name)
            continue
        record_read(interpreter, value, may_be_rebound=is_assigned)
        inherited = find_member(interpreter, order[index + 1 :], name) if may_be_unset(value) else None
        return _with_caveats(
            _class_variable(interpreter, owner, body_name(owner, name), with_fallback(value, inherited), order),
            _member_caveats(owner, name, unknown_bases),
        )
    return None


def attribute_name(interpreter: Interpreter, name: str, place: SourcePlace) -> str:
    """Return the name of an attribute, mangled if `place` is an expression `owner.name` with this name."""
    if not name.startswith("__"):
        return name  # most names are not private
    is_written = isinstance(place.node, cst.Attribute) and place.node.attr.value == name
    return mangle(interpreter.frame.scope, name) if is_written else name


def set_slot(interpreter: Interpreter, slots: HeapCell, name: str, value: Value) -> None:
    """Set an attribute of an object or class. On paths that do not set the attribute, its value is `UNSET`."""
    record_constant(interpreter, slots, name, value)
    if name not in slots:
        slots[name] = UNSET  # not recorded in the trail, so a rollback restores this value
    elif value is not UNSET and not slots.unordered:
        slots.unordered = may_change_order(slots, name)
    interpreter.store.write(slots, name, as_attribute(value))


def record_constant(interpreter: Interpreter, slots: HeapCell, name: str, value: Value) -> None:
    """Record the constant that is assigned to an attribute, or that the attribute has another value, too."""
    constants = slots.constants
    if constants is None:
        if interpreter.is_import_time and isinstance(value, Constant | EnumMember) and not is_none(value):
            slots.constants = {name: value} if name not in slots else {name: None}
    elif name not in constants:
        is_first = name not in slots and interpreter.is_import_time
        constants[name] = value if is_first and isinstance(value, Constant | EnumMember) else None
    elif constants[name] != value:
        constants[name] = None


def set_class_attribute(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> None:
    """Set an attribute of a class or module. On paths that do not set the attribute, its definition applies."""
    name = name if scope.owner is None else body_name(scope.owner, name)
    resolve_body_name(interpreter, scope, name)
    set_slot(interpreter, scope.names, name, value)


def class_member(interpreter: Interpreter, instance: ProjectObject, name: str) -> Value | None:
    """Return a member that an instance has from its class or a base class. Return None if none of them does."""
    classes = project_classes(instance.cls)
    is_bound = any(body_name(owner, name) in owner.scope.bindings.binders for owner in classes)
    return find_member(interpreter, resolution_order(instance.cls), name) if is_bound else None


def class_default(interpreter: Interpreter, instance: ProjectObject, name: str) -> Value:
    """Return the value that an instance's classes bind to an attribute, or UNKNOWN if other code may change it."""
    for owner in resolution_order(instance.cls):
        value: Value | None = UNSET
        if isinstance(owner, ClassValue):
            value = resolve_body_name(interpreter, owner.scope, body_name(owner, name))
        if isinstance(owner, ClassValue) and value is not None and value is not UNSET:
            is_certain = not owner.caveats and not _is_changed_outside(interpreter, owner, name)
            return value if is_certain else UNKNOWN
        if isinstance(owner, UnknownBase | Unresolved):
            break
    return UNKNOWN


def _member_caveats(
    owner: ClassValue, name: str, unknown_bases: Sequence[UnknownBase | Unresolved]
) -> tuple[Caveat, ...]:
    """Return the caveats about a member of a class that follows unknown bases in the resolution order."""
    base_caveats = (
        Caveat(
            "unknown-base",
            base.place,
            f"the base class `{base.place.text}` is unknown, and may override `{owner.name}.{name}`.",
            f"The graph shows `{owner.name}.{name}`.",
            may_be_another=True,
        )
        for base in unknown_bases
    )
    return (*owner.caveats, *base_caveats)


def _with_caveats(value: Value, caveats: tuple[Caveat, ...]) -> Value:
    """Return a member that may be replaced at run time: functions get the caveats, and constants are hidden."""
    if not caveats:
        return value
    if isinstance(value, FunctionValue):
        return replace(value, caveats=(*value.caveats, *caveats))
    if isinstance(value, Union):
        return map_cases(value, lambda case_value: _with_caveats(case_value, caveats))
    return hide_constants(value)


def _class_variable(
    interpreter: Interpreter, owner: ClassValue, name: str, value: Value, order: tuple[Value, ...]
) -> Value:
    """Return a class variable, as a constant only if it is bound once and no attribute assignment may change it."""
    if _is_enumeration(order) and _is_member(owner, name, value):
        return _enum_member(interpreter, owner, name, value, order)
    if not isinstance(value, Constant | Moment | Duration | Collection | Mapping):
        if value.relevant and _is_changed_outside(interpreter, owner, name):
            return mark_reassigned(interpreter, owner.scope, name, value)
        is_text = _derives_from(order, _TEXT_ENUMERATIONS) and not owner.scope.is_local
        if is_text and _is_default_auto(value, order):
            return EnumMember(owner, name=name, key=(name.lower(),))
        return value
    may_be_assigned = _may_be_assigned([c for c in order if isinstance(c, ClassValue)], name)
    if isinstance(value, Collection | Mapping) and not _is_enumeration(order):
        is_rebound = interpreter.modules.is_rebound_externally(owner.scope, name)
        if not may_be_assigned and not is_rebound and not interpreter.modules.is_member_changed(owner.scope, name):
            return value
        if not _is_changed_outside(interpreter, owner, name):
            return hide_constants(value)
        if not any(element.value.relevant for element in value.state.elements()):
            return UNKNOWN
        return hide_constants(mark_reassigned(interpreter, owner.scope, name, value))
    if _is_enumeration(order) or _is_changed_outside(interpreter, owner, name):
        return UNKNOWN
    if owner.scope.bindings.binds_constant(name) and not may_be_assigned:
        return value
    has_metaclass = any(isinstance(c, ClassValue) and not c.has_plain_metaclass for c in order)
    return ABSENT if is_none(value) and not has_metaclass else UNKNOWN


def _may_be_assigned(classes: Sequence[ClassValue], name: str) -> bool:
    """Return whether a module of these classes may assign an attribute of an object with these classes.

    An assignment to the `self` of a method of another class does not count, unless the module calls the method by the
    name of its class, with any object.
    """
    own_names = {each.name for each in classes}
    for module in dict.fromkeys(each.scope.module for each in classes):
        methods = module.once(assigned_attributes).methods_assigning(name)
        if methods is None or module.once(may_set_computed_attributes):
            return True
        if any(method.partition(".")[0] in own_names or module.mentions(method.encode()) for method in methods):
            return True
        if methods and not all(each.has_plain_metaclass for each in classes):
            return True
    return False


def _is_changed_outside(interpreter: Interpreter, owner: ClassValue, name: str) -> bool:
    """Return whether code outside the body of a class may assign a member."""
    modules = interpreter.modules
    is_changed = not interpreter.is_import_time and modules.is_member_changed(owner.scope, name)
    return (
        is_changed
        or modules.may_be_reassigned(owner.scope, name)
        or modules.may_be_replaced_by_unknown_import(owner.scope, name)
    )


def _is_member(owner: ClassValue, name: str, value: Value) -> bool:
    """Return whether a name in the body of an enumeration is a member, rather than a method or a descriptor."""
    match owner.scope.bindings.binders.get(name):
        case [cst.Assign(value=node) | cst.AnnAssign(value=cst.BaseExpression() as node)] if not name.startswith("_"):
            function = owner.scope.module.text(node.func).split(".")[-1] if isinstance(node, cst.Call) else ""
            return function in _MEMBER_FUNCTIONS or not isinstance(value, FunctionValue | ClassValue)
        case _:
            return False


def _enum_member(
    interpreter: Interpreter, owner: ClassValue, name: str, value: Value, order: tuple[Value, ...]
) -> Value:
    """Return a member of an enumeration, as an object if the class has methods or the value can lead to a step."""
    classes = [c for c in order if isinstance(c, ClassValue)]
    kept_value = value if value.relevant or _must_keep_value(owner, name, order) else UNKNOWN
    interpreter.budget.spend(Limit.ELEMENTS, len(classes))
    if not value.relevant and not any(c.scope.bindings.defines_functions for c in classes):
        return EnumMember(owner, kept_value, name, _member_key(owner, name, value, order))
    slot = member_slot(name)
    if slot not in owner.scope.names:
        owner.scope.names[slot] = ProjectObject(owner, interpreter.store.new(_member_attributes(kept_value)))
        _initialize_member(interpreter, owner.scope.names[slot], owner.scope.bindings.binders[name][0], value)
    member: Value = owner.scope.names[slot]
    return member


def _member_key(owner: ClassValue, name: str, value: Value, order: tuple[Value, ...]) -> object:
    """Return an object that is equal for equal members of an enumeration, or None if it may be equal to other values.

    Equal constants are one member with several names, but the values of `auto()` differ.
    """
    if owner.scope.is_local or any(base not in _PLAIN_BASES for base in order if not isinstance(base, ClassValue)):
        return None
    if isinstance(value, Constant):
        return (owner.node, value.value)
    is_distinct = _is_default_auto(value, order) and owner.scope.module.once_for_code(owner.node, _repeats_one_call)
    return (owner.node, name) if is_distinct else None


def _is_default_auto(value: Value, order: tuple[Value, ...]) -> bool:
    """Return whether a value is that of `auto()`, and no class replaces the function that computes it."""
    return value == _AUTO and not any(
        "_generate_next_value_" in c.scope.bindings.binders for c in order if isinstance(c, ClassValue)
    )


def _repeats_one_call(node: cst.ClassDef) -> bool:
    """Return whether a class body only assigns calls of one function without arguments, each to one name."""
    body = [each for each in statements(node.body) if not isinstance(each, cst.Expr | cst.Pass)]
    calls = [each.value for each in body if isinstance(each, cst.Assign) and len(each.targets) == 1]
    return len(calls) == len(body) and all(
        isinstance(call, cst.Call) and call.deep_equals(calls[0]) and not call.args for call in calls
    )


_PLAIN_BASES: Final = (External("enum.Enum"), External("builtins.object"))
_TEXT_ENUMERATIONS: Final = frozenset(["enum.StrEnum"])
"""The enumerations in which the value of `auto()` is the name in lower case."""
_AUTO: Final = ExternalResult("enum.auto")


def _member_attributes(value: Value) -> dict[str, Value]:
    return {"name": UNKNOWN, "_name_": UNKNOWN, "value": value, "_value_": value}


def _initialize_member(interpreter: Interpreter, member: ProjectObject, binder: cst.CSTNode, value: Value) -> None:
    """Call `__new__` and `__init__` for a member of an enumeration, with its value or the items of a tuple."""
    scope = member.cls.scope
    order = resolution_order(member.cls)
    place = SourcePlace(scope.module, binder)
    items = value.items if isinstance(value, Collection) and value.kind == "tuple" else (Element(value, place),)
    arguments = Arguments(tuple(Argument(item.value, item.place) for item in items))
    for name, receiver in (("__new__", member.cls), ("__init__", member)):
        initializer = find_member(interpreter, order, name)
        if not isinstance(initializer, FunctionValue):
            continue
        initializer = replace(initializer, receiver=receiver)
        if scope.is_local:
            interpreter.call(initializer, arguments, place)
            continue
        with interpreter.in_definition_body(scope):
            interpreter.call(initializer, arguments, place)


def enum_members(interpreter: Interpreter, class_value: ClassValue) -> tuple[Element, ...] | None:
    """Return the members of an enumeration in order. Return None for a class that is not a plain enumeration."""
    order = resolution_order(class_value)
    if not (_is_enumeration(order) and class_value.has_plain_metaclass) or class_value.caveats:
        return None
    members: list[Element] = []
    constants: set[object] = set()
    for name, binders in class_value.scope.bindings.binders.items():
        interpreter.budget.spend(Limit.ELEMENTS)
        value = resolve_body_name(interpreter, class_value.scope, name)
        if value is None or not _is_member(class_value, name, value):
            continue
        if isinstance(value, Constant) and value.value in constants:
            continue  # an alias of an earlier member
        constants |= {value.value} if isinstance(value, Constant) else set()
        member = _enum_member(interpreter, class_value, name, value, order)
        members.append(Element(member, SourcePlace(class_value.scope.module, _target(binders[0]))))
    return tuple(members)


def _target(binder: cst.CSTNode) -> cst.CSTNode:
    """Return the target of an assignment that defines a member of an enumeration."""
    return binder.targets[0].target if isinstance(binder, cst.Assign) else getattr(binder, "target", binder)


def select_member(
    interpreter: Interpreter,
    class_value: ClassValue,
    place: SourcePlace,
    is_selected: Callable[[str, ProjectObject], bool],
) -> Value | None:
    """Return the selected member of an enumeration, or the union of all. Return None if none is a `ProjectObject`."""
    members = enum_members(interpreter, class_value) or ()
    objects = [(member.place.case_text, member.value) for member in members if isinstance(member.value, ProjectObject)]
    for name, member in objects:
        if is_selected(name, member):
            return member
    values: list[Value] = [member for _, member in objects]
    return union_of_values(values, [name for name, _ in objects], place.text, place) if values else None


def _must_keep_value(owner: ClassValue, name: str, order: tuple[Value, ...]) -> bool:
    """Return whether the `value` of an enumeration member must equal the assigned value, because no hook changes it."""
    classes = [c for c in order if isinstance(c, ClassValue)]
    has_hooks = any(hook in c.scope.bindings.binders for c in classes for hook in _ENUM_VALUE_HOOKS)
    return owner.scope.bindings.binds_constant(name) and not has_hooks and all(c.has_plain_metaclass for c in classes)


def _is_enumeration(order: tuple[Value, ...]) -> bool:
    """Return whether the members of a class are objects. Those of IntEnum and StrEnum are constants without methods."""
    has_functions = any(isinstance(c, ClassValue) and c.scope.bindings.defines_functions for c in order)
    return _derives_from(order, PLAIN_ENUMERATIONS) or (has_functions and derives_from_value_enumeration(order))


def derives_from_value_enumeration(order: tuple[Value, ...]) -> bool:
    """Return whether the members of a class are also numbers or strings, as in IntEnum and StrEnum."""
    return _derives_from(order, VALUE_ENUMERATIONS)


def _derives_from(order: tuple[Value, ...], names: frozenset[str]) -> bool:
    return any(isinstance(c, External) and c.name in names for c in order)


def has_class_attribute(interpreter: Interpreter, instance: ProjectObject, name: str) -> bool:
    """Return whether the class of an instance provides an attribute, as a member or by a lookup hook."""
    order = resolution_order(instance.cls)
    return any(
        find_member(interpreter, order, member) is not None for member in (name, "__getattr__", "__getattribute__")
    )


def relevant_members(
    interpreter: Interpreter, class_value: ClassValue, receiver: ProjectObject | None
) -> Iterator[Value]:
    """Yield the relevant members of a class, with methods bound to the receiver, except functions being interpreted."""
    for leaf in _members(interpreter, class_value):
        if not isinstance(leaf, FunctionValue):
            if leaf.relevant and leaf is not UNSET:
                yield leaf
        elif not interpreter.active_functions.get(leaf.node):
            yield replace(leaf, receiver=receiver) if leaf.kind == "function" else leaf


def _members(interpreter: Interpreter, class_value: ClassValue) -> Iterator[Value]:
    """Yield the values that the bodies of a class and its bases bind to names."""
    for owner in project_classes(class_value):
        for name in list(owner.scope.bindings.binders):
            interpreter.budget.spend(Limit.ELEMENTS)
            member = resolve_body_name(interpreter, owner.scope, name)
            yield from () if member is None else union_values(member)
