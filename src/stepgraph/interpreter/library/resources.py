"""External resources: bindings of the environment, and functions that send HTTP requests."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.values import UNKNOWN, ExternalResult, Resource, Unknown, Value
from stepgraph.syntax.module import Place

ENVIRONMENT: Final = Resource("env")

# Calls that return an awaitable, or a client with asynchronous methods.
_ASYNCHRONOUS: Final = {
    "workers.fetch": "fetch",
    "js.fetch": "fetch",
    "pyodide.http.pyfetch": "pyfetch",
    "httpx.AsyncClient": "httpx.AsyncClient",
}

_SECRET_READ: Final = re.compile(r"env\.\w+\.get")
_WORKFLOW_START: Final = re.compile(r"env\.(?P<binding>\w+)\.create(?:_batch|Batch)?")


def resource_result(interpreter: Interpreter, name: str, place: Place, result: Value) -> Value:
    """Return the result of an external call, as a resource if it is an unknown awaitable or client."""
    if name not in _ASYNCHRONOUS or not interpreter.replays or not isinstance(result, Unknown | ExternalResult):
        return result
    return Resource(_ASYNCHRONOUS[name], place)


def call_resource(interpreter: Interpreter, callee: Resource, arguments: Arguments, place: Place) -> Value:
    """Call a resource, whose result may be awaitable.

    `env.NAME.get()` reads a secret, which is the same at each replay and must not be stored. `env.NAME.create()` in a
    step may start a workflow.
    """
    if interpreter.in_step and (start := _WORKFLOW_START.fullmatch(callee.name)) is not None:
        interpreter.frame.started_bindings.setdefault(start["binding"])
    if not arguments.items and _SECRET_READ.fullmatch(callee.name):
        return UNKNOWN
    return Resource(callee.name if callee.call_place is None else f"{callee.name}()", place)
