"""Descriptions of nodes, the same in every format. They may contain source text, which formats escape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from msgspec import Struct

from stepgraph.model.details import Details
from stepgraph.model.payload import (
    DEFAULT_BACKOFF,
    DEFAULT_DELAY,
    DEFAULT_RETRIES,
    DEFAULT_TIMEOUT,
    Block,
    Branch,
    Clocked,
    Node,
    Shape,
    Step,
    StepDo,
    StepWaitForEvent,
)
from stepgraph.model.walk import as_unknown
from stepgraph.phrases import counted, duration_text, number_text, shape_text

NO_STEPS: Final = "no steps"
UNKNOWN_TYPE: Final = "unknown type of node"
NO_BLOCK: Final[Block] = {"type": "block", "nodes": []}
"""The body of a `try` without a `try_block`."""


class NodeWords(Struct, frozen=True):
    """The description of a node, for headings and folded boxes."""

    kind: str
    """The kind of node in a few words, capitalized."""

    title: str
    """The title of a folded box: the name, or the type with the first words of the source."""

    name: str | None = None
    """The name in the source, or None for nodes without names."""


def node_words(node: Node) -> NodeWords:
    """Return the words for a node of any type."""
    if unknown := as_unknown(node):
        name = unknown.get("name", "")
        return NodeWords(UNKNOWN_TYPE.capitalize(), f"{unknown['type']} {name}".rstrip(), name or None)
    match node["type"]:
        case "step_do":
            return _named("Step that runs code", node["name"])
        case "step_sleep":
            return _named("Sleep for a duration", node["name"])
        case "step_sleep_until":
            return _named("Sleep until a time", node["name"])
        case "step_wait_for_event":
            return _named("Wait for an event", node["name"])
        case "loop":
            return NodeWords("Loop: repeats any number of times", "loop")
        case "parallel":
            return NodeWords("Concurrent work", f"parallel · {node['kind']}")
        case "try":
            return NodeWords("Try: a failure jumps to the except block", "try")
        case "block":
            return NodeWords("Block", "block")
        case "if":
            first = node["branches"][0]["condition"] if node["branches"] else None
            return NodeWords("Choice: one of the branches", "if" if first is None else f"if {first} …")
        case "switch":
            return NodeWords("Choice by the value of an expression", f"switch {node['discriminant']}")
        case "function_call":
            return _named("Call of a function that runs steps", node["name"])
        case "function_def":
            return _named("Function that runs steps", node["name"])
        case "break":
            return NodeWords("Exit", "break")
        case "start":
            return NodeWords("Start of a workflow", f"start {node['class_name']}", node["class_name"])
        case _ as never:
            assert_never(never)


def _named(kind: str, name: str) -> NodeWords:
    return NodeWords(kind, name, name)


def step_phrases(step: Step) -> tuple[str, ...]:
    """Return the settings of a step as short phrases.

    Retries and timeouts equal to the engine's defaults are omitted.
    """
    match step["type"]:
        case "step_do":
            return _settings(step)
        case "step_sleep":
            return (f"sleep {duration_text(step['duration'])}",)
        case "step_sleep_until":
            return (f"until {step['timestamp']}",)
        case "step_wait_for_event":
            return _event(step)


def clock_text(node: Clocked) -> str:
    """Return the clocks of a node: `[1→2]`, `[1→]` without an end, or nothing."""
    starts, resolves = node.get("starts"), node.get("resolves")
    if starts is None and resolves is None:
        return ""
    return "[{}→{}]".format(*("" if clock is None else number_text(clock) for clock in (starts, resolves)))


def with_clock(text: str, node: Clocked) -> str:
    """Return `text` followed by the clocks of `node`, if any."""
    clock = clock_text(node)
    return f"{text} {clock}" if clock else text


def branch_text(branch: Branch, default: str, details: Details) -> str:
    """Return the `except` clause of a branch, or its condition, or `default`."""
    return details.source(branch) or (default if branch["condition"] is None else branch["condition"])


def is_exhaustive(branches: Sequence[Branch], details: Details) -> bool:
    """Return whether one of the branches always runs: an `else`, or one of several exception handlers.

    An exception that no handler catches has its own branch. With `except*`, each handler is a branch of a separate
    choice, and may be skipped.
    """
    is_handlers = len(branches) > 1 and all(details.source(branch) for branch in branches)
    return is_handlers or any(branch["condition"] is None for branch in branches)


def payload_text(shape: Shape) -> str:
    """Return the shape of a payload on one line: `payload: {order: {id, lines}, note}`."""
    return f"payload: {shape_text(shape)}"


def _settings(step: StepDo) -> tuple[str, ...]:
    retries, timeout = step["config"]["retries"], step["config"]["timeout"]
    phrases: list[str] = []
    if retries["limit"] != DEFAULT_RETRIES:
        phrases.append(counted(retries["limit"], "retry", "retries") if retries["limit"] else "no retries")
    # Without retries, delay and backoff have no effect.
    if retries["limit"] and retries["delay"] != DEFAULT_DELAY:
        phrases.append(f"retry delay {duration_text(retries['delay'])}")
    if retries["limit"] and retries["backoff"] != DEFAULT_BACKOFF:
        phrases.append(f"{retries['backoff']} backoff")
    if timeout != DEFAULT_TIMEOUT:
        phrases.append(f"timeout {duration_text(timeout)}")
    return tuple(phrases)


def _event(step: StepWaitForEvent) -> tuple[str, ...]:
    phrases: list[str] = []
    if "options" in step:
        phrases += [f"event {step['options']['event_type']}", f"timeout {duration_text(step['options']['timeout'])}"]
    if "payload" in step:
        phrases.append(payload_text(step["payload"]))
    return tuple(phrases) or ("event",)
