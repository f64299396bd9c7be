"""The texts of side effects, with the values of the variables in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import libcst as cst

from stepgraph.syntax.definitions.bound_values import text_without_settings
from stepgraph.syntax.definitions.definition_scope import DefinitionExpansion, DefinitionScope, functions_around
from stepgraph.syntax.definitions.name_replacement import UnknownDefinitionError
from stepgraph.syntax.definitions.value_sources import ValueSources
from stepgraph.syntax.definitions.variable_definitions import SimpleCall, VariableDefinitions
from stepgraph.syntax.definitions.write_index import CodeEvent
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import code_without_layout

Caller: TypeAlias = tuple[cst.FunctionDef, cst.Call, CodeEvent]
"""A function that is being followed, with its call."""


def effect_text(scope: DefinitionScope, node: cst.CSTNode, event: CodeEvent, callers: Sequence[Caller]) -> str:
    """Return the text of a write, or of an expression around it, with the arguments that `callers` pass."""
    expansion = DefinitionExpansion(scope, numbers_parameters=True)
    for function, call, reference in callers:
        if reference.call is None:
            continue  # The arguments are unknown.
        enclosing = functions_around(SourcePlace(reference.module, reference.statement))
        caller = VariableDefinitions(reference.module, enclosing, expansion)
        expansion.calls[function] = SimpleCall(call, caller, reference.statement, 0)
    enclosing = functions_around(SourcePlace(event.module, event.statement))
    definitions = VariableDefinitions(event.module, enclosing, expansion)
    try:
        if isinstance(node, cst.BaseExpression):
            return definitions.expand(text_without_settings(node, event.module), event.statement, 0)
        return definitions.write(node)
    except (UnknownDefinitionError, cst.ParserSyntaxError):
        code = [(node, event), *((call, reference) for _, call, reference in callers)]
        return " ".join((code_without_layout(node), *(_sources_of(scope, *each) for each in code)))


def _sources_of(scope: DefinitionScope, node: cst.CSTNode, event: CodeEvent) -> str:
    """Return a digest of the code that the values in an expression or statement depend on."""
    enclosing = functions_around(SourcePlace(event.module, event.statement))
    return ValueSources(event.module, scope).of([node], enclosing, event.statement)
