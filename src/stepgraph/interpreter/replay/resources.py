"""What reaches out of the workflow: bindings of its environment, and requests."""

from __future__ import annotations

import re
from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.logging_ import LOG_METHODS
from stepgraph.interpreter.objects.values import UNKNOWN, Arguments, ExternalResult, Resource, Unknown, Value
from stepgraph.ir.facts import ReachedOut
from stepgraph.syntax.module import Place

ENVIRONMENT: Final = Resource("env")

# Calls that give something to be awaited, or a client with such methods.
_AWAITED: Final = {
    "workers.fetch": "fetch",
    "js.fetch": "fetch",
    "pyodide.http.pyfetch": "pyfetch",
    "httpx.AsyncClient": "httpx.AsyncClient",
}

# Calls that send a request on the spot.
_METHODS: Final = ("delete", "get", "head", "options", "patch", "post", "put", "request")
_ON_THE_SPOT: Final = frozenset(
    [
        *(f"{library}.{method}" for library in ("httpx", "requests") for method in _METHODS),
        *("urllib.request.urlopen", "urllib.request.urlretrieve", "pyodide.http.open_url"),
    ]
)

_SECRET: Final = re.compile(r"env\.\w+\.get")

# Methods that end what was begun, and reach nothing.
_ENDING: Final = (".aclose", ".close", ".__aenter__", ".__aexit__")


def member_of(owner: Resource, name: str) -> Resource:
    """Return an attribute of a resource, or of what a call of it gave."""
    return Resource(f"{owner.name}{'()' if owner.called else ''}.{name}")


def called(interpreter: Interpreter, name: str, place: Place, result: Value) -> Value:
    """Return what a call of something outside the project gives, of which nothing is known but its `result`."""
    if not interpreter.replays or not isinstance(result, Unknown | ExternalResult):
        return result
    if name in _ON_THE_SPOT:
        interpreter.observe(ReachedOut(name, place))
    return Resource(_AWAITED[name], place) if name in _AWAITED else result


def call_resource(callee: Resource, arguments: Arguments, place: Place) -> Value:
    """Call a resource: what that gives may be awaited.

    `env.NAME.get()` is of a secret, as others are asked for something. It is the same each time, and not to be kept.
    """
    if not arguments.items and _SECRET.fullmatch(callee.name):
        return UNKNOWN
    return Resource(callee.name if callee.called is None else f"{callee.name}()", place)


def leave_alone(interpreter: Interpreter, value: Resource) -> None:
    """Make nothing of what a call of a binding gave, as a statement of its own: that is called for what it does."""
    if value.name.startswith("env.") and value.name.rpartition(".")[2] not in LOG_METHODS:
        reach_out(interpreter, value)


def reach_out(interpreter: Interpreter, value: Resource) -> None:
    """Await what a call of a resource gave, in plain code: that has an effect at each replay, or another answer."""
    if interpreter.replays and value.called is not None and not value.name.endswith(_ENDING):
        interpreter.observe(ReachedOut(value.name, value.called))
