from stepgraph.model.payload import Node
from stepgraph.model.walk import NODE_TYPES, as_unknown, count_steps, walk
from tests.render.graphs import ORDERS, block, branch, call, do, either, function, graph, loop, protected, unknown


def test_the_order_workflow_has_nodes_of_all_types() -> None:
    workflow = ORDERS["workflow"]
    bodies = [workflow["nodes"], *(body["nodes"] for body in workflow["functions"].values())]
    types = {str(node["type"]) for body in bodies for node in walk(body)}
    assert set(NODE_TYPES) - types == set(), "use these node types in ORDERS in tests/render/graphs.py"


def test_a_walk_meets_nodes_as_they_are_written() -> None:
    nodes: list[Node] = [
        loop(do("a"), either(branch("x", do("b")), branch(None, do("c")))),
        protected(catch=block(do("d"))),
        do("e"),
    ]
    assert [node["name"] for node in walk(nodes) if node["type"] == "step_do"] == ["a", "b", "c", "d", "e"]


def test_steps_of_a_repeatedly_called_function_count_once() -> None:
    drawn = graph(do("a", do("b")), call("f"), call("f"), functions={"f": function("f", do("c"))})
    assert count_steps(drawn["workflow"]) == 3


def test_a_supported_node_is_not_unknown() -> None:
    assert as_unknown(do("a")) is None


def test_a_node_of_an_undocumented_type_is_unknown() -> None:
    node = unknown("teleport", do("a"), name="beam")
    assert as_unknown(node) is node
