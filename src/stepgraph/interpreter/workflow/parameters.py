"""The parameters of a function as the SDK sees them: those of what it wraps, without what is bound already."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from msgspec import Struct

from stepgraph.interpreter.objects.values import FunctionValue, SpreadArguments, Value
from stepgraph.ir.facts import ParameterKind
from stepgraph.syntax.module import Place


class FreeParameter(Struct, frozen=True):
    """A parameter that is to be given. One that is bound by its name can still be given, by its name only."""

    node: cst.Param
    kind: ParameterKind
    place: Place


def shown_as(function: Value) -> FunctionValue | None:
    """Return the function whose name and parameters a function shows, None where that is not known."""
    while isinstance(function, FunctionValue) and function.wrapped is not None:
        function = function.wrapped
    return function if isinstance(function, FunctionValue) else None


def free_parameters(function: Value) -> tuple[FreeParameter, ...]:
    """Return the parameters that a function shows, in order; none where they are not known."""
    shown = shown_as(function)
    if shown is None:
        return ()
    bound, named = 0, set[str]()
    for one in _wrapping(function):
        bound += (one.receiver is not None and one.kind != "static") + sum(map(_bound_by, one.positional))
        named |= {name for name, _ in one.keywords}
    return tuple(_free(shown, bound, named))


def _bound_by(value: Value) -> int:
    """Return how many parameters an argument of a partial function takes; one of unknown length may take all."""
    return len(value.held.items) if isinstance(value, SpreadArguments) else 1


def _wrapping(function: Value | None) -> Iterator[FunctionValue]:
    while isinstance(function, FunctionValue):
        yield function
        function = function.wrapped


def _free(function: FunctionValue, bound: int, named: set[str]) -> list[FreeParameter]:
    params, module = function.node.params, function.scope.module

    def free(node: cst.Param, kind: ParameterKind) -> FreeParameter:
        return FreeParameter(node, kind, Place(module, node))

    found: list[FreeParameter] = []
    kind: ParameterKind = "positional"
    for node in [*params.posonly_params, *params.params][bound:]:
        if node.name.value in named:
            kind = "keyword"
        found.append(free(node, kind))
    if isinstance(params.star_arg, cst.Param) and kind == "positional":
        found.append(free(params.star_arg, "*args"))
    found += [free(node, "keyword") for node in params.kwonly_params]
    if params.star_kwarg is not None:
        found.append(free(params.star_kwarg, "**kwargs"))
    return found
