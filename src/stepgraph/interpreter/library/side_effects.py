"""External calls, classified by their effect during replay: logging, HTTP requests, and environment bindings.

Each replay repeats the calls outside of steps. A call that only logs is harmless.
"""

from __future__ import annotations

import re
from typing import Final

import libcst as cst

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.replay_facts import ExternalCallOutsideStep
from stepgraph.ir.values import UNKNOWN, ExternalResult, Resource, Unknown, Value
from stepgraph.syntax.module import SourcePlace
from stepgraph.syntax.mutation.changes import LOG_METHODS, is_log_call
from stepgraph.syntax.walk import statements


def is_logging(name: str) -> bool:
    """Return whether a dotted name belongs to the `logging` module."""
    return name.startswith("logging.")


def is_log_method(name: str) -> bool:
    """Return whether a dotted name is a method of the `logging` module or its loggers that only logs its arguments."""
    return is_logging(name) and name.rpartition(".")[2] in LOG_METHODS


def is_logging_only(body: cst.BaseSuite) -> bool:
    """Return whether a block only prints or logs."""
    return all(
        isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call) and is_log_call(statement.value)
        for statement in statements(body)
    )


def only_decides_logging(node: cst.If) -> bool:
    """Return whether the branches of an `if` only print or log."""
    clause: cst.If | cst.Else | None = node
    while clause is not None:
        if not is_logging_only(clause.body):
            return False
        clause = clause.orelse if isinstance(clause, cst.If) else None
    return True


ENVIRONMENT: Final = Resource("env")

# Calls that return an awaitable or a client with asynchronous methods.
_ASYNCHRONOUS: Final = {
    "workers.fetch": "fetch",
    "js.fetch": "fetch",
    "pyodide.http.pyfetch": "pyfetch",
    "httpx.AsyncClient": "httpx.AsyncClient",
    "aiohttp.ClientSession": "aiohttp.ClientSession",
}
_STORE_READ: Final = r"env\.\w+\.get"
_WORKFLOW_START: Final = r"(?:workers\.)?env\.(?P<binding>\w+)\.(?P<method>create(?:_batch|Batch)?)"


def resource_result(interpreter: Interpreter, name: str, place: SourcePlace, result: Value) -> Value:
    """Return the result of an external call. Outside of steps, return an unknown awaitable or client as a resource."""
    if name not in _ASYNCHRONOUS or not interpreter.replays or not isinstance(result, Unknown | ExternalResult):
        return result
    return Resource(_ASYNCHRONOUS[name], place)


def call_resource(callee: Resource, arguments: Arguments, place: SourcePlace) -> Value:
    """Call a resource, whose result may be awaitable.

    `env.NAME.get()` reads a secret, which is the same at each replay and must not be stored.
    """
    if not arguments.items and re.fullmatch(_STORE_READ, callee.name):
        return UNKNOWN
    return Resource(callee.name if callee.call_place is None else f"{callee.name}()", place)


def observe_workflow_start(interpreter: Interpreter, name: str, arguments: Arguments, place: SourcePlace) -> None:
    """Record a call that starts instances of a workflow, such as `env.ORDERS.create`, by the dotted name of the callee.

    The environment may be imported, as in `from workers import env`.
    """
    start = re.fullmatch(_WORKFLOW_START, name) if ".create" in name else None
    if start is None:
        return
    if interpreter.in_step:
        interpreter.frame.started_bindings.setdefault(start["binding"])
    interpreter.tracer.on_workflow_start(start["binding"], start["method"], arguments, place)


# The result of awaiting a call. The SDK wraps the responses of requests and of other Workers.
_AWAITED: Final = {
    "workers.fetch": ExternalResult("workers.Response"),
    "js.fetch": ExternalResult("js.Response"),
    "pyodide.http.pyfetch": ExternalResult("pyodide.http.FetchResponse"),
}
_WORKER_REQUEST: Final = r"env\.\w+(?:\.\w+\(\))?\.fetch"


def awaited_result(value: ExternalResult | Resource) -> Value:
    """Return the result of awaiting an external call: a response, a handle of a workflow, or an unknown value."""
    if isinstance(value, ExternalResult):
        return _AWAITED.get(value.name, UNKNOWN)
    if value.call_place is None:
        return UNKNOWN
    if re.fullmatch(_WORKER_REQUEST, value.name):
        return _AWAITED["workers.fetch"]
    start = re.fullmatch(_WORKFLOW_START, value.name)
    if start is None:
        return UNKNOWN
    if not value.name.endswith(".create"):
        return ExternalResult("workers.WorkflowInstance[]")
    return ExternalResult("workers.WorkflowInstance") if _passes_params(value.call_place) else UNKNOWN


def _passes_params(call: SourcePlace) -> bool:
    """Return whether a call of `create` passes `params`, as for a workflow and not for another kind of binding."""
    arguments = call.node.args if isinstance(call.node, cst.Call) else ()
    return any(argument.keyword is not None and argument.keyword.value == "params" for argument in arguments)


# Calls that send a request synchronously.
_HTTP_METHODS: Final = ("delete", "get", "head", "options", "patch", "post", "put", "request")
_REQUESTS: Final = frozenset(
    [
        *(f"{library}.{method}" for library in ("httpx", "requests") for method in _HTTP_METHODS),
        *("urllib.request.urlopen", "urllib.request.urlretrieve", "pyodide.http.open_url"),
    ]
)

# Methods that open or close a client without sending a request.
_LIFECYCLE_METHODS: Final = (".aclose", ".close", ".__aenter__", ".__aexit__")


def request_outside_step(
    interpreter: Interpreter, name: str, place: SourcePlace, result: Value
) -> ExternalCallOutsideStep | None:
    """Return the fact for an external call that sends a request outside of steps. Return None for any other call."""
    if name in _REQUESTS and interpreter.replays and isinstance(result, Unknown | ExternalResult):
        return ExternalCallOutsideStep(name, place, interpreter.calls)
    return None


def discarded_access(interpreter: Interpreter, value: Value) -> ExternalCallOutsideStep | None:
    """Return the fact for a call of a binding, outside of steps, whose result is discarded without an `await`."""
    if (
        isinstance(value, Resource)
        and value.name.startswith("env.")
        and value.name.rpartition(".")[2] not in LOG_METHODS
    ):
        return access_outside_step(interpreter, value)
    return None


def access_outside_step(
    interpreter: Interpreter, value: Resource, await_place: SourcePlace | None = None
) -> ExternalCallOutsideStep | None:
    """Return the fact for an access to a resource outside of steps. Its effect or result may differ at each replay."""
    if not interpreter.replays or value.call_place is None or value.name.endswith(_LIFECYCLE_METHODS):
        return None
    awaits = () if await_place is None else (await_place,)
    return ExternalCallOutsideStep(value.name, value.call_place, (*awaits, *interpreter.calls))
