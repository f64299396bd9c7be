"""Calls of functions with a parameter for the step object, with too few or too many arguments."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.objects import FreeParameter, FunctionValue, free_parameters
from stepgraph.ir.facts import WrongArguments
from stepgraph.syntax.bindings import last_name, parameters
from stepgraph.syntax.module import SourcePlace

_STEP: Final = "step"


def observe_wrong_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> None:
    """Record a call that fails with a TypeError, because it has too few or too many arguments for its function.

    Only calls by the name of a function without decorators count, if they unpack no arguments.
    """
    if place is None or not isinstance(place.node, cst.Call) or not isinstance(callee.node, cst.FunctionDef):
        return
    call, function = place.node, callee.node
    if function.decorators or last_name(call.func) != function.name.value or interpreter.frame.type_error_handlers:
        return
    if all(parameter.name.value != _STEP for parameter in parameters(function.params)):
        return
    if any(argument.star for argument in call.args) or len(call.args) != len(arguments.items):
        return
    free = free_parameters(callee)
    missing = _missing_parameter(free, arguments)
    positional = [parameter for parameter in free if parameter.kind == "positional"]
    is_unlimited = any(parameter.kind == "*args" for parameter in free)
    has_excess = not is_unlimited and len(arguments.positional) > len(positional)
    if missing is not None or has_excess:
        has_receiver = callee.receiver is not None and callee.kind != "static"
        definition = SourcePlace(callee.scope.module, function)
        interpreter.observe(WrongArguments(function.name.value, missing, has_receiver, place, definition))


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
