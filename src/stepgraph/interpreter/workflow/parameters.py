"""The parameters of a function as the SDK inspects them: its `inspect.signature`."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.values.containers import SpreadArguments
from stepgraph.interpreter.values.objects import FunctionValue
from stepgraph.ir.facts import ParameterKind
from stepgraph.ir.values import Value
from stepgraph.syntax.module import Place


class FreeParameter(Struct, frozen=True):
    """A parameter without a bound argument. One bound by keyword becomes keyword-only, as in `functools.partial`."""

    node: cst.Param
    kind: ParameterKind
    place: Place


def signature_function(function: Value) -> FunctionValue | None:
    """Return the function whose name and signature a function reports, None if it is unknown."""
    while isinstance(function, FunctionValue) and function.wrapped is not None:
        function = function.wrapped
    return function if isinstance(function, FunctionValue) else None


def free_parameters(function: Value) -> tuple[FreeParameter, ...]:
    """Return the parameters of a function's signature in order, none if it is unknown."""
    signature_owner = signature_function(function)
    if signature_owner is None:
        return ()
    bound, keywords = 0, set[str]()
    for layer in _wrapper_chain(function):
        bound += (layer.receiver is not None and layer.kind != "static") + sum(map(_bound_count, layer.positional))
        keywords |= {name for name, _ in layer.keywords}
    return tuple(_unbound_parameters(signature_owner, bound, keywords))


def _bound_count(value: Value) -> int:
    """Return the number of positional parameters that an argument of a partial function binds."""
    return len(value.collection.items) if isinstance(value, SpreadArguments) else 1


def _wrapper_chain(function: Value | None) -> Iterator[FunctionValue]:
    while isinstance(function, FunctionValue):
        yield function
        function = function.wrapped


def _unbound_parameters(function: FunctionValue, bound: int, keywords: set[str]) -> list[FreeParameter]:
    params, module = function.node.params, function.scope.module

    def free_parameter(node: cst.Param, kind: ParameterKind) -> FreeParameter:
        return FreeParameter(node, kind, Place(module, node))

    parameters: list[FreeParameter] = []
    kind: ParameterKind = "positional"
    for node in [*params.posonly_params, *params.params][bound:]:
        if node.name.value in keywords:
            kind = "keyword"
        parameters.append(free_parameter(node, kind))
    if isinstance(params.star_arg, cst.Param) and kind == "positional":
        parameters.append(free_parameter(params.star_arg, "*args"))
    parameters += [free_parameter(node, "keyword") for node in params.kwonly_params]
    if params.star_kwarg is not None:
        parameters.append(free_parameter(params.star_kwarg, "**kwargs"))
    return parameters
