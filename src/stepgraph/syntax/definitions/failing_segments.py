"""The code between the steps of a function whose exceptions no handler in it catches."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from stepgraph.hashing import short_digest
from stepgraph.model.details import RaisingCode
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.raising_segments import Handlers, RaisingBody, RaisingPositions, RaisingStatement
from stepgraph.syntax.definitions.raising_texts import MAX_RESULT, conditions_of, described_part
from stepgraph.syntax.definitions.write_index import heads_of
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import is_log_call
from stepgraph.syntax.walk import COMPREHENSIONS, children, statements_below

_NO_HANDLERS = Handlers(frozenset(), frozenset(), has_clauses=False)
_OPTIONAL = (*COMPREHENSIONS, cst.BooleanOperation, cst.IfExp)
"""The expressions that may skip or repeat others inside."""


def failing_segments(body: RaisingBody, scope: DefinitionScope) -> tuple[RaisingCode, ...]:
    """Return the code between the steps in a function that raises exceptions, outside of the bodies of handlers.

    These are `assert` statements, `raise` statements without a node in the payload, and calls of functions with such
    statements. The comparison of handlers includes the `raise` statements in handlers.
    """
    place, positions = body.place, RaisingPositions.of(body, _NO_HANDLERS)
    segments: dict[str, RaisingCode] = {"": RaisingCode()}
    for statement, part, text in _failing_parts(positions, place, scope):
        code = " if ".join((text, *conditions_of(statement, place, scope, positions.enclosing)))
        shown = code if len(code) <= MAX_RESULT else short_digest(code)
        position, neighbor = positions.steps_before(part), positions.neighbor_of(statement)
        is_hidden, is_in_handler = id(statement) in positions.hidden, positions.is_in_handler(statement)
        described = RaisingCode(shown, position, neighbor, is_raise=is_hidden, is_in_handler=is_in_handler)
        segments.setdefault(code, described)
    return *segments.values(), *(RaisingCode(neighbor=each, is_handled=True) for each in positions.handled_works())


def _failing_parts(
    positions: RaisingPositions, place: SourcePlace, scope: DefinitionScope
) -> Iterator[tuple[cst.CSTNode, cst.CSTNode, str]]:
    """Yield the statements that raise exceptions, with the part that does and its text."""
    content = place.node
    if not isinstance(content, RaisingStatement):
        return
    for statement in statements_below(content.body):
        if id(statement) in positions.exits or positions.is_handled(statement):
            continue
        if isinstance(statement, cst.Raise) and positions.is_in_handler(statement):
            continue
        if isinstance(statement, cst.Assert | cst.Raise):
            yield statement, statement, described_part(SourcePlace(place.module, statement), scope, has_messages=False)
        else:
            yield from ((statement, part, text) for part, text in _failing_calls(statement, positions, place, scope))


def _failing_calls(
    statement: cst.CSTNode, positions: RaisingPositions, place: SourcePlace, scope: DefinitionScope
) -> Iterator[tuple[cst.CSTNode, str]]:
    """Yield the calls and context managers of a statement that may raise exceptions, with their texts."""
    if isinstance(statement, cst.Expr) and is_log_call(statement.value):
        return
    is_shown = id(statement) in positions.enclosing and isinstance(statement, cst.If | cst.While | cst.For | cst.Match)
    pending: list[tuple[cst.CSTNode, cst.CSTNode | None]] = [(each, None) for each in heads_of(statement)]
    while pending and not is_shown:
        node, optional = pending.pop()
        if isinstance(node, cst.Lambda):
            continue
        at = SourcePlace(place.module, node)
        text = ""
        if isinstance(node, cst.WithItem):
            text = scope.raising_functions.text_of_manager(SourcePlace(place.module, node.item))
        elif isinstance(node, cst.Call | cst.Attribute) and not positions.contains_step(node):
            text = scope.raising_functions.text_of(at)
        if text:
            outer = (
                ""
                if optional is None
                else described_part(SourcePlace(place.module, optional), scope, has_messages=False)
            )
            yield node, f"{text} in {outer}" if outer else text
        outer_node = optional or (node if isinstance(node, _OPTIONAL) else None)
        pending += ((each, outer_node) for each in reversed(children(node)))
