"""Workflows as trees of elements."""

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


def test_elements_are_numbered_as_they_are_read_and_functions_last() -> None:
    names = [element.name for element in read_tree(WORKFLOW).elements if element.name]
    assert names == ["a", "b", "c", "d", "f", "e"]


def test_an_element_tells_where_it_is_in_the_payload() -> None:
    tree = read_tree(WORKFLOW)
    keys = {element.name: tree.payload_path(element.number) for element in tree.elements if element.name}
    assert keys["b"] == ("nodes", 0, "finally_block", "nodes", 0)
    assert keys["d"] == ("nodes", 1, "branches", 1, "nodes", 0, "nodes", 0)
    assert keys["e"] == ("functions", "f", "nodes", 0)


@unhurried
@given(graphs(3))
def test_the_keys_of_an_element_lead_to_it(graph: Graph) -> None:
    tree = read_tree(graph["workflow"])
    for element in tree.elements:
        found = reduce(
            lambda value, key: cast("Any", value)[key],
            tree.payload_path(element.number),
            cast("Any", graph["workflow"]),
        )
        assert found.get("name", "") == element.name


def test_nothing_is_lost() -> None:
    assert apply_edits(ORDERS["workflow"], ()) == ORDERS["workflow"]


def test_what_is_in_none_of_the_known_forms_stays() -> None:
    odd = cast("Node", {"type": "odd", "nodes": ["text"], "branches": {"a": 1}, "try_block": None, "functions": [2]})
    workflow = graph(odd)["workflow"]
    assert apply_edits(workflow, ()) == workflow
