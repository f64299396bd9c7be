"""Creation, initialization and calls of objects of project classes."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.attributes.changes import call_assignment_hook
from stepgraph.interpreter.objects.attributes.lookup import bind_member, class_of_receiver, with_receiver
from stepgraph.interpreter.objects.class_relations import generates_initializer
from stepgraph.interpreter.objects.classes import find_member, record_constant, resolution_order, select_member
from stepgraph.interpreter.objects.containers.container_objects import (
    initialize_contents,
    is_container_class,
    make_contents,
)
from stepgraph.interpreter.objects.fields import assign_fields, fields_of, may_make_fields
from stepgraph.interpreter.python.arguments import make_result_collection, without_stars
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.containers import Element, as_attribute
from stepgraph.interpreter.values.objects import (
    ClassNamespace,
    ClassValue,
    FunctionValue,
    ProjectObject,
    SuperConstructor,
    SuperObject,
    UnknownBase,
)
from stepgraph.interpreter.values.unions import Union
from stepgraph.interpreter.workflow.data_calls import skips_data_call
from stepgraph.ir.values import (
    UNKNOWN,
    Constant,
    External,
    Unknown,
    Unresolved,
    Value,
)
from stepgraph.syntax.module import SourcePlace


def instantiate(interpreter: Interpreter, class_value: ClassValue, arguments: Arguments, place: SourcePlace) -> Value:
    """Return the result of calling a class: a new instance, unless the metaclass or `__new__` returns something else.

    A call of a `TypedDict` returns a plain dictionary, and a call of an enumeration returns a member.
    """
    if skips_data_call(interpreter, class_value, arguments, place):
        return UNKNOWN
    if any(isinstance(base, External) and base.name in _TYPED_DICTIONARIES for base in resolution_order(class_value)):
        return interpreter.call(External("builtins.dict"), arguments, place)
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
        return interpreter.call(with_receiver(metaclass_call, class_value), arguments, place)
    return _create_instance(interpreter, class_value, arguments, place)


_TYPED_DICTIONARIES: Final = frozenset({"typing.TypedDict", "typing_extensions.TypedDict"})


def _metaclass_call(interpreter: Interpreter, class_value: ClassValue) -> FunctionValue | Union | None:
    if not isinstance(class_value.metaclass, ClassValue):
        return None
    method = find_member(interpreter, resolution_order(class_value.metaclass), "__call__")
    return method if isinstance(method, FunctionValue | Union) else None


def _create_instance(
    interpreter: Interpreter, class_value: ClassValue, arguments: Arguments, place: SourcePlace
) -> Value:
    constructor = find_member(interpreter, resolution_order(class_value), "__new__")
    if not isinstance(constructor, FunctionValue | Union):
        return initialize(interpreter, _new_instance(interpreter, class_value, arguments, place), arguments, place)
    constructor_arguments = Arguments((Argument(class_value, place), *arguments.items))
    result = interpreter.call(with_receiver(constructor, None), constructor_arguments, place)
    if isinstance(result, Unknown):
        result = _new_instance(interpreter, class_value, arguments, place)
    return _initialize_result(interpreter, class_value, result, arguments, place)


def _initialize_result(
    interpreter: Interpreter, class_value: ClassValue, result: Value, arguments: Arguments, place: SourcePlace
) -> Value:
    """Initialize the object that `__new__` returned, unless it belongs to another class, and return it.

    If `__new__` returns the same object again, the object is initialized again, as in Python.
    """
    if isinstance(result, Union):
        return interpreter.apply_to_cases(
            result, lambda chosen: _initialize_result(interpreter, class_value, chosen, arguments, place)
        )
    if isinstance(result, ProjectObject) and class_value in resolution_order(result.cls):
        return initialize(interpreter, result, arguments, place)
    return result


def _new_instance(
    interpreter: Interpreter, class_value: ClassValue, arguments: Arguments, place: SourcePlace
) -> ProjectObject:
    """Return a new, uninitialized object. If its class derives from an immutable collection, `arguments` fill it."""
    contents = make_contents(interpreter, class_value, arguments, place)
    return ProjectObject(class_value, interpreter.store.new(contents), is_from_body=interpreter.is_import_time)


def initialize(
    interpreter: Interpreter, instance: ProjectObject, arguments: Arguments, place: SourcePlace
) -> ProjectObject:
    """Initialize an instance with `__init__` or a generated initializer, and return it."""
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
    interpreter: Interpreter,
    instance: ProjectObject,
    order: tuple[Value, ...],
    arguments: Arguments,
    place: SourcePlace,
) -> ProjectObject:
    """Initialize an object as the generated initializer in a resolution order does, and return it."""
    if is_container_class(order) and not generates_initializer(order):
        initialize_contents(interpreter, instance, arguments, place)
        return instance
    fields = fields_of(interpreter, order)

    def assign(name: str, value: Value) -> None:
        if not call_assignment_hook(interpreter, instance, Argument(Constant(name), place), value, place):
            record_constant(interpreter, instance.state, name, value)
            interpreter.store.write(instance.state, name, as_attribute(value))

    with interpreter.frame.inline_call(place):
        post_init_arguments = assign_fields(interpreter, instance, fields, arguments, assign)
    _initialize_base(interpreter, instance, order, arguments, place, has_fields=bool(fields))
    post_init = find_member(interpreter, resolution_order(instance.cls), "__post_init__")
    if isinstance(post_init, FunctionValue | Union) and any(map(may_make_fields, order)):
        interpreter.call(with_receiver(post_init, instance), post_init_arguments, place)
    return instance


def _initialize_base(
    interpreter: Interpreter,
    instance: ProjectObject,
    order: tuple[Value, ...],
    arguments: Arguments,
    place: SourcePlace,
    *,
    has_fields: bool,
) -> None:
    """Model the `__init__` of an external base class.

    Exceptions store the arguments. With other bases, the arguments escape, unless fields receive them.
    """
    base = next((c for c in order if isinstance(c, External | UnknownBase | Unresolved)), None)
    if isinstance(base, External) and base.name.endswith(("Error", "Exception", "Warning")):
        positional = without_stars(interpreter, arguments, place).positional
        items = tuple(Element(argument.value, argument.place) for argument in positional)
        interpreter.store.write(instance.state, "args", make_result_collection(interpreter, "tuple", items))
    elif base is not None and not has_fields:
        for argument in arguments.items:
            interpreter.escape(
                argument.value,
                argument.place,
                f"is passed to `{instance.cls.name}`, whose base class is outside the project",
            )


def call_instance(interpreter: Interpreter, callee: ProjectObject, arguments: Arguments, place: SourcePlace) -> Value:
    """Call an instance through the `__call__` of its class, and return the result."""
    method = find_member(interpreter, resolution_order(callee.cls), "__call__")
    if isinstance(method, Union):
        return interpreter.call(bind_member(interpreter, method, callee, callee.cls, place), arguments, place)
    if isinstance(method, FunctionValue):
        return interpreter.call(replace(method, receiver=callee), arguments, place)
    if method is None:
        interpreter.escape(callee, place, "is called, which stepgraph does not model")
    return interpreter.call(UNKNOWN if method is None else method, arguments, place)


def call_super_constructor(
    interpreter: Interpreter, callee: SuperConstructor, arguments: Arguments, place: SourcePlace
) -> Value:
    """Model `super().__new__(cls)`, which creates an instance, and `super().__call__(...)` in a metaclass.

    `super().__init__(...)` and `Base.__init__(self, ...)` call the generated initializer of a data class, initialize
    the collection in the object, or store the arguments of an exception.
    """
    receiver = callee.super_object.receiver
    namespaces = [item.value for item in arguments.items if isinstance(item.value, ClassNamespace)]
    if callee.name == "__init__" and isinstance(receiver, ClassValue) and namespaces:
        return Constant(None)  # `type.__init__` in a metaclass
    if callee.name == "__init__":
        _call_base_initializer(interpreter, callee.super_object, arguments, place)
        return Constant(None)
    if callee.name == "__call__" and isinstance(receiver, ClassValue):
        return _create_instance(interpreter, receiver, arguments, place)
    class_argument = arguments.items[0].value if arguments.items else receiver
    if callee.name == "__new__" and namespaces:
        return namespaces[0].cls
    if callee.name == "__new__" and isinstance(class_argument, ClassValue):
        return _new_instance(interpreter, class_argument, Arguments(arguments.items[1:]), place)
    if callee.name == "__new__" and isinstance(class_argument, Union):
        later_arguments = arguments.items[1:]
        return interpreter.apply_to_cases(
            class_argument,
            lambda chosen: call_super_constructor(
                interpreter, callee, Arguments((Argument(chosen, place), *later_arguments)), place
            ),
        )
    return interpreter.call(UNKNOWN, arguments, place)


def _call_base_initializer(
    interpreter: Interpreter, super_object: SuperObject, arguments: Arguments, place: SourcePlace
) -> None:
    instance = super_object.receiver
    order = resolution_order(class_of_receiver(super_object))
    if isinstance(instance, ProjectObject):
        order = order[order.index(super_object.search_after) + 1 :]
    else:
        instance = arguments.items[0].value if arguments.items else UNKNOWN
        arguments = Arguments(arguments.items[1:])
    if not isinstance(instance, ProjectObject):
        interpreter.call(UNKNOWN, arguments, place)
    elif generates_initializer(order) or is_container_class(order):
        _initialize_fields(interpreter, instance, order, arguments, place)
    else:
        _initialize_base(interpreter, instance, order, arguments, place, has_fields=False)
