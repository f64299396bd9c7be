"""Parents of nodes, which LibCST does not store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import libcst as cst

from stepgraph.syntax.walk import children

Parents: TypeAlias = dict[int, cst.CSTNode]
"""Parents by the identity of the child."""

SCOPES: Final = (cst.FunctionDef, cst.Lambda, cst.ClassDef, cst.Module)
"""Types of the nodes that open a scope."""


def parents_in(tree: cst.Module) -> Parents:
    """Return the parent of each node below `tree`."""
    parents: Parents = {}
    stack: list[cst.CSTNode] = [tree]
    while stack:
        node = stack.pop()
        for child in children(node):
            parents[id(child)] = node
            stack.append(child)
    return parents


def ancestors_of(parents: Parents, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the ancestors of a node, innermost first."""
    ancestor = parents.get(id(node))
    while ancestor is not None:
        yield ancestor
        ancestor = parents.get(id(ancestor))
