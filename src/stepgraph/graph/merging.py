"""Merging of equivalent functions: specializations of one definition whose bodies have equal nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from stepgraph.graph.clock import emit_nodes
from stepgraph.ir.nodes import Block, Function


def representatives(functions: Sequence[Function], bodies: Mapping[int, Block]) -> dict[int, Function]:
    """Return the representative of each function by `id`: the first function of its equivalence class.

    The classes are computed by partition refinement. Initially, all functions with the same definition and the same
    callable arguments are equivalent. A class is split while the nodes of its members differ, where a call refers to
    the representative of the callee.
    """
    groups: dict[object, list[Function]] = {}
    for function in functions:
        groups.setdefault((function.place.node, function.callable_arguments), []).append(function)
    while True:
        representative_of = {id(function): members[0] for members in groups.values() for function in members}
        refined = _refine(groups, representative_of, bodies)
        if len(refined) == len(groups):
            return representative_of
        groups = refined


def _refine(
    groups: Mapping[object, list[Function]], representative_of: Mapping[int, Function], bodies: Mapping[int, Block]
) -> dict[object, list[Function]]:
    refined: dict[object, list[Function]] = {}
    for key, members in groups.items():
        for function in members:
            nodes = "" if len(members) == 1 else _serialized_nodes(bodies[id(function)], representative_of)
            refined.setdefault((key, nodes), []).append(function)
    return refined


def _serialized_nodes(body: Block, representative_of: Mapping[int, Function]) -> str:
    return json.dumps(emit_nodes(body, lambda function: str(id(representative_of[id(function)]))))
