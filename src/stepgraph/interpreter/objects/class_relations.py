"""Whether a class is a workflow or a data class, and whether an object is an instance of a class."""

from __future__ import annotations

import builtins
import collections.abc
import sys
from collections import deque
from collections.abc import Sequence
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.classes import LOOKUP_HOOKS, find_member, order_of, project_classes, resolution_order
from stepgraph.interpreter.values.containers import Collection, Container, Mapping
from stepgraph.interpreter.values.heap_cells import HeapCell
from stepgraph.interpreter.values.objects import (
    COMPUTED_NAME,
    ClassValue,
    FunctionValue,
    ModuleValue,
    ProjectObject,
    UnknownBase,
    body_name,
    is_model_base,
)
from stepgraph.interpreter.values.steps import StepFunction, StepObject
from stepgraph.ir.static_values import CollectionKind
from stepgraph.ir.values import External, Unresolved, Value, is_none
from stepgraph.syntax.bindings import is_modeled_package

# Name prefixes of base classes that do not change the result of `isinstance`.
_CONCRETE_BASES: Final = ("builtins.", "enum.", "typing.Generic", "typing.NamedTuple")
_ABSTRACT_BASE: Final = "abc.ABC"
_PROTOCOLS: Final = ("typing.Protocol", "typing_extensions.Protocol")
# Base classes without members that a protocol may require.
_MEMBERLESS_BASES: Final = tuple(map(External, (_ABSTRACT_BASE, "builtins.object", "typing.Generic", *_PROTOCOLS)))
_ABSTRACT_METACLASS: Final = "abc.ABCMeta"
# Decorators that turn the annotations of a class into fields.
_DATACLASSES: Final = ("dataclasses.dataclass", "pydantic.dataclasses.dataclass")
ATTRS_PACKAGES: Final = ("attr.", "attrs.")
# Members that may replace the class of an object for `isinstance`.
_CLASS_NAMES: Final = frozenset(["__class__", "__getattribute__"])

_EXCEPTIONS: Final[list[type]] = [
    each for each in vars(builtins).values() if isinstance(each, type) and issubclass(each, BaseException)
]
_CLASSES: Final[dict[str, type]] = {
    **{f"builtins.{each.__name__}": each for each in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple)},
    "collections.deque": deque,
    **{
        f"collections.abc.{name}": getattr(collections.abc, name)
        for name in ("Callable", "Iterable", "Mapping", "MutableMapping", "MutableSequence", "Sequence", "Set")
    },
}
_CLASSES_OF_KINDS: Final[dict[CollectionKind, type]] = {
    "deque": deque,
    "frozenset": frozenset,
    "list": list,
    "set": set,
    "tuple": tuple,
}


def is_workflow(interpreter: Interpreter, class_value: ClassValue) -> bool:
    """Return whether a class derives from WorkflowEntrypoint and defines or inherits `run`."""
    return derives_from_entrypoint(class_value) and _has_run(interpreter, class_value)


def may_be_workflow(interpreter: Interpreter, class_value: ClassValue) -> bool:
    """Return whether a class is a workflow, or is one if an unknown base class derives from WorkflowEntrypoint."""
    is_candidate = derives_from_entrypoint(class_value) or unknown_base(class_value) is not None
    return is_candidate and _has_run(interpreter, class_value)


def _has_run(interpreter: Interpreter, class_value: ClassValue) -> bool:
    """Return whether a class of the project defines or inherits `run`."""
    run = find_member(interpreter, resolution_order(class_value), "run")
    return run is not None and all(isinstance(leaf, FunctionValue) for leaf in union_values(run))


def unknown_base(class_value: ClassValue) -> UnknownBase | None:
    """Return the first base class that may be a workflow class of another package, or None.

    For a class with an unresolved base, the result is None, because the module of the class may fail to load.
    """
    order = resolution_order(class_value)
    if any(isinstance(base, Unresolved) for base in order):
        return None
    return next((base for base in order if isinstance(base, UnknownBase) and not _is_of_platform(base)), None)


def _is_of_platform(base: UnknownBase) -> bool:
    """Return whether a base class is from the standard library or the platform, which define no workflow classes."""
    name = base.identity
    return isinstance(name, str) and (is_modeled_package(name) or name.split(".")[0] in sys.stdlib_module_names)


def derives_from_entrypoint(class_value: ClassValue) -> bool:
    """Return whether a class derives from WorkflowEntrypoint."""
    return any(isinstance(c, External) and c.name == ENTRYPOINT for c in resolution_order(class_value))


def is_instance(interpreter: Interpreter, value: Value, class_value: Value) -> bool | None:
    """Return whether a value is an instance of a class. Return None if that is unknown."""
    if isinstance(class_value, External):
        return _is_instance_of_builtin(value, class_value)
    if not isinstance(class_value, ClassValue) or class_value.caveats:
        return None
    if is_none(value):
        return False
    if _has_foreign_class(value):
        return None if _may_decide_otherwise(interpreter, class_value) else False
    if not isinstance(value, ProjectObject) or value.may_be_replaced or is_error(value):
        return None
    order = resolution_order(value.cls)
    if class_value is value.cls:
        return True
    if _is_protocol(class_value):
        return _implements(interpreter, value, class_value)
    is_unknown = any(isinstance(base, UnknownBase | Unresolved) and not is_model_base(base) for base in order)
    if is_unknown or _may_decide_otherwise(interpreter, class_value):
        return None
    return class_value in order or (None if _replaces_class(order) else False)


def _replaces_class(order: tuple[Value, ...]) -> bool:
    """Return whether `isinstance` may also find another class for an object with this order, as for a proxy."""
    return any(
        isinstance(owner, ClassValue) and not _CLASS_NAMES.isdisjoint(owner.scope.bindings.binders) for owner in order
    )


def _has_foreign_class(value: Value) -> bool:
    """Return whether a class outside of the project defines a value, as for functions, steps and the step object."""
    if isinstance(value, StepObject):
        return True
    if isinstance(value, StepFunction):
        return not value.may_be_replaced
    return isinstance(value, FunctionValue) and isinstance(value.node, cst.FunctionDef)


def _is_protocol(class_value: Value) -> bool:
    return isinstance(class_value, ClassValue) and any(
        isinstance(base, External) and base.name in _PROTOCOLS for base in class_value.bases
    )


def is_closed(class_value: ClassValue) -> bool:
    """Return whether all members of a class are from the project, except those of every object."""
    return all(isinstance(base, ClassValue) or base in _MEMBERLESS_BASES for base in resolution_order(class_value))


def _implements(interpreter: Interpreter, value: ProjectObject, protocol: ClassValue) -> bool | None:
    """Return False if an object lacks a method of a protocol. Return None if it may implement the protocol."""
    order = resolution_order(value.cls)
    if not is_closed(value.cls) or COMPUTED_NAME in value.state or interpreter.modules.may_register_subclasses():
        return None
    required = {
        name
        for base in project_classes(protocol)
        if _is_protocol(base)
        for name, binders in base.scope.bindings.binders.items()
        if isinstance(binders[-1], cst.FunctionDef)
    }
    if "__subclasshook__" in required:
        return None

    def may_have(name: str) -> bool:
        return name in value.state or any(
            isinstance(owner, ClassValue)
            and (
                body_name(owner, name) in owner.scope.bindings.binders
                or interpreter.modules.is_assigned_externally(owner.scope, name)
            )
            for owner in order
        )

    has_hook = any(map(may_have, LOOKUP_HOOKS))
    return None if has_hook or all(map(may_have, required)) else False


def _is_instance_of_builtin(value: Value, class_value: External) -> bool | None:
    """Return whether a value is an instance of a class outside the project. Return None if that is unknown."""
    if not isinstance(value, ProjectObject):
        return is_builtin_instance(value, class_value.name)
    is_builtin = class_value.name.startswith("builtins.") and class_value.name != "builtins.object"
    if not is_builtin or value.may_be_replaced:
        return None
    order = resolution_order(value.cls)
    is_of_project = all(isinstance(base, ClassValue) for base in order)
    return False if is_of_project and not _replaces_class(order) else None


def _may_decide_otherwise(interpreter: Interpreter, class_value: ClassValue) -> bool:
    """Return whether `isinstance` may find other objects than those of the class and its subclasses.

    That is possible for protocols, for classes with another metaclass, and for an abstract class with registered
    subclasses.
    """
    bases = resolution_order(class_value)
    foreign = [base for base in bases if not isinstance(base, ClassValue | External) and not is_model_base(base)]
    external = [base.name for base in bases if isinstance(base, External)]
    metaclasses = [base.metaclass for base in bases if isinstance(base, ClassValue) and base.metaclass is not None]
    others = [name for name in external if not name.startswith(_CONCRETE_BASES) and name != _ABSTRACT_BASE]
    if foreign or others or any(metaclass != External(_ABSTRACT_METACLASS) for metaclass in metaclasses):
        return True
    is_abstract = bool(metaclasses) or _ABSTRACT_BASE in external or any(map(is_model_base, bases))
    return is_abstract and interpreter.modules.may_register_subclasses()


def is_error(value: Value) -> bool:
    """Return whether a value is an exception. A handler that binds it may bind one of any other class instead."""
    return isinstance(value, ProjectObject) and any(issubclass(base, BaseException) for base in _builtin_bases(value))


def has_builtin_attribute(owner: ProjectObject | ClassValue | ModuleValue, name: str) -> bool:
    """Return whether Python or a built-in base may define an attribute of an object or class.

    An exception may have the attributes of any built-in exception.
    """
    if isinstance(owner, ModuleValue):
        return False
    if name.startswith("__"):
        return True
    bases = _builtin_bases(owner)
    if any(issubclass(base, BaseException) for base in bases):
        bases = _EXCEPTIONS
    return any(hasattr(base, name) for base in bases)


def _builtin_bases(owner: ProjectObject | ClassValue) -> list[type]:
    order = order_of(owner)
    names = [base.name.removeprefix("builtins.") for base in order if isinstance(base, External)]
    return [base for base in (getattr(builtins, name, None) for name in names) if isinstance(base, type)]


def is_builtin_instance(value: Value, class_name: str) -> bool | None:
    """Return whether a collection, dictionary, function or step is an instance of a class. Return None if unknown."""
    tested = _CLASSES.get(class_name)
    if tested is None:
        return None
    match value:
        case Collection(kind="list", state=HeapCell(unordered=True)):
            return None  # a slice of one of several collections is a list even if these are tuples
        case Collection(lazy=None, parameter=None, kind=kind) if _has_distinct_summaries(value):
            return issubclass(_CLASSES_OF_KINDS[kind], tested)
        case Mapping() if _has_distinct_summaries(value) and not issubclass(dict, tested):
            return False
        case FunctionValue(caveats=()) | StepFunction(may_be_replaced=False):
            return class_name == "collections.abc.Callable"
        case _:
            return None


def _has_distinct_summaries(value: Collection | Mapping) -> bool:
    """Return whether calls with a collection have other summaries than calls with collections of other types."""
    return any(each.value.relevant and not isinstance(each.value, Container) for each in value.state.elements())


def generates_initializer(order: Sequence[Value]) -> bool:
    """Return whether the first `__init__` in a resolution order is generated by a decorator."""
    for owner in order:
        if isinstance(owner, ClassValue):
            if "__init__" in owner.scope.bindings.binders or "__init__" in owner.scope.names:
                return False
            if is_data_class(owner) and decorator_flags(owner).get("init", True):
                return True
    return False


def is_data_class(owner: ClassValue) -> bool:
    """Return whether a decorator of dataclasses, attrs or pydantic turns the annotations of a class into fields."""
    return any(name in _DATACLASSES or name.startswith(ATTRS_PACKAGES) for name in owner.decorator_names)


def decorator_flags(owner: ClassValue) -> dict[str, bool]:
    """Return the keyword arguments of a class's decorators whose value is a name, and whether this name is `True`."""
    calls = [d.decorator for d in owner.node.decorators if isinstance(d.decorator, cst.Call)]
    return {
        argument.keyword.value: argument.value.value == "True"
        for call in calls
        for argument in call.args
        if argument.keyword is not None and isinstance(argument.value, cst.Name)
    }
