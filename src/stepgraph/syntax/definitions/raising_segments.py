"""The texts of the code between the steps in the body of a `try` that may raise an exception."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, takewhile
from typing import Final, TypeAlias

import libcst as cst
from msgspec import Struct

from stepgraph.hashing import short_digest
from stepgraph.model.details import RaisingCode
from stepgraph.syntax.body_errors import CaughtNames, caught_names
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.raising_code import (
    CaughtTypes,
    HandlingStatement,
    TryStatement,
    caught_types,
    raising_expressions,
)
from stepgraph.syntax.definitions.raising_texts import (
    MAX_RESULT,
    MAX_STATEMENTS,
    conditions_of,
    described_part,
    handling_statements,
)
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.walk import ancestors_of, expressions_below, statements_below

RaisingStatement: TypeAlias = HandlingStatement | cst.FunctionDef
_ALL_ERRORS: Final = frozenset({"BaseException", "Exception"})


class RaisingBody(Struct, frozen=True):
    """The body of a `try`, or of a function in one, with the nodes of the payload in it."""

    place: SourcePlace
    """The location of the `try` or function."""
    works: Sequence[SourcePlace | None]
    """The locations of the steps and calls in the body."""
    exits: Sequence[cst.CSTNode]
    """The jumps in the body that the payload shows."""
    hidden_exits: Sequence[cst.CSTNode]
    """The jumps in the body that only details show."""


class Handlers(Struct, frozen=True):
    """The handlers that may catch the exceptions of a body."""

    types: CaughtTypes
    """The built-in exceptions that they may end."""
    names: CaughtNames
    """The names of their types, or None for all exceptions."""
    has_clauses: bool
    """Whether a `try` has several clauses, so that it matters which exception is raised."""

    @classmethod
    def of(cls, block: HandlingStatement) -> Handlers:
        """Return the handlers of a `try` or `with`."""
        clauses = [caught_names(each) for each in block.handlers] if isinstance(block, TryStatement) else [None]
        names = None if None in clauses else frozenset(chain.from_iterable(filter(None, clauses)))
        tries = (each for each in handling_statements(block) if isinstance(each, TryStatement))
        return cls(caught_types(block), names, sum(len(each.handlers) for each in tries) > 1)

    def joined(self, other: Handlers) -> Handlers:
        """Return these handlers and others."""
        names = None if self.names is None or other.names is None else self.names | other.names
        return Handlers(self.types | other.types, names, self.has_clauses or other.has_clauses)

    def are_covered_by(self, statement: TryStatement) -> bool:
        """Return whether an inner `try` without `raise` ends all exceptions for the handlers."""
        if any(isinstance(each, cst.Raise) for clause in statement.handlers for each in statements_below(clause.body)):
            return False
        names = Handlers.of(statement).names
        if names is None or not _ALL_ERRORS.isdisjoint(names):
            return bool(statement.handlers)
        return self.names is not None and self.names <= names


def raising_blocks(place: SourcePlace, works: Iterable[SourcePlace | None]) -> list[SourcePlace]:
    """Return the statement with the handlers of a `try` in the graph, and the other statements with its body.

    A context manager from a generator handles exceptions with the `try` around its `yield`, but the body is the `with`
    block around the steps.
    """
    if isinstance(place.node, cst.WithItem):
        enclosing = ancestors_of(place.module.parents, place.node)
        return [SourcePlace(place.module, each) for each in enclosing if isinstance(each, cst.With)][:1]
    blocks = [place]
    if not isinstance(place.node, cst.Try) or not any(map(_is_yield, expressions_below(place.node.body))):
        return blocks
    for work in filter(None, works):
        outer_nodes = [*ancestors_of(work.module.parents, work.node)]
        managers = [each for each in outer_nodes if isinstance(each, cst.With)]
        if place.node not in outer_nodes and managers and all(each.node is not managers[-1] for each in blocks):
            blocks.append(SourcePlace(work.module, managers[-1]))
    return blocks


def _is_yield(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Yield)


def raising_segments(body: RaisingBody, handlers: Handlers, scope: DefinitionScope) -> tuple[RaisingCode, ...]:
    """Return the code between the steps in a body that may raise an exception for handlers.

    Of repeated code, the first location counts.
    """
    place, tried = body.place, RaisingPositions.of(body, handlers)
    segments: dict[str, RaisingCode] = {"": RaisingCode()}
    for statement, parts in tried.decisive_statements():
        conditions = " if ".join(conditions_of(statement, place, scope, tried.enclosing))
        for part in parts or [statement]:
            at = SourcePlace(place.module, part)
            text = described_part(at, scope, has_messages=handlers.has_clauses) if parts else type(statement).__name__
            code = " if ".join(filter(None, (text, conditions)))
            if code not in segments:
                shown = code if len(code) <= MAX_RESULT else short_digest(code)
                segments[code] = RaisingCode(
                    shown,
                    tried.steps_before(part),
                    tried.neighbor_of(statement),
                    is_jump=not parts,
                    is_raise=id(statement) in tried.hidden,
                )
        if len(segments) > MAX_STATEMENTS:
            break
    return *segments.values(), *(RaisingCode(neighbor=each, is_handled=True) for each in tried.handled_works())


class RaisingPositions(Struct, frozen=True):
    """The positions of code between the steps in the body of a `try` or function."""

    place: SourcePlace
    block: RaisingStatement
    handlers: Handlers
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
    """The identities of the jumps that the payload or its details show, except `raise` statements without a node."""
    hidden: frozenset[int]
    """The identities of the `raise` statements that only details show."""

    @classmethod
    def of(cls, body: RaisingBody, handlers: Handlers) -> RaisingPositions:
        """Return the positions in a body whose exceptions some handlers catch."""
        place, block = body.place, body.place.node
        if not isinstance(block, RaisingStatement):
            raise TypeError(type(block))
        order = {id(each): index for index, each in enumerate(expressions_below(block.body, into_lambdas=True))}
        nodes = {
            index: each.node for index, each in enumerate(body.works) if each is not None and id(each.node) in order
        }
        exits = [*body.exits, *body.hidden_exits]
        hidden = frozenset(id(each) for each in body.hidden_exits if isinstance(each, cst.Raise))
        shown = [*nodes.values(), *(each for each in exits if id(each) in order and id(each) not in hidden)]
        around = chain.from_iterable(
            takewhile(lambda each: each is not block, ancestors_of(place.module.parents, each)) for each in shown
        )
        positions = (-1 if each is None else order.get(id(each.node), -1) for each in body.works)
        return cls(
            place,
            block,
            handlers,
            order,
            [*accumulate(positions, max)],
            nodes,
            frozenset(map(id, nodes.values())),
            frozenset(map(id, around)),
            frozenset(map(id, exits)) - hidden,
            hidden,
        )

    def decisive_statements(self) -> Iterator[tuple[cst.CSTNode, Sequence[cst.CSTNode]]]:
        """Yield the statements that may raise an exception for the handlers, with the parts that may.

        The other jumps in front of them have no parts. Details show whether a jump skips a `raise` of the `try`.
        """
        jumps: list[cst.CSTNode] = []
        is_function = isinstance(self.block, cst.FunctionDef)
        for statement in statements_below(self.block.body):
            if id(statement) in self.exits or self.is_handled(statement):
                continue
            parts = raising_expressions(statement, self.handlers.types, self.step_ids, self.enclosing)
            if parts and id(statement) in self.hidden and not is_function:
                yield statement, parts
            elif parts:
                yield from ((each, ()) for each in jumps)
                yield statement, parts
                jumps.clear()
            elif isinstance(statement, cst.Return | cst.Break | cst.Continue):
                jumps.append(statement)

    def contains_step(self, node: cst.CSTNode) -> bool:
        """Return whether a node is a step or call, or contains one."""
        return id(node) in self.step_ids or id(node) in self.enclosing

    def handled_works(self) -> Iterator[int]:
        """Yield the indexes of the steps and calls whose exceptions do not reach the handlers."""
        return (index for index, node in self.nodes.items() if self.is_handled(node))

    def steps_before(self, part: cst.CSTNode) -> int:
        """Return the number of steps and calls in front of a part of a statement."""
        end = max(self.order.get(id(each), 0) for each in expressions_below(part))
        return bisect_right(self.steps, end)

    def neighbor_of(self, statement: cst.CSTNode) -> int | None:
        """Return the index of the outermost step or call in the innermost block around a statement that has any."""
        for outer in self._enclosing_nodes(statement):
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
        return next((depth for depth, outer in enumerate(self._enclosing_nodes(node)) if outer is suite), None)

    def is_handled(self, node: cst.CSTNode) -> bool:
        """Return whether the handlers of a `try` in the body end the exceptions of a statement or expression."""
        inner = node
        for outer in self._enclosing_nodes(node):
            if isinstance(outer, TryStatement) and inner is outer.body and self.handlers.are_covered_by(outer):
                return True
            inner = outer
        return False

    def is_in_handler(self, statement: cst.CSTNode) -> bool:
        """Return whether a statement is in a handler, which only runs after another exception."""
        return any(
            isinstance(each, cst.ExceptHandler | cst.ExceptStarHandler) for each in self._enclosing_nodes(statement)
        )

    def _enclosing_nodes(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        return takewhile(lambda each: each is not self.block, ancestors_of(self.place.module.parents, node))
