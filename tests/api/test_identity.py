"""Ids are equal for equal structure, on every machine."""

from __future__ import annotations

from uuid import UUID

from stepgraph.analysis import version_id, workflow_id
from stepgraph.model.payload import Graph
from tests.api.graphs import graph_of, sleep

ORDERS = workflow_id("shop", "orders")


def test_a_workflow_id_depends_on_project_and_name() -> None:
    assert workflow_id("shop", "orders") == "e7487108-2c40-5c7c-bad7-db97d5050fee"


def test_a_version_id_depends_on_workflow_and_graph() -> None:
    assert version_id(ORDERS, graph_of(sleep("rest"))) == "dbee0863-da6d-5de7-9461-c24ffc6afb73"


def test_ids_are_uuids_of_version_5() -> None:
    assert UUID(ORDERS).version == 5
    assert UUID(version_id(ORDERS, None)).version == 5


def test_names_are_not_concatenated() -> None:
    assert len({workflow_id("ab", "c"), workflow_id("a", "bc"), workflow_id("", "abc")}) == 3


def test_the_order_of_keys_does_not_matter() -> None:
    graph = graph_of(sleep("rest"))
    reordered: Graph = {"workflow": graph["workflow"], "version": 1}
    assert version_id(ORDERS, graph) == version_id(ORDERS, reordered)


def test_graphs_have_different_version_ids() -> None:
    versions = {
        version_id(ORDERS, None),
        version_id(ORDERS, graph_of()),
        version_id(ORDERS, graph_of(sleep("a"), sleep("b"))),
        version_id(ORDERS, graph_of(sleep("b"), sleep("a"))),
    }
    assert len(versions) == 4


def test_workflows_have_different_version_ids() -> None:
    assert version_id(ORDERS, graph_of()) != version_id(workflow_id("shop", "refunds"), graph_of())


def test_lone_surrogates_have_version_ids() -> None:
    assert version_id(ORDERS, graph_of(sleep("\udc80"))) != version_id(ORDERS, graph_of(sleep("\udc81")))
