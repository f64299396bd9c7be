"""Project classes: method resolution order, attribute lookup, descriptors and instantiation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import join_values, union_values
from stepgraph.interpreter.objects.fields import assign_fields, fields_of, generates_initializer
from stepgraph.interpreter.objects.names import mark_reassigned, resolve_body_name
from stepgraph.interpreter.objects.private_names import body_name, mangle
from stepgraph.interpreter.objects.union import union_of_values
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    UNSET,
    Argument,
    Arguments,
    AttributeDictionary,
    BuiltinMethod,
    Caveat,
    ClassValue,
    Collection,
    Constant,
    Duration,
    Element,
    EnumMember,
    External,
    FunctionValue,
    HeapCell,
    Instance,
    LexicalScope,
    Mapping,
    Moment,
    Partial,
    StepCall,
    StepDecorator,
    StepFunction,
    StepMethod,
    StepObject,
    SuperConstructor,
    SuperObject,
    TaskGroup,
    Union,
    Unknown,
    UnknownBase,
    Unresolved,
    Value,
    hide_constants,
    is_none,
)
from stepgraph.interpreter.python.arguments import make_result_collection
from stepgraph.interpreter.python.definitions import qualified_names
from stepgraph.interpreter.replay.resources import ENVIRONMENT
from stepgraph.limits import MAXIMUM, Limit, LimitExceededError
from stepgraph.syntax.assignments import ANY_NAME, assigned_attributes
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.changes import may_set_computed_attributes
from stepgraph.syntax.module import Place
from stepgraph.syntax.walk import statements_below

# Members of an enumeration class that can change the `value` of its members.
_ENUM_VALUE_HOOKS: Final = ("__new__", "__init__", "__getattribute__", "value", "_value_")
# Orders of several bases share classes, so their total length may exceed the limit on one order.
_MAX_MERGE_LENGTH: Final = 10 * MAXIMUM[Limit.BASES]
_NAMED_TUPLE: Final = "typing.NamedTuple"
COMPUTED_NAME: Final = "*"
"""The slot of the attributes that are set by a computed name which no other attribute has."""
ENTRYPOINT: Final = "workers.WorkflowEntrypoint"


def resolution_order(class_value: ClassValue) -> tuple[Value, ...]:
    """Return the method resolution order of a class, including External and unresolved bases.

    C3 linearization. Bases that contradict each other are ordered depth first; Python rejects them at run time.
    Raises LimitExceededError for an order longer than `Limit.BASES`.
    """
    if not class_value.resolution_order:
        class_value.resolution_order = (class_value,)  # ends the recursion for a class that derives from itself
        try:
            class_value.resolution_order = _linearize(class_value)
        except LimitExceededError:
            class_value.resolution_order = ()
            raise
    return class_value.resolution_order


def _linearize(class_value: ClassValue) -> tuple[Value, ...]:
    orders = [list(resolution_order(base)) if isinstance(base, ClassValue) else [base] for base in class_value.bases]
    if sum(map(len, orders)) > _MAX_MERGE_LENGTH:
        raise LimitExceededError(Limit.BASES)
    merged = orders[0] if len(orders) == 1 else _merge_c3([o for o in [*orders, list(class_value.bases)] if o])
    if len(merged) > MAXIMUM[Limit.BASES]:
        raise LimitExceededError(Limit.BASES)
    return (class_value, *merged)


def _merge_c3(orders: list[list[Value]]) -> list[Value]:
    """Return the C3 merge of several resolution orders, depth first where no consistent order exists."""
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
    """Count for each class the orders that contain it in their tail. The head of a reversed order is its last item."""
    return Counter(c for order in reversed_orders for c in order[:-1])


def is_workflow(interpreter: Interpreter, class_value: ClassValue) -> bool:
    """Whether a class derives from WorkflowEntrypoint and defines or inherits `run`."""
    if not derives_from_entrypoint(class_value):
        return False
    run = find_member(interpreter, resolution_order(class_value), "run")
    return run is not None and all(isinstance(leaf, FunctionValue) for leaf in union_values(run))


def derives_from_entrypoint(class_value: ClassValue) -> bool:
    """Whether a class derives from WorkflowEntrypoint."""
    return any(isinstance(c, External) and c.name == ENTRYPOINT for c in resolution_order(class_value))


def find_member(interpreter: Interpreter, order: tuple[Value, ...], name: str) -> Value | None:
    """Return a member from the first project class of a resolution order that defines it, None if none does.

    An unresolved base earlier in the order may define the member too, which adds a caveat. A class that defines the
    member on some paths only gives a union with the member of the following classes.
    """
    unknown_bases: list[UnknownBase | Unresolved] = []
    for index, owner in enumerate(order):
        if isinstance(owner, UnknownBase | Unresolved):
            unknown_bases.append(owner)
        if not isinstance(owner, ClassValue):
            continue
        value = resolve_body_name(interpreter, owner.scope, body_name(owner, name))
        if value is None or value is UNSET:
            continue
        inherited = find_member(interpreter, order[index + 1 :], name) if may_be_unset(value) else None
        return _with_caveats(
            _class_variable(interpreter, owner, body_name(owner, name), with_fallback(value, inherited), order),
            _member_caveats(owner, name, unknown_bases),
        )
    return None


def attribute_name(interpreter: Interpreter, name: str, place: Place) -> str:
    """Return the name of an attribute, mangled if `place` is an expression `owner.name` with it."""
    is_written = isinstance(place.node, cst.Attribute) and place.node.attr.value == name
    return mangle(interpreter.frame.scope, name) if is_written else name


def may_be_unset(value: Value) -> bool:
    """Whether an attribute with this value is set on some paths only, or on none."""
    return value is UNSET or (isinstance(value, Union) and any(leaf is UNSET for leaf in union_values(value)))


def with_fallback(value: Value, fallback: Value | None) -> Value:
    """Return the value of an attribute, with a fallback for the paths that do not set it.

    Without a fallback, these paths raise an AttributeError, so only the values that are set remain.
    """
    if value is UNSET:
        return UNKNOWN if fallback is None else fallback
    if not isinstance(value, Union) or not may_be_unset(value):
        return value
    branches = [
        (case.condition, with_fallback(case.value, fallback))
        for case in value.cases
        if fallback is not None or case.value is not UNSET
    ]
    return join_values(branches, None if len(branches) == 1 else value.discriminant, value.place, since=0)


def set_slot(interpreter: Interpreter, slots: HeapCell, name: str, value: Value) -> None:
    """Set an attribute of an object or class. A path that does not set it joins as `UNSET`."""
    if name not in slots:
        slots[name] = UNSET  # beneath the trail, so that a rollback restores it
    interpreter.store.write(slots, name, hide_constants(value))


def set_class_attribute(interpreter: Interpreter, scope: LexicalScope, name: str, value: Value) -> None:
    """Set an attribute of a class or module. Its own definition counts on paths that do not set it."""
    name = name if scope.owner is None else body_name(scope.owner, name)
    resolve_body_name(interpreter, scope, name)
    set_slot(interpreter, scope.names, name, value)


def class_member(interpreter: Interpreter, instance: Instance, name: str) -> Value | None:
    """Return a member that the class of an instance or one of its bases binds, None if no class binds the name."""
    order = resolution_order(instance.cls)
    is_bound = any(
        isinstance(owner, ClassValue) and body_name(owner, name) in owner.scope.bindings.binders for owner in order
    )
    return find_member(interpreter, order, name) if is_bound else None


def class_default(interpreter: Interpreter, instance: Instance, name: str) -> Value:
    """Return the value that the classes of an instance assign to an attribute, UNKNOWN if another module may do so."""
    for owner in resolution_order(instance.cls):
        value: Value | None = UNSET
        if isinstance(owner, ClassValue):
            value = resolve_body_name(interpreter, owner.scope, body_name(owner, name))
        if isinstance(owner, ClassValue) and value is not None and value is not UNSET:
            is_certain = not owner.caveats and not interpreter.modules.is_assigned_externally(owner.scope, name)
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
            f"what `{base.place.text}` has is not known, and it is asked for `{name}` before `{owner.name}` is.",
            f"The graph shows `{owner.name}.{name}`.",
            may_be_another=True,
        )
        for base in unknown_bases
    )
    return (*owner.caveats, *base_caveats)


def _with_caveats(value: Value, caveats: tuple[Caveat, ...]) -> Value:
    """Return a member that another one may replace at run time: functions carry the caveats, constants are hidden."""
    if not caveats:
        return value
    if isinstance(value, FunctionValue):
        return replace(value, caveats=(*value.caveats, *caveats))
    if isinstance(value, Union):
        return _map_cases(value, lambda case_value: _with_caveats(case_value, caveats))
    return hide_constants(value)


def _map_cases(union: Union, transform: Callable[[Value], Value]) -> Union:
    cases = tuple(replace(case, value=transform(case.value)) for case in union.cases)
    return Union(cases, union.discriminant, union.place)


def _class_variable(
    interpreter: Interpreter, owner: ClassValue, name: str, value: Value, order: tuple[Value, ...]
) -> Value:
    """Return a class variable: a constant only if it is bound once and no attribute assignment uses its name.

    The modules of all classes in the resolution order are searched for such assignments.
    """
    if _is_enumeration(order) and _is_member(owner, name, value):
        return _enum_member(interpreter, owner, name, value, order)
    if not isinstance(value, Constant | Moment | Duration | Collection | Mapping):
        if value.relevant and interpreter.modules.is_assigned_externally(owner.scope, name):
            return mark_reassigned(interpreter, owner.scope, name, value)
        return value
    modules = dict.fromkeys(c.scope.module for c in order if isinstance(c, ClassValue))
    may_be_assigned = any(
        name in module.once(assigned_attributes).any_owner or module.once(may_set_computed_attributes)
        for module in modules
    )
    if isinstance(value, Collection | Mapping) and not may_be_assigned and not _is_enumeration(order):
        return UNKNOWN if interpreter.modules.is_rebound_externally(owner.scope, name) else value
    is_constant = (
        owner.scope.bindings.binds_constant(name)
        and not may_be_assigned
        and not interpreter.modules.is_assigned_externally(owner.scope, name)
    )
    return value if is_constant and not _is_enumeration(order) else UNKNOWN


def _is_member(owner: ClassValue, name: str, value: Value) -> bool:
    """Whether a name in the body of an enumeration is a member, rather than a method or a descriptor."""
    match owner.scope.bindings.binders.get(name):
        case [cst.Assign(value=node) | cst.AnnAssign(value=cst.BaseExpression() as node)] if not name.startswith("_"):
            is_partial = isinstance(node, cst.Call) and owner.scope.module.text(node.func).split(".")[-1] == "partial"
            return is_partial or not isinstance(value, FunctionValue | ClassValue)
        case _:
            return False


def _enum_member(
    interpreter: Interpreter, owner: ClassValue, name: str, value: Value, order: tuple[Value, ...]
) -> Value:
    """Return a member of an enumeration: an object if the class has methods or the value can lead to a step."""
    classes = [c for c in order if isinstance(c, ClassValue)]
    kept_value = value if value.relevant or _must_keep_value(owner, name, order) else UNKNOWN
    binders = [binder for c in classes for group in c.scope.bindings.binders.values() for binder in group]
    interpreter.budget.spend(Limit.ELEMENTS, len(binders))
    if not value.relevant and not any(isinstance(binder, cst.FunctionDef) for binder in binders):
        return EnumMember(owner, kept_value)
    slot = f"{name}()"  # no name of the body
    if slot not in owner.scope.names:
        owner.scope.names[slot] = Instance(owner, interpreter.store.new(_member_attributes(kept_value)))
        _initialize_member(interpreter, owner.scope.names[slot], owner.scope.bindings.binders[name][0], value)
    member: Value = owner.scope.names[slot]
    return member


def _member_attributes(value: Value) -> dict[str, Value]:
    return {"name": UNKNOWN, "_name_": UNKNOWN, "value": value, "_value_": value}


def _initialize_member(interpreter: Interpreter, member: Instance, binder: cst.CSTNode, value: Value) -> None:
    """Call the `__init__` of a member of an enumeration with its value, or with the items of a tuple."""
    scope = member.cls.scope
    initializer = find_member(interpreter, resolution_order(member.cls), "__init__")
    if isinstance(initializer, FunctionValue):
        place = Place(scope.module, binder)
        items = value.items if isinstance(value, Collection) and value.kind == "tuple" else (Element(value, place),)
        arguments = Arguments(tuple(Argument(item.value, item.place) for item in items))
        with interpreter.in_definition_body(scope):
            interpreter.call(replace(initializer, receiver=member), arguments, place)


def enum_members(interpreter: Interpreter, class_value: ClassValue) -> tuple[Element, ...] | None:
    """Return the members of an enumeration in order, None for any other class."""
    order = resolution_order(class_value)
    if not _is_enumeration(order) or class_value.metaclass is not None or class_value.caveats:
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
        members.append(Element(member, Place(class_value.scope.module, _target(binders[0]))))
    return tuple(members)


def _target(binder: cst.CSTNode) -> cst.CSTNode:
    """Return the target of an assignment in the body of an enumeration."""
    return binder.targets[0].target if isinstance(binder, cst.Assign) else getattr(binder, "target", binder)


def select_member(
    interpreter: Interpreter, class_value: ClassValue, place: Place, is_selected: Callable[[str, Instance], bool]
) -> Value | None:
    """Return the selected member of an enumeration, or the union of all. None if its members are no objects."""
    members = enum_members(interpreter, class_value) or ()
    objects = [(member.place.text, member.value) for member in members if isinstance(member.value, Instance)]
    for name, member in objects:
        if is_selected(name, member):
            return member
    values: list[Value] = [member for _, member in objects]
    return union_of_values(values, [name for name, _ in objects], place.text, place) if values else None


def _must_keep_value(owner: ClassValue, name: str, order: tuple[Value, ...]) -> bool:
    """Whether the `value` of an enumeration member must equal the assigned value, because no hook can change it."""
    classes = [c for c in order if isinstance(c, ClassValue)]
    has_hooks = any(hook in c.scope.bindings.binders for c in classes for hook in _ENUM_VALUE_HOOKS)
    return owner.scope.bindings.binds_constant(name) and not has_hooks and all(c.metaclass is None for c in classes)


def _is_enumeration(order: tuple[Value, ...]) -> bool:
    """Whether a class derives from plain Enum or Flag. IntEnum and StrEnum members act as plain values."""
    return any(isinstance(c, External) and c.name in ("enum.Enum", "enum.Flag") for c in order)


def instance_attribute(interpreter: Interpreter, instance: Instance, name: str, place: Place) -> Value:
    """Return `instance.name`."""
    if name == "__dict__":
        return AttributeDictionary(instance)
    interpreter.store.record_outer_read(instance.state, name)
    value: Value = instance.state.get(name, UNSET)
    if isinstance(value, Collection | Mapping | TaskGroup):
        interpreter.store.record_outer_read(value.state, "items")
    if not may_be_unset(value):
        return value
    if value is UNSET:
        return _inherited_attribute(interpreter, instance, name, place)
    if not has_class_attribute(interpreter, instance, name):
        return with_fallback(value, None)
    return _or_inherited(interpreter, instance, name, value, place)


def _or_inherited(interpreter: Interpreter, instance: Instance, name: str, value: Value, place: Place) -> Value:
    """Return the value of an attribute that is set on some paths. On the others, its class decides."""
    if isinstance(value, Union):
        return interpreter.apply_to_cases(
            value, lambda case_value: _or_inherited(interpreter, instance, name, case_value, place)
        )
    if value is not UNSET:
        return value
    default = class_default(interpreter, instance, name)
    if is_none(default) or isinstance(default, Collection | Mapping):
        return hide_constants(default)
    return _inherited_attribute(interpreter, instance, name, place)


def has_class_attribute(interpreter: Interpreter, instance: Instance, name: str) -> bool:
    """Whether the class of an instance gives a value to an attribute that the instance does not have itself."""
    order = resolution_order(instance.cls)
    return any(
        find_member(interpreter, order, member) is not None for member in (name, "__getattr__", "__getattribute__")
    )


def _inherited_attribute(interpreter: Interpreter, instance: Instance, name: str, place: Place) -> Value:
    """Return the value of an attribute that the instance does not have itself."""
    order = resolution_order(instance.cls)
    hook_result = _call_lookup_hook(interpreter, instance, "__getattribute__", name, place)
    overrides_lookup = hook_result is not None and hook_result.relevant
    attribute = find_member(interpreter, order, name)
    if isinstance(attribute, FunctionValue) and _may_be_replaced_on_instance(interpreter, instance, name):
        attribute = replace(
            attribute, caveats=(*attribute.caveats, _instance_assignment_caveat(instance, name, attribute))
        )
    if overrides_lookup and isinstance(attribute, FunctionValue):
        attribute = replace(attribute, caveats=(*attribute.caveats, _lookup_hook_caveat(instance, name, place)))
    elif overrides_lookup:
        return Unresolved(f"`{instance.cls.name}.__getattribute__` decides what it is", place)
    if attribute is not None:
        return bind_member(interpreter, attribute, instance, instance.cls, place)
    hook_result = _call_lookup_hook(interpreter, instance, "__getattr__", name, place)
    if hook_result is not None:
        return hook_result
    if _base_may_run_steps(instance, order):
        return Unresolved(f"a base class of {instance.cls.name} is not in the project", place)
    if name in ("ctx", "env") and derives_from_entrypoint(instance.cls):
        return ENVIRONMENT if name == "env" else UNKNOWN
    if name == "__class__":
        return instance.cls
    if name in ("_replace", "_asdict") and any(isinstance(c, External) and c.name == _NAMED_TUPLE for c in order):
        return BuiltinMethod(instance, name)
    return _undefined_attribute(interpreter, instance, order, name, place)


def _undefined_attribute(
    interpreter: Interpreter, instance: Instance, order: tuple[Value, ...], name: str, place: Place
) -> Value:
    """Return an attribute without a definition: Unresolved if other code may add one that runs steps."""
    if name.startswith("__"):
        return UNKNOWN
    computed = computed_attribute(interpreter, instance)
    if computed is not None:
        return computed
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    may_be_added = any(
        owner.caveats
        or interpreter.modules.is_assigned_externally(owner.scope, name)
        or interpreter.modules.is_assigned_externally(owner.scope, ANY_NAME)
        for owner in classes
    )
    if may_be_added or any(map(_can_reach_steps, instance.state.values())):
        return Unresolved(f"nothing that is read defines `{name}` in {instance.cls.name}", place)
    return UNKNOWN


def computed_attribute(interpreter: Interpreter, instance: Instance) -> Value | None:
    """Return the value that an attribute set by a computed name may have, None if no such name was set."""
    interpreter.store.record_outer_read(instance.state, COMPUTED_NAME)
    value = instance.state.get(COMPUTED_NAME, UNSET)
    return None if value is UNSET else with_fallback(value, None)


def _can_reach_steps(value: Value) -> bool:
    return isinstance(value, StepObject | StepMethod | StepDecorator | StepFunction | StepCall)


def _may_be_replaced_on_instance(interpreter: Interpreter, instance: Instance, name: str) -> bool:
    """Whether another module may assign to the attribute of a variable that holds an instance of the class."""
    owners = interpreter.modules.owners_with_assigned_attribute(name)
    return any(
        isinstance(value, Instance) and value.cls is instance.cls
        for scope in (list(interpreter.modules.scopes.values()) if owners else ())
        for owner in owners & scope.bindings.binders.keys()
        for value in (scope.names.get(owner),)
    )


def _instance_assignment_caveat(instance: Instance, name: str, method: FunctionValue) -> Caveat:
    return Caveat(
        "assigned-elsewhere",
        Place(method.scope.module, method.node),
        f"`{name}` of an object of {instance.cls.name} is changed by code elsewhere, so what it is then is not known.",
        "The graph shows what is defined here.",
        may_be_another=True,
    )


def _lookup_hook_caveat(instance: Instance, name: str, place: Place) -> Caveat:
    return Caveat(
        "unknown-member",
        place,
        f"`{instance.cls.name}.__getattribute__` decides what `{name}` is.",
        "The graph shows the method as it stands in the class.",
        may_be_another=True,
    )


def _call_lookup_hook(interpreter: Interpreter, instance: Instance, hook: str, name: str, place: Place) -> Value | None:
    """Return the result of `__getattr__` or `__getattribute__`, None if the class lacks it or `name` is special."""
    if name.startswith("__"):
        return None
    method = find_member(interpreter, resolution_order(instance.cls), hook)
    if not isinstance(method, FunctionValue):
        return None
    delegate = _delegate_attribute(method)
    if delegate is not None:
        return (
            UNKNOWN
            if name == delegate
            else interpreter.attribute(interpreter.attribute(instance, delegate, place), name, place)
        )
    return interpreter.call(
        bind_member(interpreter, method, instance, instance.cls, place), _name_argument(name, place), place
    )


def _name_argument(name: str, place: Place) -> Arguments:
    return Arguments((Argument(Constant(name), place),))


def _base_may_run_steps(instance: Instance, order: tuple[Value, ...]) -> bool:
    """Whether a member of an unresolved base class can reach the step object through `self`."""
    has_unknown_base = any(isinstance(c, UnknownBase | Unresolved) for c in order)
    return has_unknown_base and any(isinstance(value, StepObject) for value in instance.state.values())


def class_attribute(interpreter: Interpreter, owner: ClassValue, name: str, place: Place) -> Value:
    """Return `Class.name`."""
    if name == "__init__" and generates_initializer(resolution_order(owner)):
        return SuperConstructor(SuperObject(owner, owner), name)
    value = find_member(interpreter, resolution_order(owner), name)
    return UNKNOWN if value is None else bind_member(interpreter, value, None, owner, place)


def super_attribute(interpreter: Interpreter, super_object: SuperObject, name: str, place: Place) -> Value:
    """Return `super().name`."""
    receiver_class = _receiver_class(super_object)
    order = resolution_order(receiver_class)
    following_classes = (
        order[order.index(super_object.search_after) + 1 :] if super_object.search_after in order else ()
    )
    if name == "__init__" and generates_initializer(following_classes):
        return SuperConstructor(super_object, name)
    value = find_member(interpreter, following_classes, name)
    if value is None:
        if name in ("__new__", "__call__"):
            return SuperConstructor(super_object, name)
        if name in ("__setattr__", "__delattr__"):
            receiver = Arguments((Argument(super_object.receiver, place),))
            return Partial(External(f"builtins.object.{name}"), receiver)
        if isinstance(super_object.receiver, Instance) and _base_may_run_steps(
            super_object.receiver, following_classes
        ):
            return Unresolved(f"a base class of {receiver_class.name} is not in the project", place)
        return UNKNOWN
    instance = super_object.receiver if isinstance(super_object.receiver, Instance) else None
    function = bind_member(interpreter, value, instance, receiver_class, place)
    if isinstance(function, FunctionValue) and isinstance(value, FunctionValue):
        # The names of the base class distinguish its method from the override in the receiver's class.
        return replace(function, names=value.names)
    return function


def _receiver_class(super_object: SuperObject) -> ClassValue:
    """Return the class whose resolution order `super()` continues."""
    match super_object.receiver:
        case Instance(cls=receiver_class):
            return receiver_class
        case ClassValue() as receiver_class if super_object.search_after in resolution_order(receiver_class):
            return receiver_class
        case _:
            return super_object.search_after


def bind_member(
    interpreter: Interpreter, value: Value, instance: Instance | None, owner: ClassValue, place: Place
) -> Value:
    """Return a member as an attribute: functions are bound to their receiver, properties and descriptors are called."""
    if isinstance(value, Instance):
        return _call_descriptor(interpreter, value, instance, owner, place)
    if isinstance(value, Union):
        return _bind_union(interpreter, value, instance, owner, place)
    if not isinstance(value, FunctionValue) or (value.receiver is not None and value.kind != "property"):
        return value  # a function that already has its receiver is not bound again
    match value.kind:
        case "static":
            return value
        case "class":
            return replace(value, receiver=owner)
        case "property" if instance is not None:
            return interpreter.call(replace(value, receiver=instance, kind="function"), Arguments(), place)
        case _ if instance is not None:
            # An inherited method takes the names of the receiver's class, an assigned function keeps its own.
            names = value.names if value.owner is None else qualified_names(owner.scope, value.name)
            return replace(value, receiver=instance, names=names)
        case _ if value.name == "__init_subclass__":
            return replace(value, receiver=owner)
        case _:
            return value


def _bind_union(
    interpreter: Interpreter, union: Union, instance: Instance | None, owner: ClassValue, place: Place
) -> Value:
    """Bind each case of a union. Properties in it run in a choice between the cases."""
    if any(isinstance(leaf, FunctionValue) and leaf.kind == "property" for leaf in union_values(union)):
        return interpreter.apply_to_cases(
            union, lambda case_value: bind_member(interpreter, case_value, instance, owner, place)
        )
    return _map_cases(union, lambda case_value: bind_member(interpreter, case_value, instance, owner, place))


def _call_descriptor(
    interpreter: Interpreter, descriptor: Instance, instance: Instance | None, owner: ClassValue, place: Place
) -> Value:
    """Return the result of the `__get__` of a descriptor, or the object itself if its class lacks the method."""
    method = find_member(interpreter, resolution_order(descriptor.cls), "__get__")
    if not isinstance(method, FunctionValue | Union):
        return descriptor
    arguments = (Argument(Constant(None) if instance is None else instance, place), Argument(owner, place))
    return interpreter.call(_with_receiver(method, descriptor), Arguments(arguments), place)


def _with_receiver(method: Value, receiver: Value | None) -> Value:
    """Return a method, or each method of a union, with its receiver."""
    if isinstance(method, Union):
        return _map_cases(method, lambda case_value: _with_receiver(case_value, receiver))
    return replace(method, receiver=receiver) if isinstance(method, FunctionValue) else method


def instantiate(interpreter: Interpreter, class_value: ClassValue, arguments: Arguments, place: Place) -> Value:
    """Return the result of calling a class: a new instance unless its metaclass or its `__new__` overrides that."""
    value = arguments.items[0].value if arguments.items else UNKNOWN
    member = select_member(
        interpreter,
        class_value,
        place,
        lambda _, instance: isinstance(value, Constant) and instance.state["value"] == value,
    )
    if member is not None:
        return member
    metaclass_call = _metaclass_call(interpreter, class_value)
    if metaclass_call is not None:
        return interpreter.call(_with_receiver(metaclass_call, class_value), arguments, place)
    return _create_instance(interpreter, class_value, arguments, place)


def _metaclass_call(interpreter: Interpreter, class_value: ClassValue) -> FunctionValue | Union | None:
    if not isinstance(class_value.metaclass, ClassValue):
        return None
    method = find_member(interpreter, resolution_order(class_value.metaclass), "__call__")
    return method if isinstance(method, FunctionValue | Union) else None


def _create_instance(interpreter: Interpreter, class_value: ClassValue, arguments: Arguments, place: Place) -> Value:
    constructor = find_member(interpreter, resolution_order(class_value), "__new__")
    if not isinstance(constructor, FunctionValue | Union):
        return initialize(interpreter, Instance(class_value, interpreter.store.new()), arguments, place)
    constructor_arguments = Arguments((Argument(class_value, place), *arguments.items))
    result = interpreter.call(_with_receiver(constructor, None), constructor_arguments, place)
    if isinstance(result, Unknown):
        result = Instance(class_value, interpreter.store.new())
    return (
        initialize(interpreter, result, arguments, place)
        if isinstance(result, Instance) and result.cls is class_value
        else result
    )


def initialize(interpreter: Interpreter, instance: Instance, arguments: Arguments, place: Place) -> Instance:
    """Initialize a new instance by `__init__`, or by the initializer of a dataclass, and return it."""
    order = resolution_order(instance.cls)
    interpreter.work.objects.append(instance)
    initializer = None if generates_initializer(order) else find_member(interpreter, order, "__init__")
    if isinstance(initializer, FunctionValue):
        interpreter.call(replace(initializer, receiver=instance), arguments, place)
        return instance
    if isinstance(initializer, Union):
        interpreter.call(bind_member(interpreter, initializer, instance, instance.cls, place), arguments, place)
        return instance
    return _initialize_fields(interpreter, instance, order, arguments, place)


def _initialize_fields(
    interpreter: Interpreter, instance: Instance, order: tuple[Value, ...], arguments: Arguments, place: Place
) -> Instance:
    """Initialize an object as the generated initializer in a resolution order does, and return it."""
    fields = fields_of(interpreter, order)
    post_init_arguments = assign_fields(interpreter, instance, fields, arguments)
    _initialize_base(interpreter, instance, order, arguments, has_fields=bool(fields))
    post_init = find_member(interpreter, resolution_order(instance.cls), "__post_init__")
    if isinstance(post_init, FunctionValue | Union):
        interpreter.call(_with_receiver(post_init, instance), post_init_arguments, place)
    return instance


def _initialize_base(
    interpreter: Interpreter, instance: Instance, order: tuple[Value, ...], arguments: Arguments, *, has_fields: bool
) -> None:
    """Model the `__init__` of a base outside the project: exceptions store arguments, other bases make them escape."""
    base = next((c for c in order if isinstance(c, External | UnknownBase | Unresolved)), None)
    if isinstance(base, External) and base.name.endswith(("Error", "Exception", "Warning")):
        items = tuple(Element(argument.value, argument.place) for argument in arguments.positional)
        interpreter.store.write(instance.state, "args", make_result_collection(interpreter, "tuple", items))
    elif base is not None and not has_fields:
        for argument in arguments.items:
            interpreter.escape(
                argument.value, argument.place, f"is handed to `{instance.cls.name}`, whose base is not read"
            )


def call_instance(interpreter: Interpreter, callee: Instance, arguments: Arguments, place: Place) -> Value:
    """Return the result of `__call__` of an instance."""
    method = find_member(interpreter, resolution_order(callee.cls), "__call__")
    if isinstance(method, Union):
        return interpreter.call(bind_member(interpreter, method, callee, callee.cls, place), arguments, place)
    if isinstance(method, FunctionValue):
        return interpreter.call(replace(method, receiver=callee), arguments, place)
    if method is None:
        interpreter.escape(callee, place, "is called in a way that is not followed")
    return interpreter.call(UNKNOWN if method is None else method, arguments, place)


def field_names(class_value: ClassValue) -> Iterator[str]:
    """Yield the field names of a named tuple, fields of base classes first."""
    for owner in reversed(resolution_order(class_value)):
        if isinstance(owner, ClassValue):
            for statement in statements_below(owner.node.body):
                if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
                    yield statement.target.value


def call_super_constructor(
    interpreter: Interpreter, callee: SuperConstructor, arguments: Arguments, place: Place
) -> Value:
    """Call `super().__new__(cls)`, which creates an instance, or `super().__call__(...)` of a metaclass.

    `super().__init__(...)` and `Base.__init__(self, ...)` call the generated initializer of a data class.
    """
    receiver = callee.super_object.receiver
    if callee.name == "__init__":
        _call_generated_initializer(interpreter, callee.super_object, arguments, place)
        return Constant(None)
    if callee.name == "__call__" and isinstance(receiver, ClassValue):
        return _create_instance(interpreter, receiver, arguments, place)
    class_argument = arguments.items[0].value if arguments.items else receiver
    if callee.name == "__new__" and isinstance(class_argument, ClassValue):
        return Instance(class_argument, interpreter.store.new())
    return interpreter.call(UNKNOWN, arguments, place)


def _call_generated_initializer(
    interpreter: Interpreter, super_object: SuperObject, arguments: Arguments, place: Place
) -> None:
    instance = super_object.receiver
    order = resolution_order(_receiver_class(super_object))
    if isinstance(instance, Instance):
        order = order[order.index(super_object.search_after) + 1 :]
    else:
        instance = arguments.items[0].value if arguments.items else UNKNOWN
        arguments = Arguments(arguments.items[1:])
    if isinstance(instance, Instance):
        _initialize_fields(interpreter, instance, order, arguments, place)
    else:
        interpreter.call(UNKNOWN, arguments, place)


def _delegate_attribute(method: FunctionValue) -> str | None:
    """Return the attribute that `__getattr__` delegates to: `_step` in `return getattr(self._step, name)`."""
    if not isinstance(method.node, cst.FunctionDef) or method.caveats:
        return None
    names = [parameter.name.value for parameter in parameters(method.node.params)]
    match _body_statements(method.node):
        case [
            cst.Return(
                value=cst.Call(
                    func=cst.Name(value="getattr"),
                    args=[
                        cst.Arg(value=cst.Attribute(value=cst.Name(value=receiver), attr=attribute)),
                        cst.Arg(value=cst.Name(value=argument)),
                    ],
                )
            )
        ] if [receiver, argument] == names:
            return mangle(method.scope, attribute.value)
        case _:
            return None


def _body_statements(node: cst.FunctionDef) -> list[cst.CSTNode]:
    """Return the statements of a function body, without its docstring and other expression statements."""
    body: list[cst.CSTNode] = []
    for item in node.body.body:
        body += item.body if isinstance(item, cst.SimpleStatementLine) else [item]
    return [statement for statement in body if not isinstance(statement, cst.Expr)]
