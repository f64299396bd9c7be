"""The API of an account, with the official client and a server in place of Cloudflare's."""

from __future__ import annotations

import gzip
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Final
from unittest.mock import patch

import pytest

from stepgraph.model.note import InputError
from stepgraph.remote import account_api as module
from stepgraph.remote import instance_source, limited_body
from stepgraph.remote.account_api import AccountApi, account_api
from stepgraph.remote.instance_source import UnknownInstanceError
from tests.remote.servers import Answer, Request, Server, failure, listed_instance, page_of, response, result, serving

ACCOUNT: Final = "0123456789abcdef0123456789abcdef"
PREFIX: Final = f"/accounts/{ACCOUNT}/workflows"
SECRET: Final = "sk-live-SECRET"  # noqa: S105 # of no account
AT_ONCE: Final = "Retry-After-Ms: 1\r\n"
PERMISSION: Final = (
    "CLOUDFLARE_API_TOKEN must contain a valid API token with the permission `Workers Scripts: Read` for this account."
)

PATIENCE: Final = "Wait five minutes, or select one workflow with --workflow NAME."


@contextmanager
def account(answer: Answer) -> Iterator[tuple[AccountApi, Server]]:
    with serving(answer) as server:
        settings = {"CLOUDFLARE_API_TOKEN": SECRET, "CLOUDFLARE_BASE_URL": server.url, "NO_PROXY": "*"}
        with patch.dict(os.environ, settings):
            yield account_api(ACCOUNT), server


def error_of(answer: Answer) -> str:
    """Return the message for a server, without the account."""
    with account(answer) as (api, _), pytest.raises(InputError) as caught:
        api.workflows()
    assert caught.value.problem.path == f"account {ACCOUNT}"
    return f"{caught.value.problem.message} {caught.value.problem.advice}".strip()


def cursor_page(request: Request) -> list[bytes]:
    """Answer with one of three pages, which lead to each other by cursors."""
    number = int(request.query.get("cursor", 3))
    return result([listed_instance(number)], {"cursor": str(number - 1)} if number > 1 else {})


def test_workflows_of_all_pages() -> None:
    workflows = [{"name": f"w{number}", "class_name": "W"} for number in range(150)]
    with account(lambda request: page_of(workflows, request)) as (api, server):
        assert [each.name for each in api.workflows()] == [each["name"] for each in workflows]
    assert [(each.path, each.query["page"]) for each in server.requests] == [(PREFIX, "1"), (PREFIX, "2")]


def test_instances_by_cursor() -> None:
    with account(cursor_page) as (api, server):
        assert [each.id for each in api.instances("orders")] == ["i3", "i2", "i1"]
    queries = [{"per_page": "100"}, {"per_page": "100", "cursor": "2"}, {"per_page": "100", "cursor": "1"}]
    assert [request.query for request in server.requests[:3]] == queries


def test_instances_by_page() -> None:
    instances = [listed_instance(number) for number in range(150, 0, -1)]
    with account(lambda request: page_of(instances, request)) as (api, _):
        assert [each.id for each in api.instances("orders")] == [each["id"] for each in instances]


def test_server_that_ignores_the_cursor() -> None:
    with account(lambda _: result([listed_instance(1)], {"cursor": "same"})) as (api, server):
        assert [each.id for each in api.instances("orders")] == ["i1"]
    assert len(server.requests) == 2


def test_endless_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_source, "LISTED_PAGES", 3)
    numbers = itertools.count()
    with account(lambda _: result([listed_instance(next(numbers))])) as (api, server), pytest.raises(InputError):
        list(api.instances("orders"))
    assert len(server.requests) == 4


def test_instances_that_have_not_ended() -> None:
    def answer(request: Request) -> list[bytes]:
        numbers = {"running": [1, 4], "paused": [3]}.get(request.query["status"], [])
        return page_of([listed_instance(number, request.query["status"]) for number in numbers], request)

    with account(answer) as (api, _):
        listed = [(each.id, each.status) for each in api.instances("orders", not_ended=True)]
    assert listed == [("i4", "running"), ("i3", "paused"), ("i1", "running")]


def test_log_is_returned_as_it_is() -> None:
    """The models of the client would reject a log without `trigger`, and outputs that are not text."""
    log = {"status": "running", "output": {"any": [1]}, "steps": [{"name": "a-1", "type": "step", "output": {"b": 1}}]}
    with account(lambda _: result(log)) as (api, server):
        assert json.loads(api.log("orders", "a/b")) == log
    assert server.requests[0].path == f"{PREFIX}/orders/instances/a%2Fb"


def test_only_the_token_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CLOUDFLARE_EMAIL alone, the client would send that instead."""
    for name in ("CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_API_USER_SERVICE_KEY"):
        monkeypatch.setenv(name, "other")
    with account(lambda _: result([])) as (api, server):
        api.workflows()
    headers = server.requests[0].headers
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert "other" not in headers.values()


def test_redirects_are_not_followed() -> None:
    with serving(lambda _: result([])) as target:
        location = f"Location: {target.url}/\r\n"
        message = error_of(lambda _: response("", "307 Temporary Redirect", more=location))
    assert message == "the API reports an error: HTTP status 307."
    assert target.requests == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            failure("401 Unauthorized", 1000, "Invalid API Token"),
            f"the API reports an error: Invalid API Token (1000). {PERMISSION}",
        ),
        (
            failure("403 Forbidden", 10000, "Authentication error"),
            f"the API reports an error: Authentication error (10000). {PERMISSION}",
        ),
        (
            failure("429 Too Many Requests", 971, "Please wait", AT_ONCE),
            f"the API reports an error: Please wait (971). {PATIENCE}",
        ),
        (failure("200 OK", 7003, "No route."), "the API reports an error: No route (7003)."),
        (failure("400 Bad Request", 1, f"bad {SECRET}"), "the API reports an error: bad [token] (1)."),
        (failure("400 Bad Request", 1, f"{'x' * 490} {SECRET}"), f"the API reports an error: {'x' * 490} [token] (1)."),
        (failure("200 OK", 0, ""), "the API reports an error: no message."),
        (response("oops", "500 Oops", more=AT_ONCE), "the API reports an error: HTTP status 500."),
        (
            response("<p>", content_type="text/html"),
            "the server answers, but not as the Workflows API: a page of HTML.",
        ),
    ],
)
def test_errors_of_the_api(answer: list[bytes], message: str) -> None:
    assert error_of(lambda _: answer) == message


def test_unknown_instance() -> None:
    with (
        account(lambda _: failure("404 Not Found", 10200, "not found")) as (api, _),
        pytest.raises(UnknownInstanceError),
    ):
        api.log("orders", "i1")


@pytest.mark.slow
@pytest.mark.parametrize("end_of_head", [b"Content-Length: 1000000\r\n\r\n", b"X-Slow: "], ids=["body", "headers"])
def test_response_that_is_too_slow(end_of_head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TOTAL_SECONDS", 0.1)

    def slowly(_: Request) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n" + end_of_head
        for part in [b" "] * 100:
            yield part
            sleep(0.02)

    assert error_of(slowly) == "the API sent no complete response in time."


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request"])
def test_response_that_is_too_large(status: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_body, "SAVED_BYTES", 1_000_000)
    parts = [b"HTTP/1.1 " + status + b"\r\n\r\n", *[b" " * 100_000] * 20]
    assert error_of(lambda _: parts) == "the response is larger than 1 MB."


def test_response_is_not_decompressed() -> None:
    body = gzip.compress(b'{"success": true, "result": []}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    message = error_of(lambda _: [head + body])
    assert message == "the server answers, but not as the Workflows API: a response that is not JSON."


def test_response_that_is_cut() -> None:
    message = error_of(lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"])
    assert message.startswith("the API cannot be reached: ")


@pytest.mark.slow
def test_an_address_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", SECRET)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "api.example.com")
    with pytest.raises(InputError) as caught:
        account_api(ACCOUNT)
    assert str(caught.value) == "CLOUDFLARE_BASE_URL: not a URL that begins with https:// or http://."


@pytest.mark.slow
def test_an_unknown_host_is_named_without_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", SECRET)
    monkeypatch.setenv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(InputError) as caught:
        account_api(ACCOUNT).workflows()
    problem = caught.value.problem
    assert problem.message == "the API cannot be reached: connection refused."
    assert problem.advice == "Check the network connection."


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "the environment variable is not set."),
        (" \n", "the environment variable is not set."),
        (f"{SECRET}\nX: y", "the environment variable contains characters that no token has."),
        (f"{SECRET}é", "the environment variable contains characters that no token has."),
    ],
)
def test_invalid_tokens(value: str | None, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", value)
    with pytest.raises(InputError) as caught:
        account_api(ACCOUNT)
    assert (caught.value.problem.path, caught.value.problem.message) == ("CLOUDFLARE_API_TOKEN", message)


def test_name_of_an_account() -> None:
    with pytest.raises(InputError) as caught:
        account_api("my company")
    assert str(caught.value) == (
        "--account: `my company` is not an account id, which has 32 hexadecimal digits. `wrangler whoami` prints it."
    )


def test_missing_client() -> None:
    with patch.object(module, "find_spec", return_value=None), pytest.raises(InputError) as caught:
        account_api(ACCOUNT)
    assert str(caught.value) == (
        "--account: the option requires the extra `api`, which is not installed. Run `pip install 'stepgraph[api]'`."
    )


def test_no_text_form_shows_the_token() -> None:
    with account(lambda _: result([])) as (api, _):
        assert SECRET not in repr(api)
