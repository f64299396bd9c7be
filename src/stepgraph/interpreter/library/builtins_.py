"""Models of built-in functions and of functions that return one of their arguments."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.attribute_changes import assign_attribute, delete_named, set_named
from stepgraph.interpreter.objects.dynamic_attributes import call_getattr, constant_name
from stepgraph.interpreter.values.calls import Argument, Arguments
from stepgraph.interpreter.values.objects import (
    Caveat,
    ClassValue,
    FunctionKind,
    FunctionValue,
    Instance,
    ModuleValue,
    SuperObject,
)
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.values import UNKNOWN, Constant, ExternalResult, Value, origin_name
from stepgraph.syntax.module import Place


@models("builtins.staticmethod", "builtins.classmethod")
def _method(call: LibraryCall) -> Value:
    """`go = staticmethod(go)`."""
    kind: FunctionKind = "static" if call.name == "builtins.staticmethod" else "class"
    return replace(call.first, kind=kind) if isinstance(call.first, FunctionValue) else call.first


@models("builtins.getattr")
def _getattr(call: LibraryCall) -> Value:
    return call_getattr(call.interpreter, call.arguments, call.place)


@models("typing.cast")
def _cast(call: LibraryCall) -> Value:
    return call.arguments.items[1].value if len(call.arguments.items) > 1 else UNKNOWN


@models("builtins.float", "builtins.int", "builtins.round", "math.ceil", "math.floor", "math.trunc")
def _number(call: LibraryCall) -> Value:
    """Keep the origin of a time in seconds through rounding."""
    name = origin_name(call.first) or ""
    return ExternalResult(name) if name.rsplit(".", 1)[-1] in _SECONDS else UNKNOWN


_SECONDS: Final = ("time", "timestamp", "total_seconds")


@models("builtins.property")
def _property(call: LibraryCall) -> Value:
    """`property(get, set)`."""
    getter, setter, deleter = (call.arguments.find(index, name) for index, name in enumerate(("fget", "fset", "fdel")))
    if getter is None or not isinstance(getter.value, FunctionValue):
        return call.unmodeled()
    return replace(
        getter.value,
        kind="property",
        setter=None if setter is None else setter.value,
        deleter=None if deleter is None else deleter.value,
    )


@models("builtins.type")
def _type(call: LibraryCall) -> Value:
    """Return the class of an object. `type(name, bases, namespace)` is not modeled."""
    if len(call.arguments.items) > 1:
        return call.unmodeled()
    owner = call.first
    return owner.cls if isinstance(owner, Instance) else UNKNOWN


@models("builtins.setattr", "builtins.object.__setattr__", "builtins.type.__setattr__")
def _setattr(call: LibraryCall) -> Value:
    name = constant_name(call.interpreter, call.arguments.items[1]) if len(call.arguments.items) > 1 else None
    match [argument.value for argument in call.arguments.items]:
        case [Instance() as owner, _, value]:
            set_named(call.interpreter, owner, call.arguments.items[1], value, call.place)
            return Constant(None)
        case [Union() as owner, _, _]:
            rest = call.arguments.items[1:]
            return call.interpreter.apply_to_cases(
                owner,
                lambda chosen: _setattr(replace(call, arguments=Arguments((Argument(chosen, call.place), *rest)))),
            )
        case [ClassValue() | ModuleValue() as owner, _, value] if name is not None:
            assign_attribute(call.interpreter, owner, name, value, call.place)
            return Constant(None)
        case [ClassValue() as owner, _, _]:
            owner.caveats = (*owner.caveats, _unknown_member(owner, call.place))
            return Constant(None)
        case _:
            return call.unmodeled()


@models("builtins.delattr", "builtins.object.__delattr__", "builtins.type.__delattr__")
def _delattr(call: LibraryCall) -> Value:
    if len(call.arguments.items) > 1:
        delete_named(call.interpreter, call.first, call.arguments.items[1], call.place)
    return Constant(None)


def _unknown_member(owner: ClassValue, place: Place) -> Caveat:
    return Caveat(
        "unknown-member",
        place,
        f"`{place.text}` sets a member of the class `{owner.name}` by a name that is not statically known.",
        "The graph shows the methods as they stand in the class.",
        may_be_another=True,
    )


@models("builtins.super")
def _super(call: LibraryCall) -> Value:
    scope = call.interpreter.frame.scope
    while scope.kind == "expression" and scope.parent is not None:
        scope = scope.parent
    method: Value = UNKNOWN
    enclosing = scope
    while enclosing.owner is None and enclosing.parent is not None:
        enclosing = enclosing.parent
    if call.arguments.items and isinstance(call.arguments.items[0].value, ClassValue):
        method = call.arguments.items[0].value
    elif enclosing.owner is not None:
        method = enclosing.owner
    if len(call.arguments.items) > 1:
        receiver = call.arguments.items[1].value
    else:
        receiver = next((v for v in scope.names.values() if isinstance(v, Instance | ClassValue)), UNKNOWN)
    return SuperObject(method, receiver) if isinstance(method, ClassValue) else UNKNOWN


@models("builtins.vars")
def _vars(call: LibraryCall) -> Value:
    """Return the attributes of an object. The names of a scope are not modeled."""
    owner = call.first
    return call.interpreter.attribute(owner, "__dict__", call.place) if isinstance(owner, Instance) else UNKNOWN


@models("builtins.eval", "builtins.exec")
def _execute_string(call: LibraryCall) -> Value:
    """Report an escape: code in a string may use every name in scope."""
    report_escape(call.interpreter, call.arguments, call.place)
    for name, value in call.interpreter.frame.scope.names.items():
        if call.interpreter.escape(
            value, call.place, f"may be used as `{name}` by code in a string, which is not followed"
        ):
            break
    return UNKNOWN
