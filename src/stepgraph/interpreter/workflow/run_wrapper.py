"""Whether the SDK wraps the `run` of a workflow class, so that it gets Python's event and step object.

It does so as a class is made that derives from WorkflowEntrypoint, for the `run` in the body of that class (SDK:
`__init_subclass__` in `workers/entrypoints.py`).
"""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.class_hooks import HARMLESS_METACLASSES
from stepgraph.interpreter.objects.classes import derives_from_entrypoint, resolution_order
from stepgraph.interpreter.objects.names import module_name
from stepgraph.interpreter.objects.values import ClassValue, External, Value
from stepgraph.ir.facts import RunNotWrapped
from stepgraph.syntax.module import Place


def observe_not_wrapped(interpreter: Interpreter, defined: ClassValue) -> None:
    """Observe a `run` that is certain to be called as it is: that of a class which is no workflow itself."""
    order = resolution_order(defined)
    classes = [owner for owner in order if isinstance(owner, ClassValue)]
    owner = next((owner for owner in classes if module_name(interpreter, owner.scope, "run") is not None), None)
    if owner is None or derives_from_entrypoint(owner) or any(_may_set_members(interpreter, each) for each in order):
        return
    interpreter.observe(RunNotWrapped(owner.name, _base_that_has(defined, owner)))


def _may_set_members(interpreter: Interpreter, owner: Value) -> bool:
    """Whether a class is not known in full, or something may write to it: a hook, a metaclass, a statement."""
    if not isinstance(owner, ClassValue):
        return not isinstance(owner, External)
    is_plain = owner.metaclass is None or (
        isinstance(owner.metaclass, External) and owner.metaclass.name in HARMLESS_METACLASSES
    )
    return (
        not is_plain
        or bool(owner.caveats)
        or "__init_subclass__" in owner.scope.bindings.binders
        or interpreter.modules.is_assigned_elsewhere(owner.scope, "run")
    )


def _base_that_has(defined: ClassValue, owner: ClassValue) -> Place:
    """Return where the bases of a class name the one by which it inherits from another, else where its own name is."""
    written = defined.node.bases
    if not any(argument.star for argument in written):
        for argument, base in zip(written, defined.bases, strict=True):
            if isinstance(base, ClassValue) and owner in resolution_order(base):
                return Place(defined.scope.module, argument.value)
    name: cst.CSTNode = defined.node.name
    return Place(defined.scope.module, name)
