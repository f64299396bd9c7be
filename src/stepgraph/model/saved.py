"""The graphs in a saved file: responses of the Workflows API, or the output of `stepgraph graph -f json`.

Graphs are read leniently, because another version of the API may have written them. The reader completes absent values
with the engine's defaults, and reduces unknown nodes to their type, their name and the nodes inside them. Pydantic then
ignores unknown fields and, in the context `LENIENT`, accepts unknown types and words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final, TypeAlias

from msgspec import Struct
from pydantic import TypeAdapter, ValidationError

from stepgraph.limits import SAVED_GRAPHS
from stepgraph.model.constraints import LENIENT
from stepgraph.model.note import InputError, Problem
from stepgraph.model.payload import Graph
from stepgraph.model.validation import (
    EXPECTED,
    Keys,
    check_size,
    explain,
    explain_no_object,
    is_response,
    key_path,
    load_json,
    result_of_response,
)
from stepgraph.model.vocabulary import (
    DEFAULT_BACKOFF,
    DEFAULT_DELAY,
    DEFAULT_EVENT_TIMEOUT,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
)
from stepgraph.model.walk import NODE_TYPES

_NO_ENVELOPE: Final = frozenset({"graph", "workflow", "steps"})


class SavedGraph(Struct, frozen=True):
    """The graph of one version of a workflow."""

    class_name: str
    """The name of the workflow's class, or `The workflow` if a response without a graph lacks the name."""
    graph: Graph | None
    """The graph, or None if the API returned null."""


def read_saved_graphs(text: str | bytes, path: str = "<input>") -> tuple[SavedGraph, ...]:
    """Read the graphs in JSON text: a version graph response, a `graph` object, or an array of these.

    The data may be inside the API's envelope (`{"result": ...}`). `path` names the input in messages. Raises InputError
    for other data, for a response with an error, for too many graphs, and for a graph that cannot be drawn.
    """
    return tuple(_saved(load_json(text, path), path))


def saved_graphs_in(data: object, path: str = "<input>") -> tuple[SavedGraph, ...]:
    """Return the graphs in JSON data. Raises like `read_saved_graphs`."""
    check_size(data, path)
    return tuple(_saved(data, path))


def _saved(data: object, path: str) -> Iterator[SavedGraph]:
    at: Keys = ()
    if isinstance(data, dict) and _NO_ENVELOPE.isdisjoint(data) and is_response(data):
        data, at = result_of_response(data, path, EXPECTED), ("result",)
    if not isinstance(data, list):
        yield _saved_graph(data, path, at)
        return
    if len(data) > SAVED_GRAPHS:
        raise InputError(Problem(path, f"too many graphs: at most {SAVED_GRAPHS:,} are read."))
    for index, item in enumerate(data):
        yield _saved_graph(item, path, (*at, index))


def _saved_graph(data: object, path: str, at: Keys) -> SavedGraph:
    if not isinstance(data, dict):
        raise InputError(Problem(path, explain_no_object(at, data), EXPECTED))
    if "graph" in data:
        return _response(data, path, at)
    if "workflow" in data:
        return _of_graph(read_graph(data, path, at))
    if "has_dag" in data:
        raise InputError(Problem(path, "the version has no graph.", "The API returns the graph at `.../graph`."))
    if "steps" in data:
        raise InputError(Problem(path, "the log of an instance, not the graph of a workflow.", EXPECTED))
    raise InputError(Problem(path, f"missing `graph` in {key_path(at) if at else 'the document'}.", EXPECTED))


def _response(data: Mapping[str, object], path: str, at: Keys) -> SavedGraph:
    if data["graph"] is not None:
        return _of_graph(read_graph(data["graph"], path, (*at, "graph")))
    name = data.get("class_name")
    return SavedGraph(name if isinstance(name, str) and name else "The workflow", None)


def _of_graph(graph: Graph) -> SavedGraph:
    return SavedGraph(graph["workflow"]["class_name"], graph)


Fields: TypeAlias = Mapping[str, object]
Completer: TypeAlias = Callable[[object, Keys], object]
"""Returns a completed value. The second argument contains the keys that lead to the value in the data."""

_GRAPH: Final = TypeAdapter(Graph)

_NODE_DEFAULTS: Final[Mapping[str, Fields]] = {
    "step_do": {"config": {}, "nodes": []},
    "loop": {"nodes": []},
    "parallel": {"nodes": []},
    "block": {"nodes": []},
    "function_def": {"nodes": []},
    "if": {"branches": []},
    "switch": {"branches": []},
    "start": {"functions": {}, "nodes": []},
}
_WORKFLOW: Final[Fields] = {"functions": {}}
_BRANCH: Final[Fields] = {"condition": None, "nodes": []}
_CONFIG: Final[Fields] = {"retries": {}, "timeout": DEFAULT_TIMEOUT}
_RETRIES: Final[Fields] = {"limit": DEFAULT_RETRIES, "delay": DEFAULT_DELAY, "backoff": DEFAULT_BACKOFF}
_OPTIONS: Final[Fields] = {"timeout": DEFAULT_EVENT_TIMEOUT}
_NO_PARTS: Final[Mapping[str, Completer]] = {}


def read_graph(data: object, path: str, at: Keys = ()) -> Graph:
    """Return the graph in JSON data. Nodes of unknown types have the shape `UnknownNode`.

    `path` names the input in messages, and `at` contains the keys that lead to `data` there. Raises InputError, with a
    one-line message, for data that cannot be drawn.
    """
    completion = _Completion()
    completed = completion.graph(data)
    try:
        return _GRAPH.validate_python(completed, extra="ignore", context=LENIENT)
    except ValidationError as error:
        raise InputError(Problem(path, explain(error, completed, at, completion.moved), EXPECTED)) from None


class _Completion:
    """Completes the values of a graph. Scalars in place of objects or arrays are left for pydantic to reject."""

    def __init__(self) -> None:
        self.moved: dict[Keys, Keys] = {}
        """Maps the keys of a node inside an unknown node, after the completion, to its keys in the data."""
        self.pending: list[Callable[[], None]] = []
        """Callbacks that complete the remaining values. Recursive calls could exceed the recursion limit."""
        self.parts: Final[Mapping[str, Completer]] = {
            "workflow": partial(self.fields, _WORKFLOW),
            "payload": self.shape,
            "fields": partial(self.each, self.shape),
            "functions": partial(self.each, self.node),
            "nodes": partial(self.each, self.node),
            "branches": partial(self.each, partial(self.fields, _BRANCH)),
            "try_block": self.node,
            "catch_block": self.node,
            "finally_block": self.node,
        }
        """Completers of the fields of any object, by key."""
        retries = {"retries": partial(self.fields, _RETRIES)}
        self.parts_by_type: Final[Mapping[str, Mapping[str, Completer]]] = {
            "step_do": {"config": partial(self.fields, _CONFIG, parts=retries)},
            "step_wait_for_event": {"options": partial(self.fields, _OPTIONS)},
        }
        """Completers of the fields of one node type, by key, in addition to `parts`."""

    def graph(self, data: object) -> object:
        completed = self.fields({"version": 1}, data, ())
        while self.pending:
            self.pending.pop()()
        return completed

    def fields(self, defaults: Fields, value: object, at: Keys, parts: Mapping[str, Completer] = _NO_PARTS) -> object:
        """Return an object with defaults for the fields that are absent or null, and complete its fields later.

        `parts` has the completers of fields that only this kind of object has.
        """
        if not isinstance(value, dict):
            return value
        completed = {**defaults, **{key: item for key, item in value.items() if item is not None}}
        for completers in (self.parts, parts):
            for key in completed.keys() & completers.keys():
                self.later(partial(completed.__setitem__, key), completed[key], completers[key], (*at, key))
        return completed

    def each(self, complete: Completer, value: object, at: Keys) -> object:
        """Return a copy of an array, or of an object with items by name, and complete the items later."""
        if isinstance(value, list):
            items: list[object] = list(value)
            for index, item in enumerate(value):
                self.later(partial(items.__setitem__, index), item, complete, (*at, index))
            return items
        if isinstance(value, dict):
            by_name: dict[str, object] = dict(value)
            for name, item in value.items():
                self.later(partial(by_name.__setitem__, name), item, complete, (*at, name))
            return by_name
        return value

    def later(self, replace: Callable[[object], None], value: object, complete: Completer, at: Keys) -> None:
        """Complete a value after the values around it, and replace it with the result."""
        self.pending.append(lambda: replace(complete(value, at)))

    def node(self, value: object, at: Keys) -> object:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(kind, str) and kind not in NODE_TYPES:
            return self.unknown(kind, value, at)
        if not isinstance(kind, str):
            return self.fields({}, value, at)
        return self.fields(_NODE_DEFAULTS.get(kind, {}), value, at, self.parts_by_type.get(kind, _NO_PARTS))

    def unknown(self, kind: str, fields: Fields, at: Keys) -> Fields:
        """Return a node of an unknown type with all nodes inside it."""
        nodes: list[object] = []
        for item, item_at in _nodes_inside(fields, at):
            self.moved[(*at, "nodes", len(nodes))] = item_at
            nodes.append(item)
            self.later(partial(nodes.__setitem__, len(nodes) - 1), item, self.node, item_at)
        name = fields.get("name")
        return {"type": kind, **({"name": name} if isinstance(name, str) else {}), "nodes": nodes}

    def shape(self, value: object, at: Keys) -> object:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "object":
            return self.fields({"fields": {}}, value, at)
        return {"type": "unknown"} if isinstance(kind, str) else value


def _nodes_inside(fields: Fields, at: Keys) -> Iterator[tuple[object, Keys]]:
    """Yield the nodes in `nodes` and `branches` of an unknown node, and in `nodes` of untyped objects among them."""
    pending = list(reversed([*_objects(fields, "nodes", at), *_objects(fields, "branches", at)]))
    while pending:
        item, item_at = pending.pop()
        if isinstance(item.get("type"), str):
            yield item, item_at
        else:
            pending.extend(reversed(_objects(item, "nodes", item_at)))


def _objects(fields: Fields, key: str, at: Keys) -> list[tuple[Fields, Keys]]:
    value = fields.get(key)
    items = enumerate(value) if isinstance(value, list) else ()
    return [(item, (*at, key, index)) for index, item in items if isinstance(item, dict)]
