"""Equal structure is equal identity, on every machine."""

from __future__ import annotations

from uuid import UUID

from stepgraph.identity import version_id, workflow_id
from stepgraph.model.payload import Graph
from tests.api.graphs import graph_of, sleep

ORDERS = workflow_id("shop", "orders")


def test_the_id_of_a_workflow_follows_from_the_names_of_project_and_workflow() -> None:
    assert workflow_id("shop", "orders") == "e7487108-2c40-5c7c-bad7-db97d5050fee"


def test_the_id_of_a_version_follows_from_its_workflow_and_graph() -> None:
    assert version_id(ORDERS, graph_of(sleep("rest"))) == "dbee0863-da6d-5de7-9461-c24ffc6afb73"


def test_ids_are_uuids_of_version_5() -> None:
    assert UUID(ORDERS).version == 5
    assert UUID(version_id(ORDERS, None)).version == 5


def test_names_are_not_run_together() -> None:
    assert len({workflow_id("ab", "c"), workflow_id("a", "bc"), workflow_id("", "abc")}) == 3


def test_the_order_of_keys_does_not_matter() -> None:
    graph = graph_of(sleep("rest"))
    reordered: Graph = {"workflow": graph["workflow"], "version": 1}
    assert version_id(ORDERS, graph) == version_id(ORDERS, reordered)


def test_another_graph_is_another_version() -> None:
    versions = {
        version_id(ORDERS, None),
        version_id(ORDERS, graph_of()),
        version_id(ORDERS, graph_of(sleep("a"), sleep("b"))),
        version_id(ORDERS, graph_of(sleep("b"), sleep("a"))),
    }
    assert len(versions) == 4


def test_the_same_graph_of_another_workflow_is_another_version() -> None:
    assert version_id(ORDERS, graph_of()) != version_id(workflow_id("shop", "refunds"), graph_of())


def test_text_that_utf_8_cannot_hold_has_an_identity() -> None:
    assert version_id(ORDERS, graph_of(sleep("\udc80"))) != version_id(ORDERS, graph_of(sleep("\udc81")))
