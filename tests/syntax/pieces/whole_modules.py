"""Comparison of a module that was parsed in pieces with the same module parsed whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import libcst as cst

from stepgraph.syntax.pieces.joining import JoinedModule
from stepgraph.syntax.positions import positions
from stepgraph.syntax.walk import parents_in


def assert_equals_whole(joined: JoinedModule, source: str) -> None:
    """Assert that a module has the nodes, positions and parents of its source parsed whole, and no node twice."""
    whole = cst.parse_module(source)
    ranges = positions(whole)
    seen = set()
    for node, expected in _pairs(joined.tree, whole):
        assert joined.range_of(node) == ranges.get(id(expected)), type(node).__name__
        assert id(node) not in seen
        seen.add(id(node))
    assert joined.tree.code == whole.code
    for key, parent in parents_in(joined.tree).items():
        assert joined.parents[key] is parent


def _pairs(first: cst.CSTNode, second: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield the pairs of nodes at the same places of two trees, which must be equal."""
    stack = [(first, second)]
    while stack:
        one, other = stack.pop()
        assert type(one) is type(other)
        yield one, other
        for field in fields(one):
            value, expected = getattr(one, field.name), getattr(other, field.name)
            if isinstance(value, cst.CSTNode):
                stack.append((value, expected))
            elif isinstance(value, tuple):
                assert isinstance(expected, tuple)
                stack.extend(zip(value, expected, strict=True))
            else:
                assert value == expected
