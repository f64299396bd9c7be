"""Lookup of attributes of objects and classes: inheritance, descriptors and hooks such as `__getattr__`."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.library.side_effects import ENVIRONMENT
from stepgraph.interpreter.objects.class_relations import derives_from_entrypoint, generates_initializer, is_error
from stepgraph.interpreter.objects.classes import (
    class_default,
    find_member,
    has_class_attribute,
    relevant_members,
    resolution_order,
)
from stepgraph.interpreter.objects.containers.container_objects import (
    NAMED_TUPLE,
    container_attribute,
    is_container_class,
)
from stepgraph.interpreter.objects.union import may_be_unset, record_read_of_contents, with_fallback
from stepgraph.interpreter.python.arguments import make_mapping
from stepgraph.interpreter.replay.tracer import NO_TRACER
from stepgraph.interpreter.values.calls import Argument, Arguments, Partial, StepCall
from stepgraph.interpreter.values.containers import Collection, Mapping, MappingEntry, hide_constants
from stepgraph.interpreter.values.objects import (
    COMPUTED_NAME,
    AttributeDictionary,
    BuiltinMethod,
    Caveat,
    ClassValue,
    FunctionValue,
    ProjectObject,
    SuperConstructor,
    SuperObject,
    UnknownBase,
    mangle,
)
from stepgraph.interpreter.values.steps import StepDecorator, StepFunction, StepMethod, StepObject
from stepgraph.interpreter.values.unions import Union, map_cases
from stepgraph.ir.values import UNKNOWN, UNSET, Constant, External, Unresolved, Value, is_none
from stepgraph.syntax.bindings import parameters
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.assignments import ANY_NAME


def instance_attribute(interpreter: Interpreter, instance: ProjectObject, name: str, place: SourcePlace) -> Value:
    """Return `instance.name`, from the `__getattribute__` of the class if the project defines one."""
    if name == "__dict__":
        return AttributeDictionary(instance)
    result = _call_lookup_hook(interpreter, instance, "__getattribute__", name, place)
    return plain_attribute(interpreter, instance, name, place) if result is None else result


def plain_attribute(interpreter: Interpreter, instance: ProjectObject, name: str, place: SourcePlace) -> Value:
    """Return an attribute of an object as `object.__getattribute__` does."""
    had_attribute = name in instance.state
    value = _own_or_inherited(interpreter, instance, name, place)
    if not had_attribute and name in instance.state:  # the lookup in the class ran a statement that sets it
        value = _own_or_inherited(interpreter, instance, name, place)
    if instance.is_from_body and not interpreter.is_import_time and interpreter.modules.is_object_changed(name):
        return _changed_attribute(interpreter, instance, name, value, place)
    return value


def _changed_attribute(
    interpreter: Interpreter, instance: ProjectObject, name: str, value: Value, place: SourcePlace
) -> Value:
    """Return the value of an attribute that may be changed by code that runs at import."""
    if isinstance(value, Union):
        return map_cases(value, lambda case: _changed_attribute(interpreter, instance, name, case, place))
    if isinstance(value, FunctionValue):
        if any(caveat.code == "assigned-elsewhere" for caveat in value.caveats):
            return value
        return replace(value, caveats=(*value.caveats, _instance_assignment_caveat(instance, name, value)))
    if is_none(value):
        return Unresolved(f"other code changes `{name}`", place)
    if isinstance(value, Collection | Mapping):
        is_relevant = any(element.value.relevant for element in value.state.elements())
    else:
        is_relevant = value.relevant
    if is_relevant:
        interpreter.report_caveat(_instance_caveat(instance, name, place))
    return hide_constants(value)


def _own_or_inherited(interpreter: Interpreter, instance: ProjectObject, name: str, place: SourcePlace) -> Value:
    interpreter.store.record_outer_read(instance.state, name)
    value: Value = instance.state.get(name, UNSET)
    if value is UNKNOWN and interpreter.is_import_time and interpreter.frame.function is not None:
        return constant_of(interpreter, instance, name) or value
    record_read_of_contents(interpreter.store, value)
    if not may_be_unset(value):
        if isinstance(value, Union) and value.discriminant == name and isinstance(value.place.node, cst.AnnAssign):
            return replace(value, discriminant=place.text)  # validation created the value of the field
        return value
    if value is UNSET:
        return _inherited_attribute(interpreter, instance, name, place)
    if not has_class_attribute(interpreter, instance, name):
        return with_fallback(value, None)
    return _or_inherited(interpreter, instance, name, value, place)


def constant_of(interpreter: Interpreter, instance: ProjectObject, name: str) -> Value | None:
    """Return the constant that code at import assigned to an attribute, if nothing else can have changed it.

    Functions that run at import, and keys of dictionaries that are made at import, see this constant. The graph does
    not, because other objects of the class have other constants.
    """
    constants = instance.state.constants
    constant = None if constants is None else constants.get(name)
    if constant is None or instance.state.get(name) is not UNKNOWN or COMPUTED_NAME in instance.state:
        return None
    return None if interpreter.modules.is_object_changed(name) else constant


def _or_inherited(
    interpreter: Interpreter, instance: ProjectObject, name: str, value: Value, place: SourcePlace
) -> Value:
    """Return the value of an attribute that is set on some paths and inherited from the class on other paths."""
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


def _inherited_attribute(interpreter: Interpreter, instance: ProjectObject, name: str, place: SourcePlace) -> Value:
    """Return the value of an attribute that the instance does not have itself."""
    order = resolution_order(instance.cls)
    method = container_attribute(interpreter, instance, order, name)
    if method is not None:
        return method
    attribute = find_member(interpreter, order, name)
    if isinstance(attribute, FunctionValue) and _may_be_replaced_on_instance(interpreter, instance, name):
        attribute = replace(
            attribute, caveats=(*attribute.caveats, _instance_assignment_caveat(instance, name, attribute))
        )
    if attribute is not None:
        return bind_member(interpreter, attribute, instance, instance.cls, place)
    hook_result = _call_lookup_hook(interpreter, instance, "__getattr__", name, place)
    if hook_result is not None:
        return hook_result
    if _base_may_run_steps(interpreter, instance, order):
        return Unresolved(f"a base class of `{instance.cls.name}` is outside the project", place)
    if name in ("ctx", "env") and derives_from_entrypoint(instance.cls):
        # Imported here because `run_signature` needs the lookup of members.
        from stepgraph.interpreter.workflow.run_signature import observe_unset_attribute

        observe_unset_attribute(interpreter, instance, place)
        return ENVIRONMENT if name == "env" else UNKNOWN
    if name == "__class__":
        return UNKNOWN if is_error(instance) else instance.cls
    if name in ("_replace", "_asdict") and NAMED_TUPLE in order:
        return BuiltinMethod(instance, name)
    return _undefined_attribute(interpreter, instance, order, name, place)


def _undefined_attribute(
    interpreter: Interpreter, instance: ProjectObject, order: tuple[Value, ...], name: str, place: SourcePlace
) -> Value:
    """Return an attribute without a definition: Unresolved if other code may add a definition that runs steps."""
    if name.startswith("__"):
        return UNKNOWN
    computed = computed_attribute(interpreter, instance, place)
    if computed is not None:
        return computed
    if may_be_added(interpreter, order, name) or any(map(_can_reach_steps, instance.state.values())):
        return Unresolved(f"no analyzed code defines `{name}` in `{instance.cls.name}`", place)
    if interpreter.tracer is not NO_TRACER:
        # Imported here because only a check needs it.
        from stepgraph.interpreter.objects.attributes.undefined import observe_undefined_attribute

        observe_undefined_attribute(interpreter, instance, name, place)
    return UNKNOWN


def may_be_added(interpreter: Interpreter, order: tuple[Value, ...], name: str) -> bool:
    """Return whether code outside the bodies of the classes in a resolution order may add a member."""
    return any(
        owner.caveats
        or interpreter.modules.is_assigned_externally(owner.scope, name)
        or interpreter.modules.is_assigned_externally(owner.scope, ANY_NAME)
        for owner in order
        if isinstance(owner, ClassValue)
    )


def computed_attribute(interpreter: Interpreter, instance: ProjectObject, place: SourcePlace) -> Value | None:
    """Return the value of the attributes that were set by a computed name. Return None if there are none."""
    interpreter.store.record_outer_read(instance.state, COMPUTED_NAME)
    value = instance.state.get(COMPUTED_NAME, UNSET)
    if value is UNSET:
        return None
    value = with_fallback(value, None)
    if isinstance(value, Union) and value.discriminant == COMPUTED_NAME:
        return replace(value, discriminant=place.text)
    return value


def _can_reach_steps(value: Value) -> bool:
    return isinstance(value, StepObject | StepMethod | StepDecorator | StepFunction | StepCall)


def _may_be_replaced_on_instance(interpreter: Interpreter, instance: ProjectObject, name: str) -> bool:
    """Return whether a module may assign the attribute on a variable that holds an instance of the class."""
    owners = interpreter.modules.owners_with_assigned_attribute(name)
    return any(
        isinstance(value, ProjectObject) and value.cls is instance.cls
        for scope in (list(interpreter.modules.scopes.values()) if owners else ())
        for owner in owners & scope.bindings.binders.keys()
        for value in (scope.names.get(owner),)
    )


def _instance_assignment_caveat(instance: ProjectObject, name: str, method: FunctionValue) -> Caveat:
    return _instance_caveat(instance, name, SourcePlace(method.scope.module, method.node))


def _instance_caveat(instance: ProjectObject, name: str, place: SourcePlace) -> Caveat:
    return Caveat(
        "assigned-elsewhere",
        place,
        f"other code changes `{name}` of an instance of `{instance.cls.name}`, so its value at run time is unknown.",
        "The graph shows this definition.",
        may_be_another=True,
    )


def _call_lookup_hook(
    interpreter: Interpreter, instance: ProjectObject, hook: str, name: str, place: SourcePlace
) -> Value | None:
    """Return the result of `__getattr__` or `__getattribute__`.

    Return None if the class lacks the hook or `name` is a special name.
    """
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


def _name_argument(name: str, place: SourcePlace) -> Arguments:
    return Arguments.of(Constant(name), place)


def _base_may_run_steps(interpreter: Interpreter, instance: ProjectObject, order: tuple[Value, ...]) -> bool:
    """Return whether a base class outside the project can run steps through `self` or through its methods."""
    has_unknown_base = any(isinstance(c, UnknownBase | Unresolved) for c in order)
    if has_unknown_base and any(isinstance(value, StepObject) for value in instance.state.values()):
        return True
    calls_overrides = has_unknown_base or any(isinstance(c, External) and _calls_overrides(c.name) for c in order)
    return calls_overrides and _overrides_may_run_steps(interpreter, instance)


def _calls_overrides(base: str) -> bool:
    """Return whether methods of an external class, such as `collections.UserDict`, may call overridden methods."""
    return base.split(".", maxsplit=1)[0] in ("collections", "contextlib")


def _overrides_may_run_steps(interpreter: Interpreter, instance: ProjectObject) -> bool:
    """Return whether methods of a class that is defined in a function may run steps.

    The methods of other classes can reach steps only through attributes of the object.
    """
    from stepgraph.interpreter.effects import effect_of_call

    inspected = interpreter.work.inspected_classes
    if interpreter.is_import_time or instance.cls in inspected or not instance.cls.scope.is_local:
        return False
    inspected.append(instance.cls)
    try:
        return any(
            isinstance(member, FunctionValue) and effect_of_call(interpreter, member) == "runs steps"
            for member in relevant_members(interpreter, instance.cls, instance)
        )
    finally:
        inspected.pop()


def class_attribute(interpreter: Interpreter, owner: ClassValue, name: str, place: SourcePlace) -> Value:
    """Return the value of `Class.name`, looked up in the resolution order of the class."""
    if name == "__init__" and generates_initializer(resolution_order(owner)):
        return SuperConstructor(SuperObject(owner, owner), name)
    value = find_member(interpreter, resolution_order(owner), name)
    if value is not None:
        return bind_member(interpreter, value, None, owner, place)
    if name in _VALIDATING_METHODS and _is_pydantic_model(owner):
        return Partial(External(f"{_MODEL}.{name}"), Arguments.of(owner, place))
    if name == "__subclasses__" and not interpreter.is_import_time:
        return Partial(External("builtins.type.__subclasses__"), Arguments.of(owner, place))
    if name == "__subclasses__" or (name in _CLASS_TABLES and any(relevant_members(interpreter, owner, None))):
        if name in ("__dict__", "__members__"):
            return table_of_members(interpreter, place)
        return Unresolved(f"`{name}` gives access to other classes", place)
    is_plain = interpreter.tracer is not NO_TRACER and not name.startswith("__")
    if is_plain and not may_be_added(interpreter, resolution_order(owner), name):
        from stepgraph.interpreter.objects.attributes.undefined import observe_undefined_class_attribute

        observe_undefined_class_attribute(interpreter, owner, name, place)
    return UNKNOWN


def _is_pydantic_model(owner: ClassValue) -> bool:
    """Return whether `BaseModel` is the only unknown class of a resolution order."""
    bases = [base for base in resolution_order(owner) if not isinstance(base, ClassValue | External)]
    return len(bases) == 1 and isinstance(bases[0], UnknownBase) and bases[0].identity == _MODEL


_MODEL: Final = "pydantic.BaseModel"
_VALIDATING_METHODS: Final = ("model_validate", "model_validate_json", "parse_obj", "parse_raw")
"""Class methods of models that create an object."""
_CLASS_TABLES: Final = ("__bases__", "__dict__", "__members__", "__mro__", "mro")
"""Attributes of every class that give access to its members or to other classes."""


NAMESPACE_LOOKUP: Final = "it is looked up in a namespace"
"""The reason for an unresolved value, as the start of a sentence."""


def table_of_members(interpreter: Interpreter, place: SourcePlace) -> Mapping:
    """Return a dictionary with unresolved values, such as the `__dict__` of a class."""
    member = Unresolved(NAMESPACE_LOOKUP, place)
    return make_mapping(interpreter, (MappingEntry(UNKNOWN, member, place, place, many=True),), partial=True)


def super_attribute(interpreter: Interpreter, super_object: SuperObject, name: str, place: SourcePlace) -> Value:
    """Return the value of `super().name`, looked up in the following classes of the resolution order."""
    receiver, after = super_object.receiver, super_object.search_after
    if isinstance(receiver, Union):
        return interpreter.apply_to_cases(
            receiver, lambda case: super_attribute(interpreter, replace(super_object, receiver=case), name, place)
        )
    receiver_class = class_of_receiver(super_object)
    order = resolution_order(receiver_class)
    following_classes = order[order.index(after) + 1 :] if after in order else ()
    if name == "__init__" and generates_initializer(following_classes):
        return SuperConstructor(super_object, name)
    value = find_member(interpreter, following_classes, name)
    if isinstance(receiver, ProjectObject):
        method = container_attribute(interpreter, receiver, following_classes, name)
        if method is not None:
            return method
    if value is None and name == "__init__" and _initializes_base(receiver, following_classes):
        return SuperConstructor(super_object, name)
    if value is None:
        is_of_metaclass = isinstance(receiver, ClassValue) and after not in resolution_order(receiver)
        if name in ("__new__", "__call__") or (name == "__init__" and is_of_metaclass):
            return SuperConstructor(super_object, name)
        if name in ("__setattr__", "__delattr__", "__getattribute__"):
            return Partial(External(f"builtins.object.{name}"), Arguments.of(receiver, place))
        if isinstance(receiver, ProjectObject) and _base_may_run_steps(interpreter, receiver, following_classes):
            return Unresolved(f"a base class of `{receiver_class.name}` is outside the project", place)
        return UNKNOWN
    instance = receiver if isinstance(receiver, ProjectObject) else None
    member = bind_member(interpreter, value, instance, receiver_class, place)
    if isinstance(receiver, ProjectObject | ClassValue) or not isinstance(member, FunctionValue):
        return member
    return _bind_to_unknown(interpreter, member, receiver, place)


def _bind_to_unknown(interpreter: Interpreter, method: FunctionValue, receiver: Value, place: SourcePlace) -> Value:
    """Return the attribute for a method of an object whose class is unknown."""
    if method.kind not in ("function", "property") or method.receiver is not None:
        return method
    bound = replace(method, receiver=receiver, kind="function")
    return interpreter.call(bound, Arguments(), place) if method.kind == "property" else bound


def _initializes_base(receiver: Value, following_classes: tuple[Value, ...]) -> bool:
    """Return whether the `__init__` of the following classes fills a collection or stores the arguments of an error."""
    return is_container_class(following_classes) or is_error(receiver)


def class_of_receiver(super_object: SuperObject) -> ClassValue:
    """Return the class in whose resolution order `super()` continues."""
    match super_object.receiver:
        case ProjectObject(cls=receiver_class):
            return receiver_class
        case ClassValue() as receiver_class if super_object.search_after in resolution_order(receiver_class):
            return receiver_class
        case _:
            return super_object.search_after


def bind_member(
    interpreter: Interpreter, value: Value, instance: ProjectObject | None, owner: ClassValue, place: SourcePlace
) -> Value:
    """Return the attribute for a member: bind functions to the receiver, and call properties and descriptors."""
    if isinstance(value, ProjectObject):
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
            return replace(value, receiver=instance)
        case _ if value.name == "__init_subclass__":
            return replace(value, receiver=owner)
        case _:
            return value


def _bind_union(
    interpreter: Interpreter, union: Union, instance: ProjectObject | None, owner: ClassValue, place: SourcePlace
) -> Value:
    """Bind each case of a union. If a case is a property, a choice between the cases is emitted."""
    if any(isinstance(leaf, FunctionValue) and leaf.kind == "property" for leaf in union_values(union)):
        return interpreter.apply_to_cases(
            union, lambda case_value: bind_member(interpreter, case_value, instance, owner, place)
        )
    return map_cases(union, lambda case_value: bind_member(interpreter, case_value, instance, owner, place))


def _call_descriptor(
    interpreter: Interpreter,
    descriptor: ProjectObject,
    instance: ProjectObject | None,
    owner: ClassValue,
    place: SourcePlace,
) -> Value:
    """Return the result of the `__get__` of a descriptor, or the object itself if its class lacks the method."""
    method = find_member(interpreter, resolution_order(descriptor.cls), "__get__")
    if not isinstance(method, FunctionValue | Union):
        return descriptor
    arguments = (Argument(Constant(None) if instance is None else instance, place), Argument(owner, place))
    return interpreter.call(with_receiver(method, descriptor), Arguments(arguments), place)


def with_receiver(method: Value, receiver: Value | None) -> Value:
    """Return a method, or each method of a union, with its receiver."""
    if isinstance(method, Union):
        return map_cases(method, lambda case_value: with_receiver(case_value, receiver))
    return replace(method, receiver=receiver) if isinstance(method, FunctionValue) else method


def _delegate_attribute(method: FunctionValue) -> str | None:
    """Return the attribute to which `__getattr__` delegates: `_step` in `return getattr(self._step, name)`.

    Return None if the method does anything else.
    """
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
    """Return the statements of a function body except the docstring and other expression statements."""
    body: list[cst.CSTNode] = []
    for item in node.body.body:
        body += item.body if isinstance(item, cst.SimpleStatementLine) else [item]
    return [statement for statement in body if not isinstance(statement, cst.Expr)]
