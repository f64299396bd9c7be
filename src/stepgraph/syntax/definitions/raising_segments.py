"""The texts of the code between the steps in the body of a `try` that may raise an exception."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, takewhile

import libcst as cst
from msgspec import Struct

from stepgraph.hashing import short_digest
from stepgraph.model.details import RaisingCode
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.raising_code import HandlingStatement, TryStatement, caught_types, raising_expressions
from stepgraph.syntax.definitions.raising_texts import (
    MAX_RESULT,
    MAX_STATEMENTS,
    conditions_of,
    described_part,
    handling_statements,
)
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of, expressions_below, statements_below


def raising_segments(
    place: SourcePlace, steps: Sequence[SourcePlace | None], exits: Sequence[cst.CSTNode], scope: DefinitionScope
) -> tuple[RaisingCode, ...]:
    """Return the code between the steps in the body of a `try` that may raise an exception.

    `steps` are the locations of the steps and calls in the body, and `exits` the jumps that the payload or its details
    show. Of repeated code, the first location counts.
    """
    block = place.node
    if not isinstance(block, HandlingStatement):
        return (RaisingCode(),)
    body = _TryBody.of(place, block, steps, exits)
    caught = caught_types(block)
    has_messages = sum(len(each.handlers) for each in handling_statements(block) if isinstance(each, TryStatement)) > 1
    segments: dict[str, RaisingCode] = {"": RaisingCode()}
    for statement, parts in body.decisive_statements(caught):
        conditions = " if ".join(conditions_of(statement, place, scope, body.enclosing))
        for part in parts or [statement]:
            at = SourcePlace(place.module, part)
            text = described_part(at, scope, has_messages=has_messages) if parts else type(statement).__name__
            code = " if ".join(filter(None, (text, conditions)))
            if code not in segments:
                shown = code if len(code) <= MAX_RESULT else short_digest(code)
                segments[code] = RaisingCode(shown, body.steps_before(part), body.neighbor_of(statement), not parts)
        if len(segments) > MAX_STATEMENTS:
            break
    return tuple(segments.values())


class _TryBody(Struct, frozen=True):
    """The body of a `try` with steps."""

    place: SourcePlace
    block: HandlingStatement
    order: dict[int, int]
    """The positions of the nodes in the body, by identity."""
    steps: Sequence[int]
    """The positions of the steps and calls. One outside of the body has the position of the previous one."""
    nodes: dict[int, cst.CSTNode]
    """The steps and calls in the body, by their index."""
    step_ids: frozenset[int]
    """The identities of the steps and calls in the body."""
    enclosing: frozenset[int]
    """The identities of the nodes in the body around steps, calls and the jumps that the payload shows."""
    exits: frozenset[int]
    """The identities of these jumps."""

    @classmethod
    def of(
        cls,
        place: SourcePlace,
        block: HandlingStatement,
        steps: Sequence[SourcePlace | None],
        exits: Sequence[cst.CSTNode],
    ) -> _TryBody:
        order = {id(each): index for index, each in enumerate(expressions_below(block.body, into_lambdas=True))}
        nodes = {index: each.node for index, each in enumerate(steps) if each is not None and id(each.node) in order}
        shown = [*nodes.values(), *(each for each in exits if id(each) in order)]
        parents = place.module.parents
        around = chain.from_iterable(
            takewhile(lambda each: each is not block, ancestors_of(parents, each)) for each in shown
        )
        positions = (-1 if each is None else order.get(id(each.node), -1) for each in steps)
        return cls(
            place,
            block,
            order,
            [*accumulate(positions, max)],
            nodes,
            frozenset(map(id, nodes.values())),
            frozenset(map(id, around)),
            frozenset(map(id, exits)),
        )

    def decisive_statements(
        self, caught: frozenset[type[BaseException]]
    ) -> Iterator[tuple[cst.CSTNode, Sequence[cst.CSTNode]]]:
        """Yield the statements that may raise an exception for the handlers, with the parts that may.

        The other jumps in front of them have no parts.
        """
        jumps: list[cst.CSTNode] = []
        for statement in statements_below(self.block.body):
            if id(statement) in self.exits or self._is_handled(statement):
                continue
            parts = raising_expressions(statement, caught, self.step_ids, self.enclosing)
            if parts:
                yield from ((each, ()) for each in jumps)
                yield statement, parts
                jumps.clear()
            elif isinstance(statement, cst.Return | cst.Break | cst.Continue):
                jumps.append(statement)

    def steps_before(self, part: cst.CSTNode) -> int:
        """Return the number of steps and calls in front of a part of a statement."""
        end = max(self.order.get(id(each), 0) for each in expressions_below(part))
        return bisect_right(self.steps, end)

    def neighbor_of(self, statement: cst.CSTNode) -> int | None:
        """Return the index of the outermost step or call in the innermost block around a statement that has any."""
        for outer in self._around(statement):
            if outer is self.block.body:
                break
            if isinstance(outer, cst.BaseSuite) and id(outer) in self.enclosing:
                depths = {index: self._depth(node, outer) for index, node in self.nodes.items()}
                inside = {index: depth for index, depth in depths.items() if depth is not None}
                if inside:
                    return min(inside, key=inside.__getitem__)
        return None

    def _depth(self, node: cst.CSTNode, suite: cst.BaseSuite) -> int | None:
        """Return how many nodes are around a node in a block, or None outside of the block."""
        return next((depth for depth, outer in enumerate(self._around(node)) if outer is suite), None)

    def _is_handled(self, statement: cst.CSTNode) -> bool:
        """Return whether the handlers of a `try` in the body end the exceptions of a statement."""
        inner = statement
        for outer in self._around(statement):
            if isinstance(outer, TryStatement) and inner is outer.body and outer.handlers:
                below = chain.from_iterable(statements_below(each.body) for each in outer.handlers)
                if not any(isinstance(each, cst.Raise) for each in below):
                    return True
            inner = outer
        return False

    def _around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        return takewhile(lambda each: each is not self.block, ancestors_of(self.place.module.parents, node))
