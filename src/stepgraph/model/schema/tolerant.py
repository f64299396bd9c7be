"""Reading a graph in order to draw it, whoever wrote it: a version of the API that knows more than this one, say.

Every node is held to the strict model of its type, by itself. What may differ without making it impossible to draw is
met here, before and after: fields that are not known are dropped, what may be left out is filled in with what the
engine takes for it, and words of which there may be more one day (`kind`, `backoff`, the type of a node) stay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, cast, get_args

from pydantic import ValidationError

from stepgraph.model import defaults, payload
from stepgraph.model.note import InputError, Problem
from stepgraph.model.schema.base import Model
from stepgraph.model.schema.explain import explain, explain_kind, explain_missing
from stepgraph.model.schema.graph import Graph, Workflow
from stepgraph.model.schema.nodes import (
    Block,
    Branch,
    Break,
    FunctionDef,
    If,
    Loop,
    Node,
    Parallel,
    Start,
    StepDo,
    Switch,
)
from stepgraph.model.schema.read import EXPECTED
from stepgraph.model.schema.values import ObjectShape, Retries, StepConfig, WaitOptions

Keys: TypeAlias = tuple[str | int, ...]
Fields: TypeAlias = dict[str, Any]

_NODES: Final[dict[str, type[Model]]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(Node.__value__)[0])
}

# What is taken for a field that is not there, or null. For steps this is what the engine does.
_FILLED: Final[dict[type[Model], Fields]] = {
    StepDo: {"config": {}, "nodes": []},
    StepConfig: {"retries": {}, "timeout": defaults.TIMEOUT},
    Retries: {"limit": defaults.LIMIT, "delay": defaults.DELAY, "backoff": defaults.BACKOFF},
    WaitOptions: {"timeout": defaults.EVENT_TIMEOUT},
    ObjectShape: {"fields": {}},
    Loop: {"nodes": []},
    Parallel: {"nodes": []},
    Block: {"nodes": []},
    FunctionDef: {"nodes": []},
    If: {"branches": []},
    Switch: {"branches": []},
    Branch: {"condition": None, "nodes": []},
    Start: {"functions": {}, "nodes": []},
    Workflow: {"functions": {}, "nodes": []},
    Graph: {"version": 1},
}

# What the models see in the place of words that are kept whatever they are.
_WORDS: Final[dict[type[Model], Fields]] = {
    Parallel: {"kind": "all"},
    Break: {"kind": "break"},
    Retries: {"backoff": "constant"},
}

# What they see in the place of what is read by itself.
_RETRIES: Final = {"limit": 0, "delay": 0, "backoff": "constant"}
_PARTS: Final[Fields] = {
    "workflow": {"class_name": "", "functions": {}, "nodes": []},
    "config": {"retries": _RETRIES, "timeout": 0},
    "retries": _RETRIES,
    "options": None,
    "payload": None,
    "fields": {},
    "functions": {},
    "branches": [],
    "try_block": None,
    "catch_block": None,
    "finally_block": None,
    "nodes": [],
}

_MODELS: Final[dict[str, type[Model]]] = {
    "workflow": Workflow,
    "config": StepConfig,
    "retries": Retries,
    "options": WaitOptions,
    "try_block": Block,
    "catch_block": Block,
    "finally_block": Block,
}


def read_graph(data: object, path: str, at: Keys = ()) -> payload.Graph:
    """Return the graph that JSON data describes, fit for all that reads payloads but for nodes of unknown types.

    Of such a node are kept its type, its name, and as `nodes` all those that it holds. `path` names the input in
    messages, and `at` are the keys that lead to `data` in it. Raises InputError, with one line, for what cannot be
    drawn.
    """
    return _Reading(path).graph(data, at)


class _Reading:
    """Reads one graph. Lists of nodes wait until what holds them is read, so that no depth is too great."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._waiting: deque[Callable[[], None]] = deque()

    def graph(self, data: object, at: Keys) -> payload.Graph:
        graph = self._model(Graph, data, at)
        while self._waiting:
            self._waiting.popleft()()
        return cast("payload.Graph", graph)

    def _model(self, model: type[Model], data: object, at: Keys) -> Fields:
        """Return the fields that the model knows of an object."""
        given = {key: value for key, value in self._object(data, at).items() if value is not None}
        fields = {**_FILLED.get(model, {}), **given}
        words = {key: word for key, word in _WORDS.get(model, {}).items() if isinstance(fields.get(key), str)}
        parts = {key: part for key, part in _PARTS.items() if key in model.model_fields and key in fields}
        read = self._checked(model, {**fields, **words, **parts}, at)
        for key in words:
            read[key] = fields[key]
        for key in parts:
            read[key] = self._part(key, fields[key], (*at, key))
        return read

    def _checked(self, model: type[Model], fields: Fields, at: Keys) -> Fields:
        try:
            return model.model_validate(fields, extra="ignore").model_dump()
        except ValidationError as error:
            raise self._wrong(explain(error, fields, at)) from None

    def _part(self, key: str, value: object, at: Keys) -> object:
        match key:
            case "nodes":
                return self._nodes(value, at)
            case "branches":
                return [self._model(Branch, item, (*at, index)) for index, item in enumerate(self._array(value, at))]
            case "functions":
                items = self._object(value, at).items()
                return {name: self._model(FunctionDef, item, (*at, name)) for name, item in items}
            case "payload":
                return self._shape(value, at)
            case "fields":
                return self._shapes(value, at)
            case _:
                return self._model(_MODELS[key], value, at)

    def _nodes(self, value: object, at: Keys) -> list[Fields]:
        nodes: list[Fields] = []
        items = [(item, (*at, index)) for index, item in enumerate(self._array(value, at))]
        self._waiting.append(partial(self._read_into, nodes, items))
        return nodes

    def _read_into(self, nodes: list[Fields], items: list[tuple[object, Keys]]) -> None:
        nodes.extend(self._node(item, at) for item, at in items)

    def _node(self, data: object, at: Keys) -> Fields:
        fields = self._object(data, at)
        kind = self._type(fields, at)
        model = _NODES.get(kind)
        return self._unknown(kind, fields, at) if model is None else self._model(model, fields, at)

    def _unknown(self, kind: str, fields: Mapping[str, object], at: Keys) -> Fields:
        nodes: list[Fields] = []
        self._waiting.append(partial(self._read_into, nodes, list(_nodes_anywhere(fields, at))))
        name = fields.get("name")
        return {"type": kind, **({"name": name} if isinstance(name, str) else {}), "nodes": nodes}

    def _shape(self, value: object, at: Keys) -> Fields:
        fields = self._object(value, at)
        kind = self._type(fields, at)
        return self._model(ObjectShape, fields, at) if kind == "object" else {"type": "unknown"}

    def _shapes(self, value: object, at: Keys) -> Fields:
        shapes: Fields = {}
        fields = self._object(value, at)

        def read() -> None:
            shapes.update({key: self._shape(shape, (*at, key)) for key, shape in fields.items()})

        self._waiting.append(read)
        return shapes

    def _type(self, fields: Mapping[str, object], at: Keys) -> str:
        kind = fields.get("type")
        if kind is None:
            raise self._wrong(explain_missing((*at, "type")))
        if not isinstance(kind, str):
            raise self._wrong(explain_kind((*at, "type"), "a string", kind))
        return kind

    def _object(self, value: object, at: Keys) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self._wrong(explain_kind(at, "an object", value))
        return value

    def _array(self, value: object, at: Keys) -> list[object]:
        if not isinstance(value, list):
            raise self._wrong(explain_kind(at, "an array", value))
        return value

    def _wrong(self, message: str) -> InputError:
        return InputError(Problem(self._path, message, EXPECTED))


def _nodes_anywhere(fields: Mapping[str, object], at: Keys) -> Iterator[tuple[object, Keys]]:
    """Yield the nodes that a node of an unknown type holds: in `nodes`, `branches`, and the `nodes` of these."""
    pending = list(reversed([*_objects(fields, "nodes", at), *_objects(fields, "branches", at)]))
    while pending:
        item, place = pending.pop()
        if isinstance(item.get("type"), str):
            yield item, place
        else:
            pending.extend(reversed(_objects(item, "nodes", place)))


def _objects(fields: Mapping[str, object], key: str, at: Keys) -> list[tuple[dict[str, object], Keys]]:
    value = fields.get(key)
    items = enumerate(value) if isinstance(value, list) else ()
    return [(item, (*at, key, index)) for index, item in items if isinstance(item, dict)]
