"""Calls of functions of the project with too few, too many or unexpected arguments."""

from __future__ import annotations

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.objects import FreeParameter, FunctionValue, ProjectObject, free_parameters
from stepgraph.interpreter.values.unions import Union
from stepgraph.ir.facts import UncertainCallee, WrongArguments
from stepgraph.syntax.bindings import last_name
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of


def observe_wrong_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> None:
    """Record a call that fails with a TypeError, because its arguments do not match the parameters.

    Only calls by the name of a function without decorators, or of a class, count, if they unpack no arguments. Code
    that other code may replace does not count.
    """
    if place is None or not isinstance(place.node, cst.Call) or not isinstance(callee.node, cst.FunctionDef):
        return
    call, function = place.node, callee.node
    name = _called_name(callee, function)
    if callee.caveats or function.decorators:
        return
    if last_name(call.func) != name or interpreter.frame.type_error_handlers:
        return
    if any(argument.star for argument in call.args) or len(call.args) != len(arguments.items):
        return
    free = free_parameters(callee)
    missing, unexpected = _missing_parameter(free, arguments), _unexpected_keyword(free, arguments)
    positional = [parameter for parameter in free if parameter.kind == "positional"]
    is_unlimited = any(parameter.kind == "*args" for parameter in free)
    has_excess = not is_unlimited and len(arguments.positional) > len(positional)
    if (missing is not None or unexpected is not None or has_excess) and not _is_fallback(callee):
        has_receiver = callee.receiver is not None and callee.kind != "static" and name == function.name.value
        definition = SourcePlace(callee.scope.module, function)
        interpreter.observe(WrongArguments(name, missing, unexpected, has_receiver, place, definition))


def observe_uncertain_callee(interpreter: Interpreter, callees: Union, place: SourcePlace) -> None:
    """Record a call of one of several values, unless all are functions of the project that no code replaces."""
    if not all(isinstance(case.value, FunctionValue) and not case.value.caveats for case in callees.cases):
        interpreter.observe(UncertainCallee(place))


def _is_fallback(callee: FunctionValue) -> bool:
    """Return whether a function is defined in an `except` clause, so a function with other parameters may be called."""
    parents = callee.scope.module.parents
    return any(isinstance(node, cst.ExceptHandler) for node in ancestors_of(parents, callee.node))


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
