"""The graphs in a saved file: responses of the Workflows API, or the output of `stepgraph graph -f json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from stepgraph.limits import SAVED_GRAPHS
from stepgraph.model.json_data import load_json
from stepgraph.model.lenient import read_graph
from stepgraph.model.note import InputError, Problem
from stepgraph.model.payload import Graph
from stepgraph.model.validation import EXPECTED, Keys, explain_kind, key_path

_NO_ENVELOPE: Final = frozenset({"graph", "workflow"})


class SavedGraph(Struct, frozen=True):
    """The graph of one version of a workflow."""

    class_name: str
    """The name of the workflow's class."""
    graph: Graph | None
    """None if the API returned null."""


def read_saved_graphs(text: str | bytes, path: str = "<input>") -> tuple[SavedGraph, ...]:
    """Read the graphs in JSON text: a version graph response, a `graph` object, or an array of these.

    They may be inside the API's envelope (`{"result": ...}`). `path` names the input in messages. Raises InputError for
    other data, for a response with an error, and for a graph that cannot be drawn.
    """
    return tuple(_saved(load_json(text, path), path))


def _saved(data: object, path: str) -> Iterator[SavedGraph]:
    at: Keys = ()
    if isinstance(data, dict) and _NO_ENVELOPE.isdisjoint(data) and ("result" in data or "success" in data):
        data, at = _result(data, path), ("result",)
    if not isinstance(data, list):
        yield _saved_graph(data, path, at)
        return
    if len(data) > SAVED_GRAPHS:
        raise InputError(Problem(path, f"Too many graphs: at most {SAVED_GRAPHS:,} are read."))
    for index, item in enumerate(data):
        yield _saved_graph(item, path, (*at, index))


def _result(envelope: Mapping[str, object], path: str) -> object:
    """Return the result in an envelope of the API. Raises InputError for a response with an error."""
    if envelope.get("success", True) is not True:
        raise InputError(Problem(path, f"The API answered with an error: {_first_error(envelope)}."))
    if envelope.get("result") is None:
        raise InputError(Problem(path, "An answer of the API without a result.", EXPECTED))
    return envelope["result"]


def _first_error(envelope: Mapping[str, object]) -> str:
    errors = envelope.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, dict) else first
    if not isinstance(message, str) or not message:
        return "it does not say which"
    code = first.get("code") if isinstance(first, dict) else None
    return message.rstrip(".") + (f" ({code})" if isinstance(code, int) else "")


def _saved_graph(data: object, path: str, at: Keys) -> SavedGraph:
    if not isinstance(data, dict):
        raise InputError(Problem(path, explain_kind(at, "an object", data), EXPECTED))
    if "graph" in data:
        return _response(data, path, at)
    if "workflow" in data:
        return _of_graph(read_graph(data, path, at))
    if "has_dag" in data:
        raise InputError(Problem(path, "A version, without its graph.", "The API gives that at `.../graph`."))
    raise InputError(Problem(path, f"There is no `graph` in {key_path(at) if at else 'it'}.", EXPECTED))


def _response(data: Mapping[str, object], path: str, at: Keys) -> SavedGraph:
    if data["graph"] is not None:
        return _of_graph(read_graph(data["graph"], path, (*at, "graph")))
    name = data.get("class_name")
    return SavedGraph(name if isinstance(name, str) and name else "The workflow", None)


def _of_graph(graph: Graph) -> SavedGraph:
    return SavedGraph(graph["workflow"]["class_name"], graph)
