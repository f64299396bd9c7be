"""The local API of `wrangler dev`, and servers that are no such API."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Final

import pytest

from stepgraph.model.note import InputError
from stepgraph.remote import instance_source
from stepgraph.remote import local_api as module
from stepgraph.remote.instance_source import UnknownInstanceError
from stepgraph.remote.local_api import RefusedRequestError, local_api
from tests.remote.servers import Answer, Request, failure, listed_instance, page_of, response, result, serving

BASE: Final = "/cdn-cgi/local/explorer/api"
WORKFLOW: Final = {"name": "orders", "class_name": "Orders", "script_name": "shop"}
LOG: Final = {"status": "running", "steps": []}


def answer(request: Request, instances: list[dict[str, str]], base: str = BASE) -> list[bytes]:
    """Answer as the local engine does."""
    match request.path.removeprefix(base):
        case "/workflows":
            return result([WORKFLOW])
        case "/workflows/orders/instances":
            return page_of(instances, request)
        case path if path.startswith("/workflows/orders/instances/"):
            return result(LOG)
        case _:
            return response("404 Not Found", "404 Not Found", "text/plain")


def error_of(serve: Answer, seconds: float = 5) -> str:
    """Return the message for a server, without its address."""
    with serving(serve) as server, pytest.raises(InputError) as caught:
        local_api(server.url, seconds=seconds).workflows()
    assert caught.value.problem.path == server.url
    return f"{caught.value.problem.message} {caught.value.problem.advice}".strip()


def unexpected(kind: str) -> str:
    advice = "Use the address that `wrangler dev` prints. If it is right, update wrangler: old versions lack this API."
    return f"answers, but not as the local API of `wrangler dev`: {kind}. {advice}"


def test_log_of_a_listed_instance() -> None:
    with serving(lambda request: answer(request, [listed_instance(1)])) as server:
        assert json.loads(local_api(server.url).log("orders", "i1")) == LOG


def test_unlisted_instance_is_not_requested() -> None:
    """The local engine creates instances that it is asked for."""
    with serving(lambda request: answer(request, [listed_instance(1)])) as server:
        with pytest.raises(UnknownInstanceError):
            local_api(server.url).log("orders", "i2")
        assert [request.path for request in server.requests] == [f"{BASE}/workflows/orders/instances"]


def test_listed_ids_without_a_status_are_not_instances() -> None:
    """The local engine lists all ids that a Worker asks for, and more of them than fit into a page."""
    ids = [{"id": f"99a5887b{number}"} for number in range(100)]
    with serving(lambda request: answer(request, [*ids, listed_instance(1)])) as server:
        assert [each.id for each in local_api(server.url).instances("orders")] == ["i1"]


def test_ids_are_encoded_in_paths() -> None:
    instance = {**listed_instance(1), "id": "a/../b?c#d%"}
    with serving(lambda request: answer(request, [instance])) as server:
        local_api(server.url).log("orders", "a/../b?c#d%")
    assert server.requests[-1].path == f"{BASE}/workflows/orders/instances/a%2F..%2Fb%3Fc%23d%25"


def test_instances_of_all_pages() -> None:
    instances = [listed_instance(number) for number in range(250, 0, -1)]
    with serving(lambda request: answer(request, instances)) as server:
        listed = list(local_api(server.url).instances("orders"))
    assert [each.id for each in listed] == [each["id"] for each in instances]
    assert [request.query["page"] for request in server.requests] == ["1", "2", "3"]


def test_instances_that_have_not_ended() -> None:
    states = ["running", "complete", "paused", "errored", "terminated", "waiting"]
    instances = [listed_instance(number, status) for number, status in enumerate(states)]
    with serving(lambda request: answer(request, instances)) as server:
        listed = list(local_api(server.url).instances("orders", not_ended=True))
    assert [each.status for each in listed] == ["running", "paused", "waiting"]


def test_server_that_ignores_the_page() -> None:
    with serving(lambda _: result([listed_instance(1)])) as server:
        assert [each.id for each in local_api(server.url).instances("orders")] == ["i1"]
    assert len(server.requests) == 2


def test_endless_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_source, "LISTED_PAGES", 3)
    numbers = itertools.count()
    with serving(lambda _: result([listed_instance(next(numbers))])) as server, pytest.raises(InputError) as caught:
        list(local_api(server.url).instances("orders"))
    assert caught.value.problem.message == "`orders` has too many instances: at most 10,000 are listed."
    assert len(server.requests) == 4


def test_api_at_its_older_path() -> None:
    older = "/cdn-cgi/explorer/api"
    with serving(lambda request: answer(request, [listed_instance(1)], older)) as server:
        api = local_api(server.url)
        assert [each.class_name for each in api.workflows()] == ["Orders"]
        assert [each.id for each in api.instances("orders")] == ["i1"]
    assert [request.path.startswith(older) for request in server.requests] == [False, True, True]


def test_error_of_the_api() -> None:
    message = error_of(lambda _: failure("400 Bad Request", 10001, "per_page: Too big."))
    assert message == "the server reports an error: per_page: Too big (10001)."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (response("<!doctype html><p>Hello", content_type="text/html"), "a page of HTML"),
        (response("Hello", content_type="text/plain"), "a response that is not JSON"),
        (response("", "204 No Content"), "HTTP status 204, an empty response"),
        (response({"workflows": []}), "JSON of another kind"),
        (response("[" * 100_000), "JSON of another kind"),
        (response("Invalid Host header", "403 Invalid Host header", "text/plain"), "access denied"),
        (response("", "302 Found", more="Location: http://127.0.0.1:1/\r\n"), "a redirect"),
        (result([{"id": 1}]), "a list of workflows in an unknown shape"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "a response that is not HTTP"),
    ],
)
def test_server_of_another_kind(body: list[bytes], kind: str) -> None:
    assert error_of(lambda _: body) == unexpected(kind)


def _drip(head: bytes, part: bytes) -> Iterator[bytes]:
    """Yield a response without end, in small parts."""
    yield head
    yield from itertools.repeat(part, 1_000_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "head",
    [
        b"",  # the status line
        b"HTTP/1.1 200 OK\r\nA: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_response_that_never_ends(head: bytes) -> None:
    def slowly(_: Request) -> Iterator[bytes]:
        from time import sleep

        for part in _drip(head, b"1"):
            yield part
            sleep(0.01)

    assert error_of(slowly, seconds=0.1) == "no complete response within 0 seconds."


def test_response_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAVED_BYTES", 1_000_000)
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    assert error_of(lambda _: _drip(head, b"1" * 1_000)) == "the response is larger than 1 MB."


def test_no_server() -> None:
    with pytest.raises(InputError) as caught:
        local_api("127.0.0.1:1").workflows()
    assert str(caught.value) == (
        "http://127.0.0.1:1: cannot be reached: connection refused. "
        "Start `wrangler dev` or `pywrangler dev`, or name its address with `--local=URL`."
    )


def test_server_without_tls() -> None:
    with serving(lambda _: []) as server, pytest.raises(InputError) as caught:
        local_api(server.url.replace("http", "https")).workflows()
    assert caught.value.problem.message == "no TLS connection is possible."


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("8788", "http://localhost:8788"),
        ("devbox:8788", "http://devbox:8788"),
        ("http://localhost:8787/cdn-cgi/local/explorer", "http://localhost:8787"),
        ("https://[::1]:8787/", "https://[::1]:8787"),
    ],
)
def test_addresses(address: str, title: str) -> None:
    assert local_api(address).title == title


@pytest.mark.parametrize(
    "address",
    ["", "file:///etc/passwd", "http://", "http://[::1", "http://a:99999", "http://me:pw@a", "http://a b", "a\nb"],
)
def test_invalid_addresses(address: str) -> None:
    with pytest.raises(InputError) as caught:
        local_api(address)
    assert caught.value.problem.advice == "Write a URL such as `http://localhost:8787`."


def test_request_with_a_body() -> None:
    with serving(lambda request: result([] if request.method == "GET" else {"id": "i1"})) as server:
        api = local_api(server.url)
        assert api.request("POST", ["workflows", "a/b", "instances"], b'{"params":1}') == b'{"id": "i1"}'
        assert api.request("DELETE", ["workflows", "a/b"]) == b'{"id": "i1"}'
    *_, post, delete = server.requests
    path = "/cdn-cgi/local/explorer/api/workflows/a%2Fb"
    assert (post.method, post.path, post.body) == ("POST", f"{path}/instances", b'{"params":1}')
    assert (post.headers["content-type"], post.headers["content-length"]) == ("application/json", "12")
    assert (delete.method, delete.path, delete.body) == ("DELETE", path, b"")


def test_request_is_sent_once_to_an_older_server() -> None:
    def older(request: Request) -> list[bytes]:
        if request.path.startswith("/cdn-cgi/explorer/api"):
            return result([] if request.method == "GET" else {})
        return response("404 Not Found", "404 Not Found", "text/plain")

    with serving(older) as server:
        local_api(server.url).request("POST", ["workflows", "orders", "instances"], b"{}")
    assert [request.method for request in server.requests] == ["GET", "GET", "POST"]


def test_refused_request() -> None:
    def refuse(request: Request) -> list[bytes]:
        return result([]) if request.method == "GET" else failure("409 Conflict", 10001, "already exists")

    with serving(refuse) as server, pytest.raises(RefusedRequestError) as caught:
        local_api(server.url).request("POST", ["workflows", "orders", "instances"], b"{}")
    assert (caught.value.status, caught.value.error.code, caught.value.error.message) == (409, 10001, "already exists")


@pytest.mark.parametrize("part", ["..", ".", "", "x" * 300])
def test_request_with_a_part_that_is_not_a_name(part: str) -> None:
    with serving(lambda _: result({})) as server, pytest.raises(RefusedRequestError):
        local_api(server.url).request("POST", ["workflows", part, "instances"], b"{}")
    assert server.requests == []
