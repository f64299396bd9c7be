"""Graphs whose pictures must obey the laws, from the fixtures and from other tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from stepgraph.model.payload import Graph
from stepgraph.model.saved import read_saved_graphs
from stepgraph.render.view import DEFAULT_VIEW, View
from tests.fixtures.files import FIXTURES
from tests.render.graphs import ORDERS
from tests.svg.picture import Picture, picture_of


@cache
def examples() -> Mapping[str, Graph]:
    """Return the graphs of the gallery, one for each type of node, and one with all types."""
    graphs: dict[str, Graph] = {"ORDERS": ORDERS}
    for name in ("gallery", "orders"):
        graphs |= json.loads((FIXTURES / name / "graphs.json").read_text(encoding="utf-8"))
    for path in sorted((FIXTURES / "nodes").glob("*.json")):
        (saved,) = read_saved_graphs(path.read_text(encoding="utf-8"), path.name)
        assert saved.graph is not None
        graphs[path.stem] = saved.graph
    return graphs


@cache
def pictures(view: View = DEFAULT_VIEW) -> Mapping[str, Picture]:
    """Return the pictures of the examples."""
    return {name: picture_of(graph, view) for name, graph in examples().items()}
