"""The graphs of the tests contain nodes of all types, so that tests of drawings and diffs cover new types."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from stepgraph.model.payload import Graph
from stepgraph.model.walk import NODE_TYPES, walk
from tests.render.graphs import ORDERS
from tests.render.random_graphs import graphs


def types_in(graph: Graph) -> set[str]:
    workflow = graph["workflow"]
    return {node["type"] for node in walk([*workflow["nodes"], *workflow["functions"].values()])}


def test_the_order_workflow_contains_each_type() -> None:
    assert set(NODE_TYPES) - types_in(ORDERS) == set(), "use these node types in ORDERS in tests/render/graphs.py"


@pytest.mark.slow
def test_random_graphs_contain_each_type() -> None:
    types: set[str] = set()

    # The same graphs each time.
    @settings(derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(graphs(3))
    def collect(graph: Graph) -> None:
        types.update(types_in(graph))

    collect()
    assert set(NODE_TYPES) - types == set(), (
        "add these node types to tests/render/random_graphs.py; if it makes them, raise max_examples"
    )
