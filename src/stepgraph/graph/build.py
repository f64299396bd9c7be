"""Construction of the version graph of a program."""

from __future__ import annotations

from msgspec import Struct

from stepgraph.graph.calls import CallSummaries, functions_called_in
from stepgraph.graph.clock import emit_nodes
from stepgraph.graph.control import structure_control_flow
from stepgraph.graph.dependencies.usage import ProgramUsage
from stepgraph.graph.functions import assign_keys, representatives, summarize_calls
from stepgraph.graph.nodes import Places, payload_shape
from stepgraph.ir.nodes import Block, Function
from stepgraph.ir.program import ExpandedProgram, Program
from stepgraph.limits import LimitExceededError
from stepgraph.model.note import Note
from stepgraph.model.payload import FunctionDef, Graph, Workflow


class BuiltGraph(Struct, frozen=True):
    """The version graph of a program."""

    graph: Graph | None
    """None if the program cannot run any step, or exceeds a limit."""
    notes: tuple[Note, ...]
    """The differences between the graph and the behavior of the engine."""
    places: Places
    """The source locations of the nodes."""


def build_graph(program: Program) -> BuiltGraph:
    """Return the version graph of a program. A program that exceeds a limit has a note and no graph."""
    places = Places()
    try:
        expanded = _expand(program)
        return BuiltGraph(_graph(program, expanded, places), expanded.notes, places)
    except LimitExceededError as error:
        return BuiltGraph(None, (_limit_note(program, error),), places)


def _expand(program: Program) -> ExpandedProgram:
    """Return a program with its dependencies expanded."""
    program_usage = ProgramUsage(program.body, program.unordered)
    if not program_usage.needed:
        return ExpandedProgram(program.body)
    # Deferred to keep start-up fast: few programs have dependencies.
    from stepgraph.graph.dependencies.flow import expand_to_fixpoint

    return expand_to_fixpoint(program, program_usage)


def _limit_note(program: Program, error: LimitExceededError) -> Note:
    message = f"the graph of `{program.class_name}` is not built: {error.reason}."
    return Note("limit-exceeded", message, "Split the workflow into smaller ones.", program.place.heading)


def _graph(program: Program, expanded: ExpandedProgram, places: Places) -> Graph | None:
    calls = summarize_calls(expanded.body, expanded.body_of)
    body = structure_control_flow(expanded.body, calls)
    bodies: dict[int, Block] = {}
    called = _in_call_order(body, calls, bodies, expanded)
    representative_of = representatives(called, bodies)
    functions = [function for function in called if representative_of[id(function)] is function]
    keys = assign_keys(functions, reserved=("run",))

    def name_of(function: Function) -> str:
        return keys[id(representative_of[id(function)])]

    nodes = emit_nodes(body, name_of, places, is_run=True)
    if not nodes:
        return None
    definitions: dict[str, FunctionDef] = {}
    for function in functions:
        key = name_of(function)
        nodes_of_function = emit_nodes(bodies[id(function)], name_of, places)
        definitions[key] = {"type": "function_def", "name": key, "nodes": nodes_of_function}
        places.note(definitions[key], function.place)
    workflow: Workflow = {"class_name": program.class_name, "functions": definitions, "nodes": nodes}
    payload = payload_shape(program.payload)
    if payload is not None:
        workflow["payload"] = payload
    return {"version": 1, "workflow": workflow}


def _in_call_order(
    body: Block, calls: CallSummaries, bodies: dict[int, Block], expanded: ExpandedProgram
) -> list[Function]:
    """Return the called functions in the order of their first calls, and add their structured bodies to `bodies`."""
    functions: list[Function] = []
    stack = [functions_called_in(body)]
    while stack:
        function = next(stack[-1], None)
        if function is None:
            stack.pop()
        elif id(function) not in bodies:
            bodies[id(function)] = structure_control_flow(expanded.body_of(function), calls)
            functions.append(function)
            stack.append(functions_called_in(bodies[id(function)]))
    return functions
