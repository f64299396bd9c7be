"""Changes of attributes by assignment, by deletion, and by `setattr` with a computed name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import is_relevant, union_values
from stepgraph.interpreter.objects.attributes.access import forget_attribute
from stepgraph.interpreter.objects.attributes.dynamic import candidate_names, constant_name
from stepgraph.interpreter.objects.attributes.lookup import bind_member, with_receiver
from stepgraph.interpreter.objects.classes import (
    attribute_name,
    class_member,
    find_member,
    resolution_order,
    set_class_attribute,
    set_slot,
)
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Container
from stepgraph.interpreter.values.objects import (
    COMPUTED_NAME,
    ClassValue,
    FunctionValue,
    ModuleValue,
    ProjectObject,
)
from stepgraph.interpreter.values.steps import Event, Payload, StepFunction
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, UNSET, Absent, Constant, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import SourcePlace


def assign_attribute(interpreter: Interpreter, owner: Value, name: str, value: Value, place: SourcePlace) -> None:
    """Assign a value to `owner.name`, with the `__setattr__` of the owner's class if the project defines one."""
    interpreter.tracer.on_event_key("written", owner, Constant(name), place, place)
    name = attribute_name(interpreter, name, place)
    if isinstance(owner, ProjectObject | ClassValue) and call_assignment_hook(
        interpreter, owner, Argument(Constant(name), place), value, place
    ):
        return
    store_attribute(interpreter, owner, name, value, place)


def _deletion_hook(interpreter: Interpreter, owner: Value, place: SourcePlace) -> Value | None:
    """Return the `__delattr__` of an object. Return None if no class of the project defines one."""
    method = class_member(interpreter, owner, "__delattr__") if isinstance(owner, ProjectObject) else None
    if not isinstance(owner, ProjectObject) or not isinstance(method, FunctionValue | Union):
        return None
    return bind_member(interpreter, method, owner, owner.cls, place)


def store_attribute(interpreter: Interpreter, owner: Value, name: str, value: Value, place: SourcePlace) -> None:
    """Set an attribute as `object.__setattr__` does."""
    if isinstance(owner, ProjectObject):
        if name in ("__class__", "__dict__"):
            _report_replaced_members(interpreter, name, place)
        if not _call_class_setter(interpreter, owner, name, value, place):
            set_slot(interpreter, owner.state, name, value)
        return
    if isinstance(owner, Union):
        interpreter.apply_to_cases(
            owner, lambda case_owner: _assign_case_attribute(interpreter, case_owner, name, value, place)
        )
        return
    scope = owner.scope if isinstance(owner, ClassValue | ModuleValue) else None
    if scope is not None:
        set_class_attribute(interpreter, scope, name, value)
    elif isinstance(owner, Container):  # Python raises an AttributeError
        interpreter.escape(value, place, f"is assigned to `{place.text}`, which stepgraph does not model")
    elif not _assign_to_function(interpreter, owner, name, value):
        if isinstance(owner, FunctionValue) and name == "__name__":
            interpreter.work.renamed.add(id(owner.node))
        escape_assigned(interpreter, value, place)


def _assign_to_function(interpreter: Interpreter, owner: Value, name: str, value: Value) -> bool:
    """Assign an attribute of a function or step. Return False if the analysis does not follow its attributes."""
    # Imported here because few programs assign attributes of functions.
    from stepgraph.interpreter.objects.attributes.function_attributes import assign_to_function

    return assign_to_function(interpreter, owner, name, value)


def call_assignment_hook(
    interpreter: Interpreter, owner: ProjectObject | ClassValue, name: Argument, value: Value, place: SourcePlace
) -> bool:
    """Call `__setattr__` of an object's class or of a metaclass. Return False if the project does not define one."""
    if isinstance(owner, ProjectObject):
        hook = class_member(interpreter, owner, "__setattr__")
    elif isinstance(owner.metaclass, ClassValue):
        hook = find_member(interpreter, resolution_order(owner.metaclass), "__setattr__")
    else:
        return False
    if not isinstance(hook, FunctionValue | Union):
        return False
    interpreter.call(with_receiver(hook, owner), Arguments((name, Argument(value, place))), place)
    return True


def _assign_case_attribute(
    interpreter: Interpreter, owner: Value, name: str, value: Value, place: SourcePlace
) -> Value:
    if not isinstance(owner, Constant | Absent):
        assign_attribute(interpreter, owner, name, value, place)
    return UNKNOWN


def _call_class_setter(
    interpreter: Interpreter, owner: ProjectObject, name: str, value: Value, place: SourcePlace
) -> bool:
    """Call the property setter or descriptor of an attribute. Return False if the class defines neither."""
    member = class_member(interpreter, owner, name)
    if not isinstance(member, Union):
        return _call_setter(interpreter, member, owner, value, place)

    def assign_case(case_member: Value) -> Value:
        if not _call_setter(interpreter, case_member, owner, value, place):
            set_slot(interpreter, owner.state, name, value)
        return UNKNOWN

    interpreter.apply_to_cases(member, assign_case)
    return True


def _call_setter(
    interpreter: Interpreter, member: Value | None, owner: ProjectObject, value: Value, place: SourcePlace
) -> bool:
    arguments = Arguments.of(value, place)
    if isinstance(member, FunctionValue) and member.kind == "property" and member.setter is not None:
        setter = member.setter
        interpreter.call(
            replace(setter, receiver=owner) if isinstance(setter, FunctionValue) else setter, arguments, place
        )
        return True
    if not isinstance(member, ProjectObject):
        return False
    arguments = Arguments((Argument(owner, place), *arguments.items))
    method = interpreter.attribute(member, "__set__", place)
    if isinstance(method, FunctionValue | Union):
        interpreter.call(method, arguments, place)
    return isinstance(method, FunctionValue | Union)


def escape_assigned(interpreter: Interpreter, value: Value, place: SourcePlace) -> None:
    """Report a value that can lead to steps and is assigned to an unresolved target."""
    interpreter.escape(value, place, f"is assigned to `{place.text}`, which stepgraph does not model", is_stored=True)


def delete_attribute(interpreter: Interpreter, owner: Value, name: str, place: SourcePlace) -> Value:
    """Delete `owner.name`, with the `__delattr__` of the owner's class if the project defines one."""
    name = attribute_name(interpreter, name, place)
    hook = _deletion_hook(interpreter, owner, place)
    if hook is not None:
        interpreter.call(hook, Arguments.of(Constant(name), place), place)
        return UNKNOWN
    return _delete(interpreter, owner, name, place)


def _delete(interpreter: Interpreter, owner: Value, name: str, place: SourcePlace) -> Value:
    """Delete an attribute by calling its deleter. Without a deleter, later reads continue in the class."""
    forget_attribute(interpreter, owner, name)
    match owner:
        case Union():
            interpreter.apply_to_cases(owner, lambda value: delete_attribute(interpreter, value, name, place))
        case ProjectObject():
            _delete_from_instance(interpreter, owner, name, place)
        case ClassValue(scope=scope):
            set_class_attribute(interpreter, scope, name, UNSET)
        case ModuleValue(scope=scope) if scope is not None:
            set_class_attribute(interpreter, scope, name, UNKNOWN)
        case FunctionValue() | StepFunction():
            _assign_to_function(interpreter, owner, name, UNSET)
    return UNKNOWN


def _delete_from_instance(interpreter: Interpreter, owner: ProjectObject, name: str, place: SourcePlace) -> None:
    def delete_from(member: Value | None) -> Value:
        match member:
            case Union():
                interpreter.apply_to_cases(member, delete_from)
            case FunctionValue(kind="property", deleter=deleter):
                bound = replace(deleter, receiver=owner) if isinstance(deleter, FunctionValue) else deleter
                interpreter.call(UNKNOWN if bound is None else bound, Arguments(), place)
            case ProjectObject() if isinstance(
                method := interpreter.attribute(member, "__delete__", place), FunctionValue | Union
            ):
                interpreter.call(method, Arguments.of(owner, place), place)
            case _:
                set_slot(interpreter, owner.state, name, UNSET)
        return UNKNOWN

    delete_from(class_member(interpreter, owner, name))


def delete_named(
    interpreter: Interpreter, owner: Value, name: Argument, place: SourcePlace, *, calls_hook: bool = False
) -> None:
    """Delete an attribute by name, as `delattr` does. A name that is not constant may refer to any attribute."""
    constant = constant_name(interpreter, name)
    if constant is not None:
        (delete_attribute if calls_hook else _delete)(interpreter, owner, constant, place)
        return
    hook = _deletion_hook(interpreter, owner, place) if calls_hook else None
    if hook is not None:
        interpreter.call(hook, Arguments((name,)), place)
        return
    forget_attribute(interpreter, owner, None)
    for instance in union_values(owner):
        if isinstance(instance, ProjectObject):
            interpreter.budget.spend(Limit.ELEMENTS, len(instance.state))
            for key in [key for key, value in instance.state.items() if is_relevant(value)]:
                interpreter.store.weak_update(instance.state, key, UNSET, place)
        elif isinstance(instance, ClassValue):
            report_unknown_name(interpreter, place)
        else:
            from stepgraph.interpreter.objects.attributes.function_attributes import make_unresolved

            make_unresolved(interpreter, instance, place)


def set_named(
    interpreter: Interpreter,
    owner: ProjectObject,
    name: Argument,
    value: Value,
    place: SourcePlace,
    store: Callable[[Interpreter, ProjectObject, str, Value, SourcePlace], None] = store_attribute,
) -> None:
    """Set an attribute of an object by name with `store`, by default as `object.__setattr__` does.

    A name that is not constant may refer to several attributes. Each attribute may also keep its value.
    """
    constant = constant_name(interpreter, name)
    interpreter.tracer.on_named_assignment(owner, constant)
    if constant is not None:
        store(interpreter, owner, constant, value, place)
        return
    owner.state.constants = dict.fromkeys(owner.state.constants or ())  # any of them may have the value now
    if not value.relevant or isinstance(value, Event | Payload):
        return
    names = candidate_names(interpreter, owner, name)
    if names is None:
        report_unknown_name(interpreter, place)
    for candidate in names or ():
        condition = f'{name.place.text} == "{candidate}"'
        path = interpreter.branch(partial(store, interpreter, owner, candidate, value, place), condition)
        interpreter.join_branches([(condition, path)], None, place)
    set_slot(interpreter, owner.state, COMPUTED_NAME, owner.state.get(COMPUTED_NAME, UNSET))
    interpreter.store.weak_update(owner.state, COMPUTED_NAME, value, place)


def set_global(interpreter: Interpreter, name: Argument, value: Value, place: SourcePlace) -> None:
    """Assign a value to `globals()[name]`."""
    constant = constant_name(interpreter, name)
    if constant is not None:
        set_class_attribute(interpreter, interpreter.modules.scope_of(interpreter.module), constant, value)
    elif value.relevant:
        report_unknown_name(interpreter, place)


def report_unknown_name(interpreter: Interpreter, place: SourcePlace) -> None:
    """Report the change of an attribute whose name is unknown."""
    interpreter.note(
        "unknown-member",
        place,
        f"`{place.brief_text}` changes an attribute whose name is not statically known.",
        "The graph shows the attributes without this change.",
    )


def _report_replaced_members(interpreter: Interpreter, name: str, place: SourcePlace) -> None:
    interpreter.note(
        "unknown-member",
        place,
        f"the assignment to `{place.brief_text}` replaces members of an object, which stepgraph does not model.",
        f"The graph shows the members without this assignment. Avoid `{name}`.",
    )
