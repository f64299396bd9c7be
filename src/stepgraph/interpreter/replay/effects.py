"""Effects outside of steps, which repeat at each replay: requests, and calls of resources."""

from __future__ import annotations

from typing import Final

from stepgraph.interpreter.interpreter import Interpreter
from stepgraph.interpreter.library.logging_ import LOG_METHODS
from stepgraph.ir.facts import ExternalCallOutsideStep
from stepgraph.ir.values import ExternalResult, Resource, Unknown, Value
from stepgraph.syntax.module import Place

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


def observe_request(interpreter: Interpreter, name: str, place: Place, result: Value) -> None:
    """Observe an external call that sends a request outside of steps."""
    if name in _REQUESTS and interpreter.replays and isinstance(result, Unknown | ExternalResult):
        interpreter.observe(ExternalCallOutsideStep(name, place))


def observe_discarded_result(interpreter: Interpreter, value: Value) -> None:
    """Observe a binding call whose result is discarded: it is called for its effect, without an `await`."""
    if (
        isinstance(value, Resource)
        and value.name.startswith("env.")
        and value.name.rpartition(".")[2] not in LOG_METHODS
    ):
        observe_access(interpreter, value)


def observe_access(interpreter: Interpreter, value: Resource) -> None:
    """Observe an await outside of steps: its effect repeats, or its result differs, at each replay."""
    if interpreter.replays and value.call_place is not None and not value.name.endswith(_LIFECYCLE_METHODS):
        interpreter.observe(ExternalCallOutsideStep(value.name, value.call_place))
