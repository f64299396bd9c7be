"""The code that decides whether a loop ends without a `break`, so that its `else` runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import libcst as cst

from stepgraph.hashing import short_digest
from stepgraph.syntax.definitions.defined_texts import defined_condition, defined_loop
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.variable_changes import LoopStatement, exits_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.source_text import formatted_text
from stepgraph.syntax.walk import ancestors_of, code_without_layout


def defined_completion(condition: str, place: SourcePlace, scope: DefinitionScope) -> str:
    """Return the condition of the `else` of a loop without steps, with the head and the conditional jumps of the loop.

    Return an empty string for other loops, whose jumps the payload shows.
    """
    loop = place.node
    if not isinstance(loop, LoopStatement) or _has_steps(loop.body, scope):
        return ""
    texts = exit_texts(place, scope)
    return f"{condition} in {short_digest(' '.join((defined_loop(place, scope), *texts)))}"


def exit_texts(place: SourcePlace, scope: DefinitionScope) -> Sequence[str]:
    """Return the kinds of the conditional jumps of a loop, each before its conditions with definitions."""
    loop = place.node
    parts = exits_of(loop, place.module) if isinstance(loop, LoopStatement) else ()
    return [_text(each, place, scope) for each in parts]


def _text(part: cst.CSTNode, loop: SourcePlace, scope: DefinitionScope) -> str:
    """Return the kind of a jump, or a condition of one."""
    if isinstance(part, cst.Break | cst.Continue):
        return type(part).__name__
    code = code_without_layout(part)
    if not isinstance(part, cst.BaseExpression):
        return code
    text = formatted_text(loop.module.tree, part)
    return defined_condition(text, SourcePlace(loop.module, part), scope) or code


def _has_steps(body: cst.BaseSuite, scope: DefinitionScope) -> bool:
    """Return whether a step, or a call of a function with steps, is in the body of a loop."""
    places = chain(scope.find_steps(), *scope.calls.values())
    expressions = (each for each in places if isinstance(each.node, cst.BaseExpression))
    return any(body in ancestors_of(each.module.parents, each.node) for each in expressions)
