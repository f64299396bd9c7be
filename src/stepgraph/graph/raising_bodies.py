"""The code between the steps in the bodies of `try` statements, and in the functions that these call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from stepgraph.graph.places import Places
from stepgraph.ir.exceptions import NonStepErrors
from stepgraph.ir.nodes import TryOperation
from stepgraph.model.details import Part, RaisingCode, parts_below, parts_of
from stepgraph.model.payload import Graph
from stepgraph.model.walk import STEP_TYPES
from stepgraph.syntax.definitions.definition_scope import DefinitionScope
from stepgraph.syntax.definitions.failing_segments import failing_segments
from stepgraph.syntax.definitions.raising_code import HandlingStatement
from stepgraph.syntax.definitions.raising_segments import (
    Handlers,
    RaisingBody,
    RaisingStatement,
    raising_blocks,
    raising_segments,
)
from stepgraph.syntax.module import SourcePlace


def code_between(graph: Graph, places: Places, scope: DefinitionScope) -> dict[int, tuple[RaisingCode, ...]]:
    """Return the code of the `try` statements with steps, and of the functions that they call.

    The keys are the identities of the parts.
    """
    result: dict[int, tuple[RaisingCode, ...]] = {}
    by_function: dict[str, Handlers] = {}
    for part in parts_of(graph):
        place, handlers = places.of(part), part.get("catch_block")
        origin = places.origin_of(handlers) if isinstance(handlers, dict) else None
        if place is None or "try_block" not in part or not isinstance(origin, TryOperation):
            continue
        body = part["try_block"]
        blocks = [] if origin.non_step_errors is NonStepErrors.NONE else raising_blocks(place, _sites(places, body))
        if not blocks or not isinstance(blocks[0].node, HandlingStatement):
            result[id(part)] = (RaisingCode(),)
            continue
        caught = Handlers.of(blocks[0].node)
        codes = (code for each in blocks for code in raising_segments(_body(places, each, body), caught, scope))
        result[id(part)] = tuple(dict.fromkeys(codes))
        for name in _called_in(body):
            by_function[name] = caught.joined(by_function.get(name, caught))
    functions = graph["workflow"]["functions"]
    for name, caught in _with_called(by_function, functions).items():
        function = functions.get(name)
        place = None if function is None else places.of(function)
        if function is not None and place is not None:
            result[id(function)] = raising_segments(_body(places, place, function), caught, scope)
    return result


def failing_code(graph: Graph, places: Places, scope: DefinitionScope) -> dict[int, tuple[RaisingCode, ...]]:
    """Return the code of `run` and of the functions of a graph that raises exceptions outside of handlers.

    The keys are the identities of the parts.
    """
    workflow = graph["workflow"]
    bodies: list[tuple[object, SourcePlace | None, object]] = [(workflow, places.run, workflow["nodes"])]
    bodies += ((function, places.of(function), function) for function in workflow["functions"].values())
    codes = {
        id(part): failing_segments(_body(places, place, content), scope)
        for part, place, content in bodies
        if place is not None and isinstance(place.node, RaisingStatement)
    }
    return codes if any(each.text for code in codes.values() for each in code) else {}


def _sites(places: Places, content: object) -> list[SourcePlace | None]:
    """Return the locations of the steps and calls in a part of a graph."""
    parts = (each for each in parts_below(content) if each.get("type") in {*STEP_TYPES, "function_call"})
    return [places.site_of(each) for each in parts]


def _body(places: Places, place: SourcePlace, content: object) -> RaisingBody:
    parts = [*parts_below(content)]
    endings = [places.ending_of(each) for each in parts]
    exits = [places.of(each) for each in parts if each.get("type") == "break"]
    hidden = [*chain.from_iterable((each.raised, each.jump, each.deferred) for each in endings)]
    hidden += (path.raised for each in endings for path in each.raise_paths)
    return RaisingBody(
        place,
        _sites(places, content),
        [each.node for each in exits if each is not None],
        [each.node for each in hidden if each is not None],
    )


def _called_in(content: object) -> list[str]:
    """Return the names of the functions that a part of a graph calls directly."""
    return [str(each["name"]) for each in parts_below(content) if each.get("type") == "function_call"]


def _with_called(by_function: Mapping[str, Handlers], functions: Mapping[str, Part]) -> dict[str, Handlers]:
    """Return the handlers of the exceptions of functions, and of those that these call."""
    result: dict[str, Handlers] = {}
    calls: defaultdict[str, list[str]] = defaultdict(list)
    calls |= {name: _called_in(function) for name, function in functions.items()} if by_function else {}
    pending = [*by_function.items()]
    while pending:
        name, caught = pending.pop()
        joined = caught.joined(result.get(name, caught))
        if result.get(name) != joined:
            result[name] = joined
            pending += ((called, joined) for called in calls[name])
    return result
