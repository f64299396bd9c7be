"""Workflow classes whose `run` the SDK does not wrap, so that it gets the raw JavaScript event and step.

The SDK wraps the `run` in the body of each class that derives from WorkflowEntrypoint, on creation of the class (SDK:
`__init_subclass__` in `workers/entrypoints.py`).
"""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.class_hooks import HARMLESS_METACLASSES
from stepgraph.interpreter.objects.classes import derives_from_entrypoint, resolution_order
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.values.objects import ClassValue
from stepgraph.ir.facts import UnwrappedRun
from stepgraph.ir.values import External, Value
from stepgraph.syntax.module import Place


def observe_unwrapped_run(interpreter: Interpreter, workflow_class: ClassValue) -> None:
    """Observe a `run` that the SDK must call unwrapped: its class does not derive from WorkflowEntrypoint."""
    order = resolution_order(workflow_class)
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    owner = next((owner for owner in classes if resolve_body_name(interpreter, owner.scope, "run") is not None), None)
    if owner is None or derives_from_entrypoint(owner) or any(_may_set_members(interpreter, base) for base in order):
        return
    interpreter.observe(UnwrappedRun(owner.name, _inheriting_base(workflow_class, owner)))


def _may_set_members(interpreter: Interpreter, owner: Value) -> bool:
    """Whether a class has unknown members, or a hook, metaclass or statement may assign `run`."""
    if not isinstance(owner, ClassValue):
        return not isinstance(owner, External)
    is_plain = owner.metaclass is None or (
        isinstance(owner.metaclass, External) and owner.metaclass.name in HARMLESS_METACLASSES
    )
    return (
        not is_plain
        or bool(owner.caveats)
        or "__init_subclass__" in owner.scope.bindings.binders
        or interpreter.modules.is_assigned_externally(owner.scope, "run")
    )


def _inheriting_base(workflow_class: ClassValue, owner: ClassValue) -> Place:
    """Return the base through which a class statement inherits from `owner`, or else the name of the class."""
    arguments = workflow_class.node.bases
    if not any(argument.star for argument in arguments):
        for argument, base in zip(arguments, workflow_class.bases, strict=True):
            if isinstance(base, ClassValue) and owner in resolution_order(base):
                return Place(workflow_class.scope.module, argument.value)
    name: cst.CSTNode = workflow_class.node.name
    return Place(workflow_class.scope.module, name)
