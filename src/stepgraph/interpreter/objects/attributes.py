"""Attributes, by what they are of."""

from __future__ import annotations

from typing import Final

from stepgraph.interpreter.interpreter import Machine
from stepgraph.interpreter.objects.classes import class_attribute, instance_attribute, super_attribute
from stepgraph.interpreter.objects.module_members import module_member
from stepgraph.interpreter.objects.values import (
    UNKNOWN,
    Absent,
    Alternatives,
    ClassValue,
    Collection,
    Constant,
    Duration,
    EnumMember,
    Event,
    ExitStack,
    External,
    Foreign,
    ForeignMember,
    FunctionValue,
    Gathering,
    Instance,
    Mapping,
    MethodOf,
    ModuleValue,
    Moment,
    Payload,
    Resource,
    StepMethod,
    StepObject,
    SuperObject,
    Task,
    TaskGroup,
    Unresolved,
    Value,
    Volatile,
)
from stepgraph.interpreter.python.constants import DATETIME, TIMEDELTA
from stepgraph.interpreter.replay import resources, taint
from stepgraph.interpreter.store import merged
from stepgraph.syntax.module import Place


def attribute(machine: Machine, owner: Value, name: str, place: Place) -> Value:
    """Return `owner.name`."""
    match owner:
        case StepObject():
            return StepMethod(name)
        case Instance():
            return instance_attribute(machine, owner, name, place)
        case ClassValue():
            return class_attribute(machine, owner, name, place)
        case SuperObject():
            return super_attribute(machine, owner, name, place)
        case ModuleValue():
            return module_member(machine, owner, name, place)
        case External(name=prefix):
            return External(f"{prefix}.{name}")
        case Foreign(name=prefix):
            return ForeignMember(f"{prefix}().{name}")
        case EnumMember(holds=holds) if name == "value":
            return holds
        case Moment():
            return ForeignMember(f"{DATETIME}().{name}")
        case Duration():
            return ForeignMember(f"{TIMEDELTA}().{name}")
        case Event(shape=shape, of_run=of_run) if name == "payload":
            return Payload(shape, of_run)
        case Event() | Payload() | Collection() | Mapping() | TaskGroup() | Task() | Gathering() | ExitStack():
            return MethodOf(owner, name)
        case Alternatives(options=options, discriminant=discriminant):
            # None has no attributes of use: no run goes on from there.
            held = [option for option in options if not isinstance(option.value, Constant | Absent)]
            parts = [(option.condition, attribute(machine, option.value, name, place)) for option in held]
            return merged(parts, discriminant, owner.place) if parts else UNKNOWN
        case Unresolved():
            return owner
        case Volatile():
            return taint.member_of(owner, name)
        case Resource():
            return resources.member_of(owner, name)
        case FunctionValue(wrapped=Value() as wrapped) if name == "__wrapped__":
            return wrapped
        case FunctionValue() if name == "__call__":
            return owner
        case _ if owner.relevant and name not in DESCRIBING:
            return MethodOf(owner, name)
        case _:
            return UNKNOWN


# Attributes that say something of what they are of, and lead to nothing that it runs.
DESCRIBING: Final = frozenset(
    [
        "__annotations__",
        "__class__",
        "__doc__",
        "__module__",
        "__name__",
        "__qualname__",
        "__type_params__",
        "cr_running",
    ]
)
