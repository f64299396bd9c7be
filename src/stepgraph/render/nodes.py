"""Reading the nodes of a graph: which there are, what stands below one, what to make of one that is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, cast

from msgspec import Struct

from stepgraph.model.payload import (
    Block,
    FunctionCall,
    FunctionDef,
    Node,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    Workflow,
)

Step: TypeAlias = StepDo | StepSleep | StepSleepUntil | StepWaitForEvent
Timed: TypeAlias = Step | FunctionCall
"""The nodes that may carry `starts` and `resolves`."""

NO_STEPS: Final = "no steps"
NO_BLOCK: Final[Block] = {"type": "block", "nodes": []}
"""What is tried where there is no block of it."""

KNOWN_TYPES: Final = (
    "step_do",
    "step_sleep",
    "step_sleep_until",
    "step_wait_for_event",
    "loop",
    "parallel",
    "try",
    "block",
    "if",
    "switch",
    "function_call",
    "function_def",
    "break",
    "start",
)


class Unknown(Struct, frozen=True):
    """A node of a type that this version does not know, as far as it can be read."""

    type: str
    name: str
    nodes: tuple[Node, ...]


def as_unknown(node: Node) -> Unknown | None:
    """Return what can be read of a node whose type is not known, None for all others."""
    if node["type"] in KNOWN_TYPES:
        return None
    fields = cast("Mapping[str, object]", node)
    return Unknown(type=_text(fields.get("type")), name=_text(fields.get("name")), nodes=tuple(_nodes_in(fields)))


def node_lists(node: Node) -> list[Sequence[Node]]:
    """Return the lists of nodes directly below `node`, in the order in which they are written."""
    if unknown := as_unknown(node):
        return [unknown.nodes]
    match node["type"]:
        case "step_do" | "loop" | "parallel" | "block" | "function_def":
            return [node["nodes"]]
        case "start":
            return [node["nodes"], *(function["nodes"] for function in node["functions"].values())]
        case "if" | "switch":
            return [branch["nodes"] for branch in node["branches"]]
        case "try":
            blocks = (node.get("try_block"), node.get("catch_block"), node.get("finally_block"))
            return [block["nodes"] for block in blocks if block is not None]
        case _:
            return []


def below(node: Node) -> list[Node]:
    """Return the nodes that `node` holds, directly or in its branches or blocks; those of a call are elsewhere."""
    return [inner for nodes in node_lists(node) for inner in nodes]


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield `nodes` and all nodes below them, as written. Bodies of functions that are only called are elsewhere."""
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(below(node)))


def levels(nodes: Sequence[Node]) -> int:
    """Return how many levels of nodes that hold others there are; those of `nodes` are at level 1."""
    deepest = 0
    pending = [(nodes, 1)]
    while pending:
        siblings, level = pending.pop()
        held = [inner for node in siblings for inner in node_lists(node) if inner]
        if held:
            deepest = max(deepest, level)
        pending.extend((inner, level + 1) for inner in held)
    return deepest


def all_functions(workflow: Workflow) -> dict[str, FunctionDef]:
    """Return the functions that calls may mean: the workflow's, then those of `start` nodes in it."""
    functions = dict(workflow["functions"])
    for node in walk(workflow["nodes"]):
        if node["type"] == "start":
            functions = {**node["functions"], **functions}
    return functions


def called_functions(nodes: Sequence[Node], functions: Mapping[str, FunctionDef]) -> frozenset[str]:
    """Return the names of those functions that are called in `nodes`, or in a function that is."""
    called: set[str] = set()
    pending = [nodes]
    while pending:
        names = {node["name"] for node in walk(pending.pop()) if node["type"] == "function_call"}
        new = {name for name in names if name in functions and name not in called}
        called |= new
        pending.extend(functions[name]["nodes"] for name in new)
    return frozenset(called)


def count_steps(workflow: Workflow) -> int:
    """Return how many steps a workflow has, nested ones and those of its functions included, each once."""
    bodies = [workflow["nodes"], *(function["nodes"] for function in workflow["functions"].values())]
    return sum(node["type"].startswith("step_") for body in bodies for node in walk(body))


def _nodes_in(fields: Mapping[str, object]) -> Iterator[Node]:
    """Yield the nodes that an unknown node holds: in `nodes`, and in the `nodes` of its `branches`."""
    for item in [*_items(fields.get("nodes")), *_items(fields.get("branches"))]:
        if isinstance(item.get("type"), str):
            yield cast("Node", item)
        else:
            yield from _nodes_in({"nodes": item.get("nodes")})


def _items(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
