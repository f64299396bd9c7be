"""Trees of elements."""

from __future__ import annotations

from typing import cast

from stepgraph.diff.script import apply_edits
from stepgraph.diff.tree import read_tree
from stepgraph.model.payload import Node, Workflow
from tests.render.graphs import ORDERS, block, branch, do, either, function, graph, loop, protected

WORKFLOW: Workflow = graph(
    protected(block(do("a")), final=block(do("b"))),
    either(branch("paid", do("c")), branch(None, loop(do("d")))),
    functions={"f": function("f", do("e"))},
)["workflow"]


def test_elements_are_in_preorder_with_functions_last() -> None:
    names = [element.name for element in read_tree(WORKFLOW).elements if element.name]
    assert names == ["a", "b", "c", "d", "f", "e"]


def test_tree_is_lossless() -> None:
    assert apply_edits(ORDERS["workflow"], ()) == ORDERS["workflow"]


def test_malformed_fields_are_preserved() -> None:
    odd = cast("Node", {"type": "odd", "nodes": ["text"], "branches": {"a": 1}, "try_block": None, "functions": [2]})
    workflow = graph(odd)["workflow"]
    assert apply_edits(workflow, ()) == workflow
