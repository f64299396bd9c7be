"""Observation of the constants and dictionaries that calls pass for the parameters of project functions."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.python.deciding_arguments import bound_arguments, is_display, unbound_parameters
from stepgraph.interpreter.static_values import static_value
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.ir.facts import ArgumentPassed
from stepgraph.ir.static_values import StaticMapping
from stepgraph.ir.values import Constant, Duration, Moment, Template
from stepgraph.syntax.module import SourcePlace

_OBSERVED: Final = (Constant, Duration, Moment, Template, StaticMapping)


def observe_passed_arguments(
    interpreter: Interpreter, callee: FunctionValue, arguments: Arguments, place: SourcePlace | None
) -> None:
    """Record the constants and dictionaries that a call passes for parameters, and the names that it passes on.

    `place` is None for a call by the engine.
    """
    module = callee.scope.module
    place = place or SourcePlace(module, callee.node)
    for parameter, argument in bound_arguments(callee, arguments, place):
        value = static_value(argument.value)
        if isinstance(value, _OBSERVED) or isinstance(argument.place.node, cst.Name):
            interpreter.observe(ArgumentPassed(SourcePlace(module, parameter), value, argument.place))
    for parameter in unbound_parameters(callee, arguments, place):
        default = parameter.default
        if default is not None and is_display(default):
            with interpreter.in_scope(callee.scope):
                value = static_value(interpreter.evaluate(default))
            if isinstance(value, _OBSERVED):
                interpreter.observe(ArgumentPassed(SourcePlace(module, parameter), value, SourcePlace(module, default)))
