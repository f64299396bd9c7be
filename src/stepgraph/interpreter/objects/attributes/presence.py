"""The result of `hasattr` for a value."""

from __future__ import annotations

from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.imports import may_have_name
from stepgraph.interpreter.objects.attributes.dynamic import has_member, may_have_others, value_on_function
from stepgraph.interpreter.objects.attributes.lookup import may_be_added
from stepgraph.interpreter.objects.class_relations import is_closed
from stepgraph.interpreter.objects.classes import has_class_attribute, resolution_order
from stepgraph.interpreter.values.objects import COMPUTED_NAME, ClassValue, FunctionValue, ModuleValue, ProjectObject
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.ir.values import UNSET, Constant, Value, is_none

_ATTRIBUTES_OF_FUNCTIONS: Final = frozenset(("__call__", "__class__", "__dict__", "__doc__"))
"""The attributes that functions, methods and `partial` objects share."""


def may_have_attribute(interpreter: Interpreter, owner: Value, name: str) -> bool:
    """Return whether `hasattr(owner, name)` may be true. It is false for objects and classes that lack the name."""
    if value_on_function(interpreter, owner, name) is UNSET:
        return False
    if isinstance(owner, Constant):
        return hasattr(owner.value, name)
    if isinstance(owner, ClassValue):
        return _may_class_have(interpreter, owner, name)
    if isinstance(owner, ModuleValue):
        return owner.scope is None or name.startswith("_") or _may_module_have(interpreter, owner, name)
    if not isinstance(owner, ProjectObject) or owner.may_be_replaced or not is_closed(owner.cls):
        return not is_none(owner)
    interpreter.store.record_outer_read(owner.state, name)
    return (
        name in owner.state
        or COMPUTED_NAME in owner.state
        or name.startswith("__")
        or has_class_attribute(interpreter, owner, name)
        or interpreter.modules.is_attribute_assigned(name)
        or may_be_added(interpreter, resolution_order(owner.cls), name)
    )


def _may_module_have(interpreter: Interpreter, owner: ModuleValue, name: str) -> bool:
    """Return whether a module may have an attribute: it may bind the name, or other code may set it."""
    modules = interpreter.modules
    return (
        may_have_name(interpreter, owner.file, name)
        or modules.is_attribute_assigned(name)
        or any(module.mentions(word) for module in modules.all_modules() for word in _NAMESPACE_CHANGES)
    )


_NAMESPACE_CHANGES: Final = (b"setattr", b"__dict__", b"vars", b"__globals__", b"f_globals", b"exec(")


def _may_class_have(interpreter: Interpreter, owner: ClassValue, name: str) -> bool:
    """Return whether a class may have an attribute, as a member or by its metaclass."""
    is_of_project = isinstance(owner.metaclass, ClassValue)
    if not is_closed(owner) or not (is_of_project or owner.has_plain_metaclass):
        return True
    if hasattr(type, name) or interpreter.modules.is_attribute_assigned(name) or may_have_others(owner):
        return True
    classes = (owner, owner.metaclass) if isinstance(owner.metaclass, ClassValue) else (owner,)
    return any(
        has_member(interpreter, each, name) or may_be_added(interpreter, resolution_order(each), name)
        for each in classes
    )


def must_have_attribute(owner: Value, name: str) -> bool:
    """Return whether `hasattr(owner, name)` is certainly true.

    Constants have the attributes of their types. A function may be a `partial` object, which has no `__name__`.
    """
    if isinstance(owner, Constant):
        return hasattr(owner.value, name)
    return isinstance(owner, FunctionValue | StepFunction) and name in _ATTRIBUTES_OF_FUNCTIONS
