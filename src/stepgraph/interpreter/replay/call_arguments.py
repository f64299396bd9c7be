"""Calls of functions of the project with too few, too many or unexpected arguments."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.objects.attributes.undefined import may_have_another_type
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.objects import FreeParameter, FunctionValue, ProjectObject, free_parameters
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import UncertainCallee, WrongArguments
from stepgraph.syntax.bindings import first_name, last_name, parameters
from stepgraph.syntax.module import SourceModule, SourcePlace

_SELF: Final = ("self", "cls")
_DEFINITION: Final = rb"\bdef[ \t]++([\w\x80-\xff]++)"


def observe_wrong_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> None:
    """Record a call that fails with a TypeError, because its arguments do not match the parameters.

    Only calls by the name of a function without decorators, or of a class, count, if they unpack no arguments. Code
    that other code may replace, or that may be for objects of another type, does not count.
    """
    if place is None or not isinstance(place.node, cst.Call) or not isinstance(callee.node, cst.FunctionDef):
        return
    call, function = place.node, callee.node
    name = _called_name(callee, function)
    if last_name(call.func) != name:
        return
    if callee.caveats or function.decorators or _is_changed(callee):
        return
    if any(argument.star for argument in call.args) or len(call.args) != len(arguments.items):
        return
    free = free_parameters(callee)
    missing, unexpected = _missing_parameter(free, arguments), _unexpected_keyword(free, arguments)
    positional = [parameter for parameter in free if parameter.kind == "positional"]
    is_unlimited = any(parameter.kind == "*args" for parameter in free)
    has_excess = not is_unlimited and len(arguments.positional) > len(positional)
    is_wrong = missing is not None or unexpected is not None or has_excess
    if is_wrong and not _is_tested(place) and not _is_for_another_type(interpreter, place, call):
        has_receiver = callee.receiver is not None and callee.kind != "static" and name == function.name.value
        declared = parameters(function.params)
        may_lack_self = has_receiver and not (declared and declared[0].name.value in _SELF)
        passed_names = frozenset(each.value.value for each in call.args if isinstance(each.value, cst.Name))
        definition = SourcePlace(callee.scope.module, function)
        interpreter.observe(WrongArguments(name, missing, unexpected, may_lack_self, passed_names, place, definition))


def observe_uncertain_callee(interpreter: Interpreter, callees: Union, place: SourcePlace) -> None:
    """Record a call of one of several values, unless all are functions of the project that no code replaces."""
    if not all(isinstance(case.value, FunctionValue) and not case.value.caveats for case in callees.cases):
        interpreter.observe(UncertainCallee(place))


def _is_changed(callee: FunctionValue) -> bool:
    """Return whether a function is partial, or shows the signature of another function."""
    return bool(callee.positional or callee.keywords) or callee.wrapped is not None


def _is_tested(call: SourcePlace) -> bool:
    """Return whether the code around a call catches its TypeError, which a coroutine function raises at the call."""
    # Imported here because few calls have wrong arguments.
    from stepgraph.syntax.body_errors import catches_by_name

    return catches_by_name(call.node, call.module, "TypeError")


def _is_for_another_type(interpreter: Interpreter, place: SourcePlace, call: cst.Call) -> bool:
    """Return whether a call may be only for values of other types than the analyzed one.

    Another workflow may pass an object of another class that has a method of the same name.
    """
    if may_have_another_type(interpreter, call.func, place):
        return True
    if not (isinstance(call.func, cst.Attribute) and _is_of_argument(call.func.value, place)):
        return False
    method = call.func.attr.value
    return sum(module.once(_definition_counts)[method] for module in interpreter.modules.scopes) > 1


def _is_of_argument(receiver: cst.BaseExpression, place: SourcePlace) -> bool:
    """Return whether a function around a call gets the receiver as an argument other than `self`, or in an argument."""
    name = first_name(receiver)
    if not name or (name in _SELF and isinstance(receiver, cst.Name)):
        return False
    return any(
        name == parameter.name.value for function in place.functions for parameter in parameters(function.params)
    )


def _definition_counts(module: SourceModule) -> Counter[str]:
    """Return how often a module defines a function of each name."""
    return Counter(name.decode() for name in re.findall(_DEFINITION, module.utf_8_source))


def _called_name(callee: FunctionValue, function: cst.FunctionDef) -> str:
    """Return the name by which code calls a function: that of the class for `__init__`."""
    name, receiver = function.name.value, callee.receiver
    return receiver.cls.name if name == "__init__" and isinstance(receiver, ProjectObject) else name


def _unexpected_keyword(free: tuple[FreeParameter, ...], arguments: Arguments) -> str | None:
    """Return the first keyword of a call that no parameter accepts, or None without one."""
    if any(parameter.kind == "**kwargs" for parameter in free):
        return None
    names = {parameter.node.name.value for parameter in free}
    keywords = (argument.keyword for argument in arguments.items if argument.keyword is not None)
    return next((keyword for keyword in keywords if keyword not in names), None)


def _missing_parameter(free: tuple[FreeParameter, ...], arguments: Arguments) -> str | None:
    """Return the first required parameter that a call omits, or None without one."""
    keywords = {argument.keyword for argument in arguments.items}
    count = len(arguments.positional)
    for index, parameter in enumerate(free):
        is_filled = parameter.kind == "positional" and index < count
        is_required = parameter.kind in ("positional", "keyword") and parameter.node.default is None
        if is_required and not is_filled and parameter.node.name.value not in keywords:
            return parameter.node.name.value
    return None
