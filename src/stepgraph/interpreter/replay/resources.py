"""External resources: bindings of the environment, and HTTP requests."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.logging_ import LOG_METHODS
from stepgraph.interpreter.values.calls import Arguments
from stepgraph.ir.facts import ExternalCallOutsideStep
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

# Calls that send a request synchronously.
_HTTP_METHODS: Final = ("delete", "get", "head", "options", "patch", "post", "put", "request")
_SYNCHRONOUS: Final = frozenset(
    [
        *(f"{library}.{method}" for library in ("httpx", "requests") for method in _HTTP_METHODS),
        *("urllib.request.urlopen", "urllib.request.urlretrieve", "pyodide.http.open_url"),
    ]
)

_SECRET_READ: Final = re.compile(r"env\.\w+\.get")

# Methods that open or close a client without sending a request.
_LIFECYCLE_METHODS: Final = (".aclose", ".close", ".__aenter__", ".__aexit__")


def member_of(owner: Resource, name: str) -> Resource:
    """Return an attribute of a resource, or of the result of calling it."""
    return Resource(f"{owner.name}{'()' if owner.call_place else ''}.{name}")


def resource_result(interpreter: Interpreter, name: str, place: Place, result: Value) -> Value:
    """Return the result of an external call, as a resource if it is an unknown awaitable or client."""
    if not interpreter.replays or not isinstance(result, Unknown | ExternalResult):
        return result
    if name in _SYNCHRONOUS:
        interpreter.observe(ExternalCallOutsideStep(name, place))
    return Resource(_ASYNCHRONOUS[name], place) if name in _ASYNCHRONOUS else result


def call_resource(callee: Resource, arguments: Arguments, place: Place) -> Value:
    """Call a resource, whose result may be awaitable.

    `env.NAME.get()` reads a secret, which is the same at each replay and must not be stored.
    """
    if not arguments.items and _SECRET_READ.fullmatch(callee.name):
        return UNKNOWN
    return Resource(callee.name if callee.call_place is None else f"{callee.name}()", place)


def observe_discarded_result(interpreter: Interpreter, value: Resource) -> None:
    """Observe a binding call whose result is discarded: it is called for its effect, without an `await`."""
    if value.name.startswith("env.") and value.name.rpartition(".")[2] not in LOG_METHODS:
        observe_resource_access(interpreter, value)


def observe_resource_access(interpreter: Interpreter, value: Resource) -> None:
    """Observe an await outside of steps: its effect repeats, or its result differs, at each replay."""
    if interpreter.replays and value.call_place is not None and not value.name.endswith(_LIFECYCLE_METHODS):
        interpreter.observe(ExternalCallOutsideStep(value.name, value.call_place))
