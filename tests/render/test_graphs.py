"""The graphs of the tests contain nodes of all types, so that tests of drawings and diffs cover new types."""

import pytest
from hypothesis import find, settings

from stepgraph.model.payload import Graph
from stepgraph.model.walk import NODE_TYPES, walk
from tests.render.graphs import ORDERS
from tests.render.random_graphs import graphs


def types_in(graph: Graph) -> set[str]:
    workflow = graph["workflow"]
    return {node["type"] for node in walk([*workflow["nodes"], *workflow["functions"].values()])}


def test_the_order_workflow_contains_each_type() -> None:
    assert set(NODE_TYPES) - types_in(ORDERS) == set()


@pytest.mark.parametrize("node_type", NODE_TYPES)
def test_random_graphs_contain(node_type: str) -> None:
    find(graphs(), lambda graph: node_type in types_in(graph), settings=settings(max_examples=2000, database=None))
