"""A program as a version graph."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.graph.calls import Calls
from stepgraph.graph.clock import nodes_of
from stepgraph.graph.completion import calls_of
from stepgraph.graph.control import structured
from stepgraph.graph.dependencies.expand import expand
from stepgraph.graph.dependencies.expanded import Expanded
from stepgraph.graph.merging import representatives
from stepgraph.graph.naming import keys_of
from stepgraph.graph.nodes import shape
from stepgraph.graph.places import Places
from stepgraph.graph.reach import called_in
from stepgraph.ir.nodes import Block, Function
from stepgraph.ir.program import Program
from stepgraph.limits import LimitExceededError
from stepgraph.model.note import Note
from stepgraph.model.payload import FunctionDef, Graph, Workflow


class BuiltGraph(Struct, frozen=True):
    """The version graph of a program, None where no step of it can run.

    The notes say where the engine departs from it, the places where its nodes come from.
    """

    graph: Graph | None
    notes: tuple[Note, ...]
    places: Places


def build_graph(program: Program) -> BuiltGraph:
    """Return the version graph of a program: none, and a note, where that takes more work than it may."""
    places = Places()
    try:
        expanded = expand(program)
        return BuiltGraph(_graph(program, expanded, places), expanded.notes, places)
    except LimitExceededError as error:
        return BuiltGraph(None, (_limit_note(program, error),), places)


def _limit_note(program: Program, error: LimitExceededError) -> Note:
    message = f"the graph of `{program.class_name}` is not built: {error.reason}."
    return Note("limit-exceeded", message, "Split the workflow into smaller ones.", program.place.heading)


def _graph(program: Program, expanded: Expanded, places: Places) -> Graph | None:
    calls = calls_of(expanded.body, expanded.body_of)
    body = structured(expanded.body, calls)
    bodies: dict[int, Block] = {}
    called = _in_call_order(body, calls, bodies, expanded)
    same = representatives(called, bodies)
    functions = [function for function in called if same[id(function)] is function]
    keys = keys_of(functions, taken=("run",))

    def name_of(function: Function) -> str:
        return keys[id(same[id(function)])]

    nodes = nodes_of(body, name_of, places, is_run=True)
    if not nodes:
        return None
    definitions: dict[str, FunctionDef] = {}
    for function in functions:
        key = name_of(function)
        nodes_of_function = nodes_of(bodies[id(function)], name_of, places)
        definitions[key] = {"type": "function_def", "name": key, "nodes": nodes_of_function}
        places.note(definitions[key], function.place)
    workflow: Workflow = {"class_name": program.class_name, "functions": definitions, "nodes": nodes}
    payload = shape(program.payload)
    if payload is not None:
        workflow["payload"] = payload
    return {"version": 1, "workflow": workflow}


def _in_call_order(body: Block, calls: Calls, bodies: dict[int, Block], expanded: Expanded) -> list[Function]:
    """Return the functions called, each where it is first called, and fills in their structured bodies."""
    found: list[Function] = []
    stack = [called_in(body)]
    while stack:
        function = next(stack[-1], None)
        if function is None:
            stack.pop()
        elif id(function) not in bodies:
            bodies[id(function)] = structured(expanded.body_of(function), calls)
            found.append(function)
            stack.append(called_in(bodies[id(function)]))
    return found
