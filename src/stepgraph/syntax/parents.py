"""What a node is directly part of: LibCST's nodes do not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.walk import children

Parents: TypeAlias = dict[int, cst.CSTNode]

SCOPES: Final = (cst.FunctionDef, cst.Lambda, cst.ClassDef, cst.Module)
"""The nodes that bind names of their own."""


def parents_in(tree: cst.Module) -> Parents:
    """Return the parent of each node of a tree, by the node's identity."""
    found: Parents = {}
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        for child in children(node):
            found[id(child)] = node
            stack.append(child)
    return found


def around(parents: Parents, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield what a node is part of, innermost first."""
    outer = parents.get(id(node))
    while outer is not None:
        yield outer
        outer = parents.get(id(outer))
