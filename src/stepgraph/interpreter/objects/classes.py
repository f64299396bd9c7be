"""Project classes: method resolution order, attribute lookup, descriptors and instantiation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.names import mark_reassigned, resolve_body_name
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Argument,
    Arguments,
    BuiltinMethod,
    Caveat,
    ClassValue,
    Collection,
    Constant,
    Duration,
    Element,
    EnumMember,
    External,
    ExternalResult,
    FunctionValue,
    Instance,
    Mapping,
    Moment,
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
)
from stepgraph.interpreter.python.arguments import make_result_collection, unpacked_arguments
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

    An unresolved base earlier in the order may define the member too, which adds a caveat.
    """
    unknown_bases: list[UnknownBase | Unresolved] = []
    for owner in order:
        if isinstance(owner, UnknownBase | Unresolved):
            unknown_bases.append(owner)
        if not isinstance(owner, ClassValue):
            continue
        value = resolve_body_name(interpreter, owner.scope, name)
        if value is not None:
            return _with_caveats(
                _class_variable(interpreter, owner, name, value, order), _member_caveats(owner, name, unknown_bases)
            )
    return None


def class_member(interpreter: Interpreter, instance: Instance, name: str) -> Value | None:
    """Return a member that the class of an instance or one of its bases binds, None if no class binds the name."""
    order = resolution_order(instance.cls)
    is_bound = any(isinstance(owner, ClassValue) and name in owner.scope.bindings.binders for owner in order)
    return find_member(interpreter, order, name) if is_bound else None


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
    if _is_enumeration(order) and isinstance(value, Constant | ExternalResult) and not name.startswith("_"):
        return EnumMember(owner, value if _must_keep_value(owner, name, order) else UNKNOWN)
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
    interpreter.store.record_outer_read(instance.state, name)
    value: Value | None = instance.state.get(name)
    if value is not None:
        if isinstance(value, Collection | Mapping | TaskGroup):
            interpreter.store.record_outer_read(value.state, "items")
        return value
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
    if name.startswith("__") and name != "__dict__":
        return UNKNOWN
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
    value = find_member(interpreter, resolution_order(owner), name)
    return UNKNOWN if value is None else bind_member(interpreter, value, None, owner, place)


def super_attribute(interpreter: Interpreter, super_object: SuperObject, name: str, place: Place) -> Value:
    """Return `super().name`."""
    receiver_class = _receiver_class(super_object)
    order = resolution_order(receiver_class)
    following_classes = (
        order[order.index(super_object.search_after) + 1 :] if super_object.search_after in order else ()
    )
    value = find_member(interpreter, following_classes, name)
    if value is None:
        if name in ("__new__", "__call__"):
            return SuperConstructor(super_object, name)
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
    if not isinstance(value, FunctionValue):
        return value
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
    initializer = find_member(interpreter, order, "__init__")
    if isinstance(initializer, FunctionValue):
        interpreter.call(replace(initializer, receiver=instance), arguments, place)
        return instance
    if isinstance(initializer, Union):
        interpreter.call(bind_member(interpreter, initializer, instance, instance.cls, place), arguments, place)
        return instance
    _assign_fields(interpreter, instance, arguments)
    _initialize_base(interpreter, instance, order, arguments)
    post_init = find_member(interpreter, order, "__post_init__")
    if isinstance(post_init, FunctionValue | Union):
        interpreter.call(_with_receiver(post_init, instance), Arguments(), place)
    return instance


def _initialize_base(
    interpreter: Interpreter, instance: Instance, order: tuple[Value, ...], arguments: Arguments
) -> None:
    """Model the `__init__` of a base outside the project: exceptions store arguments, other bases make them escape."""
    base = next((c for c in order if isinstance(c, External | UnknownBase | Unresolved)), None)
    if isinstance(base, External) and base.name.endswith(("Error", "Exception", "Warning")):
        items = tuple(Element(argument.value, argument.place) for argument in arguments.positional)
        interpreter.store.write(instance.state, "args", make_result_collection(interpreter, "tuple", items))
    elif base is not None and not any(True for _ in field_names(instance.cls)):
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


def _assign_fields(interpreter: Interpreter, instance: Instance, arguments: Arguments) -> None:
    """Assign arguments to fields in order, as the generated `__init__` of a dataclass or named tuple does."""
    names = list(field_names(instance.cls))
    for argument in unpacked_arguments(arguments).items:
        if argument.keyword is not None:
            interpreter.store.write(instance.state, argument.keyword, hide_constants(argument.value))
        elif not argument.star and names:
            interpreter.store.write(instance.state, names.pop(0), hide_constants(argument.value))
    for owner in resolution_order(instance.cls):
        if isinstance(owner, ClassValue):
            _assign_field_defaults(interpreter, instance, owner)


def _assign_field_defaults(interpreter: Interpreter, instance: Instance, owner: ClassValue) -> None:
    """Call the default factories of unset fields: `steps: list = field(default_factory=list)`."""
    for statement in statements_below(owner.node.body):
        match statement:
            case cst.AnnAssign(target=cst.Name(value=name), value=cst.Call(func=function, args=args)):
                factory_expression = next(
                    (a.value for a in args if a.keyword and a.keyword.value == "default_factory"), None
                )
                if factory_expression is None or name in instance.state:
                    continue
                place = Place(owner.scope.module, statement)
                with interpreter.in_definition_body(owner.scope):
                    field_function = interpreter.evaluate(function)
                    factory = interpreter.evaluate(factory_expression)
                if field_function == External("dataclasses.field"):
                    interpreter.store.write(instance.state, name, interpreter.call(factory, Arguments(), place))


def field_names(class_value: ClassValue) -> Iterator[str]:
    """Yield the field names of a dataclass or named tuple, fields of base classes first."""
    for owner in reversed(resolution_order(class_value)):
        if isinstance(owner, ClassValue):
            for statement in statements_below(owner.node.body):
                if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
                    yield statement.target.value


def call_super_constructor(
    interpreter: Interpreter, callee: SuperConstructor, arguments: Arguments, place: Place
) -> Value:
    """Call `super().__new__(cls)`, which creates an instance, or `super().__call__(...)` of a metaclass."""
    receiver = callee.super_object.receiver
    if callee.name == "__call__" and isinstance(receiver, ClassValue):
        return _create_instance(interpreter, receiver, arguments, place)
    class_argument = arguments.items[0].value if arguments.items else receiver
    if callee.name == "__new__" and isinstance(class_argument, ClassValue):
        return Instance(class_argument, interpreter.store.new())
    return interpreter.call(UNKNOWN, arguments, place)


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
            return attribute.value
        case _:
            return None


def _body_statements(node: cst.FunctionDef) -> list[cst.CSTNode]:
    """Return the statements of a function body, without its docstring and other expression statements."""
    body: list[cst.CSTNode] = []
    for item in node.body.body:
        body += item.body if isinstance(item, cst.SimpleStatementLine) else [item]
    return [statement for statement in body if not isinstance(statement, cst.Expr)]
