"""Edits of one step of a graph: insertion, removal and renaming."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from stepgraph.model.payload import Graph, Node
from tests.render.graphs import do

NAME = "a new step"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a list of nodes: the keys of the list in the graph, and an index."""

    keys: tuple[str | int, ...]
    index: int

    def list_in(self, graph: Graph) -> list[Node]:
        data: Any = graph
        for key in self.keys:
            data = data[key]
        return cast("list[Node]", data)


def places(graph: Graph) -> Iterator[Place]:
    """Yield all positions for an inserted node in lists without clocks.

    An insertion at these positions never turns a step into a frame.
    """
    for keys, nodes in _lists(graph["workflow"], ("workflow",)):
        if nodes and not any("starts" in node or "resolves" in node for node in nodes):
            yield from (Place(keys, index) for index in range(len(nodes) + 1))


def inserted(graph: Graph, place: Place) -> Graph:
    changed = copy.deepcopy(graph)
    place.list_in(changed).insert(place.index, do(NAME))
    return changed


def steps_with_others(graph: Graph) -> Iterator[Place]:
    """Yield the positions of steps with siblings."""
    return (place for place in steps(graph) if len(place.list_in(graph)) > 1)


def steps(graph: Graph) -> Iterator[Place]:
    """Yield the positions of all steps."""
    for keys, nodes in _lists(graph["workflow"], ("workflow",)):
        yield from (Place(keys, index) for index, node in enumerate(nodes) if str(node["type"]).startswith("step_"))


def removed(graph: Graph, place: Place) -> Graph:
    changed = copy.deepcopy(graph)
    del place.list_in(changed)[place.index]
    return changed


def renamed(graph: Graph, place: Place) -> Graph:
    changed = copy.deepcopy(graph)
    cast("dict[str, object]", place.list_in(changed)[place.index])["name"] = NAME
    return changed


def _lists(
    data: object, keys: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], list[dict[str, object]]]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "nodes":
                yield (*keys, key), value
            yield from _lists(value, (*keys, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _lists(value, (*keys, index))
