"""Comparison of a module that was parsed in pieces with the same module parsed whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

import libcst as cst

from stepgraph.syntax.deferred.blocks import DeferredBlock
from stepgraph.syntax.pieces.joining import JoinedModule
from stepgraph.syntax.positions import Range, positions
from stepgraph.syntax.walk import Parents, children


def assert_equals_whole(joined: JoinedModule, source: str) -> None:
    """Assert that a module has the nodes, positions and parents of its source parsed whole, and no node twice."""
    assert_tree_equals_whole(joined.tree, source, joined.range_of, joined.parents)


def assert_tree_equals_whole(
    tree: cst.Module, source: str, range_of: Callable[[cst.CSTNode], Range | None], parents: Parents
) -> None:
    """Assert that a tree with these positions and parents equals its source parsed whole, and has no node twice.

    Positions of punctuation and whitespace are not compared, because pieces share these nodes.
    """
    whole = cst.parse_module(source)
    ranges = positions(whole)
    nodes = {id(tree)}
    pending: list[cst.CSTNode] = [tree]
    while pending:
        node = pending.pop()
        for child in children(node):
            assert id(child) not in nodes
            assert parents[id(child)] is node
            nodes.add(id(child))
            pending.append(child)
    for node, expected in _pairs(tree, whole):
        is_inner = id(node) in nodes and range_of(node) is not None
        if is_inner or isinstance(node, (cst.BaseStatement, cst.BaseExpression, cst.BaseSuite)):
            assert range_of(node) == ranges.get(id(expected)), type(node).__name__
    assert tree.code == whole.code


def _pairs(first: cst.CSTNode, second: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield the pairs of nodes at the same places of two trees, which must be equal."""
    stack = [(first, second)]
    while stack:
        first, second = stack.pop()
        assert type(first) is type(second) or (type(first) is DeferredBlock and type(second) is cst.IndentedBlock)
        yield first, second
        for field in fields(first):
            value, expected = getattr(first, field.name), getattr(second, field.name)
            if isinstance(value, cst.CSTNode):
                stack.append((value, expected))
            elif isinstance(value, tuple):
                assert isinstance(expected, tuple)
                stack.extend(zip(value, expected, strict=True))
            else:
                assert value == expected
