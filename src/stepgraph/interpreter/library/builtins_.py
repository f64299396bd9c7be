"""Models of built-in functions and of functions that return one of their arguments."""

from __future__ import annotations

from typing import Final

import libcst as cst
from msgspec.structs import replace

from stepgraph.interpreter.escapes import report_escape
from stepgraph.interpreter.joining import union_values
from stepgraph.interpreter.library.models import LibraryCall, models
from stepgraph.interpreter.objects.attributes.changes import (
    assign_attribute,
    call_assignment_hook,
    delete_named,
    set_named,
    store_attribute,
)
from stepgraph.interpreter.objects.attributes.dynamic import call_getattr, constant_name
from stepgraph.interpreter.objects.attributes.lookup import plain_attribute
from stepgraph.interpreter.objects.builtin_methods import call_in_loop
from stepgraph.interpreter.objects.classes import relevant_members
from stepgraph.interpreter.objects.special_methods import call_special
from stepgraph.interpreter.python.loops.generators import take_first
from stepgraph.interpreter.values.calls import Argument, Arguments, GeneratorCall
from stepgraph.interpreter.values.objects import (
    Caveat,
    ClassNamespace,
    ClassValue,
    FunctionKind,
    FunctionValue,
    LexicalScope,
    ModuleValue,
    ProjectObject,
    SuperObject,
)
from stepgraph.interpreter.values.steps import StepFunction
from stepgraph.interpreter.values.tasks import Gathering
from stepgraph.interpreter.values.unions import Union, map_cases
from stepgraph.ir.values import UNKNOWN, Constant, ExternalResult, Value, origin_name
from stepgraph.syntax.module import SourcePlace


@models("builtins.staticmethod", "builtins.classmethod")
def _method(call: LibraryCall) -> Value:
    """Model `go = staticmethod(go)` and `go = classmethod(go)`."""
    kind: FunctionKind = "static" if call.name == "builtins.staticmethod" else "class"
    return _of_kind(call.first, kind)


def _of_kind(value: Value, kind: FunctionKind) -> Value:
    """Return a function as a static method or class method. For a union, convert each case."""
    if isinstance(value, Union):
        return map_cases(value, lambda case: _of_kind(case, kind))
    return replace(value, kind=kind) if isinstance(value, FunctionValue) else value


@models("builtins.getattr")
def _getattr(call: LibraryCall) -> Value:
    return call_getattr(call.interpreter, call.arguments, call.place)


@models("enum.member")
def _member(call: LibraryCall) -> Value:
    return call.first


@models("builtins.object.__getattribute__")
def _get_attribute(call: LibraryCall) -> Value:
    """Look up an attribute as if the class had no `__getattribute__`."""
    name = _attribute_name(call)
    if not isinstance(call.first, ProjectObject) or name is None:
        return call.unmodeled()
    return plain_attribute(call.interpreter, call.first, name, call.place)


def _attribute_name(call: LibraryCall) -> str | None:
    """Return the name in the second argument. Return None if it is missing or not constant."""
    return constant_name(call.interpreter, call.arguments.items[1]) if len(call.arguments.items) > 1 else None


@models("builtins.hasattr")
def _hasattr(call: LibraryCall) -> Value:
    """Model `hasattr`, which calls a property, or `__getattr__` if the attribute is not set."""
    if len(call.arguments.items) > 1 and isinstance(call.first, ProjectObject | ClassValue | Union):
        name = constant_name(call.interpreter, call.arguments.items[1])
        if name is not None:
            call.interpreter.attribute(call.first, name, call.place)
        else:
            _report_properties(call)
    return UNKNOWN


def _report_properties(call: LibraryCall) -> None:
    """Report the properties of an object that have effects, because a computed name decides which one is read."""
    for owner in union_values(call.first):
        members = relevant_members(call.interpreter, owner.cls, owner) if isinstance(owner, ProjectObject) else ()
        for member in members:
            if isinstance(member, FunctionValue) and member.kind == "property":
                getter = replace(member, kind="function", receiver=owner)
                call.interpreter.escape(getter, call.place, "may be called by `hasattr`")


@models("typing.cast")
def _cast(call: LibraryCall) -> Value:
    return call.arguments.items[1].value if len(call.arguments.items) > 1 else UNKNOWN


@models("builtins.float", "builtins.int", "builtins.round", "math.ceil", "math.floor", "math.trunc")
def _number(call: LibraryCall) -> Value:
    """Model a numeric conversion, which preserves the origin of a time in seconds."""
    name = origin_name(call.first) or ""
    return ExternalResult(name) if name.rsplit(".", 1)[-1] in _SECONDS else UNKNOWN


_SECONDS: Final = ("time", "timestamp", "total_seconds")


@models("builtins.property")
def _property(call: LibraryCall) -> Value:
    """Model `property(get, set)`."""
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
    from stepgraph.interpreter.objects.class_relations import is_error

    if len(call.arguments.items) > 1:
        return call.unmodeled()
    owner = call.first
    return owner.cls if isinstance(owner, ProjectObject) and not is_error(owner) else UNKNOWN


@models("builtins.type.__new__")
def _create_class(call: LibraryCall) -> Value:
    """Model `type.__new__(metaclass, name, bases, namespace)` in the `__new__` of a metaclass."""
    namespaces = [item.value for item in call.arguments.items if isinstance(item.value, ClassNamespace)]
    return namespaces[0].cls if namespaces else call.unmodeled()


@models("builtins.setattr", "builtins.object.__setattr__", "builtins.type.__setattr__")
def _setattr(call: LibraryCall) -> Value:
    name = _attribute_name(call)
    match [argument.value for argument in call.arguments.items]:
        case [ProjectObject() as owner, _, value]:
            is_plain = call.name != "builtins.setattr"
            if is_plain or not call_assignment_hook(
                call.interpreter, owner, call.arguments.items[1], value, call.place
            ):
                set_named(call.interpreter, owner, call.arguments.items[1], value, call.place)
            return Constant(None)
        case [Union() as owner, _, _]:
            later_arguments = call.arguments.items[1:]
            return call.interpreter.apply_to_cases(
                owner,
                lambda chosen: _setattr(
                    replace(call, arguments=Arguments((Argument(chosen, call.place), *later_arguments)))
                ),
            )
        case [ClassValue() | ModuleValue() | FunctionValue() | StepFunction() as owner, _, value] if name is not None:
            assign = assign_attribute if call.name == "builtins.setattr" else store_attribute
            assign(call.interpreter, owner, name, value, call.place)
            return Constant(None)
        case [ClassValue() as owner, _, _]:
            owner.caveats = (*owner.caveats, _unknown_member(owner, call.place))
            return Constant(None)
        case _:
            from stepgraph.interpreter.objects.attributes.function_attributes import make_unresolved

            make_unresolved(call.interpreter, call.first, call.place)
            return call.unmodeled()


@models("builtins.delattr", "builtins.object.__delattr__", "builtins.type.__delattr__")
def _delattr(call: LibraryCall) -> Value:
    if len(call.arguments.items) > 1:
        calls_hook = call.name == "builtins.delattr"
        delete_named(call.interpreter, call.first, call.arguments.items[1], call.place, calls_hook=calls_hook)
    return Constant(None)


def _unknown_member(owner: ClassValue, place: SourcePlace) -> Caveat:
    return Caveat(
        "unknown-member",
        place,
        f"`{place.text}` sets an attribute of the class `{owner.name}` whose name is not statically known.",
        "The graph shows the methods that the class defines.",
        may_be_another=True,
    )


@models("unittest.mock.patch", "unittest.mock.patch.dict", "unittest.mock.patch.multiple", "unittest.mock.patch.object")
def _patch(call: LibraryCall) -> Value:
    """Report a temporary replacement of attributes, whose end is not modeled."""
    call.interpreter.note(
        "unknown-member",
        call.place,
        f"`{call.place.brief_text}` temporarily replaces attributes or entries, which stepgraph does not model.",
        "The graph shows the original values.",
    )
    return ExternalResult(call.name)


@models("builtins.print", unpacks=True)
def _print(call: LibraryCall) -> Value:
    """Model `print(..., file=log)`, which calls `log.write` for each part."""
    file = call.arguments.find(None, "file")
    if file is not None and file.value.relevant:
        write = call.interpreter.attribute(file.value, "write", call.place)
        call_in_loop(call.interpreter, write, Arguments.of(UNKNOWN, call.place), call.place)
    return UNKNOWN


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
    receiver = call.arguments.items[1].value if len(call.arguments.items) > 1 else _first_argument(scope)
    return SuperObject(method, receiver) if isinstance(method, ClassValue) else UNKNOWN


def _first_argument(scope: LexicalScope) -> Value:
    """Return the value of the first parameter of a function, which is usually `self` or `cls`."""
    binders = scope.bindings.binders.items()
    name = next((name for name, nodes in binders if isinstance(next(iter(nodes), None), cst.Param)), None)
    value = UNKNOWN if name is None else scope.names.get(name, UNKNOWN)
    return value if isinstance(value, Value) else UNKNOWN


@models("builtins.eval", "builtins.exec")
def _execute_string(call: LibraryCall) -> Value:
    """Report that values escape, because code in a string may use every name in scope."""
    report_escape(call.interpreter, call.arguments, call.place)
    for name, value in call.interpreter.frame.scope.names.items():
        if call.interpreter.escape(
            value, call.place, f"may be used as `{name}` by code in a string, which stepgraph does not analyze"
        ):
            break
    return UNKNOWN


@models("builtins.anext")
def _anext(call: LibraryCall) -> Value:
    """Model `await anext(generator)`, which runs the code of the generator up to its first `yield`.

    For an object, this is the call of its method. A default, which is returned instead of an error, is not modeled.
    """
    if isinstance(call.first, ProjectObject) and len(call.arguments.items) == 1:
        result = call_special(call.interpreter, call.first, ("__anext__",), (), call.place)
        if result is not None:
            return result
    if isinstance(call.first, GeneratorCall) and call.is_awaited:
        value = take_first(call.interpreter, call.first, call.place)
        if value is not None:
            return Gathering("all", (), result=value)
    return call.unmodeled()
