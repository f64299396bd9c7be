"""The server inside the test process, and the official client of the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import httpx
from cloudflare import Cloudflare
from msgspec import Struct, field

from stepgraph.cli.live_projects import open_live_project
from stepgraph.live.live_project import LiveProject
from stepgraph.model.note import Problem
from stepgraph.remote.instance_source import RemoteInstance, RemoteWorkflow, UnknownInstanceError
from stepgraph.remote.local_api import RefusedRequestError
from stepgraph.remote.responses import EnvelopeError
from stepgraph.serve.connections import LocalOnly
from stepgraph.serve.instances_api import DevServer
from stepgraph.serve.server import ServerOptions, local_application

PORT: Final = 8788
ORIGIN: Final = f"http://127.0.0.1:{PORT}"
ACCOUNT: Final = "local"
WORKFLOWS: Final = f"/client/v4/accounts/{ACCOUNT}/workflows"


def no_dev_server() -> DevServer | None:
    return None


class Served(Struct, frozen=True):
    """A served project."""

    project: LiveProject
    app: LocalOnly

    @property
    def client(self) -> Cloudflare:
        """The official client, which refuses responses in other shapes than those of the reference."""
        return Cloudflare(
            api_token=ACCOUNT,
            base_url=f"{ORIGIN}/client/v4",
            http_client=httpx.Client(transport=_InProcess(self.app)),
            max_retries=0,
            _strict_response_validation=True,
        )

    def request(
        self, method: str, path: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the response to a request, whose path may begin with `/` as it is."""
        url = httpx.URL(ORIGIN).copy_with(raw_path=path.encode())
        request = httpx.Request(method, url, content=content, headers=headers)
        return _InProcess(self.app).handle_request(request)

    def error(self, method: str, path: str, content: bytes = b"") -> tuple[int, str]:
        """Return the status and the message of an error of the API."""
        response = self.request(method, WORKFLOWS + path, content)
        body = response.json()
        assert (body["success"], body["result"], len(body["errors"])) == (False, None, 1)
        message: str = body["errors"][0]["message"]
        return response.status_code, message


class _InProcess(httpx.BaseTransport):
    """Sends requests to an application."""

    def __init__(self, app: LocalOnly) -> None:
        self._transport = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def exchange() -> httpx.Response:
            sent = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
            response = await self._transport.handle_async_request(sent)
            content = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=content, request=request)

        return asyncio.run(exchange())


def serve(paths: Sequence[str] = (".",), dev_server: Callable[[], DevServer | None] = no_dev_server) -> Served:
    """Return a server of the modules at paths, which has analyzed them."""
    project = open_live_project(lambda: paths)
    project.refresh()
    app, _ = local_application(project, ServerOptions(tuple(paths), None), dev_server, PORT)
    return Served(project, app)


class FakeDevServer(Struct):
    """A development server with one workflow, whose instances are in memory."""

    logs: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """The logs of instances by id, newest first."""
    requests: list[tuple[str, str, bytes | None]] = field(default_factory=list)
    """The method, the path and the body of each request other than for lists and logs."""
    results: dict[str, object] = field(default_factory=dict)
    """The results of requests by the last part of their path."""
    title: str = "http://localhost:8787"
    workflow: str = "orders"

    def workflows(self) -> Sequence[RemoteWorkflow]:
        return [RemoteWorkflow(self.workflow, "Orders")]

    def instances(self, workflow: str) -> Iterator[RemoteInstance]:
        assert workflow == self.workflow
        for number, (identity, log) in enumerate(reversed(self.logs.items()), start=1):
            yield RemoteInstance(identity, str(log.get("status", "running")), f"2026-11-29T00:{60 - number:02}:00Z")

    def log(self, workflow: str, instance_id: str) -> bytes:
        if instance_id not in self.logs:
            raise UnknownInstanceError(Problem(self.title, f"`{workflow}` has no instance `{instance_id}`."))
        return json.dumps(self.logs[instance_id]).encode()

    def request(self, method: str, path: Sequence[str], body: bytes | None = None) -> bytes:
        self.requests.append((method, "/".join(path), body))
        result = self.results.get(path[-1], {})
        if isinstance(result, RefusedRequestError):
            raise result
        return json.dumps(result).encode()


def refusal(status: int, code: int, message: str) -> RefusedRequestError:
    return RefusedRequestError(Problem("", message), status, EnvelopeError(code, message))
