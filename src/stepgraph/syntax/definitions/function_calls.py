"""The calls of functions by name, and the arguments that they pass for parameters."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.syntax.bindings import bindings_of, last_name, parameters
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.definition_code import code_of
from stepgraph.syntax.definitions.normal_functions import is_message
from stepgraph.syntax.module import SourceModule, SourcePlace
from stepgraph.syntax.mutation.changes import is_log_call
from stepgraph.syntax.walk import statements, statements_below

INITIALIZER: Final = "__init__"
CALL_METHOD: Final = "__call__"
"""The method that a call of an object runs, whose name is not in the call."""
_WORD: Final = re.compile(r"\w+")

FunctionCalls: TypeAlias = Mapping[cst.FunctionDef, Sequence[SourcePlace]]
"""All calls of functions. A function without calls may be called by other code."""


def calls_by_function(functions: Mapping[str, SourcePlace], calls: Iterable[tuple[str, SourcePlace]]) -> FunctionCalls:
    """Return the calls by the key of the called function, except for functions that other nodes than calls run."""
    by_function: dict[cst.FunctionDef, list[SourcePlace]] = {}
    unknown: set[cst.FunctionDef] = set()
    for key, place in calls:
        function = functions[key].node if key in functions else None
        if not isinstance(function, cst.FunctionDef):
            continue
        by_function.setdefault(function, []).append(place)
        if not isinstance(place.node, cst.Call):
            unknown.add(function)
    return {function: places for function, places in by_function.items() if function not in unknown}


def modules_of(functions: Iterable[SourcePlace]) -> Mapping[cst.FunctionDef, SourceModule]:
    """Return the modules of functions by their nodes."""
    return {place.node: place.module for place in functions if isinstance(place.node, cst.FunctionDef)}


def names_function(call: cst.CSTNode, function: cst.FunctionDef) -> bool:
    """Return whether a call has the name of the called function, so that its arguments are those of the function.

    Other calls are those of a `functools.partial`, of a function in a table, and of `map`.
    """
    match call:
        case cst.Call(func=cst.Name(value=called)) | cst.Call(func=cst.Attribute(attr=cst.Name(value=called))):
            return function.name.value in {called, CALL_METHOD}
        case _:
            return False


def call_in_arguments(call: SourcePlace, function: SourcePlace) -> SourcePlace | None:
    """Return the argument of a call that calls a function, as `charge(step)` in `timed(charge(step))`, or None."""
    owner = function.node
    arguments = call.node.args if isinstance(call.node, cst.Call) and isinstance(owner, cst.FunctionDef) else ()
    for argument in arguments:
        if isinstance(owner, cst.FunctionDef) and names_function(argument.value, owner):
            return SourcePlace(call.module, argument.value)
    return None


def parameter_position(name: str, function: cst.FunctionDef) -> int:
    """Return the position of a parameter of a function."""
    return [each.name.value for each in parameters(function.params)].index(name)


def arguments_for(name: str, position: int, function: cst.FunctionDef, call: cst.CSTNode) -> Sequence[cst.Arg]:
    """Return the arguments for a parameter of a function, or all arguments if an unpacked one may contain them.

    The object of a method call is the argument for the first parameter.
    """
    if position == 0 and isinstance(call, cst.Call) and is_bound(function, call):
        return _receiver(name, function, call)
    arguments = call.args if isinstance(call, cst.Call) else ()
    params = function.params
    if keyword := [each for each in arguments if each.keyword is not None and each.keyword.value == name]:
        return keyword
    if params.star_kwarg is not None and params.star_kwarg.name.value == name:
        names = {each.name.value for each in parameters(params)}
        return [each for each in arguments if each.star == "**" or (each.keyword and each.keyword.value not in names)]
    positional = [each for each in arguments if each.keyword is None and each.star != "**"]
    first = [*takewhile(lambda each: not each.star, positional)]
    index = position - is_bound(function, call)
    is_positional = index >= 0 and position < len(params.posonly_params) + len(params.params)
    is_keyword = any(each.name.value == name for each in params.kwonly_params)
    unpacked = {each.star for each in arguments} - ({"", "*"} if is_keyword else {""})
    if unpacked and not (is_positional and index < len(first)):
        return arguments
    if not is_positional:
        return positional[max(index, 0) :] if is_collection(name, function) else ()
    return positional[index : index + 1]


def may_receive(function: cst.FunctionDef, parameter: str, call: cst.Call, variable: str) -> bool:
    """Return whether a parameter of a function may be a variable among the arguments of a call.

    Decorators may change the positions of arguments, and methods have one more parameter.
    """
    names = [each.name.value for each in parameters(function.params)]
    if parameter not in names:
        return False
    if function.decorators or is_collection(parameter, function) or any(each.star for each in call.args):
        return True
    position = names.index(parameter)
    return any(
        each.keyword.value == parameter if each.keyword is not None else index in {position, position - 1}
        for index, each in enumerate(call.args)
        if isinstance(each.value, cst.Name) and each.value.value == variable
    )


def is_collection(name: str, function: cst.FunctionDef) -> bool:
    """Return whether a parameter collects further arguments, as `*args` and `**kwargs` do."""
    collections = (function.params.star_arg, function.params.star_kwarg)
    return any(isinstance(each, cst.Param) and each.name.value == name for each in collections)


def is_delegation(call: cst.Call) -> bool:
    """Return whether a call is that of a method of `super()`, which runs methods of base classes."""
    match call:
        case cst.Call(func=cst.Attribute(value=cst.Call(func=cst.Name("super"), args=[]))):
            return True
        case _:
            return False


def _receiver(name: str, function: cst.FunctionDef, call: cst.Call) -> Sequence[cst.Arg]:
    """Return the object of a method call as an argument. That of `super()` is the first parameter of the caller."""
    if function.name.value == INITIALIZER and last_name(call.func) != INITIALIZER:
        return ()  # The call makes the object.
    match call.func:
        case called if function.name.value == CALL_METHOD:
            return (cst.Arg(called),)
        case cst.Attribute(value=cst.Call(func=cst.Name("super"))):
            return (cst.Arg(cst.Name(name)),)
        case cst.Attribute(value=receiver):
            return (cst.Arg(receiver),)
        case _:
            return ()


def is_bound(function: cst.FunctionDef, call: cst.CSTNode) -> bool:
    """Return whether a method call passes the first parameter implicitly, as the object before the dot."""
    if function.name.value == CALL_METHOD:
        return not (isinstance(call, cst.Call) and last_name(call.func) == CALL_METHOD)
    if function.name.value == INITIALIZER and isinstance(call, cst.Call) and last_name(call.func) != INITIALIZER:
        return True  # The call names the class.
    match function.params.params, call:
        case [cst.Param(name=cst.Name("self" | "cls" as own)), *_], cst.Call(func=cst.Attribute(), args=arguments):
            first = next(iter(arguments), None)
            return first is None or not isinstance(first.value, cst.Name) or first.value.value != own
        case _:
            return False


def awaited_function_name(node: cst.CSTNode) -> str | None:
    """Return the name of the function that an expression such as `await charge()` calls without arguments, or None."""
    match node:
        case cst.Await(expression=cst.Call(func=cst.Name(value=name), args=[])):
            return name
        case _:
            return None


class DefinedFunction(Struct, frozen=True):
    """A function and its module."""

    module: SourceModule
    node: cst.FunctionDef
    binder: cst.FunctionDef | cst.Assign
    """The statement that binds the name of the function. For a lambda, the node is a definition without parents."""


def only_function(binders: Sequence[cst.CSTNode], module: SourceModule) -> DefinedFunction | None:
    """Return the function that the only statement which binds a name defines, if any."""
    match binders:
        case [cst.FunctionDef() as function]:
            return DefinedFunction(module, function, function)
        case [cst.Assign(targets=[cst.AssignTarget(target=cst.Name())], value=cst.Lambda() as function) as binder]:
            return DefinedFunction(module, module.once_for(function, _definition), binder)
        case _:
            return None


def _definition(function: cst.Lambda, _module: SourceModule) -> cst.FunctionDef:
    """Return the definition of a function that returns the value of a lambda."""
    body = cst.IndentedBlock([cst.SimpleStatementLine([cst.Return(function.body)])])
    return cst.FunctionDef(cst.Name("function"), function.params, body)


def returned_value(
    function: DefinedFunction, *, is_awaited: bool, decorators: Container[str] = ("staticmethod",)
) -> str | None:
    """Return the expression that a simple function returns, perhaps after assignments and steps.

    A simple function has no other decorators than those with these names.
    """
    node = function.node
    is_simple = all(last_name(each.decorator) in decorators for each in node.decorators)
    if (node.asynchronous is not None) is not is_awaited or not is_simple:
        return None
    return function.module.once_for(node, _returned_value)


def _returned_value(node: cst.FunctionDef, module: SourceModule) -> str | None:
    match list(statements(node.body)):
        case [*before, cst.Return(value=cst.BaseExpression() as value)] if all(
            _is_simple(each, module) for each in before
        ):
            text = text_without_settings(value, module)
            return text if _leaves_out_functions(text, before, module) else None
    match code_of(node, module):
        case [ast.FunctionDef(body=[ast.Return(value=ast.expr() as result)])]:
            return ast.unparse(result)
        case _:
            return None


def guarded_value(function: DefinedFunction) -> cst.BaseExpression | None:
    """Return the expression that a function returns unless a condition before it raises an exception."""
    match list(statements(function.node.body)):
        case [*before, cst.Return(value=cst.BaseExpression() as value)] if all(
            _is_simple(each, function.module) or _only_raises(each) for each in before
        ):
            return value
        case _:
            return None


def _only_raises(statement: cst.CSTNode) -> bool:
    match statement:
        case cst.If(orelse=None, body=body):
            return all(isinstance(each, cst.Raise) for each in statements(body))
        case _:
            return False


def returned_function(function: DefinedFunction) -> DefinedFunction | None:
    """Return the nested function that a function always returns, as the factory of a decorator does."""
    node, module = function.node, function.module
    match [each for each in statements_below(node.body) if isinstance(each, cst.Return)], list(statements(node.body)):
        case [cst.Return(value=cst.Name(name)) as only], [*_, last] if only is last:
            return only_function(bindings_of(node, module).binders.get(name, ()), module)
        case _:
            return None


def _leaves_out_functions(text: str, before: Sequence[cst.CSTNode], module: SourceModule) -> bool:
    """Return whether neither a returned value nor the statements before it use an inner function, except as a step."""
    functions = {each.name.value for each in before if isinstance(each, cst.FunctionDef) and not each.decorators}
    others = (module.text(each) for each in before if not isinstance(each, cst.FunctionDef) or each.decorators)
    return not functions or functions.isdisjoint(_WORD.findall(" ".join((text, *others))))


def _is_simple(statement: cst.CSTNode, module: SourceModule) -> bool:
    """Return whether a statement only defines a variable or function, runs a step, logs a message or is a docstring."""
    match statement:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name())]) | cst.AnnAssign(target=cst.Name()):
            return True
        case cst.Expr(value=cst.Await() | cst.SimpleString()) | cst.FunctionDef(decorators=[] | [_]) | cst.Pass():
            return True
        case cst.Expr(value=call) if is_log_call(call):
            return all(map(is_message, code_of(statement, module) or [ast.Pass()]))
        case _:
            return False


def returns_receiver(method: DefinedFunction) -> bool:
    """Return whether a method always returns the object on which it runs."""
    match list(statements(method.node.body)), [*method.node.params.params]:
        case [*before, cst.Return(value=cst.Name(name))], [receiver, *_]:
            return name == receiver.name.value and all(isinstance(each, cst.BaseSmallStatement) for each in before)
        case _:
            return False
