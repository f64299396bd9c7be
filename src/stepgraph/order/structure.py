"""The lists of nodes that run as part of a node, whether their nodes are concurrent, and the clocks of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypedDict, cast

from stepgraph.model.payload import Node, Number

TRY: Final = 0
CATCH: Final = 1
FINALLY: Final = 2
"""The parts of a `try` in the order of execution."""

_BLOCKS: Final = ((TRY, "try_block"), (CATCH, "catch_block"), (FINALLY, "finally_block"))
_LEAVES: Final = frozenset(
    {
        "step_do",
        "step_sleep",
        "step_sleep_until",
        "step_wait_for_event",
        "function_call",
        "function_def",
        "break",
    }
)
_SEQUENCES: Final = frozenset({"loop", "block", "start"})


class Clocks(TypedDict, total=False):
    """The clocks of a node, as far as it has them."""

    starts: Number
    resolves: Number


def executed_lists(node: Node) -> list[tuple[int, Sequence[Node]]]:
    """Return the lists of nodes that run as part of a node, by part.

    Steps nested in a step and functions are separate bodies.
    """
    if node["type"] == "if" or node["type"] == "switch":
        return [(number, branch["nodes"]) for number, branch in enumerate(node["branches"])]
    if node["type"] == "try":
        return [(part, node[key]["nodes"]) for part, key in _BLOCKS if key in node]  # type: ignore[literal-required]
    if node["type"] in _LEAVES:
        return []
    # All other types, also those of later versions, have one list.
    nodes = cast("dict[str, object]", node).get("nodes")
    return [(0, cast("list[Node]", nodes))] if isinstance(nodes, list) else []


def may_end_early(node: Node | None) -> bool:
    """Return whether a node may end before its contents do: races and unknown types."""
    if node is None or node["type"] in {*_SEQUENCES, "if", "switch", "try"}:
        return False
    return node["type"] != "parallel" or node["kind"] in {"any", "race"}


def is_concurrent(node: Node | None) -> bool:
    """Return whether the direct contents of a node may run concurrently, unless clocks order them."""
    return may_end_early(node) or (node is not None and node["type"] == "parallel")


def clocks_of(node: Node) -> Clocks:
    """Return the clocks of a node of any type."""
    fields = cast("Clocks", node)
    clocks: Clocks = {}
    if "starts" in fields:
        clocks["starts"] = fields["starts"]
    if "resolves" in fields:
        clocks["resolves"] = fields["resolves"]
    return clocks
