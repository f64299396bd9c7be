"""Functions that are the same: read for several calls, with nothing in their bodies to tell them apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from stepgraph.graph.clock import nodes_of
from stepgraph.ir.nodes import Block, Function


def representatives(functions: Sequence[Function], bodies: Mapping[int, Block]) -> dict[int, Function]:
    """Return, for each function by its `id`, the first one that is the same: of one definition, with the same nodes.

    All functions of one definition, given the same callables, are taken to be the same, and told apart as long as their
    nodes differ; a call in them is one of the function that stands for the callee.
    """
    groups: dict[object, list[Function]] = {}
    for function in functions:
        groups.setdefault((function.place.node, function.given), []).append(function)
    while True:
        found = {id(function): members[0] for members in groups.values() for function in members}
        refined = _refined(groups, found, bodies)
        if len(refined) == len(groups):
            return found
        groups = refined


def _refined(
    groups: Mapping[object, list[Function]], found: Mapping[int, Function], bodies: Mapping[int, Block]
) -> dict[object, list[Function]]:
    refined: dict[object, list[Function]] = {}
    for key, members in groups.items():
        for function in members:
            own = "" if len(members) == 1 else _nodes(bodies[id(function)], found)
            refined.setdefault((key, own), []).append(function)
    return refined


def _nodes(body: Block, found: Mapping[int, Function]) -> str:
    return json.dumps(nodes_of(body, lambda function: str(id(found[id(function)]))))
