"""Construction of the version graph: the nodes of `run` and of the functions that it calls.

Functions with the same definition and equal nodes are merged, and each function of the graph has a unique key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stepgraph.graph.calls import CallSummaries, functions_called_in
from stepgraph.graph.clock import emit_nodes
from stepgraph.graph.completed_tasks import summarize_calls
from stepgraph.graph.control import structure_control_flow, with_drawn_returns
from stepgraph.graph.dependencies.usage import ProgramUsage
from stepgraph.graph.liveness import returns_before_awaits
from stepgraph.graph.nodes import payload_shape
from stepgraph.graph.places import NodeIndex, Places
from stepgraph.ir.nodes import (
    Await,
    Call,
    Choice,
    Function,
    Jump,
    JumpKind,
    Operation,
    OperationBlock,
    Run,
    operations_in,
)
from stepgraph.ir.walk import ExpandedProgram, Program, map_blocks
from stepgraph.limits import Budget, LimitExceededError
from stepgraph.model.note import Note

if TYPE_CHECKING:
    from stepgraph.model.payload import FunctionDef, Graph, Node, Workflow
    from stepgraph.model.span import Span


class BuiltGraph(Struct, frozen=True):
    """The version graph of a program."""

    graph: Graph | None
    """The graph, or None if the program cannot run any step or exceeds a limit."""
    notes: tuple[Note, ...]
    """The differences between the graph and the behavior of the engine, or the exceeded limit."""
    places: Places
    """The source locations of the nodes."""


def build_graph(program: Program) -> BuiltGraph:
    """Return the version graph of a program. A program that exceeds a limit gets a note and no graph."""
    places = Places(program.run, program.place)
    try:
        expanded = _expand(program)
        return BuiltGraph(_graph(program, expanded, places), expanded.notes, places)
    except LimitExceededError as error:
        return BuiltGraph(None, (_limit_note(program, error),), places)


def node_finder(built: BuiltGraph) -> Callable[[Span], Node | None]:
    """Return the function that looks up the innermost node around a location."""
    index: NodeIndex | None = None

    # Unlike a bound method, a function looks the same in all snapshots of syrupy.
    def find_node(span: Span) -> Node | None:
        nonlocal index
        if index is None:
            index = NodeIndex(built.graph, built.places)
        return index.innermost(span)

    return find_node


def _expand(program: Program) -> ExpandedProgram:
    """Return a program with the dependencies of its steps expanded."""
    program_usage = ProgramUsage(program.body, program.unordered, program.mode)
    if not program_usage.needed:
        return ExpandedProgram(program.body)
    # Deferred to keep start-up fast: few programs have dependencies.
    from stepgraph.graph.dependencies.flow import expand_to_fixpoint

    return expand_to_fixpoint(program, program_usage)


def _limit_note(program: Program, error: LimitExceededError) -> Note:
    message = f"the graph of `{program.class_name}` is not built: {error.reason}."
    return Note("limit-exceeded", message, "Split the workflow into smaller ones.", program.place.heading)


def _graph(program: Program, expanded: ExpandedProgram, places: Places) -> Graph | None:
    if any(functions_called_in(expanded.body)):
        from stepgraph.graph.starting_calls import with_starting_calls

        expanded = with_starting_calls(expanded)
    calls = summarize_calls(expanded.body, expanded.body_of, Budget())
    body = structure_control_flow(expanded.body, calls, is_run=True)
    if _has_hidden_return(body):
        body = with_drawn_returns(body, returns_before_awaits(body))
    bodies: dict[int, OperationBlock] = {}
    called = _in_call_order(body, calls, bodies, expanded)
    representative_of = _representatives(called, bodies)
    functions = [function for function in called if representative_of[id(function)] is function]
    keys = _assign_keys(functions, _common_callables(called, representative_of), reserved=("run",))

    body = _merge_equal_cases(body, representative_of)
    for function in functions:
        bodies[id(function)] = _merge_equal_cases(bodies[id(function)], representative_of)

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
        places.note_ending(definitions[key], bodies[id(function)], shows_returns=False)
    workflow: Workflow = {"class_name": program.class_name, "functions": definitions, "nodes": nodes}
    places.note_ending(workflow, body, shows_returns=True)
    payload = payload_shape(program.payload)
    if payload is not None:
        workflow["payload"] = payload
    return {"version": 1, "workflow": workflow}


def _has_hidden_return(body: OperationBlock) -> bool:
    """Return whether a body awaits tasks and has a return without a node."""
    kinds = {
        type(operation)
        for operation in operations_in(body)
        if isinstance(operation, Await)
        or (isinstance(operation, Jump) and operation.kind is JumpKind.RETURN and not operation.drawn)
    }
    return len(kinds) > 1


def _in_call_order(
    body: OperationBlock, calls: CallSummaries, bodies: dict[int, OperationBlock], expanded: ExpandedProgram
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


def _representatives(functions: Sequence[Function], bodies: Mapping[int, OperationBlock]) -> dict[int, Function]:
    """Return the representative of each function by `id`: the first function of its equivalence class.

    The classes are computed by partition refinement. Initially, all functions with the same definition and the same
    callable arguments are equivalent. A class is split while the nodes of its members differ. In the compared nodes, a
    call refers to the representative of its callee.
    """
    groups: dict[object, list[Function]] = {}
    for function in functions:
        groups.setdefault((function.place.node, function.callable_arguments), []).append(function)
    while True:
        representative_of = {id(function): members[0] for members in groups.values() for function in members}
        refined = _refine(groups, representative_of, bodies)
        if len(refined) == len(groups):
            return representative_of
        groups = refined


def _refine(
    groups: Mapping[object, list[Function]],
    representative_of: Mapping[int, Function],
    bodies: Mapping[int, OperationBlock],
) -> dict[object, list[Function]]:
    refined: dict[object, list[Function]] = {}
    for key, members in groups.items():
        for function in members:
            nodes = "" if len(members) == 1 else _serialized_nodes(bodies[id(function)], representative_of)
            refined.setdefault((key, nodes), []).append(function)
    return refined


def _serialized_nodes(body: OperationBlock, representative_of: Mapping[int, Function]) -> str:
    return json.dumps(emit_nodes(body, lambda function: str(id(representative_of[id(function)]))))


def _merge_equal_cases(block: OperationBlock, representative_of: Mapping[int, Function]) -> OperationBlock:
    """Replace each choice between elements or results whose branches all call the same function by this call."""
    if not any(isinstance(operation, Choice) for operation in operations_in(block)):
        return block
    merged = (
        map_blocks(operation, lambda inner: _merge_equal_cases(inner, representative_of))
        for operation in block.operations
    )
    return OperationBlock(tuple(_call_of_each_case(each, representative_of) or each for each in merged))


def _call_of_each_case(operation: Operation, representative_of: Mapping[int, Function]) -> Run | None:
    """Return the single call in all branches of a choice of an element or result. Return None if they differ."""
    if not isinstance(operation, Choice) or operation.may_skip or operation.is_guard:
        return None
    # Imported here because a saved graph is shown without LibCST.
    from stepgraph.syntax.walk import is_loop_or_function

    if not is_loop_or_function(operation.place.node):
        return None
    called: dict[object, Run] = {}
    for branch in operation.branches:
        match branch.block.operations:
            case [Run(activity=Call(function=function)) as run]:
                called[id(representative_of[id(function)]), run.place.node, run.completed_tasks] = run
            case _:
                return None
    return next(iter(called.values())) if len(called) == 1 else None


def _common_callables(
    functions: Sequence[Function], representative_of: Mapping[int, Function]
) -> dict[int, tuple[str, ...] | None]:
    """Return the callable arguments of each representative by `id`. They are None if equivalent functions differ."""
    common: dict[int, tuple[str, ...] | None] = {}
    for function in functions:
        representative = id(representative_of[id(function)])
        is_equal = common.setdefault(representative, function.callables) == function.callables
        common[representative] = function.callables if is_equal else None
    return common


# Maximum number of callable arguments in a key that distinguishes functions which do not run the steps of these.
_MAX_CALLABLES: Final = 3


def _assign_keys(
    functions: Sequence[Function], callables: Mapping[int, tuple[str, ...] | None], reserved: Sequence[str]
) -> dict[int, str]:
    """Return a unique key for each function by `id`, avoiding the `reserved` names.

    Functions with the same name are qualified by as many enclosing scopes as needed. The remaining duplicates are
    named after their callable arguments, or numbered in order.
    """
    keys: dict[int, str] = {}
    _qualify(list(functions), 0, reserved, keys)
    _add_callables(functions, callables, keys)
    return _number(functions, keys, reserved)


def _qualify(functions: list[Function], level: int, reserved: Sequence[str], keys: dict[int, str]) -> None:
    groups: dict[str, list[Function]] = {}
    for function in functions:
        groups.setdefault(function.names[min(level, len(function.names) - 1)], []).append(function)
    for name, duplicates in groups.items():
        # Qualification cannot distinguish functions whose names are equal at every level.
        is_ambiguous = len({function.names for function in duplicates}) == 1
        is_last = all(level >= len(function.names) - 1 for function in duplicates)
        if is_last or (is_ambiguous and name not in reserved):
            keys.update({id(function): name for function in duplicates})
        else:
            _qualify(duplicates, level + 1, reserved, keys)


def _add_callables(
    functions: Sequence[Function], callables: Mapping[int, tuple[str, ...] | None], keys: dict[int, str]
) -> None:
    """Add the callable arguments to duplicate keys if this makes the keys unique, as in `wrapper(charge)`.

    A function that represents calls with different callable arguments keeps its key.
    """
    groups: dict[str, list[Function]] = {}
    for function in functions:
        groups.setdefault(keys[id(function)], []).append(function)
    for name, duplicates in groups.items():
        qualified: dict[int, str] = {}
        for function in duplicates:
            names = callables[id(function)]
            if names is None:
                qualified[id(function)] = name
            elif 0 < len(names) <= _MAX_CALLABLES and not function.callable_arguments:
                qualified[id(function)] = f"{name}({', '.join(names)})"
        if len(duplicates) > 1 and len(set(qualified.values())) == len(duplicates):
            keys.update(qualified)


def _number(functions: Sequence[Function], keys: dict[int, str], reserved: Sequence[str]) -> dict[int, str]:
    """Number the remaining duplicate keys.

    Functions can have equal names at every level, and a qualified name can equal the plain name of another function.
    """
    used = set(reserved)
    for function in functions:
        name = keys[id(function)]
        key, number = name, 1
        while key in used:
            number += 1
            key = f"{name} #{number}"
        used.add(key)
        keys[id(function)] = key
    return keys
