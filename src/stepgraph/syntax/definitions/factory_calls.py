"""The calls of factories, such as decorators, which decide the parameters around the function that a factory returns.

The code of a step in `def durable(name, timeout): ...` reads the arguments of `@durable("charge", "1 minute")`. The
graph contains no call of the factory, so that the name of the step selects the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import libcst as cst

from stepgraph.syntax.bindings import dotted_names, parameters
from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.definition_scope import DefinitionExpansion, DefinitionScope, functions_around
from stepgraph.syntax.definitions.function_calls import DefinedFunction
from stepgraph.syntax.definitions.name_replacement import UnknownDefinitionError
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.literals import string_of
from stepgraph.syntax.module import SourcePlace

_MAX_CALLS: Final = 100
"""The maximum number of calls of a factory."""
_MAX_VALUES: Final = 20
"""The maximum number of calls whose values are all compared, if names do not select one of them."""


def factory_calls(place: SourcePlace, name: str, scope: DefinitionScope) -> Sequence[DefinitionExpansion]:
    """Return an expansion for the call of the factory around a step that gives the step its name, or for all calls.

    Return an empty list outside of factories of modules, and for too many calls.
    """
    factory = _factory_around(place, scope)
    if factory is None:
        return []
    if place.node not in scope.factory_calls:
        calls = [*_calls(factory, scope)]
        names = [_name(place, _expansion(each, factory, scope)) for each in calls[:_MAX_CALLS]]
        scope.factory_calls[place.node] = [*zip(names, calls, strict=False)] if len(calls) == len(names) else []
    named_calls = scope.factory_calls[place.node]
    matching = [call for each, call in named_calls if each in {name, None}]
    selected = matching if len(matching) == 1 else [call for _, call in named_calls]
    return [_expansion(each, factory, scope) for each in selected] if len(selected) <= _MAX_VALUES else []


def _factory_around(place: SourcePlace, scope: DefinitionScope) -> DefinedFunction | None:
    """Return the outermost function around a step if it has parameters that no call of the graph decides."""
    *inner, outer = functions_around(place) or (None,)
    if not inner or outer is None or outer is scope.run or outer in scope.calls or not parameters(outer.params):
        return None
    factory = scope.globals.function((outer.name.value,), place.module)
    return factory if factory is not None and factory.node is outer else None


def _calls(factory: DefinedFunction, scope: DefinitionScope) -> Iterator[SourcePlace]:
    """Yield the calls of a factory in the code of the graph."""
    for event in scope.writes.references(factory.node.name.value, factory.module):
        names = [] if event.call is None else dotted_names(event.call.func)
        called = scope.globals.function(names, event.module) if names else None
        if event.call is not None and called is not None and called.node is factory.node:
            yield SourcePlace(event.module, event.call)


def _expansion(call: SourcePlace, factory: DefinedFunction, scope: DefinitionScope) -> DefinitionExpansion:
    """Return an expansion in which a call decides the parameters of a factory."""
    expansion = DefinitionExpansion(scope, is_parametric=True)
    caller = VariableDefinitions(call.module, functions_around(call), expansion)
    if isinstance(call.node, cst.Call):
        expansion.calls[factory.node] = SimpleCall(call.node, caller, call.node, 0)
    return expansion


def _name(place: SourcePlace, expansion: DefinitionExpansion) -> str | None:
    """Return the name of a step with the arguments of a call, or None if it is unknown."""
    match place.node:
        case cst.Call(args=[cst.Arg(value=value, keyword=None | cst.Name("name"), star=""), *_]):
            definitions = VariableDefinitions(place.module, functions_around(place), expansion)
            with suppress(UnknownDefinitionError, cst.ParserSyntaxError):
                text = definitions.expand(text_without_settings(value, place.module), place.node, 0)
                name = cst.parse_expression(text)
                return string_of(name)
    return None
