"""The results of functions that decorators of the project wrap.

A call of `charge` after `@durable("charge", retries=3)` runs the wrapper. Its result depends on the arguments of the
decorator that the wrapper reads outside of the bodies and settings of steps, not on the code of `charge`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import dotted_names, parameters
from stepgraph.syntax.definitions.called_functions import FunctionResult, called_function, deciding_arguments
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.function_calls import (
    DefinedFunction,
    arguments_for,
    is_bound,
    is_collection,
    parameter_position,
)
from stepgraph.syntax.definitions.name_replacement import Numbers
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.module import SourcePlace


class _Wrapping(Struct, frozen=True):
    """A function, and the functions around the wrapper that a decorator puts in its place."""

    function: DefinedFunction
    decorator: cst.BaseExpression
    enclosing: Sequence[cst.FunctionDef]
    """The functions around the wrapper, innermost first. The first one receives the function."""


def wrapped_result(call: SimpleCall, wrapper: DefinedFunction, numbers: Numbers) -> cst.BaseExpression | None:
    """Return a call of an identifier for the code of a wrapper, with the arguments that it reads.

    Return None if the wrapper reads the wrapped function, or if its decorator is not a function of the project.
    """
    wrapping = _wrapping(call, wrapper)
    result = call.caller.expansion.scope.called_functions.result_of(wrapper)
    if wrapping is None or result is None:
        return None
    received = {each.name.value for each in parameters(wrapping.enclosing[0].params)}
    if not result.reads.isdisjoint({*received, wrapper.node.name.value}):
        return None
    settings = [*_decorator_arguments(call, wrapping, result, numbers)]
    if None in settings:
        return None
    call.caller.expansion.reads |= result.reads
    arguments = [
        cst.Arg(call.value_of(value, numbers), keyword=cst.Name(name))
        for name, value in deciding_arguments(call.node, wrapper.node, result)
    ]
    return cst.Call(cst.Name(result.identifier), [*arguments, *filter(None, settings)])


def _wrapping(call: SimpleCall, wrapper: DefinedFunction) -> _Wrapping | None:
    """Return the function that the name in a call stands for, if its only decorator contains the wrapper."""
    is_known = isinstance(call.node.func, cst.Name) or is_bound(wrapper.node, call.node)
    function = called_function(call) if is_known else None
    enclosing = functions_around(SourcePlace(wrapper.module, wrapper.node))
    match (None if function is None else function.node.decorators), enclosing:
        case [cst.Decorator(cst.Call(func=decorator) as factory)], [_, outer]:
            expression: cst.BaseExpression = factory
        case [cst.Decorator(cst.Name() | cst.Attribute() as decorator)], [outer]:
            expression = decorator
        case _:
            return None
    names, values = dotted_names(decorator), call.caller.expansion.scope.globals
    defined = None if function is None or not names else values.function(names, function.module)
    is_decorator = defined is not None and defined.node is outer and not outer.decorators
    return _Wrapping(function, expression, enclosing) if function is not None and is_decorator else None


def _decorator_arguments(
    call: SimpleCall, wrapping: _Wrapping, result: FunctionResult, numbers: Numbers
) -> Iterator[cst.Arg | None]:
    """Yield the arguments of a decorator that a result reads, or None for an unknown one."""
    outer, function = wrapping.enclosing[-1], wrapping.function
    if outer is wrapping.enclosing[0]:
        return
    definitions = VariableDefinitions(function.module, (), call.caller.expansion)
    for name in (each.name.value for each in parameters(outer.params) if each.name.value in result.reads):
        match arguments_for(name, parameter_position(name, outer), outer, wrapping.decorator):
            case [cst.Arg(value=value, star="")] if not is_collection(name, outer):
                text = function.module.text(value)
                yield cst.Arg(definitions.numbered(text, function.node, 0, numbers), keyword=cst.Name(name))
            case [] if not is_collection(name, outer):
                pass  # The code of the result contains the default.
            case _:
                yield None
