"""Trees of elements."""

from __future__ import annotations

from functools import reduce
from typing import Any, cast

from hypothesis import given

from stepgraph.diff.script import apply_edits
from stepgraph.diff.tree import read_tree
from stepgraph.model.payload import Graph, Node, Workflow
from tests.diff.test_properties import unhurried
from tests.render.graphs import ORDERS, block, branch, do, either, function, graph, loop, protected
from tests.render.random_graphs import graphs

WORKFLOW: Workflow = graph(
    protected(block(do("a")), final=block(do("b"))),
    either(branch("paid", do("c")), branch(None, loop(do("d")))),
    functions={"f": function("f", do("e"))},
)["workflow"]


def test_elements_are_in_preorder_with_functions_last() -> None:
    names = [element.name for element in read_tree(WORKFLOW).elements if element.name]
    assert names == ["a", "b", "c", "d", "f", "e"]


def test_elements_have_payload_paths() -> None:
    tree = read_tree(WORKFLOW)
    keys = {element.name: tree.payload_path(element.number) for element in tree.elements if element.name}
    assert keys["b"] == ("nodes", 0, "finally_block", "nodes", 0)
    assert keys["d"] == ("nodes", 1, "branches", 1, "nodes", 0, "nodes", 0)
    assert keys["e"] == ("functions", "f", "nodes", 0)


@unhurried
@given(graphs(3))
def test_payload_path_leads_to_element(graph: Graph) -> None:
    tree = read_tree(graph["workflow"])
    for element in tree.elements:
        element_payload = reduce(
            lambda value, key: cast("Any", value)[key],
            tree.payload_path(element.number),
            cast("Any", graph["workflow"]),
        )
        assert element_payload.get("name", "") == element.name


def test_tree_is_lossless() -> None:
    assert apply_edits(ORDERS["workflow"], ()) == ORDERS["workflow"]


def test_malformed_fields_are_preserved() -> None:
    odd = cast("Node", {"type": "odd", "nodes": ["text"], "branches": {"a": 1}, "try_block": None, "functions": [2]})
    workflow = graph(odd)["workflow"]
    assert apply_edits(workflow, ()) == workflow
