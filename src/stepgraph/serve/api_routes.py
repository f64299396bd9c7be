"""The methods of the Workflows API by request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from stepgraph.model.note import InputError
from stepgraph.serve.envelopes import ApiError, ApiResponse, ErrorCode
from stepgraph.serve.instances_api import InstancesApi
from stepgraph.serve.workflows_api import WorkflowsApi


class ApiRequest(Struct, frozen=True):
    """A request to the API."""

    method: str
    path: Sequence[str]
    """The parts of the path below `/client/v4/accounts/{account}/workflows`."""
    parameters: Mapping[str, str]
    body: object = None
    """The JSON in the body, or None without a body."""

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of the body. Raises ApiError if it is not an object."""
        if not isinstance(self.body, dict):
            raise ApiError(400, ErrorCode.INVALID, "the body is not a JSON object.")
        return self.body


class ApiRoutes(Struct, frozen=True):
    """Both parts of the API: the source of the project, and the instances of the development server."""

    workflows: WorkflowsApi
    instances: InstancesApi

    def answer(self, request: ApiRequest) -> ApiResponse:
        """Return the response to a request, or the error with its status."""
        try:
            return self._answer(request)
        except ApiError as error:
            return error.response
        except InputError as error:
            return ApiError(503, ErrorCode.UNREADABLE, str(error)).response

    def _answer(self, request: ApiRequest) -> ApiResponse:
        routes = [route for route in ROUTES if route.matches(request.path)]
        for route in routes:
            if route.verb == request.method:
                return route.answer(self, request, *route.arguments(request.path))
        if routes:
            allowed = ", ".join(route.verb for route in routes)
            raise ApiError(405, ErrorCode.NO_ROUTE, f"this path does not support {request.method}, only {allowed}.")
        raise ApiError(404, ErrorCode.NO_ROUTE, f"no such path below workflows: {'/'.join(request.path)}")


Answer: TypeAlias = Callable[..., ApiResponse]
"""Returns the response, from the API, the request, and the variable parts of the path."""


class ApiRoute(Struct, frozen=True):
    """A method of the API."""

    name: str
    """The name in the official client, below `client.workflows`."""
    verb: str
    """The HTTP method."""
    path: str
    """The path below `workflows`, with variable parts in braces."""
    answer: Answer

    @property
    def _parts(self) -> list[str]:
        return self.path.split("/") if self.path else []

    def matches(self, path: Sequence[str]) -> bool:
        """Return whether the parts of a path are those of the route."""
        parts = self._parts
        return len(parts) == len(path) and all(
            part.startswith("{") or part == actual for part, actual in zip(parts, path, strict=True)
        )

    def arguments(self, path: Sequence[str]) -> list[str]:
        """Return the variable parts of a path."""
        return [actual for part, actual in zip(self._parts, path, strict=True) if part.startswith("{")]


def _list_workflows(api: ApiRoutes, request: ApiRequest) -> ApiResponse:
    return api.workflows.workflows(request.parameters)


def _get_workflow(api: ApiRoutes, _: ApiRequest, name: str) -> ApiResponse:
    return api.workflows.workflow(name)


def _update_workflow(api: ApiRoutes, request: ApiRequest, name: str) -> ApiResponse:
    return api.workflows.update(name, request.fields)


def _delete_workflow(api: ApiRoutes, _: ApiRequest, name: str) -> ApiResponse:
    return api.instances.delete_workflow(api.workflows.require(name))


def _list_versions(api: ApiRoutes, request: ApiRequest, name: str) -> ApiResponse:
    return api.workflows.workflow_versions(name, request.parameters)


def _get_version(api: ApiRoutes, _: ApiRequest, name: str, version: str) -> ApiResponse:
    return api.workflows.version(name, version)


def _get_graph(api: ApiRoutes, _: ApiRequest, name: str, version: str) -> ApiResponse:
    return api.workflows.graph(name, version)


def _list_instances(api: ApiRoutes, request: ApiRequest, name: str) -> ApiResponse:
    return api.instances.instances(api.workflows.require(name), request.parameters)


def _create_instance(api: ApiRoutes, request: ApiRequest, name: str) -> ApiResponse:
    return api.instances.create(api.workflows.require(name), request.fields)


def _create_instances(api: ApiRoutes, request: ApiRequest, name: str) -> ApiResponse:
    return api.instances.bulk(api.workflows.require(name), request.body)


def _get_instance(api: ApiRoutes, request: ApiRequest, name: str, instance: str) -> ApiResponse:
    return api.instances.instance(api.workflows.require(name), instance, request.parameters)


def _get_step(api: ApiRoutes, request: ApiRequest, name: str, instance: str) -> ApiResponse:
    return api.instances.step(api.workflows.require(name), instance, request.parameters)


def _edit_status(api: ApiRoutes, request: ApiRequest, name: str, instance: str) -> ApiResponse:
    return api.instances.set_status(api.workflows.require(name), instance, request.fields)


def _create_event(api: ApiRoutes, request: ApiRequest, name: str, instance: str, event_type: str) -> ApiResponse:
    return api.instances.send_event(api.workflows.require(name), instance, event_type, request.body)


ROUTES: Final = (
    ApiRoute("list", "GET", "", _list_workflows),
    ApiRoute("get", "GET", "{workflow}", _get_workflow),
    ApiRoute("update", "PUT", "{workflow}", _update_workflow),
    ApiRoute("delete", "DELETE", "{workflow}", _delete_workflow),
    ApiRoute("versions.list", "GET", "{workflow}/versions", _list_versions),
    ApiRoute("versions.get", "GET", "{workflow}/versions/{version}", _get_version),
    ApiRoute("versions.graph", "GET", "{workflow}/versions/{version}/graph", _get_graph),
    ApiRoute("instances.list", "GET", "{workflow}/instances", _list_instances),
    ApiRoute("instances.create", "POST", "{workflow}/instances", _create_instance),
    ApiRoute("instances.bulk", "POST", "{workflow}/instances/batch", _create_instances),
    ApiRoute("instances.get", "GET", "{workflow}/instances/{instance}", _get_instance),
    ApiRoute("instances.step", "GET", "{workflow}/instances/{instance}/step", _get_step),
    ApiRoute("instances.status.edit", "PATCH", "{workflow}/instances/{instance}/status", _edit_status),
    ApiRoute("instances.events.create", "POST", "{workflow}/instances/{instance}/events/{event}", _create_event),
)
"""The methods of the API. A request is answered by the first route that matches."""
