"""Bases of workflow classes with type arguments, as in `class Orders(Flow[int])`, that Python cannot evaluate."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.modules.sdk_imports import ENTRYPOINT
from stepgraph.interpreter.objects.class_relations import derives_from_entrypoint
from stepgraph.interpreter.objects.classes import project_classes, resolution_order
from stepgraph.interpreter.values.objects import ClassValue
from stepgraph.ir.facts import GenericFault, UnsubscriptableBase
from stepgraph.ir.values import External, Value
from stepgraph.syntax.module import SourcePlace

_GENERICS: Final = frozenset(
    f"{module}.{name}" for module in ("typing", "typing_extensions") for name in ("Generic", "Protocol")
)
_PLAIN: Final = frozenset(["abc.ABC", "builtins.object"])
_WITHOUT_SUBSCRIPT: Final = _PLAIN | {ENTRYPOINT}


def observe_unsubscriptable_bases(interpreter: Interpreter, workflow_class: ClassValue) -> None:
    """Record a fact for each base with type arguments that raises an error when the module is loaded.

    The subscript needs `__parameters__`, which the hook `__init_subclass__` of Generic sets. A class whose resolution
    order has WorkflowEntrypoint before Generic calls the hook of the SDK, which calls no further hook (SDK:
    `__init_subclass__` in `workers/entrypoints.py`).
    """
    for derived in project_classes(workflow_class):
        if len(derived.node.bases) != len(derived.bases):
            continue
        for argument, base in zip(derived.node.bases, derived.bases, strict=True):
            fault = _fault_of(base) if isinstance(argument.value, cst.Subscript) else None
            if fault is not None:
                place = SourcePlace(derived.scope.module, argument.value)
                name = base.name if isinstance(base, ClassValue) else ENTRYPOINT.rpartition(".")[2]
                interpreter.observe(UnsubscriptableBase(name, fault, place))


def _fault_of(base: Value) -> GenericFault | None:
    if not isinstance(base, ClassValue):
        return "entrypoint" if isinstance(base, External) and base.name == ENTRYPOINT else None
    order = resolution_order(base)
    if not derives_from_entrypoint(base) or any(_may_subscript(each) for each in order):
        return None
    is_generic = any(_is_generic(each) or _has_type_parameters(each) for each in order)
    return "order" if is_generic else "not generic"


def _may_subscript(owner: Value) -> bool:
    """Return whether a class has type parameters for Python, or may define how it is subscripted."""
    if not isinstance(owner, ClassValue):
        return not isinstance(owner, External) or not (owner.name in _WITHOUT_SUBSCRIPT or _is_generic(owner))
    names = owner.scope.bindings.binders
    if not owner.has_plain_metaclass or owner.caveats or "__class_getitem__" in names or "__init_subclass__" in names:
        return True
    for base in resolution_order(owner)[1:]:
        if isinstance(base, External) and base.name not in _PLAIN:
            return _is_generic(base)
    return _has_type_parameters(owner)


def _is_generic(owner: Value) -> bool:
    return isinstance(owner, External) and owner.name in _GENERICS


def _has_type_parameters(owner: Value) -> bool:
    return isinstance(owner, ClassValue) and owner.node.type_parameters is not None
