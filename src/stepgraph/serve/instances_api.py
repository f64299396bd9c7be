"""The part of the Workflows API that needs running instances, answered by a development server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from threading import BoundedSemaphore
from typing import Final, Protocol

import msgspec
from msgspec import Struct, field

from stepgraph.live.live_project import LiveWorkflow
from stepgraph.model.json_input import InvalidJsonError, parse_json
from stepgraph.model.note import InputError
from stepgraph.remote.instance_source import RemoteInstance, RemoteWorkflow, UnknownInstanceError
from stepgraph.remote.local_api import RefusedRequestError
from stepgraph.serve.envelopes import ApiError, ApiResponse, ErrorCode, page_of, result_of
from stepgraph.serve.instance_shapes import STATUSES, JsonObject, instance_log, status_of, step_state

_NO_SERVER: Final = (
    "no development server found. Start `wrangler dev` or `pywrangler dev`, which runs the instances, "
    "or name its address with `stepgraph serve --dev-server=URL`."
)
_MAX_REQUESTS: Final = 16
"""The maximum number of requests to a development server at the same time."""

_MAX_WAIT_SECONDS: Final = 0.2
_CLIENT_ERRORS: Final = range(400, 500)
_CHANGES: Final = ("pause", "resume", "restart", "terminate")
_MAX_BATCH: Final = 100
"""The maximum number of instances that one request creates, as in the reference."""


class DevServer(Protocol):
    """The local API of a development server. The methods raise InputError if it does not answer well."""

    @property
    def title(self) -> str:
        """The address in messages: `http://localhost:8787`."""

    def workflows(self) -> Sequence[RemoteWorkflow]:
        """Return all workflows."""

    def instances(self, workflow: str) -> Iterator[RemoteInstance]:
        """Return the instances of a workflow, newest first."""

    def log(self, workflow: str, instance_id: str) -> bytes:
        """Return the log of an instance as JSON. Raises UnknownInstanceError if the server has no such instance."""

    def request(self, method: str, path: Sequence[str], body: bytes | None = None) -> bytes:
        """Send a request, possibly with JSON as its body, and return the result as JSON.

        The engine creates an instance for each unknown id in a path, so the caller must have checked it. Raises
        RefusedRequestError for an error in the response.
        """


class InstancesApi(Struct, frozen=True):
    """The methods of the API for instances. All raise ApiError, with a remedy without a development server."""

    dev_server: Callable[[], DevServer | None]
    """Returns the development server, or None if none runs."""
    slots: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_MAX_REQUESTS))
    """Limits the threads that wait for the development server, so that others can answer requests for pages."""

    def counts(self, workflows: Sequence[str]) -> dict[str, JsonObject]:
        """Return the numbers of instances by status, by the name of the workflow, as far as a server knows them."""
        try:
            with self._server() as server:
                local_names = {each.name for each in server.workflows()}
                responses = {
                    name: _object(server.request("GET", ["workflows", name]))
                    for name in workflows
                    if name in local_names
                }
        except ApiError:
            return {}
        return {name: counts for name, each in responses.items() if isinstance(counts := each.get("instances"), dict)}

    def rows(self, workflow: LiveWorkflow, limit: int) -> list[dict[str, object]]:
        """Return the newest instances of a workflow."""
        with self._server() as server:
            return [_row(each) for each in islice(server.instances(workflow.name), limit)]

    def log(self, workflow: LiveWorkflow, instance_id: str) -> JsonObject:
        """Return the log of an instance, as the development server sends it."""
        with self._server() as server:
            return _object(server.log(workflow.name, instance_id))

    def instances(self, workflow: LiveWorkflow, parameters: Mapping[str, str]) -> ApiResponse:
        """Return the instances of a workflow, newest first.

        `status`, `date_start` and `date_end` select instances, and `direction=asc` returns the oldest first. Pages are
        selected by number, or by the `cursor` of the last page.
        """
        is_selected = _selection(parameters)
        with self._server() as server:
            selected = [each for each in server.instances(workflow.name) if is_selected(each)]
        if parameters.get("direction") == "asc":
            selected.reverse()
        identity = _identity(workflow)
        return page_of(
            selected, parameters, lambda page: [{**_row(each), **identity} for each in page], lambda each: each.id
        )

    def create(self, workflow: LiveWorkflow, body: JsonObject) -> ApiResponse:
        """Create an instance. `params` is JSON as text, as in the reference."""
        content = _creation(body)
        with self._server() as server:
            return result_of(_create(server, workflow, content))

    def bulk(self, workflow: LiveWorkflow, bodies: object) -> ApiResponse:
        """Create several instances, after checking the bodies of all."""
        if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
            raise ApiError(400, ErrorCode.INVALID, "the body is not a list of objects.")
        if len(bodies) > _MAX_BATCH:
            raise ApiError(400, ErrorCode.INVALID, f"more than {_MAX_BATCH} instances.")
        contents = [_creation(body) for body in bodies]
        with self._server() as server:
            created = [_create(server, workflow, content) for content in contents]
        return page_of(created, {"per_page": str(_MAX_BATCH)})

    def instance(self, workflow: LiveWorkflow, instance_id: str, parameters: Mapping[str, str]) -> ApiResponse:
        """Return the log of an instance. `order=desc` returns the newest step first, `simple=true` no steps."""
        version = str(_identity(workflow)["version_id"])
        return result_of(instance_log(self.log(workflow, instance_id), version, parameters))

    def step(self, workflow: LiveWorkflow, instance_id: str, parameters: Mapping[str, str]) -> ApiResponse:
        """Return the state and output of one step, which the parameters `name`, `type` and `attempt` select."""
        return result_of(step_state(self.log(workflow, instance_id), parameters))

    def set_status(self, workflow: LiveWorkflow, instance_id: str, body: JsonObject) -> ApiResponse:
        """Pause, resume, restart or terminate an instance. `from` is the step to restart from."""
        if body.get("status") not in _CHANGES:
            message = "`status` must be `pause`, `resume`, `restart` or `terminate`."
            raise ApiError(400, ErrorCode.INVALID, message)
        change = {key: body[key] for key in ("status", "from", "rollback") if key in body}
        with self._server() as server:
            path = [*_listed(server, workflow, instance_id), "status"]
            answer = _object(server.request("PATCH", path, _json(change)))
        return result_of({"status": status_of(answer.get("status")), "timestamp": answer.get("timestamp") or _now()})

    def send_event(self, workflow: LiveWorkflow, instance_id: str, event_type: str, body: object) -> ApiResponse:
        """Send an event to an instance. The body is its payload."""
        with self._server() as server:
            path = [*_listed(server, workflow, instance_id), "events", event_type]
            server.request("POST", path, _json(body))
        return result_of({"instanceId": instance_id, "timestamp": _now()})

    def delete_workflow(self, workflow: LiveWorkflow) -> ApiResponse:
        """Delete all instances of a workflow on the development server. Its source is not changed."""
        with self._server() as server:
            server.request("DELETE", ["workflows", workflow.name])
        return result_of({"status": "ok", "success": True})

    @contextmanager
    def _server(self) -> Iterator[DevServer]:
        server = self.dev_server()
        if server is None:
            raise ApiError(503, ErrorCode.NO_SERVER, _NO_SERVER)
        if not self.slots.acquire(timeout=_MAX_WAIT_SECONDS):
            raise ApiError(503, ErrorCode.NO_SERVER, f"development server {server.title}: too many requests at once.")
        try:
            with _server_errors(server):
                yield server
        finally:
            self.slots.release()


@contextmanager
def _server_errors(server: DevServer) -> Iterator[None]:
    """Convert the errors of a development server to those of the API."""
    try:
        yield
    except UnknownInstanceError as error:
        raise ApiError(404, ErrorCode.UNKNOWN, error.problem.message) from None
    except RefusedRequestError as error:
        status = error.status if error.status in _CLIENT_ERRORS else 502
        message = error.error.message or error.problem.message
        raise ApiError(status, error.error.code or ErrorCode.REFUSED, message) from None
    except InputError as error:
        text = f"{error.problem.message} {error.problem.advice}".strip()
        raise ApiError(502, ErrorCode.NO_SERVER, f"development server {server.title}: {text}") from None
    except InvalidJsonError as error:
        message = f"development server {server.title}: its response is {error}."
        raise ApiError(502, ErrorCode.REFUSED, message) from None


def _selection(parameters: Mapping[str, str]) -> Callable[[RemoteInstance], bool]:
    """Return the function that selects instances. Raises ApiError for invalid parameters."""
    status = parameters.get("status")
    if status is not None and status not in STATUSES:
        raise ApiError(400, ErrorCode.INVALID, f"unknown status `{status}`. Available: {', '.join(STATUSES)}.")
    start, end = (_time(name, parameters.get(name)) for name in ("date_start", "date_end"))

    def is_selected(instance: RemoteInstance) -> bool:
        if start is not None or end is not None:
            created = _time("created_on", instance.created)
            if created is None or (start and created < start) or (end and created > end):
                return False
        return status is None or status == status_of(instance.status)

    return is_selected


def _time(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, ErrorCode.INVALID, f"`{name}` is not a time in ISO 8601.") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _listed(server: DevServer, workflow: LiveWorkflow, instance_id: str) -> list[str]:
    """Return the path of an instance that the server lists, because it would create one for another id."""
    if not any(each.id == instance_id for each in server.instances(workflow.name)):
        raise ApiError(404, ErrorCode.UNKNOWN, f"`{workflow.name}` has no instance `{instance_id}`.")
    return ["workflows", workflow.name, "instances", instance_id]


def _creation(body: JsonObject) -> bytes:
    """Return the body of the request that creates an instance. Retention and location have no effect locally."""
    request: dict[str, object] = {}
    identity, text = body.get("instance_id"), body.get("params")
    if identity is not None:
        if not isinstance(identity, str):
            raise ApiError(400, ErrorCode.INVALID, "`instance_id` must be a string.")
        request["id"] = identity
    if isinstance(text, str):
        try:
            request["params"] = parse_json(text.encode("utf-8", "replace"))
        except InvalidJsonError as error:
            raise ApiError(400, ErrorCode.INVALID, f"`params` is {error}.") from None
    elif text is not None:
        request["params"] = text
    return _json(request)


def _create(server: DevServer, workflow: LiveWorkflow, content: bytes) -> dict[str, object]:
    created = _object(server.request("POST", ["workflows", workflow.name, "instances"], content))
    return {
        "id": created.get("id"),
        "status": status_of(created.get("status")),
        **_identity(workflow),
        "trigger_source": "api",
    }


def _row(instance: RemoteInstance) -> dict[str, object]:
    return {
        "id": instance.id,
        "status": status_of(instance.status),
        "created_on": instance.created,
        "modified_on": instance.created,
        "started_on": None,
        "ended_on": None,
        "trigger_source": "api",
    }


def _identity(workflow: LiveWorkflow) -> dict[str, object]:
    """Return the ids of the working tree, which the development server runs."""
    return {"version_id": workflow.version_id, "workflow_id": workflow.id}


def _object(content: bytes) -> JsonObject:
    result = parse_json(content)
    if not isinstance(result, dict):
        raise InvalidJsonError("not an object")
    return result


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)  # in the order of the keys


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
