"""Members of classes that code outside the project may call: on objects that it receives, and from a base class."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from stepgraph.interpreter.effects import effect_of_call
from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.objects.classes import resolution_order
from stepgraph.interpreter.objects.names import resolve_body_name
from stepgraph.interpreter.python.arguments import make_mapping
from stepgraph.interpreter.values.containers import MappingEntry
from stepgraph.interpreter.values.objects import ClassValue, FunctionValue, Instance
from stepgraph.ir.values import UNKNOWN, UNSET, Unresolved, Value
from stepgraph.limits import Limit
from stepgraph.syntax.module import Place


def relevant_members(interpreter: Interpreter, class_value: ClassValue, receiver: Instance | None) -> Iterator[Value]:
    """Yield the relevant members of a class, its methods bound to a receiver, except for functions that are running."""
    for owner in resolution_order(class_value):
        if not isinstance(owner, ClassValue):
            continue
        for name in list(owner.scope.bindings.binders):
            interpreter.budget.spend(Limit.ELEMENTS)
            member = resolve_body_name(interpreter, owner.scope, name)
            for leaf in () if member is None else union_values(member):
                if isinstance(leaf, FunctionValue):
                    if not interpreter.active_functions.get(leaf.node):
                        yield replace(leaf, receiver=receiver) if leaf.kind == "function" else leaf
                elif leaf.relevant and leaf is not UNSET:
                    yield leaf


def table_of_members(interpreter: Interpreter, place: Place) -> Value:
    """Return a dictionary with members that cannot be followed, such as `__dict__` of a class."""
    member = Unresolved("it is read from a table of names", place)
    return make_mapping(interpreter, (MappingEntry(UNKNOWN, member, place, place, many=True),), partial=True)


def overrides_may_run_steps(interpreter: Interpreter, instance: Instance) -> bool:
    """Whether methods of an object whose class a function defines run steps, so that inherited methods may do so.

    Methods of other classes reach steps through the attributes of the object.
    """
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
