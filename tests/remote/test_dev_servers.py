"""The search for a development server, with servers on this machine."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from stepgraph.model.note import InputError
from stepgraph.remote import local_api
from stepgraph.remote.local_api import DevServers
from tests.remote.servers import Request, response, result, serving

CLOSED = "http://127.0.0.1:1"


class Clock:
    """A clock that tests advance."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def answer(_: Request) -> Iterable[bytes]:
    return result([{"name": "orders", "class_name": "Orders"}])


def use_default(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(local_api, "DEFAULT_ADDRESS", address)


def test_server_at_the_default_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer) as server:
        use_default(monkeypatch, server.url)
        servers = DevServers(None, Clock())
        assert [local and local.title for local in (servers(), servers())] == [server.url] * 2
        assert len(server.requests) == 1


def test_server_that_ends_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    servers = DevServers(None, clock)
    use_default(monkeypatch, CLOSED)
    assert servers() is None
    with serving(answer) as server:
        use_default(monkeypatch, server.url)
        assert servers() is None
        clock.time += 3
        assert servers() is not None
    clock.time += 3
    assert servers() is None


def test_other_server_at_the_default_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: response("<html>", content_type="text/html")) as server:
        use_default(monkeypatch, server.url)
        assert DevServers(None)() is None


def test_named_address_is_not_searched() -> None:
    server = DevServers("127.0.0.1:1")()
    assert isinstance(server, local_api.LocalApi)
    with pytest.raises(InputError, match=r"name its address with `--dev-server=URL`"):
        server.workflows()


def test_invalid_address() -> None:
    with pytest.raises(InputError, match=r"^--dev-server: `a b` is not an address of `wrangler dev`\."):
        DevServers("a b")


def test_listed_ids_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer) as server:
        use_default(monkeypatch, server.url)
        servers = DevServers(None, Clock())
        first, second = servers(), servers()
        assert first is not None
        assert second is not None
        first.listed_ids.add(("orders", "deleted"))
        assert second.listed_ids == set()


def test_failure_of_a_named_server() -> None:
    failure = DevServers(CLOSED).failure()
    assert failure is not None
    assert failure.problem.message.startswith("cannot be reached")


def test_no_failure_of_a_server_that_answers_or_is_not_named() -> None:
    with serving(answer) as server:
        assert [DevServers(server.url).failure(), DevServers(None).failure()] == [None, None]
