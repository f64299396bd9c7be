"""The values that stand for calls in expressions: those that functions return, or the code that decides results."""

from __future__ import annotations

from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import bindings_of, dotted_names
from stepgraph.syntax.definitions.called_functions import deciding_arguments
from stepgraph.syntax.definitions.definition_scope import functions_around
from stepgraph.syntax.definitions.function_calls import DefinedFunction, only_function, returned_value
from stepgraph.syntax.definitions.name_replacement import Numbers, UnknownDefinitionError
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import statements

_SUPER: Final = "super("
"""The call whose value depends on the class around it."""


def result_of(call: SimpleCall, numbers: Numbers, *, is_awaited: bool) -> cst.BaseExpression | None:
    """Return the value that a call of a simple function returns, or the code that decides the result of another one.

    Return None for a call of an unknown function, and for a function without steps that is not simple.
    """
    caller = call.caller
    calls, functions = caller.expansion.calls, caller.expansion.scope.called_functions
    with_steps = functions.called_by(call.node, caller.functions[call.function :])
    called = with_steps or called_function(call)
    value = None if called is None else returned_value(called, is_awaited=is_awaited)
    if called is not None and value is not None and called.node not in calls and _SUPER not in value:
        result = _returned(called, value, call, numbers)
        if result is not None:
            return result
    return None if with_steps is None else _decided(with_steps, call, numbers)


def called_function(call: SimpleCall) -> DefinedFunction | None:
    """Return the function that the name in a call stands for, or None if it is unknown."""
    caller, function = call.caller, call.function
    match dotted_names(call.node.func):
        case [receiver, member] if (method := caller.method_around(receiver, function)) is not None:
            return caller.expansion.scope.globals.method(member, method, caller.module)
        case [name] if not caller.is_of_comprehension(name, call.at, function):
            return _function_of(name, caller, function)
        case _:
            return None


def _function_of(name: str, caller: VariableDefinitions, function: int) -> DefinedFunction | None:
    for each in caller.functions[function:]:
        bindings = bindings_of(each, caller.module)
        if name in bindings.globals:
            return None
        if bindings.binds(name):
            return only_function(bindings.binders[name], caller.module)
    return caller.expansion.scope.globals.function((name,), caller.module)


def _returned(called: DefinedFunction, value: str, call: SimpleCall, numbers: Numbers) -> cst.BaseExpression | None:
    """Return the value that a call of a simple function returns, or None if a definition is unknown."""
    expansion = call.caller.expansion
    around = functions_around(SourcePlace(called.module, called.binder))
    callee = VariableDefinitions(called.module, (called.node, *around), expansion)
    *_, last = statements(called.node.body)
    pending, by_variable, remaining = dict(expansion.pending), dict(numbers.by_variable), expansion.remaining
    try:
        with expansion.calling(called.node, call):
            return callee.numbered(value, last, 0, numbers)
    except UnknownDefinitionError:
        expansion.pending, numbers.by_variable, expansion.remaining = pending, by_variable, remaining
        return None


def _decided(called: DefinedFunction, call: SimpleCall, numbers: Numbers) -> cst.BaseExpression | None:
    """Return a call of an identifier for the code that decides a result, with the arguments that it reads."""
    expansion = call.caller.expansion
    result = expansion.scope.called_functions.result_of(called)
    if result is None:
        return None
    expansion.reads |= result.reads
    arguments = [
        cst.Arg(call.value_of(value, numbers), keyword=cst.Name(name))
        for name, value in deciding_arguments(call.node, called.node, result)
    ]
    return cst.Call(cst.Name(result.identifier), arguments)
