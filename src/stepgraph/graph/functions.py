"""The functions of a graph: the tasks that they complete for their callers, merged duplicates, and unique keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from stepgraph.graph.calls import BodyOf, CallSummaries, functions_with_steps, reachable
from stepgraph.graph.clock import emit_nodes
from stepgraph.graph.control import structure_control_flow
from stepgraph.graph.liveness import must_awaited_tasks
from stepgraph.ir.await_groups import TaskId
from stepgraph.ir.nodes import Block, Call, Function, Start, child_blocks, task_references, tasks_started_in


def summarize_calls(body: Block, body_of: BodyOf) -> CallSummaries:
    """Return the summaries of the functions that a program calls."""
    functions = reachable(body, body_of)
    calls = CallSummaries(functions_with_steps(functions, body_of))
    bodies = [body, *map(body_of, functions)]
    if not any(map(_callers_tasks, bodies)):
        return calls
    tasks = {task_id: function for inner in bodies for task_id, function in _called_tasks(inner)}
    while True:
        # Callees come first, so that only mutual recursion needs another round.
        refined = calls
        for function in reversed(functions):
            refined = _with_summary(refined, function, structure_control_flow(body_of(function), refined), tasks)
        if refined.completed == calls.completed:
            return refined
        calls = refined


def _with_summary(
    calls: CallSummaries, function: Function, body: Block, tasks: Mapping[TaskId, Function]
) -> CallSummaries:
    callers_tasks = _callers_tasks(body)
    completed = must_awaited_tasks(body, callers_tasks) if callers_tasks else ()
    if completed == calls.tasks_done_after_call(function):
        return calls
    implied = {task_id: completed for task_id, callee in tasks.items() if callee is function}
    return replace(
        calls,
        completed={**calls.completed, id(function): completed},
        tasks_of_callees={**calls.tasks_of_callees, **implied},
    )


def _callers_tasks(body: Block) -> frozenset[TaskId]:
    """Return the tasks that a body awaits but does not start."""
    started = {task_id for operation in body.operations for task_id in tasks_started_in(operation)}
    return frozenset(task_id for task_id in task_references(body) if task_id not in started)


def _called_tasks(block: Block) -> Iterator[tuple[TaskId, Function]]:
    """Yield the tasks of a block that call a function, with that function."""
    for operation in block.operations:
        if isinstance(operation, Start) and isinstance(operation.activity, Call):
            yield operation.task_id, operation.activity.function
        for inner in child_blocks(operation):
            yield from _called_tasks(inner)


def representatives(functions: Sequence[Function], bodies: Mapping[int, Block]) -> dict[int, Function]:
    """Return the representative of each function by `id`: the first function of its equivalence class.

    The classes are computed by partition refinement. Initially, all functions with the same definition and the same
    callable arguments are equivalent. A class is split while the nodes of its members differ, where a call refers to
    the representative of the callee.
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
    groups: Mapping[object, list[Function]], representative_of: Mapping[int, Function], bodies: Mapping[int, Block]
) -> dict[object, list[Function]]:
    refined: dict[object, list[Function]] = {}
    for key, members in groups.items():
        for function in members:
            nodes = "" if len(members) == 1 else _serialized_nodes(bodies[id(function)], representative_of)
            refined.setdefault((key, nodes), []).append(function)
    return refined


def _serialized_nodes(body: Block, representative_of: Mapping[int, Function]) -> str:
    return json.dumps(emit_nodes(body, lambda function: str(id(representative_of[id(function)]))))


def assign_keys(functions: Sequence[Function], reserved: Sequence[str] = ()) -> dict[int, str]:
    """Return a unique key for each function by `id`, avoiding the `reserved` names.

    Functions with the same name are qualified by as many enclosing scopes as needed. The remaining duplicates are
    numbered in order.
    """
    keys: dict[int, str] = {}
    _qualify(list(functions), 0, reserved, keys)
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


def _number(functions: Sequence[Function], keys: dict[int, str], reserved: Sequence[str]) -> dict[int, str]:
    """Number duplicate keys. A qualified name of one function may equal a plain name of another."""
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
