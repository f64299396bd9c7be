"""From a graph to the term of all its paths."""

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
from tests.acceptance.loop import Loop, Passes
from tests.acceptance.protection import Trying
from tests.acceptance.sequence import EMPTY, Leaving, one_of, sequence
from tests.acceptance.term import Term, Way
from tests.acceptance.trace import Kind
from tests.acceptance.work import Call, Clock, Step


@dataclass(frozen=True, slots=True)
class Fate:
    """What comes of a failure in a list of nodes: it may be caught where it is awaited, or be a result in any case."""

    may_be_caught: bool = False
    settled: bool = False


NO_FATE = Fate()

StepNode = StepDo | StepSleep | StepSleepUntil | StepWaitForEvent


def read(graph: Graph) -> tuple[Term, Mapping[str, Term]]:
    """Return the term of a workflow, and those of its functions."""
    workflow = graph["workflow"]
    functions = {name: function(definition["nodes"]) for name, definition in workflow["functions"].items()}
    return function(workflow["nodes"]), functions


def steps_of(graph: Graph) -> Iterator[tuple[Kind, str]]:
    """Yield the kinds and names of all steps in a graph."""
    left = [*graph["workflow"]["nodes"]]
    left += [node for definition in graph["workflow"]["functions"].values() for node in definition["nodes"]]
    while left:
        node = left.pop()
        match node["type"]:
            case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event":
                yield node["type"], node["name"]
        left += node["nodes"] if node["type"] == "step_do" else _inner(node)


def function(nodes: list[Node]) -> Term:
    """Return the term of a function's body, or a step's: each has a clock of its own."""
    return _sequence(nodes, NO_FATE)


def _sequence(nodes: list[Node], fate: Fate) -> Term:
    """Return a list outside of groups. It is one if what is started in it is awaited in it."""
    if any("resolves" in work for work in _work_of(nodes)):
        return group("all", _members(nodes))
    return sequence(*(_term(node, fate, in_group=False) for node in nodes))


def _in_group(nodes: list[Node], fate: Fate) -> Term:
    """Return a list in an open group: a sequence, unless it has clocks."""
    terms = [_term(node, fate, in_group=True) for node in nodes]
    return group("list", terms) if any(term.clocked for term in terms) and len(terms) > 1 else sequence(*terms)


def _members(nodes: list[Node], *, settled: bool = False) -> Iterator[Term]:
    """Yield the members of a group.

    What fails in it may be awaited in a `try`: one that is in it, or one that is not drawn, as no step begins in it.
    That cannot be where all is one `gather`, whose steps begin and are over at the same clocks.
    """
    clocks = {(work.get("starts"), work.get("resolves")) for work in _work_of(nodes)}
    fate = Fate(may_be_caught=_tries(nodes) or len(clocks) > 1, settled=settled)
    return (_term(node, fate, in_group=True) for node in nodes)


def _term(node: Node, fate: Fate, *, in_group: bool) -> Term:
    def inner(nodes: list[Node]) -> Term:
        return (_in_group if in_group else _sequence)(nodes, fate)

    match node["type"]:
        case "step_do":
            return Step(_clock(node, fate), "step_do", node["name"], function(node["nodes"]))
        case "step_sleep" | "step_sleep_until" | "step_wait_for_event":
            return Step(_clock(node, fate), node["type"], node["name"])
        case "function_call":
            return Call(_clock(node, fate), node["name"])
        case "loop":
            return (Passes if in_group else Loop)(inner(node["nodes"]))
        case "parallel":
            return _parallel(node)
        case "block":
            return _sequence(node["nodes"], fate)
        case "if" | "switch":
            return _choice([(branch["condition"], inner(branch["nodes"])) for branch in node["branches"]])
        case "try":
            return _protected(node, fate, in_group=in_group)
        case "break":
            return Leaving(Way(node["kind"]))
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


def _protected(node: Try, fate: Fate, *, in_group: bool) -> Term:
    def inner(block: Block | None) -> Term:
        nodes = [] if block is None else block["nodes"]
        return (_in_group if in_group else _sequence)(nodes, fate)

    handler = inner(node["catch_block"]) if "catch_block" in node else None
    return Trying(inner(node.get("try_block")), inner(node.get("finally_block")), in_group, handler)


def _clock(node: StepNode | FunctionCall, fate: Fate) -> Clock:
    starts, resolves = node.get("starts"), node.get("resolves")
    given = starts is not None or resolves is not None
    return Clock(starts, resolves, given and (fate.may_be_caught or resolves is None), given and fate.settled)


def _work_of(nodes: Iterable[Node]) -> Iterator[StepNode | FunctionCall]:
    """Yield the work in a list that goes by the clocks of that list, not those of a group in it."""
    for node in nodes:
        match node["type"]:
            case "step_do" | "step_sleep" | "step_sleep_until" | "step_wait_for_event" | "function_call":
                yield node
            case "parallel" | "block":
                pass
            case _:
                yield from _work_of(_inner(node))


def _tries(nodes: Iterable[Node]) -> bool:
    """Whether there is a `try` in the same function below these nodes."""
    return any(node["type"] == "try" or (node["type"] != "step_do" and _tries(_inner(node))) for node in nodes)


def _inner(node: Node) -> Iterator[Node]:
    """Yield the nodes right inside of one, in the same function."""
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
