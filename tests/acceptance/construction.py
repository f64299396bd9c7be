"""Build the terms of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stepgraph.model.payload import (
    Block,
    Branch,
    FunctionCall,
    Graph,
    Node,
    Parallel,
    StepDo,
    StepSleep,
    StepSleepUntil,
    StepWaitForEvent,
    Try,
)
from tests.acceptance.group import group
from tests.acceptance.loop import ConcurrentLoop, Loop
from tests.acceptance.sequence import EMPTY, Jump, one_of, sequence
from tests.acceptance.term import Completion, Term
from tests.acceptance.trace import Kind
from tests.acceptance.try_blocks import TryBody
from tests.acceptance.work import Call, Clock, StepTerm


@dataclass(frozen=True, slots=True)
class FailureHandling:
    """How failures in a list of nodes are handled."""

    may_be_caught: bool = False
    """Whether code that awaits the work may catch the failure."""
    settled: bool = False
    """Whether a failure is a result, as in `Promise.allSettled`."""


NO_HANDLING = FailureHandling()

StepNode = StepDo | StepSleep | StepSleepUntil | StepWaitForEvent


def build_terms(graph: Graph) -> tuple[Term, Mapping[str, Term]]:
    """Return the terms of a workflow and of its functions."""
    workflow = graph["workflow"]
    functions = {name: function_term(definition["nodes"]) for name, definition in workflow["functions"].items()}
    return function_term(workflow["nodes"]), functions


def list_steps(graph: Graph) -> Iterator[tuple[Kind, str]]:
    """Yield the kinds and names of all steps in a graph."""
    stack = [*graph["workflow"]["nodes"]]
    stack += [node for definition in graph["workflow"]["functions"].values() for node in definition["nodes"]]
    while stack:
        node = stack.pop()
        match node["type"]:
            case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event":
                yield node["type"], node["name"]
        stack += node["nodes"] if node["type"] == "step_do" else _children(node)


def function_term(nodes: list[Node]) -> Term:
    """Return the term of the body of a function or step, which has its own clock."""
    return _sequence(nodes, NO_HANDLING)


def _sequence(nodes: list[Node], handling: FailureHandling) -> Term:
    """Return the term of a list outside groups. It is a group if the list awaits work that it starts."""
    if any("resolves" in work for work in _clocked_nodes(nodes)):
        return group("all", _members(nodes))
    return sequence(*(_term(node, handling, in_group=False) for node in nodes))


def _in_group(nodes: list[Node], handling: FailureHandling, *, may_be_left: bool = False) -> Term:
    """Return the term of a list in an open group. It is a sequence unless the list has clocks.

    A single node needs no group of its own, unless an exception may leave the list, while the node goes on.
    """
    terms = [_term(node, handling, in_group=True) for node in nodes]
    is_list = any(term.clocked for term in terms) and (may_be_left or len(terms) > 1)
    return group("list", terms) if is_list else sequence(*terms)


def _members(nodes: list[Node], *, settled: bool = False) -> Iterator[Term]:
    """Yield the members of a group.

    A `try` in the group, or one that the graph omits because no step begins in it, may catch a failure. A single
    `gather`, whose steps all have equal clocks, rules this out.
    """
    clocks = {(work.get("starts"), work.get("resolves")) for work in _clocked_nodes(nodes)}
    handling = FailureHandling(may_be_caught=_contains_try(nodes) or len(clocks) > 1, settled=settled)
    return (_term(node, handling, in_group=True) for node in nodes)


def _term(node: Node, handling: FailureHandling, *, in_group: bool) -> Term:
    def inner(nodes: list[Node]) -> Term:
        return (_in_group if in_group else _sequence)(nodes, handling)

    match node["type"]:
        case "step_do":
            return StepTerm(_clock(node, handling), "step_do", node["name"], function_term(node["nodes"]))
        case "step_sleep" | "step_sleep_until" | "step_wait_for_event":
            return StepTerm(_clock(node, handling), node["type"], node["name"])
        case "function_call":
            return Call(_clock(node, handling), node["name"])
        case "loop":
            return (ConcurrentLoop if in_group else Loop)(inner(node["nodes"]))
        case "parallel":
            return _parallel(node)
        case "block":
            return _sequence(node["nodes"], handling)
        case "if" | "switch":
            return _choice([(branch["condition"], inner(branch["nodes"])) for branch in node["branches"]])
        case "try":
            return _try(node, handling, in_group=in_group)
        case "break":
            return Jump(Completion(node["kind"]))
        case "start":
            return inner(node["nodes"])
        case "function_def":
            return EMPTY
    raise ValueError(f"a node of type {node['type']!r} is not one of the grammar")


def _parallel(node: Parallel) -> Term:
    return group(node["kind"], _members(node["nodes"], settled=node["kind"] == "all_settled"))


def _choice(branches: list[tuple[str | None, Term]]) -> Term:
    terms = [term for _, term in branches]
    if all(condition is not None for condition, _ in branches):
        terms.append(EMPTY)
    return one_of(terms)


def _try(node: Try, handling: FailureHandling, *, in_group: bool) -> Term:
    def inner(block: Block | None, *, may_be_left: bool = False) -> Term:
        nodes = [] if block is None else block["nodes"]
        return _in_group(nodes, handling, may_be_left=may_be_left) if in_group else _sequence(nodes, handling)

    body = inner(node.get("try_block"), may_be_left=True)
    handler = inner(node["catch_block"]) if "catch_block" in node else None
    return TryBody(body, inner(node.get("finally_block")), in_group, handler)


def _clock(node: StepNode | FunctionCall, handling: FailureHandling) -> Clock:
    starts, resolves = node.get("starts"), node.get("resolves")
    has_clock = starts is not None or resolves is not None
    return Clock(
        starts, resolves, has_clock and (handling.may_be_caught or resolves is None), has_clock and handling.settled
    )


def _clocked_nodes(nodes: Iterable[Node]) -> Iterator[StepNode | FunctionCall]:
    """Yield the steps and calls that use the clock of this list, not of a nested group."""
    for node in nodes:
        match node["type"]:
            case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event" | "function_call":
                yield node
            case "parallel" | "block":
                pass
            case _:
                yield from _clocked_nodes(_children(node))


def _contains_try(nodes: Iterable[Node]) -> bool:
    """Return whether a `try` of the same function is among these nodes or below them."""
    return any(
        node["type"] == "try" or (node["type"] != "step_do" and _contains_try(_children(node))) for node in nodes
    )


def _children(node: Node) -> Iterator[Node]:
    """Yield the child nodes in the same function."""
    match node["type"]:
        case "loop" | "parallel" | "block" | "start":
            yield from node["nodes"]
        case "if" | "switch":
            branches: list[Branch] = node["branches"]
            for branch in branches:
                yield from branch["nodes"]
        case "try":
            for part in ("try_block", "catch_block", "finally_block"):
                if part in node:
                    yield from node[part]["nodes"]
