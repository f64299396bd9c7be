"""The part of the API that is read from the source, with the official client."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cloudflare
import pytest

from stepgraph import analyze_paths
from stepgraph.serve.instance_shapes import STATUSES
from tests.serve.serving import ACCOUNT, Served, serve

DATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def served(three_workers: Path) -> Served:
    return serve((str(three_workers),))


def test_list(served: Served) -> None:
    listed = list(served.client.workflows.list(account_id=ACCOUNT))
    assert [(each.name, each.class_name, each.script_name, each.created_on) for each in listed] == [
        ("orders", "Orders", "orders-worker", DATE),
        ("refunds", "Refunds", "refunds-worker", DATE),
        ("returns", "Returns", "returns-worker", DATE),
    ]
    assert listed[0].instances == dict.fromkeys(STATUSES, 0)


@pytest.mark.parametrize(
    ("page", "per_page", "names"), [(1, 2, ["orders", "refunds"]), (2, 2, ["returns"]), (3, 2, []), (2, 200, [])]
)
def test_pages(served: Served, page: int, per_page: int, names: list[str]) -> None:
    listed = served.client.workflows.list(account_id=ACCOUNT, page=page, per_page=per_page)
    assert [each.name for each in listed.result] == names
    body = served.request("GET", f"/client/v4/accounts/a/workflows?page={page}&per_page={per_page}").json()
    assert body["result_info"] == {
        "page": page,
        "per_page": min(per_page, 100),
        "count": len(names),
        "total_count": 3,
        "total_pages": 2 if per_page == 2 else 1,
    }


def test_the_client_reads_all_pages(served: Served) -> None:
    listed = list(served.client.workflows.list(account_id=ACCOUNT, per_page=1))
    assert [each.name for each in listed] == ["orders", "refunds", "returns"]


def test_search(served: Served) -> None:
    listed = served.client.workflows.list(account_id=ACCOUNT, search="RE")
    assert [each.name for each in listed] == ["refunds", "returns"]


def test_get(served: Served) -> None:
    workflow = served.client.workflows.get("refunds", account_id=ACCOUNT)
    assert (workflow.name, workflow.script_name, workflow.modified_on) == ("refunds", "refunds-worker", DATE)


def test_version_and_graph_of_the_working_tree(served: Served) -> None:
    client = served.client
    (version,) = client.workflows.versions.list("orders", account_id=ACCOUNT)
    same = client.workflows.versions.get(version.id, account_id=ACCOUNT, workflow_name="orders")
    assert same.model_dump() == version.model_dump()
    assert (version.language, version.has_dag, version.class_name) == ("python", True, "Orders")
    graph = client.workflows.versions.graph(version.id, account_id=ACCOUNT, workflow_name="orders")
    assert graph.workflow_id == client.workflows.get("orders", account_id=ACCOUNT).id
    assert graph.graph is not None
    assert [node.type for node in graph.graph.workflow.nodes] == ["step_sleep", "step_wait_for_event"]


def test_the_graph_is_that_of_the_library(served: Served, three_workers: Path) -> None:
    (version,) = served.client.workflows.versions.list("orders", account_id=ACCOUNT)
    response = served.request("GET", f"/client/v4/accounts/a/workflows/orders/versions/{version.id}/graph")
    assert response.json()["result"] == analyze_paths(three_workers / "orders").workflows[0].version_graph()


def test_update_names_the_version_that_would_be_deployed(served: Served) -> None:
    (version,) = served.client.workflows.versions.list("orders", account_id=ACCOUNT)
    answer = served.client.workflows.update(
        "orders", account_id=ACCOUNT, class_name="Orders", script_name="orders-worker"
    )
    assert (answer.id, answer.version_id, answer.name) == (version.workflow_id, version.id, "orders")
    created = served.client.workflows.update(
        "more-orders", account_id=ACCOUNT, class_name="Orders", script_name="orders-worker"
    )
    assert (created.name, created.id == answer.id) == ("more-orders", False)


@pytest.mark.parametrize(
    ("method", "path", "content", "error"),
    [
        ("GET", "/order", b"", (404, "no workflow `order`. Did you mean `orders`?")),
        ("GET", "/x", b"", (404, "no workflow `x`. Available: `orders`, `refunds`, `returns`.")),
        (
            "GET",
            "/orders/versions/1",
            b"",
            (404, "`orders` has no version `1` in the working tree or its last commits."),
        ),
        ("GET", "?page=x", b"", (400, "`page` is not a whole number.")),
        ("GET", "?per_page=1.5", b"", (400, "`per_page` is not a whole number.")),
        ("PUT", "/orders", b"{}", (400, "`class_name` and `script_name` are required.")),
        ("PUT", "/orders", b"", (400, "the body is not a JSON object.")),
        (
            "PUT",
            "/orders",
            b'{"class_name": "Order", "script_name": "x"}',
            (404, "no workflow class `Order`. Available: `Orders`, `Refunds`, `Returns`."),
        ),
        ("POST", "/orders", b"{}", (405, "this path does not support POST, only GET, PUT, DELETE.")),
        ("GET", "/orders/versions/1/more", b"", (404, "no such path below workflows: orders/versions/1/more")),
    ],
)
def test_errors(served: Served, method: str, path: str, content: bytes, error: tuple[int, str]) -> None:
    assert served.error(method, path, content) == error


def test_the_client_raises_its_error_for_an_unknown_workflow(served: Served) -> None:
    with pytest.raises(cloudflare.NotFoundError) as caught:
        served.client.workflows.get("lost", account_id=ACCOUNT)
    assert caught.value.errors[0].code == 10200


def test_names_may_contain_slashes_and_dots(served: Served) -> None:
    assert served.error("GET", "/a%2Fb%2F..")[1].startswith("no workflow `a/b/..`.")


def test_an_invalid_build_date_is_an_error(three_workers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    status, message = serve((str(three_workers),)).error("GET", "/orders")
    assert (status, message[:24]) == (503, "SOURCE_DATE_EPOCH: `soon")
