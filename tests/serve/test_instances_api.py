"""The part of the API that needs a development server, with the official client and a server in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import Literal

import pytest
from cloudflare import omit

from stepgraph.model.note import InputError, Problem
from stepgraph.serve import instances_api
from stepgraph.serve.envelopes import ApiError
from tests.serve.serving import ACCOUNT, FakeDevServer, Served, refusal, serve

START, END = "2026-11-29T03:34:04.889Z", "2026-11-29T03:34:07.266Z"
ATTEMPT = {"start": START, "end": END, "success": True, "error": None}
FAILED = {"start": START, "end": END, "success": False, "error": {"name": "Error", "message": "declined"}}
STEP: Mapping[str, object] = {
    "name": "reserve-1",
    "start": START,
    "end": END,
    "success": True,
    "type": "step",
    "output": {"shelf": 3},
    "config": {"retries": {"limit": 5, "backoff": "exponential", "delay": 1000}, "timeout": "10 minutes"},
    "attempts": [FAILED, ATTEMPT],
}
SLEEP = {"name": "rest-1", "start": START, "end": None, "finished": False, "type": "sleep", "error": None}
WAIT = {**SLEEP, "name": "approval-1", "type": "waitForEvent", "output": None}
EVENT = {"type": "orders-approved", "payload": {"ok": True}, "timestamp": END}
LOG: Mapping[str, object] = {
    "status": "running",
    "params": {"x": 1},
    "queued": START,
    "start": START,
    "end": None,
    "output": None,
    "error": None,
    "steps": [STEP, SLEEP],
    "step_count": 2,
}


@pytest.fixture
def server() -> FakeDevServer:
    return FakeDevServer({"first": {**LOG, "status": "complete"}, "second": LOG, "third": LOG})


@pytest.fixture
def served(three_workers: Path, server: FakeDevServer) -> Served:
    return serve((str(three_workers / "orders"),), lambda: server)


def test_list(served: Served) -> None:
    listed = list(served.client.workflows.instances.list("orders", account_id=ACCOUNT))
    assert [(each.id, each.status) for each in listed] == [
        ("third", "running"),
        ("second", "running"),
        ("first", "complete"),
    ]
    (version,) = served.client.workflows.versions.list("orders", account_id=ACCOUNT)
    assert (listed[0].version_id, listed[0].workflow_id) == (version.id, version.workflow_id)
    assert listed[0].created_on == datetime(2026, 11, 29, 0, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ("status=complete", ["first"]),
        ("status=rollingBack", []),
        ("direction=asc", ["first", "second", "third"]),
        ("per_page=2", ["third", "second"]),
        ("per_page=2&page=2", ["first"]),
        ("per_page=1&cursor=third", ["second"]),
        ("cursor=first", []),
        ("date_start=2026-11-29T00:58:00Z", ["third", "second"]),
        ("date_end=2026-11-29T00:57:30", ["first"]),
    ],
)
def test_parameters_of_the_list(served: Served, parameters: str, ids: list[str]) -> None:
    response = served.request("GET", f"/client/v4/accounts/a/workflows/orders/instances?{parameters}")
    assert [each["id"] for each in response.json()["result"]] == ids


def test_the_cursor_of_a_page_leads_to_the_next(served: Served) -> None:
    path, ids = "/client/v4/accounts/a/workflows/orders/instances?per_page=2", []
    cursor: str | None = ""
    while cursor is not None:
        body = served.request("GET", f"{path}&cursor={cursor}").json()
        ids += [each["id"] for each in body["result"]]
        cursor = body["result_info"].get("cursor")
    assert ids == ["third", "second", "first"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("status=done", "unknown status `done`. Available: queued, running, paused, errored, terminated, complete,"),
        ("cursor=x", "unknown `cursor`: pass the one from the previous response."),
        ("date_start=soon", "`date_start` is not a time in ISO 8601."),
    ],
)
def test_invalid_parameters_of_the_list(served: Served, parameters: str, message: str) -> None:
    status, text = served.error("GET", f"/orders/instances?{parameters}")
    assert (status, text[: len(message)]) == (400, message)


def test_counts(served: Served, server: FakeDevServer) -> None:
    server.results["orders"] = {"instances": {"complete": 2, "running": 1, "unknown": 7, "paused": "x"}}
    counts = served.client.workflows.get("orders", account_id=ACCOUNT).instances
    assert {status: count for status, count in counts.items() if count} == {"complete": 2, "running": 1}
    assert "unknown" not in counts


def test_running_instance(served: Served) -> None:
    instance = served.client.workflows.instances.get("second", account_id=ACCOUNT, workflow_name="orders")
    assert (instance.status, instance.success, instance.output, instance.params) == ("running", None, "", {"x": 1})
    assert [step.to_dict().get("output") for step in instance.steps] == ['{"shelf":3}', None]
    assert str(instance.steps[1].to_dict()["end"])[:19] == "2026-11-29 03:34:04"


@pytest.mark.parametrize(
    ("output", "expected"),
    [({"b": [1], "a": "é"}, '{"b":[1],"a":"é"}'), ("text", "text"), (5, 5.0), (True, "true"), (None, ""), ([], "[]")],
)
def test_output(served: Served, server: FakeDevServer, output: object, expected: object) -> None:
    server.logs["second"] = {**LOG, "status": "complete", "output": output, "end": END}
    instance = served.client.workflows.instances.get("second", account_id=ACCOUNT, workflow_name="orders")
    assert (instance.output, instance.success) == (expected, True)


def test_order_and_simple(served: Served) -> None:
    instances = served.client.workflows.instances
    newest = instances.get("second", account_id=ACCOUNT, workflow_name="orders", order="desc")
    assert [step.type for step in newest.steps] == ["sleep", "step"]
    simple = instances.get("second", account_id=ACCOUNT, workflow_name="orders", simple="true")
    assert (simple.steps, simple.step_count) == ([], 2)


@pytest.mark.parametrize(
    ("entry", "attempt", "expected"),
    [
        (STEP, None, ("complete", {"shelf": 3}, None)),
        (STEP, 1, ("errored", None, "declined")),
        (STEP, 2, ("complete", {"shelf": 3}, None)),
        ({**STEP, "success": None, "attempts": [FAILED]}, None, ("running", None, None)),
        ({**STEP, "success": False, "attempts": [FAILED]}, None, ("errored", None, "declined")),
        (WAIT, None, ("waiting", None, None)),
        ({**WAIT, "finished": True, "output": EVENT}, None, ("complete", EVENT, None)),
        ({**WAIT, "finished": True, "error": FAILED["error"]}, None, ("errored", None, "declined")),
    ],
)
def test_step(
    served: Served,
    server: FakeDevServer,
    entry: Mapping[str, object],
    attempt: int | None,
    expected: tuple[object, ...],
) -> None:
    server.logs["second"] = {**LOG, "steps": [entry]}
    kind: Literal["step", "waitForEvent"] = "step" if entry["type"] == "step" else "waitForEvent"
    step = served.client.workflows.instances.step(
        "second",
        account_id=ACCOUNT,
        workflow_name="orders",
        name=str(entry["name"]),
        type=kind,
        attempt=omit if attempt is None else attempt,
    )
    assert (step.status, step.output, step.error and step.error.message) == expected


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (
            "name=reserve-1&type=waitForEvent",
            "the instance has no step `reserve-1` of type `waitForEvent`. Names end in",
        ),
        ("name=reserve-1&type=step&attempt=3", "the step has no attempt `3`. It has 2."),
        ("name=reserve-1&type=step&attempt=x", "the step has no attempt `x`. It has 2."),
    ],
)
def test_unknown_step(served: Served, query: str, error: str) -> None:
    status, message = served.error("GET", f"/orders/instances/second/step?{query}")
    assert (status, message[: len(error)]) == (404, error)


def test_create(served: Served, server: FakeDevServer) -> None:
    server.results["instances"] = {"id": "new"}
    created = served.client.workflows.instances.create(
        "orders",
        account_id=ACCOUNT,
        instance_id="new",
        params='{"order": 7}',
        instance_retention={"error_retention": 1},
    )
    assert (created.id, created.status, created.trigger_source) == ("new", "queued", "api")
    assert server.requests == [("POST", "workflows/orders/instances", b'{"id":"new","params":{"order":7}}')]


def test_bulk(served: Served, server: FakeDevServer) -> None:
    server.results["instances"] = {"id": "new"}
    created = served.client.workflows.instances.bulk("orders", account_id=ACCOUNT, body=[{"params": "1"}, {}])
    assert [each.id for each in created] == ["new", "new"]
    assert [body for _, _, body in server.requests] == [b'{"params":1}', b"{}"]


def test_bulk_checks_all_bodies_first(served: Served, server: FakeDevServer) -> None:
    bodies = json.dumps([{"params": "1"}, {"params": "{"}]).encode()
    assert served.error("POST", "/orders/instances/batch", bodies) == (400, "`params` is not JSON.")
    assert server.requests == []


def test_status(served: Served, server: FakeDevServer) -> None:
    server.results["status"] = {"status": "running", "timestamp": END}
    edited = served.client.workflows.instances.status.edit(
        "second", account_id=ACCOUNT, workflow_name="orders", status="restart", from_={"name": "rest", "type": "sleep"}
    )
    assert (edited.status, edited.timestamp.year) == ("running", 2026)
    body = b'{"status":"restart","from":{"name":"rest","type":"sleep"}}'
    assert server.requests == [("PATCH", "workflows/orders/instances/second/status", body)]


def test_event(served: Served, server: FakeDevServer) -> None:
    sent = served.client.workflows.instances.events.create(
        "orders-approved", account_id=ACCOUNT, workflow_name="orders", instance_id="second", body={"ok": True}
    )
    assert sent.instance_id == "second"
    path = "workflows/orders/instances/second/events/orders-approved"
    assert server.requests == [("POST", path, b'{"ok":true}')]


def test_delete(served: Served, server: FakeDevServer) -> None:
    deleted = served.client.workflows.delete("orders", account_id=ACCOUNT)
    assert (deleted.status, deleted.success) == ("ok", True)
    assert server.requests == [("DELETE", "workflows/orders", None)]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", b""),
        ("GET", "/step?name=a&type=step", b""),
        ("PATCH", "/status", b'{"status": "pause"}'),
        ("POST", "/events/approved", b"{}"),
    ],
)
def test_unlisted_ids_are_not_asked_for(
    served: Served, server: FakeDevServer, method: str, path: str, body: bytes
) -> None:
    error = served.error(method, f"/orders/instances/lost{path}", body)
    assert (error, server.requests) == ((404, "`orders` has no instance `lost`."), [])


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("PATCH", "/second/status", b'{"status": "stop"}', "`status` must be `pause`, `resume`, `restart` or"),
        ("GET", "/second/step?name=a", b"", "`name`, and `type` with `step` or `waitForEvent`, are required."),
        ("POST", "", b"[]", "the body is not a JSON object."),
        ("POST", "", b'{"instance_id": 5}', "`instance_id` must be a string."),
        ("POST", "", b'{"params": "{"}', "`params` is not JSON."),
        ("POST", "/batch", b"{}", "the body is not a list of objects."),
        ("POST", "/batch", b"[" + b"{}," * 100 + b"{}]", "more than 100 instances."),
    ],
)
def test_invalid_bodies(served: Served, server: FakeDevServer, method: str, path: str, body: bytes, error: str) -> None:
    status, message = served.error(method, f"/orders/instances{path}", body)
    assert (status, message[: len(error)], server.requests) == (400, error, [])


def test_no_server(three_workers: Path) -> None:
    served = serve((str(three_workers / "orders"),))
    status, message = served.error("GET", "/orders/instances")
    assert (status, message[:49]) == (503, "no development server found. Start `wrangler dev`")
    assert served.request("GET", "/client/v4/accounts/a/workflows/orders").status_code == 200


@pytest.mark.parametrize(("status", "expected"), [(409, 409), (500, 502), (302, 502)])
def test_refusals_are_passed_on(served: Served, server: FakeDevServer, status: int, expected: int) -> None:
    server.results["instances"] = refusal(status, 10001, "instance already exists")
    error = served.error("POST", "/orders/instances", b'{"instance_id": "first"}')
    assert error == (expected, "instance already exists")


def test_a_server_that_ends(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise InputError(Problem("", "cannot be reached: connection refused.", "Start it."))

    monkeypatch.setattr(FakeDevServer, "log", fail)
    message = "development server http://localhost:8787: cannot be reached: connection refused. Start it."
    assert served.error("GET", "/orders/instances/second") == (502, message)


@pytest.mark.parametrize("content", [b"[]", b"{", b"[" * 1000, b'"\\ud800"'])
def test_a_server_that_sends_no_log(served: Served, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(FakeDevServer, "log", lambda *_: content)
    status, text = served.error("GET", "/orders/instances/second")
    assert (status, text[:59]) == (502, "development server http://localhost:8787: its response is n")


@pytest.mark.parametrize("log", [{}, {"steps": [1, {}, {"type": "step", "attempts": 5}], "status": 7, "output": [[]]}])
def test_a_log_of_another_shape_is_not_an_internal_error(
    served: Served, server: FakeDevServer, log: Mapping[str, object]
) -> None:
    server.logs["second"] = log
    assert served.request("GET", "/client/v4/accounts/a/workflows/orders/instances/second").status_code == 200


def test_requests_at_once_are_limited(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances_api, "_MAX_WAIT_SECONDS", 0)
    api = instances_api.InstancesApi(FakeDevServer, BoundedSemaphore(1))
    (workflow,) = served.project.state.workflows
    assert [api.rows(workflow, 1) for _ in range(2)] == [[], []]
    api.slots.acquire()
    with pytest.raises(ApiError, match="too many requests at once"):
        api.rows(workflow, 1)
