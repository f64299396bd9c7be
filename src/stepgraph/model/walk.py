"""Traversal of graphs: the types of nodes, the nodes inside a node, functions, and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, assert_never, cast, get_args

from stepgraph.model.vocabulary import EXCEPTION, LeafStepType, NodeType, StepType

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from stepgraph.model.payload import (
        Block,
        Branch,
        Clocked,
        FunctionDef,
        LeafStep,
        Node,
        Step,
        Switch,
        UnknownNode,
        Workflow,
    )

BlockKind: TypeAlias = Literal["branch", "try_block", "catch_block", "finally_block"]
"""A branch of an `if` or `switch`, or one of the blocks of a `try`."""

NODE_TYPES: Final[tuple[NodeType, ...]] = get_args(NodeType)
STEP_TYPES: Final[tuple[StepType, ...]] = get_args(StepType)
_LEAF_STEP_TYPES: Final[tuple[LeafStepType, ...]] = get_args(LeafStepType)


def as_unknown(node: Node) -> UnknownNode | None:
    """Return the node if its type comes from another version of the API, or None if its type is documented."""
    node_type: NodeType = node["type"]  # so the type checker finds types of the payload that `NodeType` lacks
    return None if node_type in NODE_TYPES else cast("UnknownNode", node)


def is_step(node: Node) -> TypeIs[Step]:
    """Return whether the node is a step."""
    return node["type"] in STEP_TYPES


def is_leaf_step(node: Node) -> TypeIs[LeafStep]:
    """Return whether the node is a step of a type without nodes inside."""
    return node["type"] in _LEAF_STEP_TYPES


def is_clocked(node: Node) -> TypeIs[Clocked]:
    """Return whether the node is a step or a call, the types with clocks."""
    return node["type"] == "function_call" or is_step(node)


def node_lists(node: Node) -> list[Sequence[Node]]:
    """Return the lists of nodes directly inside `node`, in source order.

    A `start` contains the bodies of its functions.
    """
    if unknown := as_unknown(node):
        return [unknown["nodes"]]
    if is_leaf_step(node):
        return []
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
        case "function_call" | "break":
            return []
        case _ as never:
            assert_never(never)


def handlers_in(catch: Sequence[Node]) -> Switch | None:
    """Return the choice between handlers that is the only node of a `catch_block`, or None.

    One of its branches always runs, because any other exception leaves the `try`.
    """
    if len(catch) != 1:
        return None
    (only,) = catch
    return only if only["type"] == "switch" and only["discriminant"] == EXCEPTION and only["branches"] else None


def children(node: Node) -> list[Node]:
    """Return the nodes directly inside a node, its branches or its blocks. A call contains no nodes."""
    return [inner for nodes in node_lists(node) for inner in nodes]


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield nodes and all nodes inside them in source order. A call does not contain the body of its function."""
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        yield node
        # Most nodes are steps without nodes inside.
        if inner := node["nodes"] if node["type"] == "step_do" else children(node):
            pending.extend(reversed(inner))


def walk_workflow(workflow: Workflow) -> Iterator[Node]:
    """Yield all nodes of a workflow, then those of the functions that its calls refer to."""
    yield from walk(workflow["nodes"])
    for function in functions_of(workflow).values():
        yield from walk(function["nodes"])


def paths_of(workflow: Workflow) -> Iterator[tuple[str, Node]]:
    """Yield the nodes of a workflow and of its functions with their paths, in source order.

    A path leads from the workflow to the node: `nodes[0].branches[1].nodes[0]` or `functions["pack"].nodes[0]`.
    """
    functions = [_with_paths(_function_path(name), body["nodes"]) for name, body in workflow["functions"].items()]
    pending = [pair for pairs in (_with_paths("nodes", workflow["nodes"]), *functions) for pair in pairs]
    pending.reverse()
    while pending:
        path, node = pending.pop()
        yield path, node
        inside = (_with_paths(f"{path}.{keys}", nodes) for keys, nodes in _lists_by_path(node))
        pending += reversed([pair for pairs in inside for pair in pairs])


def _with_paths(path: str, nodes: Sequence[Node]) -> list[tuple[str, Node]]:
    return [(f"{path}[{index}]", node) for index, node in enumerate(nodes)]


def _function_path(name: str) -> str:
    return f'functions["{name}"].nodes'


def _lists_by_path(node: Node) -> list[tuple[str, Sequence[Node]]]:
    """Return the lists of `node_lists` with their paths from the node."""
    paths = [f"{path}.nodes" for path, _, _ in blocks_in(node)]
    if as_unknown(node) is None and node["type"] == "start":
        paths += map(_function_path, node["functions"])
    lists = node_lists(node)
    return list(zip([*["nodes"] * (len(lists) - len(paths)), *paths], lists, strict=True))


def blocks_in(node: Node) -> Iterator[tuple[str, BlockKind, Branch | Block]]:
    """Yield the branches or blocks of a node with their kinds and their paths from it: `branches[0]` or `try_block`."""
    if as_unknown(node):
        return
    if node["type"] == "if" or node["type"] == "switch":
        for index, branch in enumerate(node["branches"]):
            yield f"branches[{index}]", "branch", branch
    elif node["type"] == "try":
        if (body := node.get("try_block")) is not None:
            yield "try_block", "try_block", body
        if (handler := node.get("catch_block")) is not None:
            yield "catch_block", "catch_block", handler
        if (final := node.get("finally_block")) is not None:
            yield "finally_block", "finally_block", final


def levels(nodes: Sequence[Node]) -> int:
    """Return the deepest level of a node with nodes inside, or 0 without such a node. `nodes` are at level 1."""
    deepest = 0
    pending = [(nodes, 1)]
    while pending:
        siblings, level = pending.pop()
        inner_lists = [inner for node in siblings for inner in node_lists(node) if inner]
        if inner_lists:
            deepest = max(deepest, level)
        pending.extend((inner, level + 1) for inner in inner_lists)
    return deepest


def functions_of(workflow: Workflow) -> dict[str, FunctionDef]:
    """Return the functions that calls refer to, by name.

    Functions of the workflow override functions of its `start` nodes with the same name.
    """
    functions = dict(workflow["functions"])
    for node in walk(workflow["nodes"]):
        if node["type"] == "start":
            functions = {**node["functions"], **functions}
    return functions


def called_functions(nodes: Sequence[Node], functions: Mapping[str, FunctionDef]) -> frozenset[str]:
    """Return the names of the functions that `nodes` call directly or indirectly."""
    called: set[str] = set()
    pending = [nodes]
    while pending:
        names = {node["name"] for node in walk(pending.pop()) if node["type"] == "function_call"}
        new = {name for name in names if name in functions and name not in called}
        called |= new
        pending.extend(functions[name]["nodes"] for name in new)
    return frozenset(called)


def count_steps(workflow: Workflow) -> int:
    """Return the number of steps of a workflow. Nested steps and the steps of its functions count once each."""
    bodies = [workflow["nodes"], *(function["nodes"] for function in workflow["functions"].values())]
    return sum(is_step(node) for body in bodies for node in walk(body))
